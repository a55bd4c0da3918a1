"""One budget for several workers, on the real database, with an org and a tenant that count for themselves."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from msgspec.structs import replace

from crosswalk.connectors.allowance import Answer, spending
from crosswalk.connectors.auth0.client import Auth0Client
from crosswalk.connectors.auth0.settings import Auth0Settings
from crosswalk.connectors.errors import CallRefused, CallWithheld
from crosswalk.connectors.salesforce.client import SalesforceClient
from crosswalk.connectors.salesforce.limits import OF_A_BATCH
from crosswalk.connectors.salesforce.settings import SalesforceSettings
from crosswalk.domain.budget import Terms
from crosswalk.domain.ids import OrgName, TenantName
from crosswalk.domain.purpose import Purpose
from crosswalk.engine.budget.leases import Budgets
from crosswalk.engine.budget.limits_look import OLD_AT_START_S, LimitsLook
from crosswalk.engine.budget.view import view_budgets
from crosswalk.store import budgets as stored
from crosswalk.store.database import Database
from crosswalk_sandbox.process import SandboxProcess

ACME = OrgName("acme")
TENANT = TenantName("acme")
SOQL = "SELECT Id FROM Lead"
WORKERS = 3
CALLERS = 4
"""Of each worker."""

Open = Callable[[Terms], Awaitable[Budgets]]


@pytest.fixture
async def worker(postgres_uri: str) -> AsyncIterator[Open]:
    """Makes workers: each with connections of its own, as in a process of its own."""
    async with AsyncExitStack() as stack:

        async def open_worker(terms: Terms) -> Budgets:
            database = Database(postgres_uri, max_size=2)
            await database.open()
            stack.push_async_callback(database.close)
            budgets = Budgets(database, {TENANT: terms}, {ACME: terms})
            stack.push_async_callback(budgets.close)
            return budgets

        yield open_worker


async def spend_all(call: Callable[[], Awaitable[object]]) -> int:
    """Call until there is no leave any more; returns how often there was."""
    made = 0
    while True:
        try:
            await call()
        except CallWithheld as error:
            assert error.code == "BUDGET_SPENT"
            return made
        made += 1


async def test_the_orgs_own_count_comes_to_the_share_of_the_hub_and_never_passes_it(
    worker: Open, salesforce_settings: SalesforceSettings, sandbox: SandboxProcess
):
    sandbox.settings(daily_limit=150)
    terms = Terms(reserve=0.2, counts_by_day=True)

    async def work() -> int:
        budgets = await worker(terms)
        async with SalesforceClient(salesforce_settings, allowance=budgets.orgs[ACME]) as org:
            with spending(Purpose.OFFBOARDING):
                made = sum(await asyncio.gather(*(spend_all(lambda: org.query(SOQL)) for _ in range(CALLERS))))
        await budgets.close()
        return made

    made = sum(await asyncio.gather(*(work() for _ in range(WORKERS))))
    assert made <= 120

    # Whoever was refused while another held the last calls has left these; now all are back. What was under way at the
    # org's last answer may count twice, which is the safe side.
    made += await work()
    assert 120 - WORKERS * CALLERS <= made <= 120
    async with SalesforceClient(salesforce_settings) as org:
        await org.query(SOQL)
        assert org.usage is not None
        assert org.usage.used - 1 == made


async def test_the_last_calls_are_left_to_what_is_urgent(
    worker: Open, salesforce_settings: SalesforceSettings, sandbox: SandboxProcess
):
    sandbox.settings(daily_limit=100)
    budgets = await worker(Terms(reserve=0.0, counts_by_day=True))
    async with SalesforceClient(salesforce_settings, allowance=budgets.orgs[ACME]) as org:
        made = {}
        for purpose in (Purpose.BACKFILL, Purpose.ACTIVITY, Purpose.PROFILE, Purpose.OFFBOARDING):
            with spending(purpose, "customers"):
                made[purpose] = await spend_all(lambda: org.query(SOQL))
    await budgets.close()

    assert made == {Purpose.BACKFILL: 60, Purpose.ACTIVITY: 20, Purpose.PROFILE: 15, Purpose.OFFBOARDING: 5}


async def test_what_calls_were_made_for_is_counted(worker: Open, database: Database):
    budgets = await worker(Terms())
    for purpose, times in ((Purpose.ACTIVITY, 3), (Purpose.OFFBOARDING, 5)):
        with spending(purpose, "customers"):
            for _ in range(times):
                (await budgets.orgs[ACME].take("query")).answered(Answer())
    await budgets.close()

    async with database.transaction() as connection:
        spent = await stored.spent_of_the_day(connection)

    assert [(each.name, each.purpose, each.sync, each.calls) for each in spent] == [
        ("org acme", "offboarding", "customers", 5),
        ("org acme", "activity", "customers", 3),
    ]


async def test_a_hub_that_starts_asks_once_for_limits_that_nobody_has_told(
    worker: Open, salesforce_settings: SalesforceSettings, sandbox: SandboxProcess, database: Database
):
    sandbox.settings(daily_limit=15_000)
    terms = Terms(reserve=0.2, counts_by_day=True)
    asked = 0
    for _ in range(2):
        budgets = await worker(terms)
        async with SalesforceClient(salesforce_settings, allowance=budgets.orgs[ACME]) as org:
            await LimitsLook(database, {ACME: org}, {"org acme": terms}).look(OLD_AT_START_S)
            asked += org.calls
        await budgets.close()

    [view] = await view_budgets(database, {"org acme": terms})

    assert asked == 1
    assert (view.limit, view.share, view.own) == (15_000, 12_000, 1)
    assert view.used is not None
    assert view.left == 12_000 - view.used


async def test_an_endpoint_that_is_down_is_left_alone_by_all_until_one_call_is_answered(
    worker: Open, salesforce_settings: SalesforceSettings, sandbox: SandboxProcess
):
    terms = Terms(counts_by_day=True)
    first, second = await worker(terms), await worker(terms)
    down = {"vendor": "salesforce", "match": {"operations": ["query"]}, "effect": {"kind": "status", "status": 503}}
    sandbox.fault_rules([down])
    async with (
        SalesforceClient(salesforce_settings, allowance=first.orgs[ACME]) as org,
        SalesforceClient(salesforce_settings, allowance=second.orgs[ACME]) as other,
    ):
        for _ in range(5):
            with pytest.raises(CallRefused, match="503"):
                await org.query(SOQL)
        outcomes = [await outcome_of(client) for _ in range(30) for client in (org, other)]
        # The probes: after one second, two, four, eight … of both together.
        assert outcomes.count("HTTP 503") <= 5
        assert outcomes.count("CIRCUIT_OPEN") >= 55
        assert first.leaves_alone(ACME, OF_A_BATCH)
        await other.describe("Lead")
        sandbox.fault_rules([])

        await until_answered(other)
        await until_answered(org)
        async with asyncio.timeout(60):
            await until(lambda: not first.leaves_alone(ACME, OF_A_BATCH))


async def test_after_the_org_found_too_many_long_calls_under_way_fewer_are_risked_at_once(
    worker: Open, salesforce_settings: SalesforceSettings, sandbox: SandboxProcess
):
    sandbox.settings(concurrent_limit=3)
    hold = {"kind": "latency", "delay": {"shape": "constant", "ms": 1500}}
    sandbox.fault_rules([{"vendor": "salesforce", "match": {"operations": ["query"]}, "effect": hold}])
    budgets = await worker(Terms(counts_by_day=True))
    async with SalesforceClient(salesforce_settings, allowance=budgets.orgs[ACME]) as org, asyncio.timeout(60):
        long = [asyncio.create_task(org.query(SOQL)) for _ in range(3)]
        await until(lambda: len(sandbox.fault_log()) == 3)
        sandbox.clock(advance=20)  # from here on they are long, by the org's clock

        with pytest.raises(CallRefused, match="ConcurrentRequests"):
            await org.describe("Lead")
        # Half of the four that were under way.
        await until(lambda: (granted := budgets.orgs[ACME].granted) is not None and granted.slots == 2)
        await asyncio.gather(*long)
        await org.describe("Lead")


async def until(holds: Callable[[], bool]) -> None:
    for _ in itertools.count():
        if holds():
            return
        await asyncio.sleep(0.05)


async def until_answered(org: SalesforceClient) -> None:
    async with asyncio.timeout(60):
        for _ in itertools.count():
            if await outcome_of(org) == "answered":
                return
            await asyncio.sleep(0.05)


async def outcome_of(org: SalesforceClient) -> str:
    try:
        await org.query(SOQL)
    except CallWithheld as error:
        return error.code
    except CallRefused as error:
        return f"HTTP {error.status}"
    return "answered"


async def test_a_tenant_is_read_at_the_pace_that_it_tells_without_being_refused(
    worker: Open, auth0_settings: Auth0Settings, sandbox: SandboxProcess
):
    sandbox.auth0_settings(enforce_rate_limit=True, rate_limit_per_second=50, rate_limit_burst=10)
    budgets = [await worker(Terms(reserve=0.2)) for _ in range(2)]

    async def read(own: Budgets) -> tuple[int, int]:
        """How many calls were answered, of how many."""
        answered = 0
        once = replace(auth0_settings, attempts=1)
        async with Auth0Client(once, allowance=own.tenants[TENANT]) as tenant:
            for _ in range(20):
                with contextlib.suppress(CallRefused):
                    await tenant.find_users_by_email("nobody@example.com")
                    answered += 1
            return answered, tenant.calls

    async with asyncio.timeout(60):
        assert await asyncio.gather(*(read(own) for own in budgets)) == [(20, 20), (20, 20)]
