"""What was done about one identity may concern another: an event of the hub's own makes it look there too."""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.ids import UserId
from crosswalk.engine.books import Booking
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
    causes = _newest([item for item in due if item.event.source is not Source.HUB])
    await _wake(connection, definition, causes, {booking.user_id: booking.wakes for booking in bookings})


async def wake_waiting(
    connection: Connection,
    definition: SyncDefinition,
    stirred: Mapping[UserId, Collection[UserId]],
    due: Sequence[DueEvent],
) -> None:
    """Let those be looked at who wait for what was done to other identities' records, in the transaction of that.

    Whatever led to it: a record has changed, and there is an end to that.
    """
    await _wake(connection, definition, _newest(due), {cause: sorted(woken) for cause, woken in stirred.items()})


async def _wake(
    connection: Connection,
    definition: SyncDefinition,
    causes: Mapping[UserId, DueEvent],
    wakes: Mapping[UserId, Sequence[UserId]],
) -> None:
    events = [
        (definition.tenant, _event(definition, causes[cause], woken))
        for cause, those in wakes.items()
        if cause in causes
        for woken in dict.fromkeys(those)
    ]
    if events:
        await inbox.accept(connection, events, [Subscriber.of(definition)])


def _newest(due: Sequence[DueEvent]) -> dict[UserId, DueEvent]:
    """The newest event of each identity."""
    return {item.event.user_id: item for item in sorted(due, key=lambda each: each.seq) if item.event.user_id}


def _event(definition: SyncDefinition, cause: DueEvent, woken: UserId) -> Event:
    told = {"because_of_event": cause.seq}  # a number alone: the other person's id has no place in this one's event
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
