"""What arrives from Auth0: a hint that an identity may have changed, with the newest state it knows."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from crosswalk.domain.ids import UserId


class Source(StrEnum):
    """The four ways in which Auth0 tells us something, and a person's request."""

    EVENT_STREAM = "event_stream"
    LOG_STREAM = "log_stream"
    SUBSCRIPTION = "subscription"
    LOG_POLL = "log_poll"


class Disposition(StrEnum):
    """What an event asks of reconcile; decided once, when it is read."""

    STATE = "state"
    """It carries the user's whole state."""
    DELETED = "deleted"
    """It says that the user is gone."""
    CHANGED = "changed"
    """It says that the user changed, without the state: the user has to be read."""
    IGNORED = "ignored"
    """Nothing that the hub does depends on it; `Event.note` says why."""


class Event(Struct, frozen=True):
    """One event, raw and as far as intake understood it.

    Parameters
    ----------
    id
        The vendor's own id of the event: what deduplication goes by.
    source, type
        The way it came and the vendor's type (`user.updated`, or a log type such as `ss`).
    occurred_at
        When the vendor says it happened (UTC).
    disposition, note
        What it asks for; for ignored events, why.
    user_id
        The identity it is about, if it is about one.
    updated_at
        For `STATE`: the user's own `updated_at` as text, which orders states.
    raw
        The event as received, JSON text.
    """

    id: str
    source: Source
    type: str
    occurred_at: datetime
    disposition: Disposition
    raw: bytes
    user_id: UserId | None = None
    updated_at: str | None = None
    note: str = ""
