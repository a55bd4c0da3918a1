"""What becomes of an event on its way: copies, a delay, another place in the order, or nothing at all."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

Item = TypeVar("Item")


class Fate(NamedTuple):
    """How one event is delivered.

    Parameters
    ----------
    copies
        How many times; 0 when it is lost.
    delay_seconds
        How much later, in seconds of the sandbox, those behind it included where order is kept.
    shift_seconds
        How much later on its own, so that others overtake it.
    gap
        Whether it says that something changed, and not what.
    """

    copies: int = 1
    delay_seconds: float = 0.0
    shift_seconds: float = 0.0
    gap: bool = False


AS_IT_IS = Fate()


def arranged(items: Sequence[Item], fate_of: Callable[[Item], Fate]) -> tuple[list[Item], float]:
    """A batch as it is delivered over a channel that sends one after the other, and the seconds to wait before.

    An item that others overtake changes places with the next one that is delivered.
    """
    delivered: list[Item] = []
    held: list[Item] = []
    wait = 0.0
    for item in items:
        fate = fate_of(item)
        wait = max(wait, fate.delay_seconds)
        copies = [item] * fate.copies
        if fate.shift_seconds > 0 and copies and not held:
            held = copies
            continue
        delivered += copies
        if copies:
            delivered += held
            held = []
    return delivered + held, wait
