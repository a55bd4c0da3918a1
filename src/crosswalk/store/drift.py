"""The working tables of a drift check, and the comparison of both sides with what the hub knows, in SQL.

The tables are temporary: they belong to one session, are written to no log, and go with it however it ends. Rows come
in by COPY; what is compared is a digest of 16 bytes for each user and the tracked fields of each record, so that only
those that differ ever leave the database.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from psycopg import AsyncCopy

from crosswalk.domain.drift import Mark
from crosswalk.domain.ids import RecordId, SyncName, TenantName, UserId
from crosswalk.store.copy_text import copy_text
from crosswalk.store.database import Connection, fetch_row

IDENTITIES_AT_ONCE = 2_000

# Memory for sorting and joining a million rows, beyond which PostgreSQL goes to its disk.
SETTINGS = """
SET work_mem = '64MB';
SET temp_buffers = '32MB';
SET maintenance_work_mem = '128MB';
SET max_parallel_workers_per_gather = 0
"""

TABLES = (
    "CREATE TEMP TABLE drift_users (user_id text, updated_at text, digest uuid, place bigint, size int, email text)",
    "CREATE TEMP TABLE drift_replicas (user_id text, updated_at text, digest uuid, deleted bool)",
    "CREATE TEMP TABLE drift_sample (user_id text PRIMARY KEY)",
    "CREATE TEMP TABLE drift_marks (user_id text NOT NULL, mark text NOT NULL)",
    "CREATE TEMP TABLE drift_external (user_id text NOT NULL, object text NOT NULL, record_id text NOT NULL)",
)

COPY_USERS = "COPY drift_users FROM STDIN"
COPY_REPLICAS = "COPY drift_replicas FROM STDIN"

NOW = "SELECT clock_timestamp()"

COUNT_IDENTITIES = "SELECT count(*) FROM identities WHERE tenant = %s AND NOT deleted"

# Which identities are in a sample differs from run to run, with the seed.
DRAW_SAMPLE = """
INSERT INTO drift_sample
SELECT user_id
FROM identities
WHERE tenant = %s AND NOT deleted
ORDER BY hashtextextended(user_id, %s)
LIMIT %s
"""

SAMPLED = "SELECT user_id FROM drift_sample ORDER BY user_id"

KEEP_SAMPLED_USERS = """
DELETE FROM drift_users AS u
WHERE NOT EXISTS (SELECT FROM drift_sample AS s WHERE s.user_id = u.user_id)
"""

STORED = """
SELECT user_id, profile, updated_at, deleted
FROM identities
WHERE tenant = %s AND seen_at < %s
"""

# Relies on the primary key (tenant, user_id).
STORED_SAMPLE = STORED + "AND user_id = ANY(%s)"

# Relies on the primary key (sync, user_id).
SAMPLED_RECORDS = """
SELECT l.record_id
FROM drift_sample AS s
JOIN links AS l ON l.sync = %s AND l.user_id = s.user_id
WHERE l.object = %s
"""

NEWEST_CHANGE = "SELECT max(updated_at) FROM drift_users"

# A user whose state is newer here than what was read was heard of meanwhile; one that changed just now has an event
# under way. Times are text of one form, as far as milliseconds.
MARK_CHANGED_USERS = """
INSERT INTO drift_marks
SELECT u.user_id, 'user_changed'
FROM drift_users AS u
JOIN drift_replicas AS r USING (user_id)
WHERE (u.digest <> r.digest OR r.deleted) AND left(u.updated_at, 23) >= left(r.updated_at, 23) AND u.updated_at < %s
"""

# Relies on the primary key (tenant, user_id): a user may have been heard of since the replicas were read.
MARK_UNKNOWN_USERS = """
INSERT INTO drift_marks
SELECT u.user_id, 'user_unknown'
FROM drift_users AS u
LEFT JOIN drift_replicas AS r USING (user_id)
WHERE r.user_id IS NULL AND u.updated_at < %s
    AND NOT EXISTS (SELECT FROM identities AS i WHERE i.tenant = %s AND i.user_id = u.user_id)
"""

MARK_GONE_USERS = """
INSERT INTO drift_marks
SELECT r.user_id, 'user_gone'
FROM drift_replicas AS r
LEFT JOIN drift_users AS u USING (user_id)
WHERE u.user_id IS NULL AND NOT r.deleted
"""

MARK_REJECTED = """
INSERT INTO drift_marks
SELECT DISTINCT user_id, 'rejected'
FROM problems
WHERE sync = %s AND kind = 'dead_letter' AND resolved_at IS NULL
"""

# A record that carries the id of a user who is there, and neither of the two is linked.
MARK_UNLINKED_BY_ID = """
INSERT INTO drift_marks
SELECT DISTINCT e.user_id, 'unlinked'
FROM drift_external AS e
JOIN drift_users AS u USING (user_id)
WHERE NOT EXISTS (SELECT FROM links AS l WHERE l.sync = %(sync)s AND l.user_id = e.user_id)
    AND NOT EXISTS (SELECT FROM links AS l WHERE l.sync = %(sync)s AND l.record_id = e.record_id)
"""

# What is under way is no drift: it has an event, and that is being dealt with.
DROP_UNDER_WAY = """
DELETE FROM drift_marks AS m
USING due AS d
WHERE d.sync = %s AND d.user_id = m.user_id AND d.outcome IS NULL AND d.received_at < %s
"""

DROP_UNSAMPLED = """
DELETE FROM drift_marks AS m
WHERE NOT EXISTS (SELECT FROM drift_sample AS s WHERE s.user_id = m.user_id)
"""

CANDIDATES = """
CREATE TEMP TABLE drift_candidates AS
SELECT m.user_id, array_agg(DISTINCT m.mark) AS marks, min(u.place) AS place, min(u.size) AS size
FROM drift_marks AS m
LEFT JOIN drift_users AS u USING (user_id)
GROUP BY m.user_id;
CREATE INDEX ON drift_candidates (user_id)
"""

COUNT_CANDIDATES = "SELECT count(*) FROM drift_candidates"

# How many are gone, beside how many of them the hub knows.
COUNT_GONE = """
SELECT
    (SELECT count(*) FROM drift_marks WHERE mark = 'user_gone'),
    (SELECT count(*) FROM drift_replicas WHERE NOT deleted),
    (SELECT count(*) FROM drift_marks WHERE mark = 'record_gone'),
    (SELECT count(*) FROM links WHERE sync = %s)
"""

NEXT_CANDIDATES = """
SELECT user_id, marks, place, size
FROM drift_candidates
WHERE user_id > %s
ORDER BY user_id
LIMIT %s
"""

DUPLICATES = """
SELECT e.user_id, array_agg(e.object || ' ' || e.record_id ORDER BY e.object, e.record_id)
FROM drift_external AS e
GROUP BY e.user_id
HAVING count(*) > 1
ORDER BY e.user_id
"""


class UserRow(Struct, frozen=True):
    """One user as read: digested, and where its text lies in the spool (byte, and bytes)."""

    user_id: str
    updated_at: str
    digest: str
    place: int
    size: int
    email: str | None


class Candidate(Struct, frozen=True):
    """An identity that somebody has to look at; `place` and `size` say where its user lies in the spool, if it is."""

    user_id: UserId
    marks: frozenset[Mark]
    place: int | None
    size: int | None


async def prepare(session: Connection) -> datetime:
    """Make the working tables; returns the time by the database's clock, before anything is read."""
    await session.execute(SETTINGS)
    for table in TABLES:
        await session.execute(table)
    started: datetime = (await fetch_row(session, NOW))[0]
    return started


async def count_identities(session: Connection, tenant: TenantName) -> int:
    """How many users of the tenant the hub knows."""
    return int((await fetch_row(session, COUNT_IDENTITIES, (tenant,)))[0])


async def draw_sample(session: Connection, tenant: TenantName, size: int, seed: int) -> None:
    """Choose the identities of a sample."""
    await session.execute(DRAW_SAMPLE, (tenant, seed, size))
    await session.execute("ANALYZE drift_sample")


async def sampled(session: Connection) -> list[UserId]:
    """The identities of the sample."""
    return [UserId(row[0]) for row in await (await session.execute(SAMPLED)).fetchall()]


async def sampled_records(session: Connection, sync: SyncName, object_name: str) -> list[RecordId]:
    """The records of an object that identities of the sample are linked to."""
    return [RecordId(row[0]) for row in await (await session.execute(SAMPLED_RECORDS, (sync, object_name))).fetchall()]


async def stored_profiles(
    session: Connection, tenant: TenantName, before: datetime, sample: Sequence[UserId] | None
) -> AsyncIterator[list[tuple[str, bytes, str, bool]]]:
    """The replicas of users (id, profile, version, deleted), 2,000 at a time, from a session of their own.

    What was heard of since `before` is left out: Auth0's own lists lag behind.
    """
    async with session.transaction(), session.cursor("drift_stored", binary=True) as cursor:
        if sample is None:
            await cursor.execute(STORED, (tenant, before))
        else:
            await cursor.execute(STORED_SAMPLE, (tenant, before, list(sample)))
        while rows := await cursor.fetchmany(IDENTITIES_AT_ONCE):
            yield rows


async def copy_users(copy: AsyncCopy, rows: Iterable[UserRow]) -> None:
    """Add users as they were read."""
    await copy.write(
        "".join(
            f"{copy_text(row.user_id)}\t{copy_text(row.updated_at)}\t{row.digest}\t{row.place}\t{row.size}\t"
            f"{copy_text(row.email)}\n"
            for row in rows
        )
    )


async def copy_replicas(copy: AsyncCopy, rows: Iterable[tuple[str, str, str, bool]]) -> None:
    """Add what the hub knows: id, version, digest, deleted."""
    await copy.write(
        "".join(
            f"{copy_text(user_id)}\t{copy_text(updated_at)}\t{digest}\t{'t' if deleted else 'f'}\n"
            for user_id, updated_at, digest, deleted in rows
        )
    )


async def compare_users(
    session: Connection, tenant: TenantName, started: datetime, grace: timedelta, *, complete: bool, sample: bool
) -> None:
    """Mark the users that differ from their replicas.

    Parameters
    ----------
    complete
        Whether all users were read that there are: only then is one gone that was not among them.
    sample
        Whether only the identities of the sample count.
    """
    if sample:
        await session.execute(KEEP_SAMPLED_USERS)
    await session.execute("ANALYZE drift_users")
    await session.execute("ANALYZE drift_replicas")
    newest = (await fetch_row(session, NEWEST_CHANGE))[0]
    # A tenant whose clock is ahead of ours has changed users later than we know: its newest change is "now" to it.
    now = started if newest is None else max(started, datetime.fromisoformat(newest))
    before = (now - grace).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    await session.execute(MARK_CHANGED_USERS, (before,))
    await session.execute(MARK_UNKNOWN_USERS, (before, tenant))
    if complete:
        await session.execute(MARK_GONE_USERS)


async def mark_rest(session: Connection, sync: SyncName, started: datetime, *, sample: bool) -> int:
    """Mark rejected and unlinked identities, drop what is under way, and settle on the candidates: how many."""
    await session.execute("ANALYZE drift_external")
    await session.execute(MARK_REJECTED, (sync,))
    await session.execute(MARK_UNLINKED_BY_ID, {"sync": sync})
    await session.execute(DROP_UNDER_WAY, (sync, started))
    if sample:
        await session.execute(DROP_UNSAMPLED)
    await session.execute(CANDIDATES)
    return int((await fetch_row(session, COUNT_CANDIDATES))[0])


async def implausible(session: Connection, sync: SyncName, plausible: int, share: float) -> frozenset[Mark]:
    """Which kind of gone is more than `plausible`, and more than this share of what the hub knows."""
    users, known, records, linked = await fetch_row(session, COUNT_GONE, (sync,))
    counts = ((Mark.USER_GONE, users, known), (Mark.RECORD_GONE, records, linked))
    return frozenset(mark for mark, gone, of in counts if gone > max(plausible, of * share))


async def candidates(session: Connection, at_once: int) -> AsyncIterator[list[Candidate]]:
    """The identities to look at, in the order of their ids."""
    last = ""
    while rows := await (await session.execute(NEXT_CANDIDATES, (last, at_once))).fetchall():
        yield [
            Candidate(UserId(user_id), frozenset(Mark(mark) for mark in marks), place, size)
            for user_id, marks, place, size in rows
        ]
        last = rows[-1][0]


async def duplicates(session: Connection) -> list[tuple[UserId, list[str]]]:
    """The users whose id several records carry, with those records (`Contact 003…`)."""
    return [(UserId(row[0]), row[1]) for row in await (await session.execute(DUPLICATES)).fetchall()]
