"""Records that somebody else had locked: sent again after a moment, with few neighbours, then each alone.

Salesforce locks what a record belongs to as well (a contact's account), and calls that run at once lock each other out.
So they go one call after another, when all others are done, and a record that stays locked holds up no full call.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from crosswalk.connectors.base import RetryLater, WriteResult
from crosswalk.connectors.salesforce.collections import Call, plan_calls
from crosswalk.domain.write import RecordWrite

ROUNDS: tuple[tuple[float, int], ...] = ((0.25, 10), (1.0, 1))
"""For each further attempt: how long to wait before, seconds, and how many records go together at most."""

MOST_CALLS = 20
"""So many calls go into one attempt at most; what is left is tried again later, with whoever is due then."""


async def retry_locked(
    writes: Sequence[RecordWrite],
    results: Sequence[WriteResult],
    send: Callable[[Call], Awaitable[list[WriteResult]]],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> list[WriteResult]:
    """Return the results of `writes`, those that met a lock having been sent again; `send` sends one call."""
    found = list(results)
    for wait_s, together in ROUNDS:
        locked = [position for position, result in enumerate(found) if _is_locked(result)]
        if not locked:
            break
        await sleep(wait_s)
        for positions in _groups(locked[: together * MOST_CALLS], together):
            group = [writes[position] for position in positions]
            for call in (call for wave in plan_calls(group) for call in wave):
                for place, result in zip(call.positions, await send(call), strict=True):
                    found[positions[place]] = result
    return found


def _is_locked(result: WriteResult) -> bool:
    return isinstance(result, RetryLater) and result.alone


def _groups(positions: Sequence[int], size: int) -> list[Sequence[int]]:
    return [positions[start : start + size] for start in range(0, len(positions), size)]
