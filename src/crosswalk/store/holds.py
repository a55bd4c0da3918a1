"""Mass-change thresholds: counts of what was written lately, and the plans that wait for a person."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec import Struct
from psycopg.rows import class_row

from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.plan import Plan
from crosswalk.domain.threshold import WriteKind
from crosswalk.store.batches import worth_asking
from crosswalk.store.database import Connection, fetch_row

HELD = "held"
"""The outcome of events whose identities wait for a person."""

_LOCK_CLASS = 0x67617465
_decode_plan = msgspec.json.Decoder(Plan).decode


class Decision(StrEnum):
    """What became of a hold."""

    APPROVED = "approved"
    """The plans are carried out as they were shown."""
    DISCARDED = "discarded"
    """Records and users stay as they are; the events are done with."""
    REPLANNED = "replanned"
    """The identities are planned anew, by the configuration as it is now, and may be held again."""
    EMPTIED = "emptied"
    """Nothing was left that waits: newer events led to other plans."""


class Hold(Struct, frozen=True):
    """One kind of write of one sync that was stopped.

    Parameters
    ----------
    allowed, would_be
        How many identities may have such a write within the window, and how many it would have been when it stopped.
    window_s
        The window, seconds.
    identities
        How many wait; once it is decided, how many waited then.
    open_until
        Until when further writes of the kind go on unasked.
    """

    id: int
    sync: str
    kind: str
    opened_at: datetime
    allowed: int
    would_be: int
    window_s: float
    identities: int
    decided_at: datetime | None = None
    decision: str | None = None
    decided_by: str | None = None
    open_until: datetime | None = None


class HeldPlan(Struct, frozen=True):
    """A plan that waits in a hold."""

    hold_id: int
    plan: Plan
    fingerprint: str


class Standing(Struct, frozen=True):
    """What the gate of a sync has to know.

    Parameters
    ----------
    counted
        How many identities had a write of each limited kind within the window.
    open
        The hold of each kind that waits for a person.
    unasked
        The kinds that somebody let go on for a while.
    approved
        The fingerprint of the plan that was approved, by identity.
    """

    counted: Mapping[WriteKind, int]
    open: Mapping[WriteKind, int]
    unasked: Collection[WriteKind]
    approved: Mapping[UserId, str]


# One at a time decides for a sync, until its transaction ends.
LOCK = "SELECT pg_advisory_xact_lock(%s, hashtext(%s))"

# Relies on the primary key. Every window is at most a day long.
FORGET = """
DELETE FROM write_counts
WHERE sync = %s AND minute < now() - interval '25 hours'
"""

COUNTED = """
SELECT kind, sum(writes)::bigint
FROM write_counts
WHERE sync = %s AND minute > now() - make_interval(secs => %s)
GROUP BY kind
"""

COUNT = """
INSERT INTO write_counts AS stored (sync, kind, minute, writes)
SELECT %s, kind, date_trunc('minute', now()), writes
FROM unnest(%b::text[], %b::int[]) AS given (kind, writes)
ON CONFLICT (sync, kind, minute) DO UPDATE
SET writes = stored.writes + excluded.writes
"""

# Relies on holds_open.
OPEN = """
SELECT kind, id
FROM holds
WHERE sync = %s AND decided_at IS NULL
"""

UNASKED = """
SELECT DISTINCT kind
FROM holds
WHERE sync = %s AND open_until > now()
"""

APPROVED = """
SELECT p.user_id, p.fingerprint
FROM held_plans AS p
JOIN holds AS h ON h.id = p.hold_id
WHERE p.sync = %s AND p.user_id = ANY(%b::text[]) AND h.decision = 'approved'
"""

START = """
INSERT INTO holds (sync, kind, allowed, would_be, window_s)
VALUES (%s, %s, %s, %s, %s)
RETURNING id
"""

LINKED = "SELECT count(*) FROM links WHERE sync = %s"

# A hold that was decided meanwhile takes nobody in. It is locked so that nobody decides before this is committed.
HOLD = """
WITH waiting AS (
    SELECT id FROM holds WHERE id = ANY(%b::bigint[]) AND decided_at IS NULL FOR SHARE
)
INSERT INTO held_plans AS stored (sync, user_id, hold_id, fingerprint, plan)
SELECT %s, given.user_id, given.hold_id, given.fingerprint, given.plan::json
FROM unnest(%b::text[], %b::bigint[], %b::text[], %b::text[]) AS given (user_id, hold_id, fingerprint, plan)
JOIN waiting ON waiting.id = given.hold_id
ORDER BY given.user_id
ON CONFLICT (sync, user_id) DO UPDATE
SET hold_id = excluded.hold_id, fingerprint = excluded.fingerprint, plan = excluded.plan
RETURNING user_id
"""

# Mostly nobody waits. Relies on the primary key.
ANY_HELD = "SELECT EXISTS (SELECT FROM held_plans WHERE sync = %s)"

# Whoever was dealt with waits no more; the older events are covered by what was done now.
LEAVE = """
WITH left_ AS (
    DELETE FROM held_plans WHERE sync = %s AND user_id = ANY(%b::text[]) RETURNING user_id
), covered AS (
    UPDATE due AS d
    SET outcome = 'superseded', finished_at = clock_timestamp()
    FROM left_
    WHERE d.sync = %s AND d.user_id = left_.user_id AND d.outcome = 'held'
)
SELECT count(*) FROM left_
"""

EMPTIED = """
UPDATE holds AS h
SET decided_at = now(), decision = 'emptied', decided_by = '', identities = 0
WHERE h.sync = %s AND h.decided_at IS NULL
    AND NOT EXISTS (SELECT FROM held_plans AS p WHERE p.hold_id = h.id)
"""

_COLUMNS = """
SELECT h.id, h.sync, h.kind, h.opened_at, h.allowed, h.would_be, h.window_s,
       coalesce(h.identities, (SELECT count(*) FROM held_plans AS p WHERE p.hold_id = h.id))::int AS identities,
       h.decided_at, h.decision, h.decided_by, h.open_until
FROM holds AS h
"""

WAITING = _COLUMNS + "WHERE h.decided_at IS NULL ORDER BY h.id DESC"

NEWEST = _COLUMNS + "ORDER BY h.id DESC LIMIT %s"

ONE = _COLUMNS + "WHERE h.id = %s"

# Relies on held_plans_by_hold.
PLANS = """
SELECT user_id, plan::text
FROM held_plans
WHERE hold_id = %s AND user_id > %s
ORDER BY user_id
LIMIT %s
"""

DECIDE = """
UPDATE holds AS h
SET decided_at = now(), decision = %s, decided_by = %s,
    identities = (SELECT count(*) FROM held_plans AS p WHERE p.hold_id = h.id),
    open_until = now() + make_interval(secs => %s::float8)
WHERE h.id = %s AND h.decided_at IS NULL
RETURNING h.id
"""

# Relies on due_held.
REOPEN = """
UPDATE due AS d
SET outcome = NULL, finished_at = NULL, attempts = 0, not_before = '-infinity'
FROM held_plans AS p
WHERE p.hold_id = %s AND d.sync = p.sync AND d.user_id = p.user_id AND d.outcome = 'held'
"""

END = """
UPDATE due AS d
SET outcome = 'discarded', finished_at = clock_timestamp()
FROM held_plans AS p
WHERE p.hold_id = %s AND d.sync = p.sync AND d.user_id = p.user_id AND d.outcome = 'held'
"""

FORGET_PLANS = """
DELETE FROM held_plans
WHERE hold_id = %s
"""


async def lock(connection: Connection, sync: SyncName) -> None:
    """Decide alone for the sync, until the caller's transaction ends."""
    await connection.execute(LOCK, (_LOCK_CLASS, sync))


async def standing(connection: Connection, sync: SyncName, window_s: float, users: Collection[UserId]) -> Standing:
    """What was written lately, what waits, and what was approved of these identities' plans."""
    counted = await (await connection.execute(COUNTED, (sync, window_s))).fetchall()
    open_ = await (await connection.execute(OPEN, (sync,))).fetchall()
    unasked = await (await connection.execute(UNASKED, (sync,))).fetchall()
    approved = await (await connection.execute(APPROVED, (sync, list(users)))).fetchall()
    return Standing(
        {WriteKind(kind): writes for kind, writes in counted},
        {WriteKind(kind): id_ for kind, id_ in open_},
        {WriteKind(kind) for (kind,) in unasked},
        {UserId(user_id): fingerprint for user_id, fingerprint in approved},
    )


async def linked(connection: Connection, sync: SyncName) -> int:
    """How many identities of the sync are linked."""
    return int((await fetch_row(connection, LINKED, (sync,)))[0])


async def count(connection: Connection, sync: SyncName, counts: Mapping[WriteKind, int]) -> None:
    """Add to what was written lately; a negative number takes back what came to nothing."""
    if any(counts.values()):
        await connection.execute(FORGET, (sync,))
        await connection.execute(COUNT, (sync, [kind.value for kind in counts], list(counts.values())))


async def start(
    connection: Connection, sync: SyncName, kind: WriteKind, allowed: int, would_be: int, window_s: float
) -> int:
    """Stop a kind of write until somebody decides; returns the hold's number."""
    return int((await fetch_row(connection, START, (sync, kind.value, allowed, would_be, window_s)))[0])


async def hold(connection: Connection, sync: SyncName, plans: Mapping[UserId, HeldPlan]) -> set[UserId]:
    """Put plans into their holds; returns whose were put there. Missing: those whose hold was decided meanwhile."""
    if not plans:
        return set()
    encode = msgspec.json.encode
    numbers = [held.hold_id for held in plans.values()]
    rows = await (
        await connection.execute(
            HOLD,
            (
                list(set(numbers)),
                sync,
                list(plans),
                numbers,
                [held.fingerprint for held in plans.values()],
                [encode(held.plan).decode() for held in plans.values()],
            ),
        )
    ).fetchall()
    return {UserId(row[0]) for row in rows}


async def leave(connection: Connection, sync: SyncName, users: Sequence[UserId]) -> None:
    """These identities were dealt with and wait no more, if they did."""
    if not await worth_asking(connection, ANY_HELD, sync, users):
        return
    if (await fetch_row(connection, LEAVE, (sync, list(users), sync)))[0]:
        await connection.execute(EMPTIED, (sync,))


async def waiting(connection: Connection) -> list[Hold]:
    """Everything that waits for a person, the newest first."""
    async with connection.cursor(row_factory=class_row(Hold)) as cursor:
        return await (await cursor.execute(WAITING)).fetchall()


async def newest(connection: Connection, limit: int) -> list[Hold]:
    """The newest holds, decided ones too."""
    async with connection.cursor(row_factory=class_row(Hold)) as cursor:
        return await (await cursor.execute(NEWEST, (limit,))).fetchall()


async def read(connection: Connection, hold_id: int) -> Hold | None:
    """One hold."""
    async with connection.cursor(row_factory=class_row(Hold)) as cursor:
        return await (await cursor.execute(ONE, (hold_id,))).fetchone()


async def plans(connection: Connection, hold_id: int, at_once: int = 1_000) -> AsyncIterator[Plan]:
    """The plans that wait in a hold, by user id, read a thousand at a time."""
    after = ""
    while True:
        rows = await (await connection.execute(PLANS, (hold_id, after, at_once))).fetchall()
        for _, plan in rows:
            yield _decode_plan(plan)
        if len(rows) < at_once:
            return
        after = rows[-1][0]


async def decide(
    connection: Connection, hold_id: int, decision: Decision, by: str, unasked_for_s: float | None = None
) -> bool:
    """Decide a hold; `False` when it is decided already, or never was.

    Approved plans stay, until each is carried out by the identity's next reconcile; others are forgotten.
    """
    if await (await connection.execute(DECIDE, (decision.value, by, unasked_for_s, hold_id))).fetchone() is None:
        return False
    await connection.execute(END if decision is Decision.DISCARDED else REOPEN, (hold_id,))
    if decision is not Decision.APPROVED:
        await connection.execute(FORGET_PLANS, (hold_id,))
    return True
