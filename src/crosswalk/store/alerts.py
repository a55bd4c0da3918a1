"""Alerts that stand or are still to be told, and parts of the hub that fail, as each process sees its own."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from crosswalk.domain.alert import Alert, AlertState, Condition
from crosswalk.store.database import Connection, fetch_row

ENDS_AFTER_S = 60.0
"""What was not seen for so long is over: what comes and goes is one trouble, not many."""

# One row for each trouble that stands, brought up to date as long as it is seen. Relies on alerts_standing.
SEE = """
INSERT INTO alerts AS a (key, condition)
SELECT key, condition::json FROM unnest(%b::text[], %b::text[]) AS seen (key, condition)
ORDER BY key
ON CONFLICT (key) WHERE ended_at IS NULL DO UPDATE
SET condition = excluded.condition, seen_at = now()
"""

# What is not seen any more is over. Nobody is told of an end who was not told of the beginning.
END = """
UPDATE alerts
SET ended_at = now(), attempts = 0, try_at = now(),
    told = CASE WHEN told IS NULL THEN 'resolved' ELSE told END
WHERE ended_at IS NULL AND seen_at < now() - make_interval(secs => %s)
"""

# What is still to be told.
UNTOLD = """
SELECT id, ended_at IS NOT NULL, condition, since, attempts
FROM alerts
WHERE (told IS NULL OR (ended_at IS NOT NULL AND told <> 'resolved')) AND try_at <= now()
ORDER BY id
LIMIT 100
"""

ANY_UNTOLD = """
SELECT EXISTS (
    SELECT FROM alerts
    WHERE (told IS NULL OR (ended_at IS NOT NULL AND told <> 'resolved')) AND try_at <= now()
)
"""

TOLD = "UPDATE alerts SET told = %s WHERE id = %s"

# Tried again after 5 seconds, then twice as long each time, up to five minutes.
TRY_LATER = """
UPDATE alerts
SET attempts = attempts + 1, try_at = now() + make_interval(secs => least(300, 5 * 2 ^ least(attempts, 10)))
WHERE id = %s
"""

FORGET = "DELETE FROM alerts WHERE told = 'resolved' AND ended_at < now() - interval '30 days'"

SAY_FAILING = """
INSERT INTO failing_parts AS f (part, error, since)
SELECT part, error, now() - make_interval(secs => failing_s)
FROM unnest(%b::text[], %b::text[], %b::float8[]) AS said (part, error, failing_s)
ORDER BY part
ON CONFLICT (part) DO UPDATE
SET error = excluded.error, seen_at = now(),
    since = CASE
        WHEN f.seen_at > now() - interval '2 minutes' THEN least(f.since, excluded.since)
        ELSE excluded.since
    END
"""

# A part that runs well in another process is well; what nobody said for two minutes is over.
FAILING = """
SELECT part, error, extract(epoch FROM now() - since)::float8
FROM failing_parts
WHERE seen_at > now() - interval '2 minutes'
ORDER BY part
"""

PAUSES = "SELECT kind || ' ' || name, code FROM pauses WHERE ended_at IS NULL ORDER BY 1"

# The last check of each sync that came to a good end.
DRIFT = """
SELECT DISTINCT ON (sync) sync, (report ->> 'differing')::bigint - (report ->> 'repaired')::bigint
FROM drift_checks
WHERE error IS NULL
ORDER BY sync, id DESC
"""


class FailingPart(Struct, frozen=True):
    """A source or another part of the hub that fails: with what kind of error, and for how many seconds."""

    part: str
    error: str
    failing_s: float


async def see(connection: Connection, conditions: Sequence[Condition]) -> None:
    """Note what is wrong now, and end what has not been seen for a while."""
    encode = msgspec.json.encode
    await connection.execute(SEE, ([c.key for c in conditions], [encode(c).decode() for c in conditions]))
    await connection.execute(END, (ENDS_AFTER_S,))
    await connection.execute(FORGET)


async def untold(connection: Connection) -> list[Alert]:
    """What is to be told now, oldest first."""
    rows = await (await connection.execute(UNTOLD)).fetchall()
    return [
        Alert(
            number,
            AlertState.RESOLVED if ended else AlertState.FIRING,
            msgspec.convert(condition, Condition),
            since,
            attempts,
        )
        for number, ended, condition, since, attempts in rows
    ]


async def any_untold(connection: Connection) -> bool:
    """Whether something is to be told now."""
    return bool((await fetch_row(connection, ANY_UNTOLD))[0])


async def told(connection: Connection, alert: Alert) -> None:
    """Remember that an alert arrived."""
    await connection.execute(TOLD, (alert.state.value, alert.id))


async def try_later(connection: Connection, alert: Alert) -> None:
    """Put an alert off that did not arrive."""
    await connection.execute(TRY_LATER, (alert.id,))


async def say_failing(connection: Connection, parts: Mapping[str, tuple[str, float]]) -> None:
    """Note which of this process's parts fail: the kind of error, and for how many seconds."""
    columns = (list(parts), [error for error, _ in parts.values()], [seconds for _, seconds in parts.values()])
    await connection.execute(SAY_FAILING, columns)


async def failing(connection: Connection) -> list[FailingPart]:
    """The parts of which some process said lately that they fail."""
    return [FailingPart(*row) for row in await (await connection.execute(FAILING)).fetchall()]


async def pauses(connection: Connection) -> list[tuple[str, str]]:
    """What stands still, and the code that says why."""
    return [(row[0], row[1]) for row in await (await connection.execute(PAUSES)).fetchall()]


async def drift(connection: Connection) -> dict[str, int]:
    """How many differences the last drift check of each sync left."""
    rows = await (await connection.execute(DRIFT)).fetchall()
    return {sync: left for sync, left in rows if left is not None}
