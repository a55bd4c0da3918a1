"""What happens in one run, drawn from its seed alone: who does what in which order, and what goes wrong when."""

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from tests.chaos.people import Deed, Origin, Person
from tests.chaos.vendor_faults import RULES

PEOPLE = 230
TWINS = 8
MOST_EDITS = 10
INCIDENTS = 8
RULES_AT_ONCE = 7

BY_THE_CLOCK = ("throttled until a moment", "lost events")
"""What the hub makes good by comparing the vendors' times with its own clock, which a jump leaves up to an hour behind:
it waits for a moment, and a drift check leaves out what changed just now."""


class Trouble(StrEnum):
    """What can happen to the machine that the hub runs on, its database and its network, and to everybody's clocks."""

    KILL_WORKER = "kill -9 of a worker"
    KILL_API = "kill -9 of the API"
    KILL_DATABASE = "kill -9 of PostgreSQL"
    KILL_BACKEND = "kill -9 of one connection of PostgreSQL"
    FREEZE_WORKER = "SIGSTOP of a worker"
    FREEZE_API = "SIGSTOP of the API"
    FREEZE_DATABASE = "SIGSTOP of PostgreSQL"
    FREEZE_AND_KILL = "SIGSTOP of a worker, and kill -9 of PostgreSQL meanwhile"
    FREEZE_VENDORS = "SIGSTOP of tenant and org"
    FULL_DISK = "no room on the database's disk"
    CUT = "every connection breaks"
    REFUSE = "no connection to one vendor"
    SILENCE = "no byte from or to one vendor"
    CLOCK = "the vendors' clock jumps"
    OUTAGE = "maintenance of one vendor"
    HUB_CLOCK = "a clock of the hub's jumps"


class Incident(NamedTuple):
    """One trouble, from when so many changes have been made."""

    after_changes: int
    trouble: Trouble
    which: int
    """Of several workers or lines, the one it happens to."""
    seconds: float
    """How long it lasts, where it lasts."""


@dataclass(frozen=True)
class Schedule:
    """One run.

    Parameters
    ----------
    people
        Everybody, as they are once all deeds are done.
    deeds
        What is done, in order.
    incidents
        What goes wrong with machines and networks, in order.
    rules
        By which rules the vendors fail until the deeds are done.
    sources, org_sources
        How the hub learns of what happens on either side.
    loses_events
        Whether some events never arrive, so that a drift check has to find what they would have told.
    """

    seed: int
    people: list[Person]
    deeds: list[Deed]
    incidents: list[Incident]
    rules: list[dict[str, Any]]
    sources: list[str]
    org_sources: list[str]
    loses_events: bool


def draw(seed: int) -> Schedule:
    """The run of a seed; the same each time."""
    chance = random.Random(seed)
    people = [_person(chance, number) for number in range(PEOPLE)]
    deeds = _interleaved(chance, [list(person.live(chance, MOST_EDITS)) for person in people])
    troubles = chance.sample([each for each in Trouble if each is not Trouble.HUB_CLOCK], INCIDENTS)
    moments = sorted(chance.uniform(0.05, 0.95) for _ in troubles)
    incidents = [
        Incident(int(at * len(deeds)), trouble, chance.randrange(6), chance.uniform(0.5, 3.0))
        for at, trouble in zip(moments, troubles, strict=True)
    ]
    jumps = any(each.trouble is Trouble.CLOCK for each in incidents)
    names = chance.sample([name for name in RULES if not (jumps and name.startswith(BY_THE_CLOCK))], RULES_AT_ONCE)
    rules = [{**rule, "name": name} for name in names for rule in [RULES[name]]]
    return Schedule(
        seed,
        people,
        deeds,
        sorted([*incidents, *_jumps_of_the_hub(seed, len(deeds))], key=lambda each: each.after_changes),
        rules,
        chance.choice([["event_stream"], ["subscription"], ["event_stream", "subscription"]]),
        chance.choice([["change_events"], ["record_poll"], ["change_events", "record_poll"]]),
        any(name.startswith("lost events") for name in names),
    )


def _jumps_of_the_hub(seed: int, deeds: int) -> list[Incident]:
    """None in every third run; drawn apart, so that all else stays as it was before there were any."""
    chance = random.Random(f"clocks of seed {seed}")
    return [
        Incident(int(chance.uniform(0.05, 0.95) * deeds), Trouble.HUB_CLOCK, chance.randrange(24), 0.0)
        for _ in range(chance.randrange(3))
    ]


def _person(chance: random.Random, number: int) -> Person:
    origin = Origin.TWINS if number < TWINS else chance.choice([Origin.CONTACT, Origin.SIGN_UP])
    sides = ["user", "record", "both"] if origin is Origin.CONTACT else ["user"]
    return Person(
        number, origin, f"Given{number}", f"Family{number}", f"person{number}@example.com", chance.choice(sides)
    )


def _interleaved(chance: random.Random, lives: list[list[Deed]]) -> list[Deed]:
    """All deeds in one order, which keeps that of each person."""
    turns = [number for number, life in enumerate(lives) for _ in life]
    chance.shuffle(turns)
    left = [iter(life) for life in lives]
    return [next(left[number]) for number in turns]
