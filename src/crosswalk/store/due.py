"""The work that each sync still has to do about the events of the inbox, lane by lane."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from crosswalk.domain.event import Disposition, Event, RecordRef, Source
from crosswalk.domain.ids import RecordId, SyncName, UserId
from crosswalk.domain.urgency import URGENT, purpose_of
from crosswalk.store.database import Connection, fetch_row

OLDEST_SHARE = 10
"""One in so many places of a batch goes to what has waited longest, so that what ranks low is not put off for ever."""

ROUTING = -1
"""The lane of events about records that no identity is linked to: there it is found out whom they concern."""

NOBODY = UserId("")
"""Stands for the identity while it is not known yet."""

LONGEST_WAIT_S = 60.0

NEWEST_OF_RECORDS = 10_000
"""Events of records that are looked at for what was told of a record while somebody was given it."""

NEWEST = 400
"""Events of a sync that are looked at to see how many come."""


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


class Waiting(Struct, frozen=True):
    """What is due in a lane.

    Parameters
    ----------
    count
        How many events, as far as they were counted.
    age_s
        For how many seconds the oldest has waited.
    urgent
        Whether something among them goes before everything else.
    company
        How many identities of the lane had an event lately.
    """

    count: int
    age_s: float
    urgent: bool
    company: int


# The next events of a lane: some that have waited longest, whatever they are for, then by rank and age; nothing of
# those identities that are being worked on. Relies on due_waiting and due_by_rank.
DUE = """
WITH oldest AS (
    SELECT seq, user_id, rank, received_at, 0 AS turn
    FROM due
    WHERE sync = %(sync)s AND lane = %(lane)s AND outcome IS NULL AND not_before <= now()
        AND user_id <> ALL(%(busy)s)
    ORDER BY seq
    LIMIT %(oldest)s
), ranked AS (
    SELECT seq, user_id, rank, received_at, 1 AS turn
    FROM due
    WHERE sync = %(sync)s AND lane = %(lane)s AND outcome IS NULL AND not_before <= now()
        AND user_id <> ALL(%(busy)s)
    ORDER BY rank, seq
    LIMIT %(limit)s
), next AS (
    SELECT DISTINCT ON (seq, user_id) *
    FROM (SELECT * FROM oldest UNION ALL SELECT * FROM ranked) AS both_ways
    ORDER BY seq, user_id, turn
)
SELECT d.seq, extract(epoch FROM clock_timestamp() - d.received_at)::float8, i.event_id, i.source, i.type,
       i.disposition, i.note, d.user_id, i.updated_at, i.occurred_at, i.raw, i.object, i.record_id, d.rank
FROM next AS d
CROSS JOIN LATERAL (SELECT * FROM inbox WHERE seq = d.seq LIMIT 1) AS i
ORDER BY d.turn, d.rank, d.seq
LIMIT %(limit)s
"""

# Events that somebody began to deal with. Relies on the primary key. Here as above the inbox is asked for one number at
# a time, so that only the part that holds it is looked into.
AGAIN = """
SELECT d.seq, extract(epoch FROM clock_timestamp() - d.received_at)::float8, i.event_id, i.source, i.type,
       i.disposition, i.note, d.user_id, i.updated_at, i.occurred_at, i.raw, i.object, i.record_id, d.rank
FROM due AS d
CROSS JOIN LATERAL (SELECT * FROM inbox WHERE seq = d.seq LIMIT 1) AS i
WHERE d.sync = %s AND d.lane = %s AND d.seq = ANY(%s) AND d.outcome IS NULL
ORDER BY d.seq
"""

# How much is due in a lane, up to a bound. Relies on due_waiting.
COUNT_WAITING = """
SELECT count(*)
FROM (
    SELECT FROM due WHERE sync = %s AND lane = %s AND outcome IS NULL AND not_before <= now() LIMIT %s
) AS waiting
"""

# How many events of a lane wait, up to a bound, how long the oldest has waited, by the database's clock alone, and the
# first rank among them; and how many identities of the lane had an event within a while, as far as the newest events of
# the sync tell. Relies on due_waiting, due_by_rank and the primary key.
WAITING = """
SELECT count(*),
       coalesce(extract(epoch FROM clock_timestamp() - min(received_at)), 0)::float8,
       (
           SELECT rank
           FROM due
           WHERE sync = %(sync)s AND lane = %(lane)s AND outcome IS NULL AND not_before <= now()
           ORDER BY rank, seq
           LIMIT 1
       ),
       (
           SELECT count(DISTINCT user_id)
           FROM (
               SELECT lane, user_id, received_at FROM due WHERE sync = %(sync)s ORDER BY seq DESC LIMIT %(newest)s
           ) AS newest
           WHERE lane = %(lane)s AND received_at > clock_timestamp() - make_interval(secs => %(within_s)s)
       )
FROM (
    SELECT received_at
    FROM due
    WHERE sync = %(sync)s AND lane = %(lane)s AND outcome IS NULL AND not_before <= now()
        AND user_id <> ALL(%(busy)s)
    ORDER BY seq
    LIMIT %(up_to)s
) AS waiting
"""

# Only what was read is done with. An event may become visible later than one with a higher number: intakes commit side
# by side.
FINISH = """
UPDATE due AS d
SET outcome = o.outcome, finished_at = clock_timestamp()
FROM unnest(%b::text[], %b::text[]) AS o (user_id, outcome)
WHERE d.sync = %s AND d.seq = ANY(%b::bigint[]) AND d.user_id = o.user_id AND d.outcome IS NULL
"""

# These identities are tried again later; the wait doubles with each attempt up to a bound, and is spread so that those
# who failed together, or waited for one another, do not come back together.
POSTPONE = """
UPDATE due AS d
SET attempts = least(d.attempts + p.attempts, 1000),
    not_before = now() + make_interval(
        secs => CASE p.attempts
            WHEN 0 THEN p.after_s * (1 + 0.25 * random())
            ELSE greatest(p.after_s, least(%s, 0.25 * 2 ^ least(d.attempts, 20)) * (0.75 + 0.5 * random()))
        END
    )
FROM unnest(%b::text[], %b::float8[], %b::int[]) AS p (user_id, after_s, attempts)
WHERE d.sync = %s AND d.seq = ANY(%b::bigint[]) AND d.user_id = p.user_id AND d.outcome IS NULL
"""

# Hands events of the routing lane to the identities they concern, each to its own lane.
ROUTE = """
INSERT INTO due (sync, seq, lane, user_id, received_at, rank)
SELECT d.sync, d.seq, (hashtextextended(r.user_id, 0) & 2147483647) %% %b, r.user_id, d.received_at, d.rank
FROM unnest(%b::bigint[], %b::text[]) AS r (seq, user_id)
JOIN due AS d ON d.sync = %b AND d.seq = r.seq AND d.user_id = %b
ON CONFLICT (sync, seq, user_id) DO NOTHING
RETURNING lane
"""

FINISH_ROUTED = """
UPDATE due AS d
SET outcome = o.outcome, finished_at = clock_timestamp()
FROM unnest(%b::bigint[], %b::text[]) AS o (seq, outcome)
WHERE d.sync = %b AND d.seq = o.seq AND d.user_id = %b AND d.outcome IS NULL
"""

# Events about records that were nobody's when they came, for those who were given these records since. Looks at the
# newest events of records alone, however many events there are. Relies on inbox_by_user.
CATCH_UP = """
INSERT INTO due (sync, seq, lane, user_id, received_at, rank)
SELECT d.sync, d.seq, (hashtextextended(g.user_id, 0) & 2147483647) %% %b, g.user_id, d.received_at, d.rank
FROM (
    SELECT seq, record_id, received_at
    FROM inbox
    WHERE tenant = '' AND user_id IS NULL
    ORDER BY seq DESC
    LIMIT %b
) AS newest
JOIN unnest(%b::text[], %b::text[]) AS g (record_id, user_id) USING (record_id)
JOIN due AS d ON d.sync = %b AND d.seq = newest.seq AND d.user_id = %b
WHERE newest.received_at >= %b
ON CONFLICT (sync, seq, user_id) DO NOTHING
"""

# Seconds until a lane's first postponed event is due again. What waits for a flow that pauses is due at no time.
NEXT_DUE = """
SELECT extract(epoch FROM min(not_before) - now())::float8
FROM due
WHERE sync = %s AND lane = %s AND outcome IS NULL AND not_before < 'infinity'
"""

# Lanes with work that is due: what the sweep wakes when a wake-up was lost.
LANES_WITH_WORK = """
SELECT DISTINCT sync, lane
FROM due
WHERE outcome IS NULL AND not_before <= now()
"""


async def read_due(connection: Connection, lane: Lane, limit: int, busy: Collection[UserId] = ()) -> list[DueEvent]:
    """The next events of a lane, at most `limit`: a few that have waited longest, then the most urgent.

    Nothing of the identities in `busy`, which are being worked on.
    """
    parameters = {
        "sync": lane.sync,
        "lane": lane.number,
        "busy": list(busy),
        "oldest": limit // OLDEST_SHARE,
        "limit": limit,
    }
    return _due_events(await (await connection.execute(DUE, parameters, binary=True)).fetchall())


async def read_again(connection: Connection, lane: Lane, seqs: Sequence[int]) -> list[DueEvent]:
    """Those of a lane's events with these numbers that are not dealt with yet, even if they were put off."""
    cursor = await connection.execute(AGAIN, (lane.sync, lane.number, list(seqs)), binary=True)
    return _due_events(await cursor.fetchall())


async def count_waiting(connection: Connection, lane: Lane, up_to: int) -> int:
    """How many events of a lane are due, counted no further than `up_to`."""
    count: int = (await fetch_row(connection, COUNT_WAITING, (lane.sync, lane.number, up_to)))[0]
    return count


def _due_events(rows: Sequence[tuple[Any, ...]]) -> list[DueEvent]:
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
                user_id=UserId(user_id) or None,
                updated_at=updated_at,
                note=note,
                record=None if not record_id else RecordRef(object_name, RecordId(record_id)),
                purpose=purpose_of(rank),
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
            object_name,
            record_id,
            rank,
        ) in rows
    ]


async def waiting(
    connection: Connection, lane: Lane, up_to: int, within_s: float = 0.0, busy: Collection[UserId] = ()
) -> Waiting:
    """What is due in a lane, counted to `up_to`, and how many identities had an event within the last seconds."""
    parameters = {
        "sync": lane.sync,
        "lane": lane.number,
        "busy": list(busy),
        "up_to": up_to,
        "within_s": within_s,
        "newest": NEWEST,
    }
    count, age_s, first_rank, company = await fetch_row(connection, WAITING, parameters)
    return Waiting(count, age_s, first_rank is not None and first_rank <= URGENT, company)


async def finish(
    connection: Connection, sync: SyncName, outcomes: Sequence[tuple[UserId, str]], seqs: Collection[int]
) -> None:
    """Mark the events with these numbers, as far as they are these identities', as dealt with."""
    if not seqs:
        return
    await connection.execute(FINISH, ([u for u, _ in outcomes], [o for _, o in outcomes], sync, list(seqs)))


async def postpone(
    connection: Connection,
    sync: SyncName,
    waits: Sequence[tuple[UserId, float]],
    seqs: Collection[int],
    untried: Collection[UserId] = (),
) -> None:
    """Put the events with these numbers, as far as they are these identities', off.

    By the given seconds, or longer after each failed attempt. For the `untried` nothing was attempted: they wait for as
    long as it says, and it counts for nothing.
    """
    if not seqs or not waits:
        return
    users, after = [u for u, _ in waits], [s for _, s in waits]
    attempts = [0 if user_id in untried else 1 for user_id in users]
    await connection.execute(POSTPONE, (LONGEST_WAIT_S, users, after, attempts, sync, list(seqs)))


async def seconds_to_next(connection: Connection, lane: Lane) -> float | None:
    """Seconds until the lane's next waiting event is due (negative: already); `None` when nothing waits."""
    row = await fetch_row(connection, NEXT_DUE, (lane.sync, lane.number))
    return None if row[0] is None else float(row[0])


async def lanes_with_work(connection: Connection) -> list[Lane]:
    """Every lane that has work due now."""
    rows = await (await connection.execute(LANES_WITH_WORK)).fetchall()
    return [Lane(SyncName(sync), number) for sync, number in rows]


async def route(
    connection: Connection, sync: SyncName, lanes: int, found: Mapping[int, Collection[UserId]], nobody: str
) -> list[Lane]:
    """Hand events of the routing lane on.

    Parameters
    ----------
    lanes
        Over how many lanes the sync's identities are split.
    found
        The inbox's number of each event → the identities that it concerns.
    nobody
        The outcome of events that concern no identity.

    Returns
    -------
    list
        The lanes that have work because of it.
    """
    pairs = [(seq, user_id) for seq, users in found.items() for user_id in users]
    rows = await (
        await connection.execute(ROUTE, (lanes, [s for s, _ in pairs], [u for _, u in pairs], sync, NOBODY))
    ).fetchall()
    outcomes = ["routed" if users else nobody for users in found.values()]
    await connection.execute(FINISH_ROUTED, (list(found), outcomes, sync, NOBODY))
    return [Lane(sync, number) for number in sorted({row[0] for row in rows})]


async def catch_up(
    connection: Connection, sync: SyncName, lanes: int, given: Mapping[RecordId, UserId], since: datetime
) -> int:
    """Hand events about records to the identities that were given these records since the events came; tells how many.

    Parameters
    ----------
    lanes
        Over how many lanes the sync's identities are split.
    given
        The records, and whose they are now.
    since
        When the records were looked for, by the database's clock: what was told before was seen then.
    """
    records, users = list(given), list(given.values())
    return (
        await connection.execute(CATCH_UP, (lanes, NEWEST_OF_RECORDS, records, users, sync, NOBODY, since))
    ).rowcount
