"""What arrives from either side: a hint that an identity may have changed, with the newest state it knows."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.purpose import Purpose


class Source(StrEnum):
    """The ways in which Auth0, Salesforce and people tell us something."""

    EVENT_STREAM = "event_stream"
    LOG_STREAM = "log_stream"
    SUBSCRIPTION = "subscription"
    LOG_POLL = "log_poll"
    CHANGE_EVENTS = "change_events"
    """Salesforce's change data capture, over the Pub/Sub API."""
    RECORD_POLL = "record_poll"
    """Salesforce's records by their time of change."""
    PERSON = "person"
    """Somebody decided something about the identity, by the console or the command line."""
    DRIFT = "drift"
    """The drift check: what it read was news, or is to be tried again."""
    BACKFILL = "backfill"
    """A back-fill: what it could not finish at once."""
    HUB = "hub"
    """The hub itself: what it did about one identity concerns another."""


class Disposition(StrEnum):
    """What an event asks of reconcile; decided once, when it is read."""

    STATE = "state"
    """It carries the user's whole state."""
    DELETED = "deleted"
    """It says that the user is gone."""
    CHANGED = "changed"
    """It says that the user changed, without the state: the user has to be read."""
    RECORD = "record"
    """It says what happened to a record of Salesforce."""
    IGNORED = "ignored"
    """Nothing that the hub does depends on it; `Event.note` says why."""


class RecordRef(Struct, frozen=True):
    """A record by its object and id."""

    object: str
    id: RecordId


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
    record
        The record it is about, if it is about one.
    updated_at
        For `STATE`: the user's own `updated_at` as text, which orders states.
    raw
        The event as received, JSON text.
    purpose
        What dealing with it is for, which says how urgent it is.
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
    record: RecordRef | None = None
    purpose: Purpose = Purpose.PROFILE
