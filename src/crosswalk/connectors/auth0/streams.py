"""How a tenant's event streams and log streams are set up: where they send, what, and whether they do."""

from collections.abc import Callable
from typing import TypeVar

import msgspec
from msgspec import Struct

from crosswalk.connectors.auth0.transport import Transport
from crosswalk.connectors.errors import MalformedAnswer

T = TypeVar("T")

SENDS = frozenset({"enabled", "active"})


class StreamSetup(Struct, frozen=True):
    """One stream that sends to a web address.

    Parameters
    ----------
    name, url
        What it is called, and where it sends.
    status
        `enabled` or `disabled` of an event stream; `active`, `paused` or `suspended` of a log stream.
    wants
        The types of events, or the categories of logs, that it sends; empty for all logs.
    """

    name: str
    url: str
    status: str
    wants: frozenset[str] = frozenset()

    @property
    def sends(self) -> bool:
        """Whether it is switched on."""
        return self.status in SENDS


class _Subscription(Struct):
    event_type: str = ""


class _Webhook(Struct, frozen=True):
    webhook_endpoint: str = ""


class _Destination(Struct, frozen=True):
    type: str = ""
    configuration: _Webhook = _Webhook()


class _EventStream(Struct):
    name: str = ""
    status: str = ""
    subscriptions: tuple[_Subscription, ...] = ()
    destination: _Destination = _Destination()


class _EventStreams(Struct, rename="camel"):
    event_streams: tuple[_EventStream, ...] = ()
    next: str | None = None


class _Sink(Struct, frozen=True, rename="camel"):
    http_endpoint: str = ""


class _Filter(Struct):
    name: str = ""


class _LogStream(Struct):
    name: str = ""
    type: str = ""
    status: str = ""
    sink: _Sink = _Sink()
    filters: tuple[_Filter, ...] = ()


_decode_event_streams = msgspec.json.Decoder(_EventStreams).decode
_decode_log_streams = msgspec.json.Decoder(tuple[_LogStream, ...]).decode

PAGE = 100


async def read_event_streams(transport: Transport) -> list[StreamSetup]:
    """Return the tenant's event streams that send to a webhook.

    Raises
    ------
    CallRefused
        Among others with 403, where the application lacks `read:event_streams`.
    Unreachable, CredentialsRefused, CallWithheld, MalformedAnswer
        There was no answer, or none that makes sense.
    """
    found: list[StreamSetup] = []
    query: dict[str, str | int] = {"take": PAGE}
    while True:
        page = _decoded(_decode_event_streams, await transport.get("event-streams", query), "event-streams")
        found += [
            StreamSetup(
                each.name,
                each.destination.configuration.webhook_endpoint,
                each.status,
                frozenset(one.event_type for one in each.subscriptions),
            )
            for each in page.event_streams
            if each.destination.type == "webhook"
        ]
        if not page.next:
            return found
        query["from"] = page.next


async def read_log_streams(transport: Transport) -> list[StreamSetup]:
    """Return the tenant's log streams that send to a web address. Raises the same, for `read:log_streams`."""
    streams = _decoded(_decode_log_streams, await transport.get("log-streams"), "log-streams")
    return [
        StreamSetup(each.name, each.sink.http_endpoint, each.status, frozenset(one.name for one in each.filters))
        for each in streams
        if each.type == "http"
    ]


def _decoded(decode: Callable[[bytes], T], answer: bytes, path: str) -> T:
    try:
        return decode(answer)
    except msgspec.DecodeError as error:
        expected = "a list of streams as JSON"
        raise MalformedAnswer("Auth0", f"GET /api/v2/{path}", expected, "something else") from error
