"""`GET /api/v2/events`: the subscription to the tenant's events as server-sent events.

The stream opens with a comment and the reconnect delay; each message has the cursor as its `id`, and `data` of the
shape ``{"type", "offset", "event"}``. Between events `offset-only` messages keep the cursor moving. A cursor may come
back as the `from` parameter or, first of all, as the `Last-Event-ID` header.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.clock import iso_milliseconds, parse_iso
from crosswalk_sandbox.auth0.events import EVENT_TYPES, Position
from crosswalk_sandbox.auth0.problems import Problem, invalid_query
from crosswalk_sandbox.auth0.rate_limit_tables import SUBSCRIPTIONS
from crosswalk_sandbox.auth0.routes.exchange import Query, refusal
from crosswalk_sandbox.auth0.signals import wait_for_signal
from crosswalk_sandbox.auth0.tenant import Tenant
from crosswalk_sandbox.faults import arranged

READ_AT_ONCE = 200
RECONNECT_MILLISECONDS = 1_000
RETRY_AFTER_SECONDS = 5


def event_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the route of the event subscription."""

    async def subscribe(request: Request) -> Response:
        query = Query(request, ("from", "from_timestamp", "event_type"))
        event_types = frozenset(query.all("event_type") or EVENT_TYPES)
        for event_type in sorted(event_types - set(EVENT_TYPES)):
            raise invalid_query(f"No enum match for: {event_type}", "event_type", "Event type(s) to listen for")
        cursor = request.headers.get("last-event-id") or query.text("from")
        plan = tenant.knobs.rate_limit_plan
        if plan is not None and tenant.subscriptions_open >= SUBSCRIPTIONS[plan]:
            too_many = Problem(429, "Too Many Requests", "too_many_requests")
            return refusal(too_many, {"retry-after": str(RETRY_AFTER_SECONDS)})
        with tenant.lock:
            tenant.forget_old_events()
            position = starting_position(tenant, cursor, query.text("from_timestamp"))
        return StreamingResponse(
            messages(tenant, position, event_types),
            media_type="text/event-stream",
            headers={"cache-control": "no-cache"},
        )

    return [Route("/events", subscribe, methods=["GET"])]


def starting_position(tenant: Tenant, cursor: str, timestamp: str) -> Position:
    """Return where to begin: at the cursor, else at the timestamp, else after the newest event."""
    if cursor:
        return tenant.events.position_of(cursor)
    if not timestamp:
        return tenant.events.end()
    try:
        return tenant.events.position_at(iso_milliseconds(parse_iso(timestamp)))
    except ValueError:
        found = f"Object didn't pass validation for format date-time: {timestamp}"
        raise invalid_query(found, "from_timestamp", "RFC-3339 timestamp") from None


async def messages(tenant: Tenant, position: Position, event_types: frozenset[str]) -> AsyncIterator[bytes]:
    """Yield the stream's text from `position` on, until it has been open for as long as the tenant allows."""
    changed = tenant.events_changed.subscribe()
    closed_before = tenant.subscriptions_closed
    ends = tenant.time.monotonic() + tenant.knobs.subscription_seconds
    tenant.subscriptions_open += 1
    try:
        yield f":connected\n\nretry: {RECONNECT_MILLISECONDS}\n\n".encode()
        yield heartbeat(position)
        while tenant.subscriptions_closed == closed_before:
            try:
                with tenant.lock:
                    tenant.forget_old_events()
                    events = tenant.events.read(position, READ_AT_ONCE)
            except Problem as problem:
                yield error_message(problem)
                return
            if events:
                frames, position, wait = frames_of(tenant, events, position, event_types)
                await tenant.time.sleep(wait)
                yield frames
                continue
            remaining = ends - tenant.time.monotonic()
            if remaining <= 0:
                return
            wait = tenant.time.real_seconds(min(tenant.knobs.heartbeat_seconds, remaining))
            if not await wait_for_signal(changed, wait):
                yield heartbeat(position)
    finally:
        tenant.subscriptions_open -= 1
        tenant.events_changed.unsubscribe(changed)


def frames_of(
    tenant: Tenant, events: Any, position: Position, event_types: frozenset[str]
) -> tuple[bytes, Position, float]:
    """Return the messages of the wanted among `events`, the position after the last of them, and seconds to wait."""
    numbered = [
        (number, event) for number, event in enumerate(events, position.number + 1) if event["type"] in event_types
    ]
    with tenant.lock:
        sent, wait = arranged(numbered, lambda one: tenant.faults.for_event(one[1]["type"], "subscription"))
    frames, highest = [], position.number
    for number, event in sent:
        # A cursor never goes back, whatever order the events are in.
        highest = max(highest, number)
        cursor = replace(position, number=highest).cursor()
        frames.append(message(event["type"], cursor, {"type": event["type"], "offset": cursor, "event": event}))
    position = replace(position, number=position.number + len(events))
    return b"".join(frames) or heartbeat(position), position, wait


def heartbeat(position: Position) -> bytes:
    """Return the message that only moves the cursor."""
    cursor = position.cursor()
    return message("offset-only", cursor, {"type": "offset-only", "offset": cursor})


def error_message(problem: Problem) -> bytes:
    """Return the last message of a stream that cannot go on."""
    error = {"code": problem.error_code or "processing_error", "message": problem.message}
    return b"event: error\ndata: " + msgspec.json.encode({"type": "error", "error": error}) + b"\n\n"


def message(event: str, cursor: str, data: dict[str, Any]) -> bytes:
    """Return one server-sent event."""
    return f"id: {cursor}\nevent: {event}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"
