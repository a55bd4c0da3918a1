"""How long a lane waits for company, as far as that pays. Pure.

A call costs the same with one record as with 200, so waiting saves calls where others come meanwhile, and nothing where
nobody does. How many come while a change waits for the longest allowed is told by how many came in that time before.
What a saved call is worth depends on how many are left.
"""

from msgspec import Struct

from crosswalk.store.due import Waiting

WORTHWHILE_COMPANY = 15
"""So many others within the longest delay make a change wait for half of it, while the org has calls to spare."""


class Linger(Struct, frozen=True):
    """The bounds of the wait of a sync's changes, seconds."""

    least_s: float
    most_s: float


def linger_s(linger: Linger, company: int, richness: float) -> float:
    """Return how long the first change of a batch waits for others, seconds.

    Parameters
    ----------
    linger
        The bounds.
    company
        How many identities had an event within the longest delay, the first one included.
    richness
        How much of the org's API budget is to spare, from 0 (nothing) to 1.
    """
    if linger.most_s <= linger.least_s:
        return linger.least_s
    others = max(0, company - 1)
    enough = WORTHWHILE_COMPANY * min(1.0, max(0.0, richness))
    share = others**2 / (others**2 + enough**2) if others else 0.0
    return linger.least_s + (linger.most_s - linger.least_s) * share


def seconds_left(linger: Linger, waiting: Waiting, richness: float) -> float:
    """Return for how much longer a lane waits; nothing urgent waits for longer than the least."""
    wait_s = linger.least_s if waiting.urgent else linger_s(linger, waiting.company, richness)
    return wait_s - waiting.age_s
