"""Requests that wait for Actions.

What such a request does is cut where the Actions run: up to there under the tenant's lock, which ends in a `Pending`,
and on from its `then`, under the lock again. Whatever was true before may be false by then, so `then` looks again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from crosswalk_sandbox.auth0.actions.runs import Outcome, Run, perform

if TYPE_CHECKING:
    from crosswalk_sandbox.auth0.tenant import Tenant

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Pending(Generic[T]):
    """A value that is known once `run` has an outcome."""

    run: Run
    then: Callable[[Outcome], T | Pending[T]]


def afterwards(step: T | Pending[T], go_on: Callable[[T], U | Pending[U]]) -> U | Pending[U]:
    """Go on with a value as soon as it is known."""
    if isinstance(step, Pending):
        then = step.then
        return Pending(step.run, lambda outcome: afterwards(then(outcome), go_on))
    return go_on(step)


async def settle(tenant: Tenant, begin: Callable[[], T | Pending[T]]) -> T:
    """Return what `begin` comes to, called under the tenant's lock; Actions run without it."""
    with tenant.lock:
        step = begin()
    while isinstance(step, Pending):
        outcome = await perform(tenant, step.run)
        with tenant.lock:
            step = step.then(outcome)
    return step
