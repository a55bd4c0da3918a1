"""Pauses: what stands still for all workers together, and the work that waits for it."""

from collections.abc import Collection, Mapping, Sequence

import msgspec
from psycopg.rows import dict_row

from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.pause import PROBE, Cause, Pause, PauseKind
from crosswalk.store.database import Connection

FIRST_PROBE_S: Mapping[PauseKind, float] = {
    PauseKind.TENANT: 60.0,
    PauseKind.ORG: 60.0,
    PauseKind.SYNC: 15.0,
    PauseKind.FLOW: 15.0,
}
LONGEST_PROBE_S: Mapping[PauseKind, float] = {
    PauseKind.TENANT: 3600.0,
    PauseKind.ORG: 3600.0,
    PauseKind.SYNC: 300.0,
    PauseKind.FLOW: 300.0,
}
"""The time between two looks doubles up to this. A look at a tenant or an org is a login, and too many that are refused
lock its user out."""

INSISTED_S = 3600.0
"""For so long nothing pauses again for a cause that a person let go on: what fails then is a dead letter."""

_COLUMNS = """
SELECT id, kind, name, code, object, message, since, probe_at, probes, ended_at, ended_by, tried_with,
    probe_at <= now() AS is_due
FROM pauses
"""

# Relies on pauses_standing.
STANDING = _COLUMNS + "WHERE ended_at IS NULL ORDER BY since, id"

# Relies on pauses_standing.
STANDING_OF = _COLUMNS + "WHERE kind = %s AND name = %s AND ended_at IS NULL"

BY_NUMBER = _COLUMNS + "WHERE id = %s"

# Pauses something, or notes that it is not over yet; says whether it is new. Relies on pauses_standing.
START = """
INSERT INTO pauses AS p (kind, name, code, object, message, probe_at, tried_with)
VALUES (
    %(kind)s, %(name)s, %(code)s, %(object)s, %(message)s, now() + make_interval(secs => %(first_s)s),
    array_remove(ARRAY[%(login)s::text], NULL)
)
ON CONFLICT (kind, name) WHERE ended_at IS NULL DO UPDATE
SET code = excluded.code, object = excluded.object, message = excluded.message,
    tried_with = CASE WHEN excluded.tried_with <@ p.tried_with THEN p.tried_with
                      ELSE p.tried_with || excluded.tried_with END,
    probe_at = now() + make_interval(secs => least(%(longest_s)s, %(first_s)s * 2 ^ least(p.probes, 20)))
RETURNING xmax = 0
"""

# Of all workers, one looks whether a pause is over. Should it not come back, another does after a while.
TAKE_PROBE = """
UPDATE pauses
SET probes = probes + 1, probe_at = now() + interval '60 seconds'
WHERE id = %s AND ended_at IS NULL AND probe_at <= now()
RETURNING id
"""

# A login is tried again when it is time, and at once with credentials that were not tried since the pause began.
TAKE_LOGIN = """
UPDATE pauses
SET probes = probes + 1, probe_at = now() + interval '60 seconds'
WHERE id = %(id)s AND ended_at IS NULL AND (probe_at <= now() OR NOT %(login)s = ANY (tried_with))
RETURNING id
"""

PROBE_NOW = "UPDATE pauses SET probe_at = now() WHERE id = %s AND ended_at IS NULL"

END = """
UPDATE pauses
SET ended_at = now(), ended_by = %s
WHERE id = %s AND ended_at IS NULL
RETURNING id
"""

# What a person let go on lately in spite of it. Relies on pauses_ended.
INSISTED = """
SELECT name, code, object
FROM pauses
WHERE kind = %s AND name = ANY(%s::text[]) AND ended_at > now() - make_interval(secs => %s) AND ended_by <> %s
"""

# Work that waits for a flow is due at no time, and was not tried for nothing.
PARK = """
UPDATE due
SET not_before = 'infinity', attempts = greatest(attempts - 1, 0)
WHERE sync = %s AND seq = ANY(%s::bigint[]) AND user_id = ANY(%s::text[]) AND outcome IS NULL
"""

# Relies on due_parked.
UNPARK = """
UPDATE due
SET not_before = now()
WHERE sync = %s AND outcome IS NULL AND not_before = 'infinity'
"""

# One subject that shows whether a flow can go on. Relies on due_parked.
UNPARK_ONE = """
UPDATE due
SET not_before = now()
WHERE sync = %(sync)s AND outcome IS NULL AND not_before = 'infinity' AND user_id = (
    SELECT user_id
    FROM due
    WHERE sync = %(sync)s AND outcome IS NULL AND not_before = 'infinity'
    ORDER BY seq
    LIMIT 1
)
"""


async def standing(connection: Connection) -> list[Pause]:
    """Everything that stands still, the oldest first; mostly nothing."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        return msgspec.convert(await (await cursor.execute(STANDING)).fetchall(), list[Pause])


async def standing_of(connection: Connection, kind: PauseKind, name: str) -> Pause | None:
    """The pause of this tenant, org, sync or flow; `None` where it does not stand still."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        row = await (await cursor.execute(STANDING_OF, (kind, name))).fetchone()
    return None if row is None else msgspec.convert(row, Pause)


async def by_number(connection: Connection, number: int) -> Pause | None:
    """The pause with this number, standing or ended."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        row = await (await cursor.execute(BY_NUMBER, (number,))).fetchone()
    return None if row is None else msgspec.convert(row, Pause)


async def start(connection: Connection, kind: PauseKind, name: str, cause: Cause, *, login: str | None = None) -> bool:
    """Pause something, or note that its pause is not over; returns whether it is new.

    Parameters
    ----------
    login
        What tells the credentials that were refused from others, where it was them.
    """
    waits = {"first_s": FIRST_PROBE_S[kind], "longest_s": LONGEST_PROBE_S[kind]}
    what = {"kind": kind, "name": name, "login": login}
    row = await (await connection.execute(START, msgspec.structs.asdict(cause) | waits | what)).fetchone()
    return row is not None and bool(row[0])


async def take_probe(connection: Connection, pause: Pause) -> bool:
    """Whether it is up to the caller to look whether the pause is over: it is time, and nobody else does."""
    return await (await connection.execute(TAKE_PROBE, (pause.id,))).fetchone() is not None


async def take_login(connection: Connection, pause: Pause, login: str) -> bool:
    """Whether the caller may try these credentials: it is time, or nobody has tried them since the pause began."""
    return await (await connection.execute(TAKE_LOGIN, {"id": pause.id, "login": login})).fetchone() is not None


async def probe_now(connection: Connection, pause: Pause) -> None:
    """Let the next one look at once: the last look showed nothing."""
    await connection.execute(PROBE_NOW, (pause.id,))


async def end(connection: Connection, pause: Pause, by: str) -> bool:
    """End a pause, and make due what waited for it; returns whether it stood."""
    if await (await connection.execute(END, (by, pause.id))).fetchone() is None:
        return False
    if pause.kind is PauseKind.FLOW:
        await connection.execute(UNPARK, (sync_of(pause),))
    return True


async def insisted(connection: Connection, kind: PauseKind, names: Collection[str]) -> set[tuple[str, str, str]]:
    """Names, codes and objects for which a person lately let things go on."""
    parameters = (kind, list(names), INSISTED_S, PROBE)
    return set(await (await connection.execute(INSISTED, parameters)).fetchall())


async def park(connection: Connection, sync: SyncName, subjects: Sequence[UserId], seqs: Collection[int]) -> None:
    """Let these events of these subjects wait for a flow."""
    if not subjects:
        return
    await connection.execute(PARK, (sync, list(seqs), list(subjects)))


async def unpark_one(connection: Connection, pause: Pause) -> None:
    """Make one subject due that waits for a flow."""
    await connection.execute(UNPARK_ONE, {"sync": sync_of(pause)})


def sync_of(pause: Pause) -> str:
    """The sync whose flow pauses."""
    return pause.name.partition("/")[0]
