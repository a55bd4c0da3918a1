"""What a worker tells when it takes its turn at a shared budget, and what it gets: a lease."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from crosswalk.domain.budget import DayReport, Endpoint, RateReport
from crosswalk.domain.purpose import Purpose


class Why(StrEnum):
    """Why a call may not go out now."""

    DAY = "day"
    """The calls of the day are used up, or what is left is for what is more urgent."""
    RATE = "rate"
    """Too many calls within the last seconds, or the vendor asked to wait."""
    CIRCUIT = "circuit"
    """The endpoint does not answer, and is left alone for a while."""


class Wait(Struct, frozen=True):
    """Why a class of calls got none, and in how many seconds it is worth asking again."""

    why: Why
    after_s: float


class Turn(Struct, frozen=True):
    """What a worker tells, and what it wants.

    Parameters
    ----------
    worker, number
        Who, and how many turns it has taken so far with this one.
    spent
        Calls by class that ended since its last turn.
    held
        Calls by class that are under way, or that it keeps of its lease; the rest of it is given back.
    wanted
        Further calls by class.
    purpose
        The most urgent that they are wanted for.
    slots
        How many it would like to have under way at once.
    in_use
        How many of these it has under way.
    waits
        Whether calls wait for one of these.
    day, rates
        The vendor's newest counts, of the day and by class.
    blocked_s
        Seconds that the vendor asked to wait, by class.
    failures, answered
        Calls of a class that failed one after the other, up to the newest; classes of which one was answered.
    crowded
        How many calls were under way when the vendor refused because they were too many; 0 if it did not.
    leaves
        It makes no further calls.
    """

    worker: str
    number: int
    spent: Mapping[Endpoint, int] = {}
    held: Mapping[Endpoint, int] = {}
    wanted: Mapping[Endpoint, int] = {}
    purpose: Purpose = Purpose.PROFILE
    slots: int = 0
    in_use: int = 0
    waits: bool = False
    day: DayReport | None = None
    rates: Mapping[Endpoint, RateReport] = {}
    blocked_s: Mapping[Endpoint, float] = {}
    failures: Mapping[Endpoint, int] = {}
    answered: frozenset[Endpoint] = frozenset()
    crowded: int = 0
    leaves: bool = False


class Granted(Struct, frozen=True):
    """What the worker gets.

    Parameters
    ----------
    calls
        Further calls by class, beside those that it told to hold.
    slots
        How many calls it may have under way at once; `None` for any number.
    room, share
        Calls of the day that are left to grant, and the hub's in all; `None` where nothing bounds them.
    lasts_s
        In how many seconds they are used up at the present rate; `None` where that is not in sight.
    mark, marks
        The marks of reports from now on: of the day, and by class.
    waits
        Why a class got no calls.
    open
        Classes that are left alone: only the calls granted now may be made, as a probe.
    looks
        Classes of which one call may be made although nothing is left for what it is for, to learn whether there is.
    """

    calls: Mapping[Endpoint, int]
    slots: int | None
    room: int | None
    share: int | None
    lasts_s: float | None
    mark: int
    marks: Mapping[Endpoint, int]
    waits: Mapping[Endpoint, Wait]
    open: frozenset[Endpoint]
    looks: frozenset[Endpoint] = frozenset()
