"""Which sources of an org are read, and of which objects and fields."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial

import structlog

from crosswalk.config.orgs import OrgSourcesConfig, RecordPollSource
from crosswalk.connectors.errors import ChangesNotCaptured
from crosswalk.domain.event import Source
from crosswalk.domain.ids import OrgName, Origin
from crosswalk.engine.deals import OBJECT
from crosswalk.engine.hub import Hub
from crosswalk.engine.pull_source import PullSource
from crosswalk.engine.record_sources import ChangeFollower, poll_records
from crosswalk.engine.settings import subscribers
from crosswalk.flows.closed_won import fields_of
from crosswalk.reconcile.tracking import watched_fields

log = structlog.get_logger()

ASK_AGAIN_S = 900.0
"""How often an object of whose changes the org makes no events is tried again."""


def org_sources(hub: Hub, org: OrgName, sources: OrgSourcesConfig) -> dict[str, Callable[[], Awaitable[None]]]:
    """The parts of the hub that read an org's changes: for each object, by each source that is configured."""
    client = hub.orgs[org]
    is_polled = sources.record_poll is not None
    every_s = (sources.record_poll or RecordPollSource()).every.total_seconds()

    def pull(kind: Source, object_name: str) -> PullSource:
        name = f"{kind.value}/{object_name}"
        return PullSource(hub.database, Origin(org=org), name, subscribers(hub.config), hub.jobs.wake)

    parts: dict[str, Callable[[], Awaitable[None]]] = {}
    for object_name, fields in _tracked(hub, org).items():
        polled = pull(Source.RECORD_POLL, object_name)
        poll = partial(poll_records, polled, client, object_name, fields, every_s)
        if is_polled:
            parts[f"poll of {object_name} in {org}"] = poll
        if sources.change_events is not None:
            follower = ChangeFollower(pull(Source.CHANGE_EVENTS, object_name), client, object_name, fields, polled)
            parts[f"change events of {object_name} in {org}"] = partial(
                _follow_or_poll, follower, org, object_name, None if is_polled else poll
            )
    return parts


async def _follow_or_poll(
    follower: ChangeFollower, org: OrgName, object_name: str, poll: Callable[[str], Awaitable[None]] | None
) -> None:
    """Follow the changes of an object; where the org makes no events of them, poll it for a while instead."""
    try:
        await follower.follow()
    except ChangesNotCaptured as error:
        log.error(
            "changes_not_captured",
            org=org,
            object=object_name,
            error=str(error),
            polled="as configured" if poll is None else "instead",
            remedy=f"In Setup > Integrations > Change Data Capture, select {object_name}; give the hub's user the "
            "permission View All Records for it.",
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(ASK_AGAIN_S):
                await (asyncio.sleep(ASK_AGAIN_S) if poll is None else poll(await follower.started_at()))


def _tracked(hub: Hub, org: OrgName) -> Mapping[str, tuple[str, ...]]:
    """The objects that any sync of the org reads, and of each all fields that any of them watches."""
    tracked: dict[str, dict[str, None]] = {}
    for compiled in hub.compiled.values():
        if compiled.definition.org == org:
            for target in compiled.definition.targets:
                names = watched_fields(target, compiled.definition.flows)
                tracked.setdefault(target.object, {}).update(dict.fromkeys(names))
            won = compiled.definition.flows.closed_won
            if won is not None:
                tracked.setdefault(OBJECT, {}).update(dict.fromkeys(fields_of(won)))
    return {object_name: tuple(fields) for object_name, fields in tracked.items()}
