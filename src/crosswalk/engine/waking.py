"""What was done about one identity may concern another: an event of the hub's own makes it look there too."""

from collections.abc import Mapping, Sequence

import msgspec

from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.ids import UserId
from crosswalk.engine.ledger import Booking
from crosswalk.store import inbox
from crosswalk.store.database import Connection
from crosswalk.store.due import DueEvent
from crosswalk.store.inbox import Subscriber

TYPE = "hub.kin_changed"


async def wake_others(
    connection: Connection, definition: SyncDefinition, bookings: Sequence[Booking], due: Sequence[DueEvent]
) -> None:
    """Let the identities that these bookings name be looked at, in the bookings' transaction.

    The sweep finds their lanes. What such an event leads to wakes nobody further, so that two identities that concern
    one another do not keep each other awake.
    """
    causes = _causes(due)
    events = [
        (definition.tenant, _event(definition, causes[booking.user_id], woken))
        for booking in bookings
        if booking.user_id in causes
        for woken in dict.fromkeys(booking.wakes)
    ]
    if events:
        subscriber = Subscriber(definition.name, definition.tenant, definition.org, definition.lanes)
        await inbox.accept(connection, events, [subscriber])


def _causes(due: Sequence[DueEvent]) -> Mapping[UserId, DueEvent]:
    """The newest event of each identity that came from outside."""
    outside = [item for item in due if item.event.source is not Source.HUB]
    return {item.event.user_id: item for item in sorted(outside, key=lambda each: each.seq) if item.event.user_id}


def _event(definition: SyncDefinition, cause: DueEvent, woken: UserId) -> Event:
    told = {"because_of": cause.event.user_id, "event": cause.event.id}
    return Event(
        # Once for each cause, so that doing a batch again after a crash wakes nobody twice.
        id=f"{definition.name}/{cause.seq}/{woken}",
        source=Source.HUB,
        type=TYPE,
        occurred_at=cause.event.occurred_at,
        disposition=Disposition.CHANGED,
        raw=msgspec.json.encode(told),
        user_id=woken,
    )
