"""What happened: the events of the inbox that a sync dealt with, and what it wrote because of them."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from psycopg.rows import class_row

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
# order of numbers is that of arrival.
EVENTS = """
SELECT d.seq, i.event_id, i.source, i.type, i.disposition, i.note, d.user_id, i.updated_at, i.occurred_at, i.raw,
       i.object, i.record_id
FROM due AS d
JOIN inbox AS i USING (seq)
WHERE d.sync = %(sync)s AND d.user_id LIKE '%%|%%'
  AND (%(since)s::timestamptz IS NULL OR i.received_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR i.received_at < %(until)s)
  AND (%(first)s::bigint IS NULL OR d.seq >= %(first)s)
  AND (%(last)s::bigint IS NULL OR d.seq <= %(last)s)
  AND (%(event_id)s::text IS NULL OR i.event_id = %(event_id)s)
ORDER BY d.seq DESC
LIMIT %(newest)s
"""


async def events(connection: Connection, sync: SyncName, span: Span) -> list[DueEvent]:
    """The events of a span that concern users, oldest first."""
    bounds = {
        "sync": sync,
        "since": span.since,
        "until": span.until,
        "first": span.first,
        "last": span.last,
        "event_id": span.event_id,
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


async def written_since(
    connection: Connection, sync: SyncName, user_ids: Sequence[UserId], seq: int
) -> dict[UserId, list[AuditEntry]]:
    """What was written about these identities because of this event and all later ones, newest first."""
    found: dict[UserId, list[AuditEntry]] = {}
    async with connection.cursor(row_factory=class_row(AuditEntry)) as cursor:
        for entry in await (await cursor.execute(WRITTEN_SINCE, (sync, list(user_ids), seq))).fetchall():
            found.setdefault(UserId(entry.user_id), []).append(entry)
    return found
