"""People for a tenant and an org, from ten to a million, the same for the same number, and who of them is who.

May import both halves of the sandbox. Start with `scenarios`, what a seed can do; `people` makes up persons from
`places`, `rows` writes them down, `variants` writes them down otherwise, `edge_cases` has each awkward case once, and
`truth` knows who is the same person as whom.
"""

import gc
from collections.abc import Callable, Iterator

from crosswalk_sandbox.auth0 import Tenant
from crosswalk_sandbox.salesforce import Org
from crosswalk_sandbox.seeds.scenarios import DEFAULT_PEOPLE, SCENARIOS, SeedOrder, Target
from crosswalk_sandbox.seeds.truth import Same, Truth

__all__ = ["DEFAULT_PEOPLE", "SCENARIOS", "Same", "SeedOrder", "Truth", "seed", "seeding"]

_MANY = 10_000


def seeding(order: SeedOrder, tenant: Tenant, org: Org, tell: Callable[[Same], None]) -> Iterator[int]:
    """Fill a tenant and an org step by step; what they already hold stays.

    Parameters
    ----------
    order
        What with.
    tenant, org
        What to fill.
    tell
        Takes what is known about each person, as `Truth.add` does.

    Yields
    ------
    int
        After every few people, how many are done.
    """
    yield from SCENARIOS[order.scenario](order, Target(tenant, org, tell))
    if order.people > _MANY:
        # None of these millions of objects is garbage: the collector need not look through them again and again.
        gc.freeze()


def seed(
    order: SeedOrder,
    tenant: Tenant,
    org: Org,
    *,
    tell: Callable[[Same], None] = lambda same: None,
    progress: Callable[[int], None] = lambda done: None,
) -> None:
    """Fill a tenant and an org, to the end; `progress` is told how many people are done."""
    for done in seeding(order, tenant, org, tell):
        progress(done)
