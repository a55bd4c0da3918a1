"""Budgets at work: leave for each call, from a lease that is renewed about once a second.

A call costs no question to the database: it is paid from what this process holds (`purse`). Turns at the shared budget
are taken when the lease runs low, once a second while calls are made, and a last time when they end, which gives back
what is left. The rules are in `crosswalk.domain.budget_turns`.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Set
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from crosswalk.connectors.allowance import SPENDER, Allowance, Answer, Permit
from crosswalk.connectors.errors import CallWithheld
from crosswalk.domain.budget import BudgetState, Endpoint, Terms
from crosswalk.domain.budget_turns import take_turn
from crosswalk.domain.forecast import richness
from crosswalk.domain.ids import OrgName, TenantName
from crosswalk.domain.lease import Granted, Turn, Wait, Why
from crosswalk.domain.purpose import Purpose, Spender
from crosswalk.engine.budget.purse import URGENCY, Purse, Taken
from crosswalk.store import budgets
from crosswalk.store.budgets import BudgetContended
from crosswalk.store.database import Database

log = structlog.get_logger()

TURN_EVERY_S = 1.0
IDLE_TURNS = 3
"""After so many turns without a call the lease is given back."""

PATIENCE_S = 20.0
"""So long a call waits for the next second's calls, or for one of those under way to end."""

LOOK_AGAIN_S = 1.0
LEAVING_S = 5.0

_WORDS: Mapping[Why, tuple[str, str]] = {
    Why.DAY: ("BUDGET_SPENT", "what is left of its calls per day is kept for others, or for what is more urgent"),
    Why.RATE: ("RATE_LIMITED", "it takes no more calls within these seconds"),
    Why.CIRCUIT: ("CIRCUIT_OPEN", "it did not answer several times, and is left alone for a moment"),
}
_FINAL = frozenset({Why.DAY, Why.CIRCUIT})


class SharedAllowance(Allowance):
    """Leave to call one tenant or org, out of the budget that all processes share.

    Parameters
    ----------
    name
        The budget: `org acme`, `tenant acme`.
    terms
        What was configured.
    database
        Where the budget is.
    worker
        Names this process.
    clock
        Monotonic seconds.
    """

    def __init__(
        self, name: str, terms: Terms, database: Database, worker: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self._terms = terms
        self._database = database
        self._clock = clock
        self._purse = Purse(worker)
        self._waiting: list[tuple[int, Endpoint, Purpose, asyncio.Future[None]]] = []
        self._turning: asyncio.Task[None] | None = None
        self._keeping: asyncio.Task[None] | None = None

    @property
    def granted(self) -> Granted | None:
        """What the last turn said; `None` before the first."""
        return self._purse.granted

    async def take(self, endpoint: str) -> Permit:
        """Return leave for one call of a class, as soon as there is one.

        Raises
        ------
        CallWithheld
            The calls of the day are used up for what this call is for, the endpoint is left alone, or the next
            seconds' calls did not come within twenty of them.
        """
        spender = SPENDER.get()
        taken = self._purse.take(endpoint, spender, self._clock())
        if taken is None:
            taken = await self._wait(endpoint, spender)
        elif self._purse.is_short_of(endpoint):
            self._start_turn()
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep())
        return _Paid(self, taken)

    async def _wait(self, endpoint: Endpoint, spender: Spender) -> Taken:
        purpose = spender.purpose
        until = self._clock() + PATIENCE_S
        while True:
            self._refuse(endpoint, self._purse.why_not(endpoint, purpose, self._clock()), until)
            with self._queued(endpoint, purpose) as released:
                await self._turn_for(endpoint)
                taken = self._purse.take(endpoint, spender, self._clock())
                if taken is None:
                    why = self._purse.why_not(endpoint, purpose, self._clock())
                    self._refuse(endpoint, why, until)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_AGAIN_S if why is None else min(LOOK_AGAIN_S, why.after_s)):
                            await released
                    taken = self._purse.take(endpoint, spender, self._clock())
            if taken is not None:
                return taken

    def _refuse(self, endpoint: Endpoint, why: Wait | None, until: float) -> None:
        """Raise if waiting is of no use."""
        left_s = until - self._clock()
        if why is None:
            why = Wait(Why.RATE, LOOK_AGAIN_S)
        if why.why in _FINAL or why.after_s > left_s or left_s <= 0:
            code, words = _WORDS[why.why]
            raise CallWithheld(self.name, endpoint, code, words, max(why.after_s, LOOK_AGAIN_S))

    @contextmanager
    def _queued(self, endpoint: Endpoint, purpose: Purpose) -> Iterator[asyncio.Future[None]]:
        place = (URGENCY[purpose], endpoint, purpose, asyncio.get_running_loop().create_future())
        self._waiting.append(place)
        try:
            yield place[3]
        finally:
            self._waiting.remove(place)

    async def _turn_for(self, endpoint: Endpoint) -> None:
        """Take a turn, or join the one under way."""
        try:
            await asyncio.shield(self._start_turn())
        except (psycopg.OperationalError, PoolTimeout, BudgetContended) as error:
            # Without the database nothing that the call is for could be stored, either.
            words = f"the budget cannot be read: {error}"
            raise CallWithheld(self.name, endpoint, "BUDGET_UNKNOWN", words, LOOK_AGAIN_S) from error

    def _start_turn(self, *, trims: bool = False, leaves: bool = False) -> asyncio.Task[None]:
        if self._turning is None:
            self._turning = asyncio.create_task(self._take_turn(trims=trims, leaves=leaves))
            self._turning.add_done_callback(self._turn_is_over)
        return self._turning

    def _turn_is_over(self, task: asyncio.Task[None]) -> None:
        self._turning = None
        if not task.cancelled():
            task.exception()  # seen by those who wait for the turn, if anybody does; the next one tells the same

    async def _take_turn(self, *, trims: bool, leaves: bool) -> None:
        waiting: dict[Endpoint, Purpose] = {}
        for _, endpoint, purpose, _ in sorted(self._waiting, key=lambda place: place[0], reverse=True):
            waiting[endpoint] = purpose
        turn = self._purse.turn(waiting, trims=trims, leaves=leaves)
        spent_by = dict(self._purse.spent_by)
        asked_at = self._clock()
        granted = await budgets.change(self._database, self.name, partial(_rule, self._terms, turn), spent_by)
        self._purse.spent_by.subtract(spent_by)
        self._purse.take_grant(granted, asked_at, self._clock())

    def settle(self, taken: Taken, answer: Answer | None) -> None:
        """A call has ended: tell at the next turn, and let the most urgent of those who wait go on."""
        self._purse.ended(taken, answer)
        if self._purse.is_urgent(taken.endpoint):
            self._start_turn()
        asleep = [place for place in self._waiting if not place[3].done()]
        if asleep:
            min(asleep, key=lambda place: place[0])[3].set_result(None)

    async def _keep(self) -> None:
        """Take turns while calls are made; then give back what is left."""
        idle = 0
        try:
            while idle < IDLE_TURNS:
                await asyncio.sleep(TURN_EVERY_S)
                idle = idle + 1 if self._purse.is_idle else 0
                if idle == 0 or self._purse.has_news:
                    await self._try_turn(trims=True)
            await self._leave()
        finally:
            self._keeping = None

    async def _leave(self) -> None:
        # The first may be one that was told before, and nobody heard.
        for _ in range(2):
            if not self._purse.is_empty:
                await self._try_turn(leaves=True)

    async def _try_turn(self, *, trims: bool = False, leaves: bool = False) -> None:
        try:
            await asyncio.shield(self._start_turn(trims=trims, leaves=leaves))
        except (psycopg.OperationalError, PoolTimeout, BudgetContended) as error:
            log.warning("budget_not_told", budget=self.name, error=str(error).splitlines()[0])

    async def close(self) -> None:
        """Give back what is left. Calls that are under way count as spent once this process is taken for dead."""
        if self._keeping is not None:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeping
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVING_S):
                if self._turning is not None:
                    with suppress(psycopg.OperationalError, PoolTimeout, BudgetContended):
                        await asyncio.shield(self._turning)
                await self._leave()


def _rule(terms: Terms, turn: Turn, state: BudgetState, now: float) -> tuple[BudgetState, Granted]:
    return take_turn(state, terms, turn, now)


class _Paid(Permit):
    """Leave that was paid for from a budget."""

    __slots__ = ("_allowance", "_taken")

    def __init__(self, allowance: SharedAllowance, taken: Taken) -> None:
        self._allowance = allowance
        self._taken: Taken | None = taken

    def answered(self, answer: Answer) -> None:
        self._settle(answer)

    def unanswered(self) -> None:
        self._settle(Answer(healthy=False))

    def given_up(self) -> None:
        self._settle(None)

    def _settle(self, answer: Answer | None) -> None:
        taken, self._taken = self._taken, None
        if taken is not None:
            self._allowance.settle(taken, answer)


class Budgets:
    """The budgets of all tenants and orgs, as this process holds them.

    Parameters
    ----------
    database
        Where they are.
    tenants, orgs
        The terms of each.
    """

    def __init__(self, database: Database, tenants: Mapping[TenantName, Terms], orgs: Mapping[OrgName, Terms]) -> None:
        worker = uuid.uuid4().hex
        self.tenants = {
            name: SharedAllowance(tenant_budget(name), terms, database, worker) for name, terms in tenants.items()
        }
        self.orgs = {name: SharedAllowance(org_budget(name), terms, database, worker) for name, terms in orgs.items()}

    def richness(self, org: OrgName) -> float:
        """How rich the rest of the org's rolling day is: 1 is plenty (or not known yet), 0 is nothing left to spend.

        From memory: as of the last turn, a second ago while calls are made.
        """
        allowance = self.orgs.get(org)
        granted = None if allowance is None else allowance.granted
        return 1.0 if granted is None else richness(granted.room, granted.share, granted.lasts_s)

    def leaves_alone(self, org: OrgName, endpoints: Set[Endpoint]) -> bool:
        """Whether any of these classes of calls to the org is left alone, because it did not answer, or is probed.

        From memory, as of the last turn.
        """
        allowance = self.orgs.get(org)
        granted = None if allowance is None else allowance.granted
        return granted is not None and not granted.open.isdisjoint(endpoints)

    async def close(self) -> None:
        """Give back what is left of all."""
        await asyncio.gather(*(allowance.close() for allowance in (*self.tenants.values(), *self.orgs.values())))


@asynccontextmanager
async def open_budgets(
    database: Database, tenants: Mapping[TenantName, Terms], orgs: Mapping[OrgName, Terms]
) -> AsyncIterator[Budgets]:
    """Lend the budgets of a configuration; what is left of them is given back at the end."""
    opened = Budgets(database, tenants, orgs)
    try:
        yield opened
    finally:
        await opened.close()


def tenant_budget(name: TenantName) -> str:
    """The name of a tenant's budget."""
    return f"tenant {name}"


def org_budget(name: OrgName) -> str:
    """The name of an org's budget."""
    return f"org {name}"
