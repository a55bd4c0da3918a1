"""What happened: the events of the inbox that a sync dealt with, and what it wrote because of them."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from psycopg.rows import class_row

from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.event import Disposition, Event, RecordRef, Source
from crosswalk.domain.ids import RecordId, SyncName, UserId
from crosswalk.store.audit import WRITTEN_SINCE, AuditEntry
from crosswalk.store.database import Connection
from crosswalk.store.due import DueEvent


class Span(Struct, frozen=True):
    """Which events: all bounds that are given hold.

    Parameters
    ----------
    since, until
        Received at or after, and before (UTC).
    first, last
        Numbers of the inbox, both included.
    newest
        At most so many, the newest.
    event_id
        The vendor's id of one event.
    """

    since: datetime | None = None
    until: datetime | None = None
    first: int | None = None
    last: int | None = None
    newest: int | None = None
    event_id: str | None = None


# The newest events that a sync took up, for whichever identities they concern. Relies on the primary key of due, whose
# order of numbers is that of arrival; the inbox is asked for one number at a time, so that only the part that holds it
# is looked into, and only for what is meant.
EVENTS = """
SELECT d.seq, i.event_id, i.source, i.type, i.disposition, i.note, d.user_id, i.updated_at, i.occurred_at, i.raw,
       i.object, i.record_id
FROM (
    SELECT seq, user_id
    FROM due
    WHERE sync = %(sync)s AND user_id LIKE '%%|%%'
      AND (%(since)s::timestamptz IS NULL OR received_at >= %(since)s)
      AND (%(until)s::timestamptz IS NULL OR received_at < %(until)s)
      AND (%(first)s::bigint IS NULL OR seq >= %(first)s)
      AND (%(last)s::bigint IS NULL OR seq <= %(last)s)
    ORDER BY seq DESC
    LIMIT %(newest)s
) AS d
CROSS JOIN LATERAL (SELECT * FROM inbox WHERE seq = d.seq LIMIT 1) AS i
ORDER BY d.seq DESC
"""

# The day on which an event of the tenant's or org's was stored, by the digest of its id. Relies on event_ids_pkey.
DAY = """
SELECT day
FROM event_ids
WHERE id IN (event_digest(%(tenant)s, '', %(event_id)s), event_digest('', %(org)s, %(event_id)s))
"""

# The number of an event that was stored on a day: numbers begin with the day, but for those of the first part, which is
# older than that. Reads the events of that day.
NUMBER = """
SELECT seq
FROM inbox
WHERE event_id = %(event_id)s AND seq >= %(day)s::bigint * 10000000000 AND seq < (%(day)s::bigint + 1) * 10000000000
LIMIT 1
"""


async def events(connection: Connection, definition: SyncDefinition, span: Span) -> list[DueEvent]:
    """The events of a span that concern users of a sync, oldest first."""
    first, last = span.first, span.last
    if span.event_id is not None:
        number = await _number_of(connection, definition, span.event_id)
        if number is None:
            return []
        first, last = max(number, first or number), min(number, last or number)
    bounds = {
        "sync": definition.name,
        "since": span.since,
        "until": span.until,
        "first": first,
        "last": last,
        "newest": span.newest,
    }
    rows = await (await connection.execute(EVENTS, bounds, binary=True)).fetchall()
    return [
        DueEvent(
            seq,
            Event(
                id=event_id,
                source=Source(source),
                type=type_,
                occurred_at=occurred_at,
                disposition=Disposition(disposition),
                raw=bytes(raw),
                user_id=UserId(user_id),
                updated_at=updated_at,
                note=note,
                record=RecordRef(object_name, RecordId(record_id)) if record_id else None,
            ),
            0.0,
        )
        for (
            seq,
            event_id,
            source,
            type_,
            disposition,
            note,
            user_id,
            updated_at,
            occurred_at,
            raw,
            object_name,
            record_id,
        ) in reversed(rows)
    ]


async def _number_of(connection: Connection, definition: SyncDefinition, event_id: str) -> int | None:
    """The inbox's number of one event of the sync's tenant or org, by the vendor's id."""
    sides = {"tenant": definition.tenant, "org": definition.org, "event_id": event_id}
    stored = await (await connection.execute(DAY, sides)).fetchone()
    if stored is None:
        return None
    for day in (stored[0], 0):
        row = await (await connection.execute(NUMBER, {"event_id": event_id, "day": day})).fetchone()
        if row is not None:
            return int(row[0])
    return None


async def written_since(
    connection: Connection, sync: SyncName, user_ids: Sequence[UserId], seq: int
) -> dict[UserId, list[AuditEntry]]:
    """What was written about these identities because of this event and all later ones, newest first."""
    found: dict[UserId, list[AuditEntry]] = {}
    async with connection.cursor(row_factory=class_row(AuditEntry)) as cursor:
        for entry in await (await cursor.execute(WRITTEN_SINCE, (sync, list(user_ids), seq))).fetchall():
            found.setdefault(UserId(entry.user_id), []).append(entry)
    return found
