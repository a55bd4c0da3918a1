"""The inbox: every accepted event, append-only, handed to the syncs that want it."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.event import Event, RecordRef
from crosswalk.domain.ids import OrgName, RecordId, SyncName, TenantName
from crosswalk.domain.urgency import RANKS, USUAL
from crosswalk.store.database import Connection, fetch_row
from crosswalk.store.due import NOBODY, ROUTING, Lane
from crosswalk.store.forgetting import forget_records, forget_users


class Subscriber(Struct, frozen=True):
    """A sync that wants the events of its tenant and its org, split over this many lanes."""

    sync: SyncName
    tenant: TenantName
    org: OrgName
    lanes: int

    @classmethod
    def of(cls, definition: SyncDefinition) -> "Subscriber":
        """The sync of this definition."""
        return cls(definition.name, definition.tenant, definition.org, definition.lanes)


# Stores events once each and hands the new ones to the syncs that want them. Ignored events are kept but are nobody's
# work. The rows are sorted, so that two intakes with the same events wait for one another instead of deadlocking.
# What makes events unique is the table's own affair: naming an index here would tie the statement to it.
ACCEPT = """
WITH arrived AS (
    INSERT INTO inbox (tenant, event_id, source, type, disposition, note, user_id, updated_at, occurred_at, raw)
    SELECT *
    FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],
                %b::timestamptz[], %b::bytea[])
         AS e (tenant, event_id, source, type, disposition, note, user_id, updated_at, occurred_at, raw)
    ORDER BY e.tenant, e.event_id
    ON CONFLICT DO NOTHING
    RETURNING seq, tenant, event_id, user_id, disposition, received_at
), work AS (
    INSERT INTO due (sync, seq, lane, user_id, received_at, rank)
    SELECT s.sync, a.seq, (hashtextextended(a.user_id, 0) & 2147483647) %% s.lanes, a.user_id, a.received_at,
           coalesce(r.rank, %b)
    FROM arrived AS a
    JOIN unnest(%b::text[], %b::text[], %b::int[]) AS s (sync, tenant, lanes) ON s.tenant = a.tenant
    LEFT JOIN unnest(%b::text[], %b::text[], %b::smallint[]) AS r (tenant, event_id, rank)
        ON r.tenant = a.tenant AND r.event_id = a.event_id
    WHERE a.disposition <> 'ignored'
    RETURNING sync, lane
)
SELECT
    (SELECT count(*) FROM arrived),
    (SELECT json_agg(json_build_array(w.sync, w.lane)) FROM (SELECT DISTINCT sync, lane FROM work) AS w)
"""


# The same for events about records. A record that an identity is linked to goes to that identity's lane; any other
# goes to the lane where it is found out whom it concerns. Relies on the unique index links (sync, record_id).
ACCEPT_CHANGES = """
WITH arrived AS (
    INSERT INTO inbox (tenant, org, event_id, source, type, disposition, note, object, record_id, occurred_at, raw)
    SELECT '', e.*
    FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],
                %b::timestamptz[], %b::bytea[])
         AS e (org, event_id, source, type, disposition, note, object, record_id, occurred_at, raw)
    ORDER BY e.org, e.event_id
    ON CONFLICT DO NOTHING
    RETURNING seq, org, event_id, record_id, disposition, received_at
), work AS (
    INSERT INTO due (sync, seq, lane, user_id, received_at, rank)
    SELECT s.sync, a.seq,
           CASE WHEN l.user_id IS NULL THEN %b ELSE (hashtextextended(l.user_id, 0) & 2147483647) %% s.lanes END,
           coalesce(l.user_id, %b), a.received_at, coalesce(r.rank, %b)
    FROM arrived AS a
    JOIN unnest(%b::text[], %b::text[], %b::int[]) AS s (sync, org, lanes) ON s.org = a.org
    LEFT JOIN unnest(%b::text[], %b::text[], %b::smallint[]) AS r (org, event_id, rank)
        ON r.org = a.org AND r.event_id = a.event_id
    LEFT JOIN links AS l ON l.sync = s.sync AND l.record_id = a.record_id
    WHERE a.disposition <> 'ignored'
    RETURNING sync, lane
)
SELECT
    (SELECT count(*) FROM arrived),
    (SELECT json_agg(json_build_array(w.sync, w.lane)) FROM (SELECT DISTINCT sync, lane FROM work) AS w)
"""

_NO_RECORD = RecordRef("", RecordId(""))


class Accepted(Struct, frozen=True):
    """How many events were new, and the lanes that have work because of them."""

    new: int
    lanes: tuple[Lane, ...]


async def accept(
    connection: Connection, events: Sequence[tuple[TenantName, Event]], subscribers: Sequence[Subscriber]
) -> Accepted:
    """Store events, each once, and note the work they make; one statement for any number of events."""
    events = await forget_users(connection, events)
    columns: list[object] = [
        [tenant for tenant, _ in events],
        [_storable(event.id) for _, event in events],
        [event.source.value for _, event in events],
        [_storable(event.type) for _, event in events],
        [event.disposition.value for _, event in events],
        [_storable(event.note) for _, event in events],
        [event.user_id and _storable(event.user_id) for _, event in events],
        [event.updated_at for _, event in events],
        [event.occurred_at for _, event in events],
        [event.raw for _, event in events],
        USUAL,
        [s.sync for s in subscribers],
        [s.tenant for s in subscribers],
        [s.lanes for s in subscribers],
        *_unusual(events),
    ]
    return _accepted(await fetch_row(connection, ACCEPT, columns))


async def accept_changes(
    connection: Connection, org: OrgName, events: Sequence[Event], subscribers: Sequence[Subscriber]
) -> Accepted:
    """Store an org's events, each once, and note the work they make; one statement for any number of events."""
    events = await forget_records(connection, org, events)
    records = [event.record or _NO_RECORD for event in events]
    columns: list[object] = [
        [org for _ in events],
        [_storable(event.id) for event in events],
        [event.source.value for event in events],
        [_storable(event.type) for event in events],
        [event.disposition.value for event in events],
        [_storable(event.note) for event in events],
        [record.object for record in records],
        [record.id for record in records],
        [event.occurred_at for event in events],
        [event.raw for event in events],
        ROUTING,
        NOBODY,
        USUAL,
        [s.sync for s in subscribers],
        [s.org for s in subscribers],
        [s.lanes for s in subscribers],
        *_unusual([(org, event) for event in events]),
    ]
    return _accepted(await fetch_row(connection, ACCEPT_CHANGES, columns))


def _unusual(events: Sequence[tuple[str, Event]]) -> tuple[list[str], list[str], list[int]]:
    """Whose events, which, and how they rank, as columns: those only that do not rank as most do."""
    ranks = {(origin, _storable(event.id)): RANKS[event.purpose] for origin, event in events}
    unusual = {key: rank for key, rank in ranks.items() if rank != USUAL}
    return [origin for origin, _ in unusual], [event_id for _, event_id in unusual], list(unusual.values())


def _accepted(row: tuple[Any, ...]) -> Accepted:
    # In one order for everybody: intakes that wake the same lanes wait for one another instead of deadlocking.
    return Accepted(row[0], tuple(Lane(SyncName(sync), number) for sync, number in sorted(row[1] or ())))


def _storable(text: str) -> str:
    """The text without NUL, the one character that PostgreSQL's texts cannot hold; `raw` keeps what really came."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
