"""What people do about one identity by hand: the sync that they name, and the event by which the identity is due.

Nobody writes by hand: what somebody decided is stored, and with it, in one transaction, an event that makes a worker
look at the identity. The writes that follow are attributed to that event.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from crosswalk.config.nearest import nearest_name
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.ids import UserId
from crosswalk.domain.purpose import Purpose
from crosswalk.engine.intake import Wake, take_in
from crosswalk.store.database import Connection
from crosswalk.store.inbox import Subscriber


async def make_due(
    connection: Connection,
    definition: SyncDefinition,
    wake: Wake,
    user_id: UserId,
    event_id: str,
    what: object,
    at: datetime,
    purpose: Purpose = Purpose.PROFILE,
) -> None:
    """Put an event into the inbox that makes an identity due, in the caller's transaction.

    Parameters
    ----------
    event_id, what
        The event's own id, which begins with its type, and what it tells.
    at
        When it happened, by the database's clock.
    purpose
        How urgent it is.
    """
    event = Event(
        id=event_id,
        source=Source.PERSON,
        type=event_id.partition("/")[0],
        occurred_at=at,
        disposition=Disposition.CHANGED,
        raw=msgspec.json.encode(what),
        user_id=user_id,
        purpose=purpose,
    )
    await take_in(connection, [(definition.tenant, event)], [Subscriber.of(definition)], wake)


def no_such_sync(name: str, known: Iterable[str]) -> str:
    """Says that no sync is called so, which ones there are, and which one may be meant."""
    names = list(known)
    near = nearest_name(name, names)
    return f"no sync is called {name} ({', '.join(names) or 'none'}){f', did you mean {near}?' if near else ''}"
