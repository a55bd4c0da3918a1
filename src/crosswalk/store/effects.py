"""What flows did for their subjects: held while the flow wants it, kept afterwards."""

from collections.abc import Collection, Sequence

import msgspec
from msgspec import Struct

from crosswalk.domain.effect import Effect, EffectStep, HeldEffect, Step
from crosswalk.domain.ids import SyncName
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

DONE = """
INSERT INTO effects AS stored (sync, flow, subject, key, episode, effect, event_seq)
SELECT %s, given.flow, given.subject, given.key, given.episode, given.effect::json, given.event_seq
FROM unnest(%b::text[], %b::text[], %b::text[], %b::int[], %b::text[], %b::bigint[])
     AS given (flow, subject, key, episode, effect, event_seq)
ON CONFLICT (sync, flow, subject, key) DO UPDATE
SET episode = excluded.episode, effect = excluded.effect, event_seq = excluded.event_seq, done_at = now(),
    undone_at = NULL
"""

UNDONE = """
UPDATE effects AS e
SET undone_at = now()
FROM unnest(%b::text[], %b::text[], %b::text[]) AS given (flow, subject, key)
WHERE e.sync = %s AND e.flow = given.flow AND e.subject = given.subject AND e.key = given.key
"""


class Holding(Struct, frozen=True):
    """What one flow holds for one subject, in the order in which it was done, and the number of the present episode."""

    held: tuple[HeldEffect, ...] = ()
    episode: int = 0


class StepTaken(Struct, frozen=True):
    """A step that was carried out for a subject, because of the event with this number of the inbox."""

    subject: str
    step: EffectStep
    episode: int
    event_seq: int | None


async def read(connection: Connection, sync: SyncName, flow: str, subjects: Collection[str]) -> dict[str, Holding]:
    """What the flow holds for each of these subjects; those it never did anything for are absent."""
    names = list(subjects)
    held: dict[str, list[HeldEffect]] = {}
    for subject, effect, episode in await (await connection.execute(HELD, (sync, flow, names))).fetchall():
        held.setdefault(subject, []).append(HeldEffect(flow, subject, _decode(effect), episode))
    episodes: dict[str, int] = dict(await (await connection.execute(EPISODES, (sync, flow, names))).fetchall())
    return {
        subject: Holding(tuple(held.get(subject, ())), episodes.get(subject, 0)) for subject in held.keys() | episodes
    }


async def held_by_others(
    connection: Connection, sync: SyncName, flow: str, subject: str, keys: Collection[str]
) -> set[str]:
    """Which of these effects another subject or another flow holds too."""
    rows = await (await connection.execute(HELD_BY_OTHERS, (sync, list(keys), flow, subject))).fetchall()
    return {row[0] for row in rows}


async def take(connection: Connection, sync: SyncName, steps: Sequence[StepTaken]) -> None:
    """Note what was done, undone and released."""
    done = [taken for taken in steps if taken.step.step is Step.DO]
    over = [taken for taken in steps if taken.step.step is not Step.DO]
    if done:
        columns = (
            [taken.step.flow for taken in done],
            [taken.subject for taken in done],
            [taken.step.effect.key for taken in done],
            [taken.episode for taken in done],
            [msgspec.json.encode(taken.step.effect).decode() for taken in done],
            [taken.event_seq for taken in done],
        )
        await connection.execute(DONE, (sync, *columns))
    if over:
        flows = [taken.step.flow for taken in over]
        keys = [taken.step.effect.key for taken in over]
        await connection.execute(UNDONE, (flows, [taken.subject for taken in over], keys, sync))
