"""Log streams: tenant logs sent to a webhook in batches. Streams of other types are kept, and nothing is sent."""

from __future__ import annotations

import copy
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from crosswalk_sandbox.auth0.event_streams import check_endpoint
from crosswalk_sandbox.auth0.problems import Problem, invalid_property
from crosswalk_sandbox.auth0.schema import Property, check_body

# What the sinks of the types hold to which nothing is sent from here, all of it text.
OTHER_SINKS = {
    "datadog": ("datadogApiKey", "datadogRegion"),
    "eventbridge": ("awsAccountId", "awsRegion"),
    "eventgrid": ("azureSubscriptionId", "azureRegion", "azureResourceGroup"),
    "mixpanel": (
        "mixpanelRegion",
        "mixpanelProjectId",
        "mixpanelServiceAccountUsername",
        "mixpanelServiceAccountPassword",
    ),
    "segment": ("segmentWriteKey",),
    "splunk": ("splunkDomain", "splunkPort", "splunkToken"),
    "sumo": ("sumoSourceAddress",),
}
SINK_SECRETS = frozenset(
    {
        "datadogApiKey",
        "httpAuthorization",
        "httpCustomHeaders",
        "mixpanelServiceAccountPassword",
        "segmentWriteKey",
        "splunkToken",
    }
)
GIVEN_BY_TENANT = ("awsPartnerEventSource", "azurePartnerTopic")
STREAM_TYPES = ("http", *OTHER_SINKS)
STREAM_PROPERTIES: dict[str, Property] = {
    "name": Property(str, "log stream name", max_length=255),
    "type": Property(str, "log stream type", choices=STREAM_TYPES),
    "status": Property(str, "The status of the log stream", choices=("active", "paused", "suspended")),
    "sink": Property(dict, "Where the logs go"),
    "filters": Property(list, "Only logs events matching these filters will be delivered by the stream"),
    "isPriority": Property(bool, "True for priority log streams, false for non-priority"),
    "pii_config": Property(dict, "How personal data is masked"),
    "startFrom": Property(str, "The optional datetime (ISO 8601) to start streaming logs from"),
}
SINK_PROPERTIES: dict[str, Property] = {
    "httpEndpoint": Property(str, "HTTP endpoint"),
    "httpAuthorization": Property(str, "HTTP Authorization header", nullable=True),
    "httpContentType": Property(str, "HTTP Content-Type header", nullable=True),
    "httpContentFormat": Property(str, "HTTP content format", choices=("JSONARRAY", "JSONLINES", "JSONOBJECT")),
    "httpCustomHeaders": Property(list, "custom HTTP headers"),
}
# The categories by which a stream can be filtered, for the types of log that this tenant writes.
CATEGORIES = {
    "ss": "auth.signup.success",
    "fs": "auth.signup.fail",
    "s": "auth.login.success",
    "f": "auth.login.fail",
    "fp": "auth.login.fail",
    "fu": "auth.login.fail",
    "ssa": "auth.silent_auth.success",
    "fsa": "auth.silent_auth.fail",
    "slo": "auth.logout.success",
    "flo": "auth.logout.fail",
    "seacft": "auth.token_exchange.success",
    "feacft": "auth.token_exchange.fail",
    "sertft": "auth.token_exchange.success",
    "fertft": "auth.token_exchange.fail",
    "ferrt": "auth.token_exchange.fail",
    "sepft": "auth.token_exchange.success",
    "fepft": "auth.token_exchange.fail",
    "seccft": "auth.token_exchange.success",
    "feccft": "auth.token_exchange.fail",
    "sapi": "management.success",
    "fapi": "management.fail",
    "sce": "user.success",
    "scp": "user.success",
    "scu": "user.success",
    "scpn": "user.success",
    "sv": "user.success",
    "du": "user.success",
}


@dataclass(slots=True)
class LogStream:
    """One stream: its settings as the API shows them, and the last log that its receiver accepted."""

    settings: dict[str, Any]
    delivered_up_to: str

    def wants(self, entry: dict[str, Any]) -> bool:
        """Tell whether the stream's filters let `entry` through."""
        names = [one.get("name") for one in self.settings.get("filters", [])]
        return not names or CATEGORIES.get(entry["type"], "other") in names


class LogStreams:
    """The tenant's log streams by id."""

    def __init__(self, tenant_name: str) -> None:
        self._tenant_name = tenant_name
        self._streams: dict[str, LogStream] = {}

    def create(self, body: object, delivered_up_to: str) -> dict[str, Any]:
        """Store a stream that begins after the log `delivered_up_to`, and return it as the API shows it."""
        checked = check_body(body, STREAM_PROPERTIES, required=("type", "sink"))
        settings = {
            "id": f"lst_{secrets.randbelow(10**16):016d}",
            "name": checked.get("name", ""),
            "type": checked["type"],
            "status": "active",
            "sink": new_sink(checked["type"], checked["sink"], self._tenant_name),
            "isPriority": checked.get("isPriority", False),
        }
        settings |= {name: checked[name] for name in ("filters", "pii_config") if name in checked}
        self._streams[settings["id"]] = LogStream(copy.deepcopy(settings), delivered_up_to)
        return settings

    def get(self, stream_id: str) -> dict[str, Any]:
        """Return one stream as the API shows it, or raise 404."""
        return copy.deepcopy(self.find(stream_id).settings)

    def all(self) -> list[dict[str, Any]]:
        """Return all streams as the API shows them."""
        return [copy.deepcopy(stream.settings) for stream in self._streams.values()]

    def update(self, stream_id: str, body: object) -> dict[str, Any]:
        """Change a stream and return it as the API shows it; a given sink replaces its named properties."""
        stream = self.find(stream_id)
        allowed = {name: rule for name, rule in STREAM_PROPERTIES.items() if name not in {"type", "startFrom"}}
        checked = check_body(body, allowed)
        if "sink" in checked:
            sink = {**stream.settings["sink"], **checked["sink"]}
            checked = {**checked, "sink": checked_sink(stream.settings["type"], sink)}
        stream.settings.update(copy.deepcopy(checked))
        return copy.deepcopy(stream.settings)

    def delete(self, stream_id: str) -> None:
        """Remove a stream; one that is not there is no error."""
        self._streams.pop(stream_id, None)

    def active(self) -> list[LogStream]:
        """Return the streams that want logs now."""
        wanted = ("http", "active")
        return [one for one in self._streams.values() if (one.settings["type"], one.settings["status"]) == wanted]

    def find(self, stream_id: str) -> LogStream:
        """Return one stream, or raise 404."""
        stream = self._streams.get(stream_id)
        if stream is None:
            raise Problem(404, "The log stream does not exist.", "inexistent_log_stream")
        return stream


def new_sink(stream_type: str, given: dict[str, Any], tenant_name: str) -> dict[str, Any]:
    """Return the sink of a new stream, with what the tenant adds to it, or raise the vendor's 400."""
    if stream_type == "http":
        given = {"httpContentFormat": "JSONLINES", "httpContentType": "application/json", **given}
    sink = checked_sink(stream_type, given)
    source = f"{tenant_name}-{uuid.uuid4()}/auth0.logs"
    if stream_type == "eventbridge":
        sink |= {"awsPartnerEventSource": f"aws.partner/auth0.com/{source}"}
    if stream_type == "eventgrid":
        sink |= {"azurePartnerTopic": source}
    return sink


def checked_sink(stream_type: str, sink: dict[str, Any]) -> dict[str, Any]:
    """Return a complete sink of one type, or raise the vendor's 400."""
    if stream_type == "http":
        check_body(sink, SINK_PROPERTIES, required=("httpEndpoint",))
        check_sink_endpoint(sink)
        return dict(sink)
    wanted = OTHER_SINKS[stream_type]
    properties = {name: Property(str, f"The sink's {name}") for name in (*wanted, *GIVEN_BY_TENANT)}
    properties["splunkSecure"] = Property(bool, "Verify TLS certificate")
    return dict(check_body(sink, properties, required=wanted))


def check_sink_endpoint(sink: dict[str, Any]) -> None:
    """Raise the vendor's 400 unless the sink's endpoint is an https URL."""
    try:
        check_endpoint(sink["httpEndpoint"])
    except Problem:
        found = f"Object didn't pass validation for format https-url: {sink['httpEndpoint']}"
        raise invalid_property(found, "httpEndpoint", SINK_PROPERTIES["httpEndpoint"].meaning) from None


def batch_body(entries: Sequence[dict[str, Any]], content_format: str) -> bytes:
    """Return the body of one delivery.

    JSONARRAY is a list of items, JSONLINES one item a line, JSONOBJECT an object whose ``logs`` is that list; an item
    is ``{"log_id": ..., "data": {...}}``.
    """
    items = [{"log_id": entry["log_id"], "data": entry} for entry in entries]
    match content_format:
        case "JSONARRAY":
            return msgspec.json.encode(items)
        case "JSONOBJECT":
            return msgspec.json.encode({"logs": items})
        case _:
            return b"\n".join(msgspec.json.encode(item) for item in items)


def sink_headers(sink: dict[str, Any]) -> dict[str, str]:
    """Return the headers of a delivery to `sink`."""
    headers = {"content-type": sink.get("httpContentType") or "application/json"}
    if sink.get("httpAuthorization"):
        headers["authorization"] = sink["httpAuthorization"]
    for custom in sink.get("httpCustomHeaders") or []:
        headers[custom["header"]] = custom["value"]
    return headers
