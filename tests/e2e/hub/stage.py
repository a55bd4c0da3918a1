"""A hub without its sources: a test hands it what both sides told, in the order that it likes, one event at a time.

Both sides are the sandbox's, changed through the vendors' own clients. What they tell of it is collected as the hub's
sources would read it, so every order in which it could arrive can be played, late and repeated.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import permutations
from typing import Any

from auth0.management import ManagementClient
from simple_salesforce import Salesforce

from crosswalk.config.load import load_config
from crosswalk.connectors.salesforce.record_poll import position_of, time_of
from crosswalk.domain.event import Event
from crosswalk.domain.ids import OrgName, SyncName, TenantName, UserId
from crosswalk.domain.link import EndedLink, Link
from crosswalk.engine.hub import Hub, open_hub
from crosswalk.engine.settings import subscribers
from crosswalk.reconcile.tracking import watched_fields
from crosswalk.store import former_links, inbox, links, problems
from crosswalk.store.database import fetch_row
from tests.e2e.hub.conftest import System
from tests.e2e.hub.vendors import auth0_client, salesforce_client

SYNC, TENANT, ORG = SyncName("customers"), TenantName("acme"), OrgName("acme")
DEADLINE_S = 60.0
COLLECT_S = 60.0
LONG_AGO = "2020-01-01T00:00:00.000Z"

OUTSTANDING = "SELECT count(*) FROM due WHERE outcome IS NULL"


@dataclass
class Stage:
    """A running hub that reads nothing by itself, and both sides."""

    hub: Hub
    auth0: ManagementClient
    org: Salesforce
    system: System
    offset: str | None = None
    """How far the tenant's events were collected."""
    seen: set[str] = field(default_factory=set)
    """The ids of the org's events that were collected."""

    async def collect_users(self, number: int) -> list[Event]:
        """What the tenant told since the last time: that many events."""
        found: list[Event] = []
        start = None if self.offset else LONG_AGO
        async with (
            asyncio.timeout(COLLECT_S),
            aclosing(self.hub.tenants[TENANT].subscribe(self.offset, start)) as items,
        ):
            async for item in items:
                self.offset = item.offset
                if item.event is not None:
                    found.append(item.event)
                if len(found) == number:
                    return found
        raise AssertionError(f"expected {number} events of the tenant, found {[each.type for each in found]}")

    async def collect_records(self, *record_ids: str) -> list[Event]:
        """What the org tells of these records that it did not tell before."""
        definition = self.hub.compiled[SYNC].definition
        found: list[Event] = []
        for target in definition.targets:
            fields = watched_fields(target, definition.flows)
            now = time_of(await self.hub.orgs[ORG].newest_change(target.object))
            since = position_of(now - timedelta(hours=1))
            async for events in self.hub.orgs[ORG].changes_since(target.object, fields, since):
                found += [e for e in events if e.record and e.record.id in record_ids and e.id not in self.seen]
        self.seen |= {each.id for each in found}
        return found

    def later(self) -> None:
        """Let two seconds pass on both sides: Salesforce's times of change have whole seconds."""
        self.system.sandbox.clock(advance=2.0)

    async def deliver(self, *events: Event) -> None:
        """Hand the hub one event after the other, and wait each time until it has dealt with everything."""
        for event in events:
            await self.accept(event)
            await self.quiet()

    async def accept(self, event: Event) -> None:
        """Hand the hub an event, and do not wait for what it does about it."""
        wanted = subscribers(self.hub.config)
        async with self.hub.database.transaction() as connection:
            if event.record is None:
                accepted = await inbox.accept(connection, [(TENANT, event)], wanted)
            else:
                accepted = await inbox.accept_changes(connection, ORG, [event], wanted)
            for lane in accepted.lanes:
                await self.hub.jobs.wake(connection, lane)

    async def quiet(self) -> None:
        """Wait until nothing is left to be done."""

        async def done() -> bool:
            async with self.hub.database.transaction() as connection:
                return bool((await fetch_row(connection, OUTSTANDING, ()))[0] == 0)

        await within(done, "everything dealt with")

    async def link_of(self, user_id: str) -> Link | None:
        """The link that a user has."""
        async with self.hub.database.transaction() as connection:
            return (await links.read(connection, SYNC, [UserId(user_id)])).get(UserId(user_id))

    async def record_of(self, user_id: str) -> str | None:
        """The id of the record that a user is linked to."""
        link = await self.link_of(user_id)
        return None if link is None else link.record.id

    async def former(self, user_id: str) -> list[EndedLink]:
        """The links that a user had before, the last one first."""
        async with self.hub.database.transaction() as connection:
            return await former_links.of_identity(connection, SYNC, UserId(user_id))

    async def problems_of(self, user_id: str) -> list[str]:
        """The codes of the problems that a user has open."""
        async with self.hub.database.transaction() as connection:
            found = await problems.of_identity(connection, SYNC, UserId(user_id))
        return sorted(each.code for each in found if each.resolved_at is None)

    def records_named(self, object_name: str, last_name: str) -> list[dict[str, Any]]:
        """The records of one object that are there, by their last name."""
        fields = "Id, FirstName, LastName, Email, Title, Auth0_User_Id__c"
        extra = " AND IsConverted = false" if object_name == "Lead" else ""
        soql = f"SELECT {fields} FROM {object_name} WHERE LastName = '{last_name}'{extra} ORDER BY Id"  # noqa: S608
        return [dict(row) for row in self.org.query(soql)["records"]]


async def within(holds: Callable[[], Awaitable[Any]], what: str, deadline_s: float = DEADLINE_S) -> Any:
    """Poll until `holds` gives something true, and return that."""
    began = time.monotonic()
    while True:
        found = await holds()
        if found:
            return found
        if time.monotonic() - began > deadline_s:
            raise AssertionError(f"not within {deadline_s:g} s: {what}")
        await asyncio.sleep(0.01)


@asynccontextmanager
async def a_stage(system: System) -> AsyncIterator[Stage]:
    """A hub on this system's configuration that works, but reads from neither side."""
    system.sync = {"linger": "0ms", **system.sync}
    system.sources = {"subscription": None}
    system.org_sources = {"record_poll": {"every": "1h"}}
    path = system.configure()
    with auth0_client(system.sandbox.access) as auth0, salesforce_client(system.sandbox.access) as org:
        async with open_hub(load_config(path, environ=system.environ)) as hub, asyncio.TaskGroup() as parts:
            working = [parts.create_task(each) for each in (hub.jobs.work(), hub.jobs.sweep_for_ever())]
            stage = Stage(hub, auth0, org, system)
            try:
                yield stage
            finally:
                for each in working:
                    each.cancel()


def orders(number: int) -> list[tuple[int, ...]]:
    """Every order of that many things."""
    return list(permutations(range(number)))


def in_order(events: Sequence[Event], order: Sequence[int]) -> list[Event]:
    """The events in this order."""
    return [events[position] for position in order]
