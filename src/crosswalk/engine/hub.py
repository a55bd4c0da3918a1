"""The hub: everything that one process needs, assembled from a configuration and taken apart again."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial

import structlog
from msgspec import Struct

from crosswalk.config.budgets import define_terms
from crosswalk.config.config import Config
from crosswalk.connectors.allowance import Allowance
from crosswalk.connectors.auth0.client import Auth0Client
from crosswalk.connectors.salesforce.client import SalesforceClient
from crosswalk.connectors.salesforce.limits import OF_A_BATCH
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.ids import OrgName, SyncName, TenantName
from crosswalk.domain.pause import PauseKind
from crosswalk.engine.budget.leases import Budgets, open_budgets
from crosswalk.engine.bulk_books import BulkBooks
from crosswalk.engine.deals import DealReconciler
from crosswalk.engine.gate import MassChangeGate
from crosswalk.engine.jobs import LaneJobs
from crosswalk.engine.lane import Lanes
from crosswalk.engine.login_gate import PausingGate
from crosswalk.engine.loops import LoopDetector
from crosswalk.engine.planning import Planner
from crosswalk.engine.reconciler import Reconciler
from crosswalk.engine.routing import Router
from crosswalk.engine.settings import auth0_settings, salesforce_settings
from crosswalk.engine.writing import Writer
from crosswalk.flows.closed_won import CompiledClosedWon
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.store.database import Database
from crosswalk.store.due import Lane
from crosswalk.store.embedded import EmbeddedPostgres
from crosswalk.store.migrate import migrate

log = structlog.get_logger()

EVALUATING_THREADS = 2
"""Expressions and merges hold Python's lock most of the time: more threads would only compete for it."""


class Hub(Struct, frozen=True):
    """The parts of a running hub."""

    config: Config
    database: Database
    embedded: EmbeddedPostgres | None
    tenants: Mapping[TenantName, Auth0Client]
    orgs: Mapping[OrgName, SalesforceClient]
    compiled: Mapping[SyncName, CompiledSync]
    planners: Mapping[SyncName, Planner]
    reconcilers: Mapping[SyncName, Reconciler]
    jobs: LaneJobs
    budgets: Budgets


@asynccontextmanager
async def open_hub(config: Config) -> AsyncIterator[Hub]:
    """Open the database (migrated), the connectors and the job queue; close them at the end.

    Raises
    ------
    crosswalk.store.errors.DatabaseUnavailable
        PostgreSQL could not be started or reached.
    crosswalk.expressions.errors.ExpressionSyntaxError
        A mapping's expression is not JavaScript.
    """
    async with AsyncExitStack() as stack:
        embedded, uri = await _database_of(config, stack)
        await asyncio.to_thread(migrate, uri)
        database = Database(uri)
        await database.open()
        stack.push_async_callback(database.close)

        budgets = await stack.enter_async_context(_budgets_of(config, database))
        tenants = {
            name: await stack.enter_async_context(_tenant_of(config, name, database, allowance))
            for name, allowance in budgets.tenants.items()
        }
        orgs = {
            name: await stack.enter_async_context(_org_of(config, name, database, allowance))
            for name, allowance in budgets.orgs.items()
        }
        threads = ThreadPoolExecutor(EVALUATING_THREADS, thread_name_prefix="reconcile")
        stack.callback(threads.shutdown, cancel_futures=True)
        compiled = {
            SyncName(name): CompiledSync(config.definition(name), default_region=sync.default_region)
            for name, sync in config.syncs.items()
        }
        planners = {
            name: Planner(one, orgs[one.definition.org], tenants[one.definition.tenant], threads)
            for name, one in compiled.items()
        }
        parts = _Parts(config, tenants, orgs, database, threads)
        reconcilers = {name: parts.reconciler(one, planners[name]) for name, one in compiled.items()}
        deals = {name: made for name, one in compiled.items() if (made := parts.deals(one)) is not None}
        routers = {name: Router(one, orgs[one.definition.org], database) for name, one in compiled.items()}
        bulk = BulkBooks(database, {name: (of := one.definition.org, orgs[of]) for name, one in compiled.items()})
        leaves_alone = partial(budgets.leaves_alone, endpoints=OF_A_BATCH)
        lanes = Lanes(database, reconcilers, routers, deals, budgets.richness, leaves_alone, bulk)

        async def run_lane(lane: Lane) -> None:
            await lanes.run(lane, jobs)

        jobs = LaneJobs(database, run_lane)
        await jobs.open()
        yield Hub(config, database, embedded, tenants, orgs, compiled, planners, reconcilers, jobs, budgets)


class _Parts(Struct, frozen=True):
    """What the reconcilers of all syncs are made of."""

    config: Config
    tenants: Mapping[TenantName, Auth0Client]
    orgs: Mapping[OrgName, SalesforceClient]
    database: Database
    threads: ThreadPoolExecutor

    def reconciler(self, compiled: CompiledSync, planner: Planner) -> Reconciler:
        """The reconciler of a sync's identities."""
        definition = compiled.definition
        own_client = self.config.tenants[definition.tenant].client_id
        return Reconciler(
            definition,
            planner,
            self.tenants[definition.tenant],
            self._writer(definition),
            self.database,
            LoopDetector(compiled, self.orgs[definition.org], own_client, self.database),
            self._gate(definition),
            own_client,
        )

    def deals(self, compiled: CompiledSync) -> DealReconciler | None:
        """The reconciler of a sync's deals; `None` where no flow looks at them."""
        definition = compiled.definition
        if definition.flows.closed_won is None:
            return None
        return DealReconciler(
            definition,
            CompiledClosedWon(definition.flows.closed_won),
            self.orgs[definition.org],
            self.tenants[definition.tenant],
            self._writer(definition),
            self.database,
            self._gate(definition),
            self.threads,
        )

    def _writer(self, definition: SyncDefinition) -> Writer:
        return Writer(self.tenants[definition.tenant], self.orgs[definition.org])

    def _gate(self, definition: SyncDefinition) -> MassChangeGate:
        return MassChangeGate(definition.name, definition.thresholds, self.database)


def _budgets_of(config: Config, database: Database) -> AbstractAsyncContextManager[Budgets]:
    return open_budgets(
        database,
        {TenantName(name): define_terms(tenant.budget) for name, tenant in config.tenants.items()},
        {OrgName(name): define_terms(org.budget) for name, org in config.orgs.items()},
    )


def _tenant_of(config: Config, name: TenantName, database: Database, allowance: Allowance) -> Auth0Client:
    settings = auth0_settings(config.tenants[name])
    gate = PausingGate(database, PauseKind.TENANT, name, settings.login)
    return Auth0Client(settings, allowance=allowance, logins=gate)


def _org_of(config: Config, name: OrgName, database: Database, allowance: Allowance) -> SalesforceClient:
    settings = salesforce_settings(config.orgs[name])
    gate = PausingGate(database, PauseKind.ORG, name, settings.login)
    return SalesforceClient(settings, allowance=allowance, logins=gate)


async def _database_of(config: Config, stack: AsyncExitStack) -> tuple[EmbeddedPostgres | None, str]:
    """The configured server, or the embedded one in the state directory."""
    if config.database_url is not None:
        return None, config.database_url.get_secret_value()
    config.state_dir.mkdir(parents=True, exist_ok=True)
    embedded = await asyncio.to_thread(EmbeddedPostgres, config.state_dir / "postgres")
    stack.push_async_callback(asyncio.to_thread, embedded.stop)
    return embedded, embedded.uri
