"""What flows did for their subjects: held while the flow wants it, kept afterwards.

Before a call is made, what it is to bring about or to take back is noted as begun: whether an answer is lost or the
process dies, the hub still knows what may be there and what may not.
"""

from collections.abc import Collection, Sequence
from typing import LiteralString

import msgspec
from msgspec import Struct

from crosswalk.domain.effect import Effect, EffectStep, HeldEffect, Step
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.link import EndedLink
from crosswalk.store.database import Connection

_decode = msgspec.json.Decoder(Effect).decode

# Relies on the primary key. The number of an episode is one more than that of the last one that ended.
HELD = """
SELECT subject, effect::text, episode
FROM effects
WHERE sync = %s AND flow = %s AND subject = ANY(%b::text[]) AND undone_at IS NULL
ORDER BY number
"""
EPISODES = """
SELECT subject, max(episode) + 1
FROM effects
WHERE sync = %s AND flow = %s AND subject = ANY(%b::text[]) AND undone_at IS NOT NULL
GROUP BY subject
"""

# Relies on effects_held_by_key.
HELD_BY_OTHERS = """
SELECT DISTINCT key
FROM effects
WHERE sync = %s AND key = ANY(%b::text[]) AND undone_at IS NULL AND (flow, subject) <> (%s, %s)
"""

# Relies on the primary key.
BEGUN = """
SELECT subject, effect::text, episode
FROM effects_begun
WHERE sync = %s AND flow = %s AND subject = ANY(%b::text[])
ORDER BY number
"""

BEGIN = """
INSERT INTO effects_begun (sync, flow, subject, key, episode, effect)
SELECT %s, given.flow, given.subject, given.key, given.episode, given.effect::json
FROM unnest(%b::text[], %b::text[], %b::text[], %b::int[], %b::text[]) AS given (flow, subject, key, episode, effect)
ON CONFLICT (sync, flow, subject, key) DO UPDATE
SET episode = excluded.episode, effect = excluded.effect
"""

FORGET_BEGUN = """
DELETE FROM effects_begun AS b
USING unnest(%b::text[], %b::text[], %b::text[]) AS given (flow, subject, key)
WHERE b.sync = %s AND b.flow = given.flow AND b.subject = given.subject AND b.key = given.key
"""

DONE = """
INSERT INTO effects AS stored (sync, flow, subject, key, episode, effect, event_seq)
SELECT %s, given.flow, given.subject, given.key, given.episode, given.effect::json, given.event_seq
FROM unnest(%b::text[], %b::text[], %b::text[], %b::int[], %b::text[], %b::bigint[])
     AS given (flow, subject, key, episode, effect, event_seq)
ON CONFLICT (sync, flow, subject, key) DO UPDATE
SET episode = excluded.episode, effect = excluded.effect, event_seq = excluded.event_seq, done_at = now(),
    undone_at = NULL
"""

# What was only begun counts as an episode, too.
UNDONE = """
INSERT INTO effects AS stored (sync, flow, subject, key, episode, effect, event_seq, undone_at)
SELECT %s, given.flow, given.subject, given.key, given.episode, given.effect::json, given.event_seq, now()
FROM unnest(%b::text[], %b::text[], %b::text[], %b::int[], %b::text[], %b::bigint[])
     AS given (flow, subject, key, episode, effect, event_seq)
ON CONFLICT (sync, flow, subject, key) DO UPDATE
SET undone_at = now()
"""

# What a flow did to a record goes with it to the user who has it now, and counts there as of no episode. The present
# link is looked for, because the record may have become another, or the successor may have one of its own. Relies on
# the primary keys.
HANDED_OVER = """
WITH given AS (
    SELECT g.user_id, g.record_id, g.successor
    FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[]) AS g (user_id, record_id, moved_to, successor)
    JOIN links AS l ON l.sync = %b AND l.user_id = g.successor AND l.record_id IN (g.record_id, g.moved_to)
), begun AS (
    DELETE FROM effects_begun AS b
    USING given AS g
    WHERE b.sync = %b AND b.flow = %b AND b.subject = g.user_id AND b.effect->'write'->>'record_id' = g.record_id
    RETURNING b.*, g.successor
), done AS (
    DELETE FROM effects AS e
    USING given AS g
    WHERE e.sync = %b AND e.flow = %b AND e.subject = g.user_id AND e.effect->'write'->>'record_id' = g.record_id
        AND e.undone_at IS NULL
    RETURNING e.*, g.successor
), begun_there AS (
    INSERT INTO effects_begun (sync, flow, subject, key, episode, effect)
    SELECT sync, flow, successor, key, -1, effect FROM begun
    ON CONFLICT (sync, flow, subject, key) DO UPDATE
    SET episode = excluded.episode, effect = excluded.effect
), done_there AS (
    INSERT INTO effects (sync, flow, subject, key, episode, effect, event_seq, done_at)
    SELECT sync, flow, successor, key, -1, effect, event_seq, done_at FROM done
    ON CONFLICT (sync, flow, subject, key) DO UPDATE
    SET episode = excluded.episode, effect = excluded.effect, undone_at = NULL
)
SELECT successor FROM begun UNION SELECT successor FROM done
"""


class Holding(Struct, frozen=True):
    """What one flow did for one subject.

    Parameters
    ----------
    held
        What was done and not undone, in the order in which it was done.
    episode
        The number of the present episode.
    begun
        What was begun to be done or undone, and is not known to be there; it is not among `held`.
    """

    held: tuple[HeldEffect, ...] = ()
    episode: int = 0
    begun: tuple[HeldEffect, ...] = ()


class StepTaken(Struct, frozen=True):
    """A step that was carried out for a subject, because of the event with this number of the inbox."""

    subject: str
    step: EffectStep
    episode: int
    event_seq: int | None


async def read(connection: Connection, sync: SyncName, flow: str, subjects: Collection[str]) -> dict[str, Holding]:
    """What the flow holds for each of these subjects; those it never did anything for are absent."""
    names = list(subjects)
    held = await _effects(connection, HELD, sync, flow, names)
    begun = await _effects(connection, BEGUN, sync, flow, names)
    episodes: dict[str, int] = dict(await (await connection.execute(EPISODES, (sync, flow, names))).fetchall())
    return {
        subject: _holding(held.get(subject, ()), begun.get(subject, ()), episodes.get(subject, 0))
        for subject in held.keys() | begun.keys() | episodes.keys()
    }


def _holding(held: Sequence[HeldEffect], begun: Sequence[HeldEffect], episode: int) -> Holding:
    anew = {each.effect.key for each in begun}
    return Holding(tuple(each for each in held if each.effect.key not in anew), episode, tuple(begun))


async def _effects(
    connection: Connection, query: LiteralString, sync: SyncName, flow: str, subjects: Sequence[str]
) -> dict[str, list[HeldEffect]]:
    found: dict[str, list[HeldEffect]] = {}
    for subject, effect, episode in await (await connection.execute(query, (sync, flow, subjects))).fetchall():
        found.setdefault(subject, []).append(HeldEffect(flow, subject, _decode(effect), episode))
    return found


async def held_by_others(
    connection: Connection, sync: SyncName, flow: str, subject: str, keys: Collection[str]
) -> set[str]:
    """Which of these effects another subject or another flow holds too."""
    rows = await (await connection.execute(HELD_BY_OTHERS, (sync, list(keys), flow, subject))).fetchall()
    return {row[0] for row in rows}


async def begin(connection: Connection, sync: SyncName, steps: Sequence[StepTaken]) -> None:
    """Note what is about to be done and undone, in a transaction of its own before it is."""
    if steps:
        await connection.execute(BEGIN, (sync, *_columns(steps)))


async def take(connection: Connection, sync: SyncName, steps: Sequence[StepTaken]) -> None:
    """Note what was done, undone and released."""
    done = [taken for taken in steps if taken.step.step is Step.DO]
    over = [taken for taken in steps if taken.step.step is not Step.DO]
    for query, some in ((DONE, done), (UNDONE, over)):
        if some:
            await connection.execute(query, (sync, *_columns(some), [taken.event_seq for taken in some]))
    if steps:
        flows, subjects, keys, *_ = _columns(steps)
        await connection.execute(FORGET_BEGUN, (flows, subjects, keys, sync))


async def hand_over(connection: Connection, sync: SyncName, flow: str, ended: Sequence[EndedLink]) -> set[UserId]:
    """Give what the flow did to records to the users who have them now; returns those who were given something."""
    columns = (
        [each.user_id for each in ended],
        [each.record_id for each in ended],
        [each.moved_to for each in ended],
        [each.successor for each in ended],
    )
    rows = await (await connection.execute(HANDED_OVER, (*columns, sync, sync, flow, sync, flow))).fetchall()
    return {UserId(row[0]) for row in rows}


def _columns(steps: Sequence[StepTaken]) -> tuple[list[str], list[str], list[str], list[int], list[str]]:
    """Flow, subject, key, episode and effect of each step."""
    return (
        [taken.step.flow for taken in steps],
        [taken.subject for taken in steps],
        [taken.step.effect.key for taken in steps],
        [taken.episode for taken in steps],
        [msgspec.json.encode(taken.step.effect).decode() for taken in steps],
    )
