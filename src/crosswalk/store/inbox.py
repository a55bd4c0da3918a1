"""The inbox (every accepted event, append-only) and the work that each sync still has to do about it."""

from collections.abc import Sequence

from msgspec import Struct

from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.ids import SyncName, TenantName, UserId
from crosswalk.store.database import Connection, fetch_row


class Subscriber(Struct, frozen=True):
    """A sync that wants a tenant's events, split over this many lanes."""

    sync: SyncName
    tenant: TenantName
    lanes: int


class Lane(Struct, frozen=True):
    """A slice of a sync's identities; one worker at a time reconciles it."""

    sync: SyncName
    number: int

    def __str__(self) -> str:
        return f"{self.sync}/{self.number}"


class DueEvent(Struct, frozen=True):
    """An event of the inbox that a sync has not dealt with yet."""

    seq: int
    event: Event
    age_s: float
    """Seconds since it was received, by the database's clock alone."""


# Stores events once each and hands the new ones to the syncs that want them. Ignored events are kept but are nobody's
# work. The rows are sorted, so that two intakes with the same events wait for one another instead of deadlocking.
# Relies on the unique index inbox (tenant, event_id).
ACCEPT = """
WITH arrived AS (
    INSERT INTO inbox (tenant, event_id, source, type, disposition, note, user_id, updated_at, occurred_at, raw)
    SELECT *
    FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],
                %b::timestamptz[], %b::bytea[])
         AS e (tenant, event_id, source, type, disposition, note, user_id, updated_at, occurred_at, raw)
    ORDER BY e.tenant, e.event_id
    ON CONFLICT (tenant, event_id) DO NOTHING
    RETURNING seq, tenant, event_id, user_id, disposition, received_at
), work AS (
    INSERT INTO due (sync, seq, lane, user_id, received_at)
    SELECT s.sync, a.seq, (hashtextextended(a.user_id, 0) & 2147483647) %% s.lanes, a.user_id, a.received_at
    FROM arrived AS a
    JOIN unnest(%b::text[], %b::text[], %b::int[]) AS s (sync, tenant, lanes) ON s.tenant = a.tenant
    WHERE a.disposition <> 'ignored'
    RETURNING sync, lane
)
SELECT
    (SELECT count(*) FROM arrived),
    (SELECT json_agg(json_build_array(w.sync, w.lane)) FROM (SELECT DISTINCT sync, lane FROM work) AS w)
"""

# The next events of a lane, oldest first. Relies on due_waiting.
DUE = """
SELECT d.seq, extract(epoch FROM clock_timestamp() - d.received_at)::float8, i.event_id, i.source, i.type,
       i.disposition, i.note, i.user_id, i.updated_at, i.occurred_at, i.raw
FROM due AS d
JOIN inbox AS i USING (seq)
WHERE d.sync = %s AND d.lane = %s AND d.outcome IS NULL AND d.not_before <= now()
ORDER BY d.seq
LIMIT %s
"""

# How many events of a lane wait, up to a bound, and how long the oldest has waited, by the database's clock alone.
WAITING = """
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(received_at)), 0)::float8
FROM (
    SELECT received_at
    FROM due
    WHERE sync = %s AND lane = %s AND outcome IS NULL AND not_before <= now()
    ORDER BY seq
    LIMIT %s
) AS waiting
"""

# Everything up to the newest event read is done with for these identities: the newest state covers the older ones.
FINISH = """
UPDATE due AS d
SET outcome = o.outcome, finished_at = clock_timestamp()
FROM unnest(%b::text[], %b::text[]) AS o (user_id, outcome)
WHERE d.sync = %s AND d.user_id = o.user_id AND d.seq <= %s AND d.outcome IS NULL
"""

# These identities are tried again later; the wait doubles with each attempt up to a bound, and is spread so that those
# who failed together, or waited for one another, do not come back together.
POSTPONE = """
UPDATE due AS d
SET attempts = least(d.attempts + 1, 1000),
    not_before = now() + make_interval(
        secs => greatest(p.after_s, least(%s, 0.25 * 2 ^ least(d.attempts, 20)) * (0.75 + 0.5 * random()))
    )
FROM unnest(%b::text[], %b::float8[]) AS p (user_id, after_s)
WHERE d.sync = %s AND d.user_id = p.user_id AND d.seq <= %s AND d.outcome IS NULL
"""

# Seconds until a lane's first postponed event is due again.
NEXT_DUE = """
SELECT extract(epoch FROM min(not_before) - now())::float8
FROM due
WHERE sync = %s AND lane = %s AND outcome IS NULL
"""

# Lanes with work that is due: what the sweep wakes when a wake-up was lost.
LANES_WITH_WORK = """
SELECT DISTINCT sync, lane
FROM due
WHERE outcome IS NULL AND not_before <= now()
"""

LONGEST_WAIT_S = 60.0


class Accepted(Struct, frozen=True):
    """How many events were new, and the lanes that have work because of them."""

    new: int
    lanes: tuple[Lane, ...]


async def accept(
    connection: Connection, events: Sequence[tuple[TenantName, Event]], subscribers: Sequence[Subscriber]
) -> Accepted:
    """Store events, each once, and note the work they make; one statement for any number of events."""
    columns: list[list[object]] = [
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
        [s.sync for s in subscribers],
        [s.tenant for s in subscribers],
        [s.lanes for s in subscribers],
    ]
    row = await fetch_row(connection, ACCEPT, columns)
    return Accepted(row[0], tuple(Lane(SyncName(sync), number) for sync, number in row[1] or ()))


def _storable(text: str) -> str:
    """The text without NUL, the one character that PostgreSQL's texts cannot hold; `raw` keeps what really came."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


async def read_due(connection: Connection, lane: Lane, limit: int) -> list[DueEvent]:
    """The next events of a lane, oldest first, at most `limit`."""
    rows = await (await connection.execute(DUE, (lane.sync, lane.number, limit), binary=True)).fetchall()
    return [
        DueEvent(
            seq=seq,
            age_s=age_s,
            event=Event(
                id=event_id,
                source=Source(source),
                type=type_,
                occurred_at=occurred_at,
                disposition=Disposition(disposition),
                raw=bytes(raw),
                user_id=UserId(user_id),
                updated_at=updated_at,
                note=note,
            ),
        )
        for (
            seq,
            age_s,
            event_id,
            source,
            type_,
            disposition,
            note,
            user_id,
            updated_at,
            occurred_at,
            raw,
        ) in rows
    ]


async def waiting(connection: Connection, lane: Lane, up_to: int) -> tuple[int, float]:
    """How many events of the lane are due (counted to `up_to`), and for how many seconds the oldest has waited."""
    row = await fetch_row(connection, WAITING, (lane.sync, lane.number, up_to))
    return row[0], row[1]


async def finish(
    connection: Connection, sync: SyncName, outcomes: Sequence[tuple[UserId, str]], up_to_seq: int
) -> None:
    """Mark all waiting events of these identities, up to the newest one read, as dealt with."""
    await connection.execute(FINISH, ([u for u, _ in outcomes], [o for _, o in outcomes], sync, up_to_seq))


async def postpone(
    connection: Connection, sync: SyncName, waits: Sequence[tuple[UserId, float]], up_to_seq: int
) -> None:
    """Put the waiting events of these identities off: by the given seconds, or longer after each failed attempt."""
    await connection.execute(POSTPONE, (LONGEST_WAIT_S, [u for u, _ in waits], [s for _, s in waits], sync, up_to_seq))


async def seconds_to_next(connection: Connection, lane: Lane) -> float | None:
    """Seconds until the lane's next waiting event is due (negative: already); `None` when nothing waits."""
    row = await fetch_row(connection, NEXT_DUE, (lane.sync, lane.number))
    return None if row[0] is None else float(row[0])


async def lanes_with_work(connection: Connection) -> list[Lane]:
    """Every lane that has work due now."""
    rows = await (await connection.execute(LANES_WITH_WORK)).fetchall()
    return [Lane(SyncName(sync), number) for sync, number in rows]
