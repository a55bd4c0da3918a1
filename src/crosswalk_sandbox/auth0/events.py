"""Tenant events as CloudEvents, and the log of them that `GET /api/v2/events` reads.

The envelope and `data` follow the SDK's models `event_stream_cloud_event_user_*`: `a0stream` is added only where an
event leaves through an event stream.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.problems import Problem

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

EVENT_TYPES = (
    "connection.created",
    "connection.deleted",
    "connection.updated",
    "group.created",
    "group.deleted",
    "group.member.added",
    "group.member.deleted",
    "group.role.assigned",
    "group.role.deleted",
    "group.updated",
    "organization.connection.added",
    "organization.connection.removed",
    "organization.connection.updated",
    "organization.created",
    "organization.deleted",
    "organization.group.role.assigned",
    "organization.group.role.deleted",
    "organization.member.added",
    "organization.member.deleted",
    "organization.member.role.assigned",
    "organization.member.role.deleted",
    "organization.updated",
    "user.created",
    "user.deleted",
    "user.updated",
)


class Emit(Protocol):
    """Sends one event."""

    def __call__(self, event_type: str, data: dict[str, Any], origin: Origin) -> None: ...


def new_id(prefix: str) -> str:
    """Return an id like ``evt_`` and 22 base-58 characters, as the vendor's ids are."""
    return prefix + "_" + "".join(secrets.choice(BASE58) for _ in range(22))


def cloud_event(event_type: str, data: dict[str, Any], tenant: str, time: str) -> dict[str, Any]:
    """Return the envelope of one event.

    Parameters
    ----------
    event_type : str
        One of `EVENT_TYPES`.
    data : dict
        ``object``, and where they apply ``previous_object`` and ``context``.
    tenant : str
        The tenant's name.
    time : str
        ISO 8601 with milliseconds.
    """
    return {
        "specversion": "1.0",
        "type": event_type,
        "source": f"urn:auth0:{tenant}.auth0app.com",
        "id": new_id("evt"),
        "time": time,
        "data": data,
        "a0tenant": tenant,
    }


def event_context(origin: Origin, method: str, tenant: str) -> dict[str, Any]:
    """Return what an event tells about the request that caused it."""
    context: dict[str, Any] = {"tenant": {"id": tenant}}
    if origin.client_id:
        context["client"] = {"id": origin.client_id, "name": origin.client_name, "metadata": {}}
    context["request"] = {
        "geo": {},
        "hostname": origin.hostname,
        "ip": origin.ip,
        "method": method,
        "user_agent": origin.user_agent,
    }
    return context


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the event log: the number of the next event to read, in one life of the tenant."""

    life: str
    number: int

    def cursor(self) -> str:
        """Return the opaque text that stands for this place."""
        return base64.urlsafe_b64encode(f"{self.life}:{self.number}".encode()).decode().rstrip("=")


class EventLog:
    """All events of the tenant in order, the oldest dropped beyond `retention`."""

    def __init__(self, retention: int) -> None:
        self._retention = retention
        self._life = secrets.token_hex(4)
        self._first = 0
        self._events: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._events)

    def append(self, event: dict[str, Any]) -> None:
        """Add one event and drop what is beyond the retention."""
        self._events.append(event)
        # Dropping in blocks keeps the cost of an append constant.
        surplus = len(self._events) - self._retention
        if surplus > max(self._retention // 10, 100):
            del self._events[:surplus]
            self._first += surplus

    def forget_before(self, time: str) -> None:
        """Drop the events before `time` (ISO 8601, UTC, milliseconds)."""
        if self._events and str(self._events[0]["time"]) < time:
            count = bisect_left(self._events, time, key=lambda event: str(event["time"]))
            del self._events[:count]
            self._first += count

    def end(self) -> Position:
        """Return the place after the newest event."""
        return Position(self._life, self._first + len(self._events))

    def position_of(self, cursor: str) -> Position:
        """Return the place that `cursor` stands for.

        Raises
        ------
        Problem
            400 ``invalid_cursor`` for a text that this tenant never gave out, 410 ``cursor_expired`` when events
            after it are no longer kept, or the tenant was reset since.
        """
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            life, _, number_text = base64.urlsafe_b64decode(padded.encode()).decode().partition(":")
            number = int(number_text)
        except (binascii.Error, ValueError):
            raise Problem(400, "Invalid cursor", "invalid_cursor") from None
        if life != self._life or number < self._first:
            raise Problem(410, "Cursor has expired", "cursor_expired")
        if number > self.end().number:
            raise Problem(400, "Invalid cursor", "invalid_cursor")
        return Position(life, number)

    def position_at(self, timestamp: str) -> Position:
        """Return the place of the first event at or after `timestamp` (ISO 8601, UTC, milliseconds)."""
        index = bisect_left(self._events, timestamp, key=lambda event: str(event["time"]))
        return Position(self._life, self._first + index)

    def read(self, position: Position, limit: int) -> Sequence[dict[str, Any]]:
        """Return up to `limit` events from `position` on.

        Raises
        ------
        Problem
            410 ``cursor_expired`` when the tenant was reset or the events were dropped since.
        """
        if position.life != self._life or position.number < self._first:
            raise Problem(410, "Cursor has expired", "cursor_expired")
        start = position.number - self._first
        return self._events[start : start + limit]
