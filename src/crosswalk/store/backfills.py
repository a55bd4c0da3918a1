"""Back-fills and their chunks: what was ordered, how far it is, and what came of each chunk."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString

import msgspec
from msgspec import Struct

from crosswalk.domain.backfill import Backfill, Direction, Finding, Outcome, Report, Stage, Tally
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.purpose import Purpose
from crosswalk.domain.urgency import RANKS
from crosswalk.store.copy_text import copy_text
from crosswalk.store.database import Connection, fetch_row

LATELY = "5 minutes"

ORDER = """
INSERT INTO backfills (sync, direction, write, ordered_by, lanes, definition, deals)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (sync) WHERE finished_at IS NULL DO NOTHING
RETURNING id
"""

# A stage's chunks are finished when they have left the state in which the stage finds them. What counts as lately began
# at the earliest when the stage did, or when it was last resumed. Relies on backfill_chunks_by_state.
_READ: LiteralString = """
SELECT b.id, b.sync, b.direction, b.stage, b.paused, b.write, b.ordered_by, b.approved_by, b.lanes, b.definition,
       b.started_at, b.finished_at, b.users, b.records, b.report::text, b.outcomes::text, b.error,
       coalesce(c.done, 0), coalesce(c.lately, 0),
       extract(epoch FROM clock_timestamp() - greatest(b.moved_at, now() - %(lately)s::interval))::float8,
       b.deals
FROM backfills AS b
LEFT JOIN LATERAL (
    SELECT sum(users) AS done,
           sum(users) FILTER (WHERE changed_at > greatest(b.moved_at, now() - %(lately)s::interval)) AS lately
    FROM backfill_chunks
    WHERE backfill = b.id
        AND state = ANY(CASE b.stage WHEN 'matching' THEN '{matched,written}' ELSE '{written}' END::text[])
) AS c ON b.stage IN ('matching', 'writing')
"""
ONE = _READ + "WHERE b.id = %(id)s"
OPEN_OF_SYNC = _READ + "WHERE b.sync = %(sync)s AND b.finished_at IS NULL"
NEWEST = _READ + "ORDER BY b.id DESC LIMIT %(limit)s"
LAST_OF_SYNC = _READ + "WHERE b.sync = %(sync)s ORDER BY b.id DESC LIMIT 1"

AT_WORK = """
SELECT id
FROM backfills
WHERE finished_at IS NULL AND NOT paused AND stage IN ('reading', 'matching', 'writing') AND sync = ANY(%s)
ORDER BY id
"""

PAUSE = "UPDATE backfills SET paused = %s, moved_at = now() WHERE id = %s AND finished_at IS NULL AND paused <> %s"

# Reading cannot be left while it is under way; whoever writes says so at each chunk.
MOVE = """
UPDATE backfills
SET stage = %s, moved_at = clock_timestamp(), error = '',
    finished_at = CASE WHEN %s IN ('done', 'cancelled') THEN clock_timestamp() END
WHERE id = %s AND finished_at IS NULL
"""

ORDER_WRITE = "UPDATE backfills SET write = true, paused = false WHERE id = %s AND finished_at IS NULL"
APPROVE = "UPDATE backfills SET approved_by = %s WHERE id = %s AND stage = 'matched' AND approved_by IS NULL"
FIGURES = "UPDATE backfills SET users = coalesce(%s, users), records = coalesce(%s, records) WHERE id = %s"
REPORTED = "UPDATE backfills SET report = %s::json WHERE id = %s"
OUTCOMES = "UPDATE backfills SET outcomes = %s::json WHERE id = %s"
TROUBLE = "UPDATE backfills SET error = %s WHERE id = %s AND error <> %s"
READ_AT = "UPDATE backfills SET read_at = %s WHERE id = %s"
WHEN_READ = "SELECT read_at, extract(epoch FROM now() - read_at)::float8 FROM backfills WHERE id = %s"

# The records whose replica is newer than what was read of them. Relies on the unique index links (sync, record_id).
NEWER = """
SELECT l.record_id
FROM backfills AS b
JOIN links AS l ON l.sync = b.sync AND l.changed_at >= b.read_at
WHERE b.id = %s AND l.record_id = ANY(%b::text[])
"""

LANES = """
SELECT (hashtextextended(user_id, 0) & 2147483647) %% %b
FROM unnest(%b::text[]) WITH ORDINALITY AS u (user_id, position)
ORDER BY position
"""
ADD_CHUNK = "INSERT INTO backfill_chunks (backfill, lane, users, profiles) VALUES (%b, %b, %b, %b)"
FORGET_CHUNKS = "DELETE FROM backfill_chunks WHERE backfill = %s"
FORGET_FINDINGS = "DELETE FROM backfill_findings WHERE backfill = %s"
FORGET_PROFILES = """
UPDATE backfill_chunks
SET profiles = NULL, plans = NULL
WHERE backfill = %s AND (profiles IS NOT NULL OR plans IS NOT NULL)
"""

# The next chunks in a state: some where any will do, or the first of each lane, where one lane is not worked on twice.
NEXT_CHUNKS = """
SELECT id, lane FROM backfill_chunks WHERE backfill = %s AND state = %s ORDER BY id LIMIT %s
"""
FIRST_OF_LANES = """
SELECT DISTINCT ON (lane) id, lane FROM backfill_chunks WHERE backfill = %s AND state = %s ORDER BY lane, id
"""
CHUNK = "SELECT lane, users, profiles, coalesce(plans, '') FROM backfill_chunks WHERE id = %s AND state = %s"
NEXT_OF_LANE = """
SELECT id, lane, users, profiles, coalesce(plans, '')
FROM backfill_chunks
WHERE backfill = %s AND state = 'matched' AND lane = %s AND id > %s
ORDER BY id
LIMIT %s
"""
CHUNK_IS_LEFT = "SELECT EXISTS (SELECT FROM backfill_chunks WHERE backfill = %s AND state = %s)"
MOVE_CHUNK = """
UPDATE backfill_chunks
SET state = %s, tally = %s::json, plans = %s, changed_at = clock_timestamp()
WHERE id = %s AND state = %s
"""
# What was ordered meanwhile counts: a chunk is only begun while its back-fill works.
STILL_WORKS = "SELECT stage = %s AND NOT paused FROM backfills WHERE id = %s"
TALLIES = "SELECT tally::text FROM backfill_chunks WHERE backfill = %s AND state = %s"

FINDINGS = """
SELECT user_id, outlook, situation, rule, object, record_ids, words
FROM backfill_findings
WHERE backfill = %s AND outlook = %s AND user_id > %s
ORDER BY user_id
LIMIT %s
"""
COUNT_FINDINGS = "SELECT count(*) FROM backfill_findings WHERE backfill = %s AND outlook = %s"
ADD_FINDINGS = (
    "COPY backfill_findings (backfill, user_id, outlook, situation, rule, object, record_ids, words) FROM STDIN"
)

# How many events of the sync that go before a back-fill are due, up to a bound, for how long the oldest has been, and
# which it is. What failed before is waited for elsewhere. Relies on due_by_rank.
LIVE_WORK = """
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(received_at)), 0)::float8, coalesce(min(seq), 0)
FROM (
    SELECT received_at, seq
    FROM due
    WHERE sync = %s AND rank < %s AND outcome IS NULL AND attempts = 0 AND not_before <= now()
    LIMIT 1000
) AS waiting
"""

_decode_report = msgspec.json.Decoder(Report).decode
_decode_outcomes = msgspec.json.Decoder(dict[Outcome, int]).decode
_decode_tally = msgspec.json.Decoder(Tally).decode


class Chunk(Struct, frozen=True):
    """Users of one lane, packed as they were read, and the plans for them as far as any were kept."""

    id: int
    lane: int
    users: int
    profiles: bytes
    plans: bytes = b""


async def order(
    connection: Connection,
    sync: SyncName,
    direction: Direction,
    by: str,
    lanes: int,
    definition: str,
    *,
    write: bool,
    deals: bool,
) -> int | None:
    """Order a back-fill; returns its number, or `None` where the sync has one that is not finished."""
    parameters = (sync, direction.value, write, by, lanes, definition, deals)
    row = await (await connection.execute(ORDER, parameters)).fetchone()
    return None if row is None else int(row[0])


async def read(connection: Connection, number: int) -> Backfill | None:
    """One back-fill."""
    return _first(await _read(connection, ONE, {"id": number}))


async def open_of(connection: Connection, sync: SyncName) -> Backfill | None:
    """The sync's back-fill that is not finished."""
    return _first(await _read(connection, OPEN_OF_SYNC, {"sync": sync}))


async def last_of(connection: Connection, sync: SyncName) -> Backfill | None:
    """The sync's newest back-fill."""
    return _first(await _read(connection, LAST_OF_SYNC, {"sync": sync}))


async def newest(connection: Connection, limit: int) -> list[Backfill]:
    """The newest back-fills, newest first."""
    return await _read(connection, NEWEST, {"limit": limit})


async def at_work(connection: Connection, syncs: Sequence[SyncName]) -> list[int]:
    """The back-fills of these syncs in which there is something to do."""
    return [row[0] for row in await (await connection.execute(AT_WORK, (list(syncs),))).fetchall()]


async def pause(connection: Connection, number: int, *, paused: bool) -> bool:
    """Let it rest, or go on; `False` where that is so already or it is finished."""
    return (await connection.execute(PAUSE, (paused, number, paused))).rowcount == 1


async def move(connection: Connection, number: int, stage: Stage) -> None:
    """Go on to a stage."""
    await connection.execute(MOVE, (stage.value, stage.value, number))


async def order_write(connection: Connection, number: int) -> None:
    """Order that it writes once it is matched."""
    await connection.execute(ORDER_WRITE, (number,))


async def approve(connection: Connection, number: int, by: str) -> bool:
    """Approve what its report says; `False` where there is no report that waits, or somebody did."""
    return (await connection.execute(APPROVE, (by, number))).rowcount == 1


async def save_figures(connection: Connection, number: int, users: int | None, records: int | None) -> None:
    """Note how much was read so far, of the side of which that is given."""
    await connection.execute(FIGURES, (users, records, number))


async def save_report(connection: Connection, number: int, report: Report) -> None:
    """Keep the report."""
    await connection.execute(REPORTED, (msgspec.json.encode(report).decode(), number))


async def save_outcomes(connection: Connection, number: int, outcomes: Mapping[Outcome, int]) -> None:
    """Keep what became of everybody."""
    await connection.execute(OUTCOMES, (msgspec.json.encode(outcomes).decode(), number))


async def note_trouble(connection: Connection, number: int, error: str) -> None:
    """Say what keeps it from going on; nothing does for an empty text."""
    await connection.execute(TROUBLE, (error, number, error))


async def save_read_at(connection: Connection, number: int, moment: datetime) -> None:
    """Note up to when the changes of records are known."""
    await connection.execute(READ_AT, (moment, number))


async def when_read(connection: Connection, number: int) -> tuple[datetime | None, float]:
    """Up to when the changes of records are known, and how many seconds ago that was."""
    moment, age_s = await fetch_row(connection, WHEN_READ, (number,))
    return moment, age_s or 0.0


async def newer_here(connection: Connection, number: int, record_ids: Sequence[str]) -> set[str]:
    """Of these records, those of which the hub knows something newer than what was read."""
    return {row[0] for row in await (await connection.execute(NEWER, (number, list(record_ids)))).fetchall()}


async def lanes_of(connection: Connection, user_ids: Sequence[UserId], lanes: int) -> list[int]:
    """The lane of each user."""
    return [row[0] for row in await (await connection.execute(LANES, (lanes, list(user_ids)))).fetchall()]


async def add_chunk(connection: Connection, number: int, lane: int, users: int, profiles: bytes) -> None:
    """Add a chunk that was read."""
    await connection.execute(ADD_CHUNK, (number, lane, users, profiles))


async def forget_chunks(connection: Connection, number: int) -> None:
    """Forget all chunks, to read the users anew."""
    await connection.execute(FORGET_CHUNKS, (number,))


async def forget_findings(connection: Connection, number: int) -> None:
    """Forget what the report says about whom."""
    await connection.execute(FORGET_FINDINGS, (number,))


async def forget_profiles(connection: Connection, number: int) -> None:
    """Forget the users themselves; what came of each chunk is kept."""
    await connection.execute(FORGET_PROFILES, (number,))


async def next_chunks(connection: Connection, number: int, state: str, limit: int) -> list[tuple[int, int]]:
    """The next chunks in a state, by id and lane."""
    return await (await connection.execute(NEXT_CHUNKS, (number, state, limit))).fetchall()


async def first_of_lanes(connection: Connection, number: int, state: str) -> list[tuple[int, int]]:
    """The next chunk of each lane in a state, by id and lane."""
    return await (await connection.execute(FIRST_OF_LANES, (number, state))).fetchall()


async def chunk(connection: Connection, chunk_id: int, state: str) -> Chunk | None:
    """A chunk, while it is in this state."""
    row = await (await connection.execute(CHUNK, (chunk_id, state), binary=True)).fetchone()
    return None if row is None else Chunk(chunk_id, row[0], row[1], bytes(row[2]), bytes(row[3]))


async def next_of_lane(connection: Connection, number: int, first: Chunk, limit: int) -> list[Chunk]:
    """The chunks of a lane that are to be written after this one."""
    cursor = await connection.execute(NEXT_OF_LANE, (number, first.lane, first.id, limit), binary=True)
    return [Chunk(*row[:3], *map(bytes, row[3:])) for row in await cursor.fetchall()]


async def is_left(connection: Connection, number: int, state: str) -> bool:
    """Whether a chunk is still in this state."""
    return bool((await fetch_row(connection, CHUNK_IS_LEFT, (number, state)))[0])


async def move_chunk(
    connection: Connection, chunk_id: int, before: str, after: str, tally: Tally, plans: bytes | None = None
) -> bool:
    """Finish a chunk's stage in the caller's transaction, and keep plans for the next; `False` where somebody did."""
    text = msgspec.json.encode(tally).decode()
    return (await connection.execute(MOVE_CHUNK, (after, text, plans, chunk_id, before))).rowcount == 1


async def still_works(connection: Connection, number: int, stage: Stage) -> bool:
    """Whether it is in this stage and nobody paused it."""
    return bool((await fetch_row(connection, STILL_WORKS, (stage.value, number)))[0])


async def tally(connection: Connection, number: int, state: str) -> Tally:
    """What was counted in all chunks of a state together."""
    total = Tally()
    for (text,) in await (await connection.execute(TALLIES, (number, state))).fetchall():
        total.add(_decode_tally(text))
    return total


async def count_findings(connection: Connection, number: int, outlook: str) -> int:
    """Of how many identities, or deals, the report says this by name."""
    count: int = (await fetch_row(connection, COUNT_FINDINGS, (number, outlook)))[0]
    return count


async def add_findings(connection: Connection, number: int, found: Sequence[Finding]) -> None:
    """Add to what the report says about single identities."""
    rows = (
        (str(number), f.user_id, f.outlook.value, f.situation, f.rule, f.object, f.record_ids, f.words) for f in found
    )
    async with connection.cursor() as cursor, cursor.copy(ADD_FINDINGS) as copy:
        await copy.write("".join("\t".join(map(copy_text, row)) + "\n" for row in rows))


async def findings(connection: Connection, number: int, outlook: str, limit: int, after: str = "") -> list[Finding]:
    """What the report says about single identities, by user id."""
    rows = await (await connection.execute(FINDINGS, (number, outlook, after, limit))).fetchall()
    return [msgspec.convert(dict(zip(Finding.__struct_fields__, row, strict=True)), Finding) for row in rows]


async def all_findings(
    connection: Connection, number: int, outlook: str, at_once: int = 2_000
) -> AsyncIterator[list[Finding]]:
    """All that the report says about identities of an outlook, some at a time."""
    after = ""
    while found := await findings(connection, number, outlook, at_once, after):
        yield found
        after = found[-1].user_id


async def live_work(connection: Connection, sync: SyncName) -> tuple[int, float, int]:
    """How many more urgent events of the sync are due, for how many seconds the oldest has been, and its number."""
    row = await fetch_row(connection, LIVE_WORK, (sync, RANKS[Purpose.BACKFILL]))
    return row[0], row[1], row[2]


async def _read(connection: Connection, query: LiteralString, parameters: Mapping[str, object]) -> list[Backfill]:
    rows = await (await connection.execute(query, {**parameters, "lately": LATELY})).fetchall()
    return [_backfill(row) for row in rows]


def _backfill(row: tuple[Any, ...]) -> Backfill:
    report, outcomes = row[14], row[15]
    values = [row[0], SyncName(row[1]), Direction(row[2]), Stage(row[3]), *row[4:14]]
    values += [None if report is None else _decode_report(report), _decode_outcomes(outcomes), *row[16:]]
    return Backfill(*values)


def _first(found: list[Backfill]) -> Backfill | None:
    return found[0] if found else None
