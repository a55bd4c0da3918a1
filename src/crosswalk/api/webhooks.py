"""The webhooks that Auth0 calls: event streams and log streams.

Plain Starlette routes, since these are the hub's hottest. A request is answered 2xx only when its events are durable;
any other answer makes Auth0 send them again, which is safe because each event is stored once.
"""

import hmac
from collections.abc import Callable, Mapping, Sequence

import structlog
from msgspec import Struct
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from crosswalk.connectors.auth0.events import parse_event_stream_body
from crosswalk.connectors.auth0.log_events import parse_log_stream_body
from crosswalk.connectors.auth0.malformed import MalformedEvent
from crosswalk.connectors.secret import Secret
from crosswalk.domain.event import Event
from crosswalk.domain.ids import TenantName
from crosswalk.engine.intake import Intake, IntakeFull, IntakeSlow

log = structlog.get_logger()

LARGEST_BODY = 2 * 1024 * 1024
"""Bytes. A log stream sends at most some hundred entries of a few KB each; an event carries one user."""

RETRY_AFTER_S = {429: 1, 503: 5}
"""When to send again, seconds: what is too much is over soon; a database that is away is so for longer."""

NOBODY = Secret("no token is configured, and this one is never sent")
"""Compared against when there is nothing to compare with, so that an unknown tenant takes as long as a wrong token."""


class WebhookTokens(Struct, frozen=True):
    """The tokens that a tenant's streams were given; `None` where that source is not configured."""

    event_stream: Secret | None
    log_stream: Secret | None


class Refused(Exception):
    """A request that is answered with an error, in words for whoever configured the stream."""

    def __init__(self, status: int, error: str, hint: str, **details: object) -> None:
        super().__init__(error)
        self.answer = JSONResponse({"error": error, "hint": hint, **details}, status)
        if status in RETRY_AFTER_S:
            self.answer.headers["Retry-After"] = str(RETRY_AFTER_S[status])


def webhook_routes(intake: Intake, tokens: Mapping[TenantName, WebhookTokens]) -> list[Route]:
    """The two webhooks of every tenant: `/intake/auth0/{tenant}/events` and `/intake/auth0/{tenant}/logs`."""

    def token_of(tenant: TenantName, kind: str) -> Secret | None:
        known = tokens.get(tenant)
        return None if known is None else getattr(known, kind)

    def route(path: str, kind: str, parse: Callable[[bytes], Sequence[Event]]) -> Route:
        async def receive(request: Request) -> Response:
            tenant = TenantName(request.path_params["tenant"])
            try:
                _authenticate(request, token_of(tenant, kind))
                intake.check_room()  # before the body is read, which may be large
                await intake.accept(tenant, _parse(parse, await _body(request)))
            except Refused as refused:
                log.warning("webhook_refused", tenant=tenant, source=kind, status=refused.answer.status_code)
                return refused.answer
            except IntakeFull as full:
                return Refused(429, str(full), "nothing of this request was kept").answer
            except IntakeSlow as slow:
                log.warning("webhook_not_stored_in_time", tenant=tenant, source=kind)
                return Refused(503, str(slow), "the hub's database is slow or locked").answer
            except ClientDisconnect:
                return Response(status_code=400)
            except Exception as error:  # the sender only has to know that it must send again
                log.error("webhook_not_stored", tenant=tenant, source=kind, error=f"{type(error).__name__}: {error}")
                return Refused(503, "the events could not be stored", "send them again; the hub's log says why").answer
            return Response(status_code=204)

        return Route(path, receive, methods=["POST"])

    return [
        route("/intake/auth0/{tenant}/events", "event_stream", lambda body: [parse_event_stream_body(body)]),
        route("/intake/auth0/{tenant}/logs", "log_stream", parse_log_stream_body),
    ]


def _authenticate(request: Request, expected: Secret | None) -> None:
    """Compare the `Authorization` header with the stream's token, as such or as a bearer token, in constant time."""
    given = request.headers.get("authorization", "").encode()
    token = (expected or NOBODY).reveal().encode()
    matches = hmac.compare_digest(given, token) | hmac.compare_digest(given, b"Bearer " + token)
    if not matches or expected is None:
        raise Refused(
            401,
            "the Authorization header does not carry the token of this tenant's stream",
            "give the stream in Auth0 the token that the hub's configuration names for it, and check the tenant's name "
            "in the URL",
        )


async def _body(request: Request) -> bytes:
    """The body, refused as soon as it is known to be too large."""
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > LARGEST_BODY:
        raise _too_large()
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST_BODY:
            raise _too_large()
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large() -> Refused:
    return Refused(413, f"the body is larger than {LARGEST_BODY} bytes", "send fewer events in a request")


def _parse(parse: Callable[[bytes], Sequence[Event]], body: bytes) -> Sequence[Event]:
    try:
        return parse(body)
    except MalformedEvent as malformed:
        raise Refused(
            400,
            str(malformed),
            "send the event as Auth0's documentation of the stream describes it",
            field=malformed.field,
        ) from malformed
