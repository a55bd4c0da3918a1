"""The worker: runs lane jobs, sweeps, and reads the pull sources. Any number of these may run on one database."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import structlog

from crosswalk.config.tenants import SourcesConfig
from crosswalk.connectors.auth0.client import Auth0Client
from crosswalk.domain.event import Source
from crosswalk.domain.ids import OrgName, Origin, SyncName, TenantName
from crosswalk.domain.purpose import Purpose
from crosswalk.engine.alerting import Alerting
from crosswalk.engine.backfill.run import backfill_for_ever
from crosswalk.engine.budget.limits_look import LimitsLook
from crosswalk.engine.budget.spending import counted_as
from crosswalk.engine.budget.view import terms_of
from crosswalk.engine.dead_letters import dead_letters_of, expire_for_ever
from crosswalk.engine.desk import desk_of, release_for_ever
from crosswalk.engine.drift.schedule import check_for_ever
from crosswalk.engine.housekeeping import tidy_for_ever
from crosswalk.engine.hub import Hub
from crosswalk.engine.org_sources import org_sources
from crosswalk.engine.pause_watch import watch_pauses_for_ever
from crosswalk.engine.pull_source import PullSource
from crosswalk.engine.settings import configured_sources, subscribers
from crosswalk.engine.sources import follow_subscription, poll_logs
from crosswalk.engine.supervise import keep_running
from crosswalk.store.embedded import EmbeddedPostgres
from crosswalk.store.errors import DatabaseUnavailable

log = structlog.get_logger()

WATCH_DATABASE_EVERY_S = 0.25


async def run_worker(hub: Hub, stop_within_s: float) -> None:
    """Work until cancelled; batches under way are finished first, if that takes no longer than `stop_within_s`.

    Each part is started again when it fails: the database, the tenant or the org may be away for a while, and
    everything goes on from what is stored when they return.
    """
    async with asyncio.TaskGroup() as parts:
        for name, part in _parts(hub, stop_within_s).items():
            parts.create_task(keep_running(name, part), name=name)


def _parts(hub: Hub, stop_within_s: float) -> dict[str, Callable[[], Awaitable[None]]]:
    parts: dict[str, Callable[[], Awaitable[None]]] = {
        "jobs": partial(hub.jobs.work, stop_within_s),
        "sweep": hub.jobs.sweep_for_ever,
        "limits": LimitsLook(hub.database, hub.orgs, terms_of(hub.config)).run,
        "housekeeping": partial(tidy_for_ever, hub.database, hub.config.retention),
        "releases": partial(release_for_ever, desk_of(hub)),
        "back-fills": counted_as(Purpose.BACKFILL, partial(backfill_for_ever, hub)),
        "pauses": partial(watch_pauses_for_ever, hub),
        "dead letters": partial(expire_for_ever, dead_letters_of(hub), _expiries(hub)),
    }
    if hub.config.alerts is not None:
        public_url = hub.config.server.public_url
        sources, terms = configured_sources(hub.config), terms_of(hub.config)
        alerting = Alerting(hub.database, list(hub.compiled), terms, sources, hub.config.alerts, public_url)
        parts["alerts"] = alerting.run
    for name, tenant in hub.config.tenants.items():
        parts |= _sources(hub, TenantName(name), hub.tenants[TenantName(name)], tenant.sources)
    for name, org in hub.config.orgs.items():
        parts |= org_sources(hub, OrgName(name), org.sources)
    for name, sync in hub.config.syncs.items():
        if sync.drift is not None:
            check = partial(check_for_ever, hub, SyncName(name), sync.drift)
            parts[f"drift of {name}"] = counted_as(Purpose.BACKFILL, check)
    return parts


def _expiries(hub: Hub) -> dict[SyncName, timedelta]:
    """After how long each sync's dead letters expire, where they do."""
    after = {SyncName(name): sync.dead_letters.expire_after for name, sync in hub.config.syncs.items()}
    return {name: expiry for name, expiry in after.items() if expiry is not None}


def _sources(
    hub: Hub, tenant: TenantName, client: Auth0Client, sources: SourcesConfig
) -> dict[str, Callable[[], Awaitable[None]]]:
    def pull(kind: Source) -> PullSource:
        return PullSource(hub.database, Origin(tenant=tenant), kind.value, subscribers(hub.config), hub.jobs.wake)

    parts: dict[str, Callable[[], Awaitable[None]]] = {}
    if sources.subscription is not None:
        starts_at = sources.subscription.start
        parts[f"subscription of {tenant}"] = partial(
            follow_subscription, pull(Source.SUBSCRIPTION), client, starts_at.isoformat() if starts_at else None
        )
    if sources.log_poll is not None:
        parts[f"log poll of {tenant}"] = partial(
            poll_logs, pull(Source.LOG_POLL), client, sources.log_poll.every.total_seconds()
        )
    return parts


async def watch_database(embedded: EmbeddedPostgres) -> None:
    """Start the embedded PostgreSQL again whenever it dies; every process that uses it watches.

    It refuses as long as processes of the dead server are left, mostly for a second or two: so this asks again soon.
    """
    while True:
        await asyncio.sleep(WATCH_DATABASE_EVERY_S)
        if embedded.is_running():
            continue
        try:
            await asyncio.to_thread(embedded.ensure_running)
            log.warning("database_restarted")
        except DatabaseUnavailable as error:
            log.warning("database_not_back_yet", error=str(error).splitlines()[0])
