"""Event streams: which events go to which webhook, with which credentials."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from crosswalk_sandbox.auth0.clock import iso_milliseconds
from crosswalk_sandbox.auth0.events import EVENT_TYPES, new_id
from crosswalk_sandbox.auth0.problems import Problem, invalid_property
from crosswalk_sandbox.auth0.schema import Property, check_body

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

STREAM_PROPERTIES: dict[str, Property] = {
    "name": Property(str, "Name of the event stream", max_length=128),
    "subscriptions": Property(list, "List of event types subscribed to in this stream"),
    "destination": Property(dict, "Destination of the event stream"),
    "status": Property(str, "Indicates whether event forwarding is enabled", choices=("enabled", "disabled")),
}
# Which properties each method of authorization needs; those in SECRETS never appear in an answer.
AUTHORIZATION_PROPERTIES = {
    "bearer": ("token",),
    "basic": ("username", "password"),
    "custom_header": ("header_key", "header_value"),
}
SECRETS = frozenset({"token", "password", "header_value"})


class EventStreams:
    """The tenant's event streams by id. What it returns shows no secret."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._streams: dict[str, dict[str, Any]] = {}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield each stream as the API shows it."""
        return (shown(stream) for stream in self._streams.values())

    def create(self, body: object) -> dict[str, Any]:
        """Store a stream and return it as the API shows it; raise 400 ``invalid_body`` when it is not valid."""
        checked = check_stream(body, required=("destination",))
        now = iso_milliseconds(self._clock())
        stream = {
            "id": new_id("est"),
            "status": checked.get("status", "enabled"),
            "name": checked.get("name", ""),
            "subscriptions": copy.deepcopy(checked.get("subscriptions", [])),
            "created_at": now,
            "updated_at": now,
            "destination": copy.deepcopy(checked["destination"]),
        }
        self._streams[stream["id"]] = stream
        return shown(stream)

    def get(self, stream_id: str) -> dict[str, Any]:
        """Return one stream as the API shows it, or raise 404."""
        return shown(self._find(stream_id))

    def update(self, stream_id: str, body: object) -> dict[str, Any]:
        """Change name, subscriptions, destination or status, and return the stream as the API shows it."""
        stream = self._find(stream_id)
        checked = check_stream(body, required=())
        stream.update(copy.deepcopy(checked))
        stream["updated_at"] = iso_milliseconds(self._clock())
        return shown(stream)

    def delete(self, stream_id: str) -> None:
        """Remove a stream; one that is not there is no error."""
        self._streams.pop(stream_id, None)

    def subscribed_to(self, event_type: str) -> list[str]:
        """Return the ids of the enabled streams that want events of this type."""
        return [
            stream_id
            for stream_id, stream in self._streams.items()
            if stream["status"] == "enabled"
            and any(subscription.get("event_type") == event_type for subscription in stream["subscriptions"])
        ]

    def destination_of(self, stream_id: str) -> tuple[str, dict[str, str]] | None:
        """Return the URL and the authorization header of a stream, or None when it is gone or disabled."""
        stream = self._streams.get(stream_id)
        if stream is None or stream["status"] != "enabled":
            return None
        configuration = stream["destination"]["configuration"]
        return configuration["webhook_endpoint"], authorization_header(configuration["webhook_authorization"])

    def _find(self, stream_id: str) -> dict[str, Any]:
        stream = self._streams.get(stream_id)
        if stream is None:
            raise Problem(404, "The event stream does not exist.", "event_stream_not_found")
        return stream


def check_stream(body: object, required: tuple[str, ...]) -> dict[str, Any]:
    """Return the body of a create or update request, or raise the vendor's 400."""
    checked = check_body(body, STREAM_PROPERTIES, required)
    for subscription in checked.get("subscriptions", []):
        event_type = subscription.get("event_type") if isinstance(subscription, dict) else subscription
        if event_type not in EVENT_TYPES:
            raise invalid_property(f"No enum match for: {event_type}", "event_type", "Type of the event")
    if "destination" in checked:
        check_destination(checked["destination"])
    return checked


def check_destination(destination: dict[str, Any]) -> None:
    """Raise the vendor's 400 unless `destination` is a complete webhook."""
    if destination.get("type") != "webhook":
        found = f"No enum match for: {destination.get('type')}"
        raise invalid_property(found, "type", "Type of the destination; this tenant delivers to webhooks only")
    configuration = destination.get("configuration")
    if not isinstance(configuration, dict):
        raise invalid_property("Missing required property: configuration", "configuration", "Webhook configuration")
    check_endpoint(configuration.get("webhook_endpoint"))
    authorization = configuration.get("webhook_authorization")
    method = authorization.get("method") if isinstance(authorization, dict) else None
    if not isinstance(authorization, dict) or method not in AUTHORIZATION_PROPERTIES:
        raise invalid_property(f"No enum match for: {method}", "method", "Type of authorization")
    for name in AUTHORIZATION_PROPERTIES[method]:
        if not isinstance(authorization.get(name), str) or not authorization[name]:
            raise invalid_property(f"Missing required property: {name}", name, f"Needed for method {method}")


def check_endpoint(endpoint: object) -> None:
    """Raise the vendor's 400 unless `endpoint` is an https URL; http is let through for loopback alone."""
    parts = urlsplit(endpoint) if isinstance(endpoint, str) else urlsplit("")
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS):
        return
    found = f"Object didn't pass validation for format https-url: {endpoint}"
    raise invalid_property(found, "webhook_endpoint", "Target HTTP endpoint URL")


def shown(stream: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of `stream` without its secrets."""
    copied = copy.deepcopy(stream)
    authorization = copied["destination"]["configuration"]["webhook_authorization"]
    for name in SECRETS & authorization.keys():
        del authorization[name]
    return copied


def authorization_header(authorization: dict[str, str]) -> dict[str, str]:
    """Return the header that proves to the receiver who is calling."""
    match authorization["method"]:
        case "bearer":
            return {"authorization": f"Bearer {authorization['token']}"}
        case "basic":
            pair = f"{authorization['username']}:{authorization['password']}"
            return {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        case _:
            return {authorization["header_key"]: authorization["header_value"]}
