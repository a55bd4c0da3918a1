"""Asking an org for its limits where no answer has told them for long.

Every answer of an org tells its count of the day, so a hub that is busy never has to ask. One that is quiet, or that
takes its changes from a stream alone, would show a count of hours ago: it asks once when it starts, and once an hour at
most. Of all processes one asks, because the budget that they share remembers who last did.
"""

import asyncio
from collections.abc import Mapping

import psycopg
import structlog
from msgspec.structs import replace
from psycopg_pool import PoolTimeout

from crosswalk.connectors.errors import ConnectorError
from crosswalk.connectors.salesforce.client import SalesforceClient
from crosswalk.domain.budget import BudgetState, Terms
from crosswalk.domain.budget_room import day_room, day_share
from crosswalk.domain.ids import OrgName
from crosswalk.domain.purpose import Purpose
from crosswalk.engine.budget.leases import org_budget
from crosswalk.store import budgets
from crosswalk.store.budgets import BudgetContended
from crosswalk.store.database import Database

log = structlog.get_logger()

OLD_AT_START_S = 300.0
OLD_S = 3600.0
"""A count that is older than this is asked for: at the start, and later."""

GLANCE_EVERY_S = 60.0


class LimitsLook:
    """Asks the orgs of a hub for their limits when that is due.

    Parameters
    ----------
    database
        Where the budgets are.
    orgs
        The clients to ask with.
    terms
        The terms of each budget, by its name.
    """

    def __init__(
        self, database: Database, orgs: Mapping[OrgName, SalesforceClient], terms: Mapping[str, Terms]
    ) -> None:
        self._database = database
        self._orgs = orgs
        self._terms = terms

    async def run(self) -> None:
        """Ask at once where it is due, and look every minute whether it is, until cancelled."""
        older_than_s = OLD_AT_START_S
        while True:
            await self.look(older_than_s)
            older_than_s = OLD_S
            await asyncio.sleep(GLANCE_EVERY_S)

    async def look(self, older_than_s: float) -> None:
        """Ask each org whose count is older than so many seconds, unless another process has just asked."""
        for name, client in self._orgs.items():
            if not await self._is_mine(org_budget(name), older_than_s):
                continue
            try:
                await client.limits()  # its answer tells the budget
            except ConnectorError as error:
                log.info("limits_not_told", org=name, code=error.code, because=str(error))

    async def _is_mine(self, name: str, older_than_s: float) -> bool:
        terms = self._terms[name]

        def rule(state: BudgetState, now: float) -> tuple[BudgetState, bool]:
            return claim_look(state, terms, now, older_than_s)

        try:
            return await budgets.change(self._database, name, rule, {})
        except (psycopg.OperationalError, PoolTimeout, BudgetContended) as error:
            log.info("budget_not_read", budget=name, error=str(error).splitlines()[0])
            return False


def claim_look(state: BudgetState, terms: Terms, now: float, older_than_s: float) -> tuple[BudgetState, bool]:
    """Return the state in which this process asks, and whether it does.

    Where nothing is left the budget itself decides when a call goes out to look (`crosswalk.domain.budget_looks`).
    """
    told_at = 0.0 if state.day is None else state.day.at
    last = max((at for at in (told_at, state.looked_at) if at <= now), default=0.0)
    if now - last < older_than_s:
        return state, False
    room, share = day_room(state, terms, now), day_share(state, terms)
    if room is not None and share is not None and room <= int(Purpose.PROFILE.floor * share):
        return state, True
    return replace(state, looked_at=now), True
