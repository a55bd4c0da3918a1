"""Changes of records as events of the inbox: one form for every way in which the org tells of them. Pure."""

from datetime import datetime

import msgspec

from crosswalk.domain.change import RecordChange
from crosswalk.domain.event import Disposition, Event, RecordRef, Source
from crosswalk.domain.purpose import Purpose

DEALS = "Opportunity"
"""What a user may do follows from the deals of the account."""

_decode = msgspec.json.Decoder(RecordChange).decode


def change_event(event_id: str, source: Source, change: RecordChange, occurred_at: datetime) -> Event:
    """The event of the inbox for a change.

    Parameters
    ----------
    event_id
        What tells this change from every other of the org: a change that is read twice is kept once.
    occurred_at
        When the org says that it happened (UTC).
    """
    return Event(
        id=event_id,
        source=source,
        type=f"{change.object}.{change.kind.value}",
        occurred_at=occurred_at,
        disposition=Disposition.RECORD,
        raw=msgspec.json.encode(change),
        record=RecordRef(change.object, change.id),
        purpose=Purpose.OFFBOARDING if change.object == DEALS else Purpose.PROFILE,
    )


def change_of(event: Event) -> RecordChange:
    """The change that an event of disposition `RECORD` tells of."""
    return _decode(event.raw)
