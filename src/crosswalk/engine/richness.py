"""How rich an org's budget is: what those ask who may wait longer to spend less."""

from collections.abc import Mapping
from typing import Protocol

from crosswalk.connectors.base import ApiUsage
from crosswalk.domain.ids import OrgName

PLENTY = 0.5
"""With half of the calls of the rolling day left there is nothing to save."""


class BudgetView(Protocol):
    """Tells how rich budgets are; answers at once, from memory."""

    def richness(self, org: OrgName) -> float:
        """How rich the rest of the org's rolling day is: 1 is plenty, 0 is nothing left to spend."""
        ...


class TellsUsage(Protocol):
    """Knows what the org said last about its API calls."""

    @property
    def usage(self) -> ApiUsage | None:
        """The newest figures; `None` before the first answer."""
        ...


class ReportedBudgets:
    """Richness by what each org's answers said last.

    Parameters
    ----------
    orgs
        The clients that the answers came to.
    """

    def __init__(self, orgs: Mapping[OrgName, TellsUsage]) -> None:
        self._orgs = orgs

    def richness(self, org: OrgName) -> float:
        """How rich the rest of the org's rolling day is: 1 is plenty (or not known yet), 0 is nothing left."""
        client = self._orgs.get(org)
        usage = None if client is None else client.usage
        if usage is None or usage.limit <= 0:
            return 1.0
        left = 1.0 - usage.used / usage.limit
        return min(1.0, max(0.0, left / PLENTY))
