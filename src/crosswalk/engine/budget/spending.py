"""For what the engine's own work spends calls: batches by what their events are for, and parts of the worker."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from crosswalk.connectors.allowance import spending
from crosswalk.domain.ids import UserId
from crosswalk.domain.purpose import Purpose
from crosswalk.domain.urgency import RANKS
from crosswalk.store.due import DueEvent

SCARCE = 0.5
"""Below this richness a batch is split, so that the less urgent part of it does not spend what is kept for the rest."""


def by_purpose(events: Sequence[DueEvent], richness: float) -> list[tuple[Purpose, list[DueEvent]]]:
    """Split a batch by what it is for, the most urgent first; an identity stays whole, with its most urgent event.

    While the budget is rich, full calls matter more: the batch stays whole, and counts as what most of it is for.
    """
    most_urgent: dict[UserId | None, Purpose] = {}
    for item in events:
        purpose = most_urgent.get(item.event.user_id, item.event.purpose)
        most_urgent[item.event.user_id] = min(purpose, item.event.purpose, key=RANKS.__getitem__)
    if richness >= SCARCE:
        [(usual, _)] = Counter(most_urgent.values()).most_common(1)
        return [(usual, list(events))]
    parts: dict[Purpose, list[DueEvent]] = {}
    for item in events:
        parts.setdefault(most_urgent[item.event.user_id], []).append(item)
    return sorted(parts.items(), key=lambda part: RANKS[part[0]])


def counted_as(purpose: Purpose, part: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """Return the same part of the worker, all calls of which are made for one purpose."""

    async def run() -> None:
        with spending(purpose):
            await part()

    return run
