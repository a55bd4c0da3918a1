"""What a flow wants for as long as something holds: a role while a deal is won, a task while a user is blocked.

A flow does not react to events. It says which effects ought to be there, given the states; what is missing is done, and
what is no longer wanted is undone. So an event that comes twice, late or never changes nothing in the end.
"""

from enum import StrEnum

from msgspec import Struct

from crosswalk.domain.place import Place
from crosswalk.domain.write import Write


class Effect(Struct, frozen=True):
    """One thing that a flow wants.

    Parameters
    ----------
    key
        Names the effect among all of the sync. Two subjects that want the same (two deals that grant one role to one
        user) name it alike: it is undone when neither wants it any more.
    write
        What brings it about. Doing it again after a crash comes to the same.
    undo
        What takes it back; `None` for what cannot be taken back (an invitation) or is not meant to be (a new user).
    because
        Why the flow wants it, in one sentence.
    once
        Whether it is done a single time for the subject, even if its cause comes back: nobody is invited twice.
    """

    key: str
    write: Write
    undo: Write | None
    because: str
    once: bool = False


class Step(StrEnum):
    """What is to be done about an effect."""

    DO = "do"
    UNDO = "undo"
    RELEASE = "release"
    """The subject wants it no more, but another does, or there is nothing to take back: it is only forgotten."""


class EffectStep(Struct, frozen=True):
    """One step of a plan: an effect that is done or undone, for which flow, and where the flow is configured.

    `episode` is that in which the effect was done; `None` for what is done in the plan's own.
    """

    step: Step
    flow: str
    effect: Effect
    place: Place
    episode: int | None = None


class HeldEffect(Struct, frozen=True):
    """An effect that was done and not undone: for which subject of which flow, and in which of its episodes."""

    flow: str
    subject: str
    effect: Effect
    episode: int = 0
