"""What a sync would write, without writing it: for given users, a file of events, everybody, or the stored replicas."""

from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count

import msgspec
from msgspec import Struct

from crosswalk.connectors.auth0.events import parse_event_stream_body
from crosswalk.connectors.auth0.log_events import parse_log_stream_body
from crosswalk.connectors.auth0.malformed import MalformedEvent
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.event import Disposition, Event
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.link import Link
from crosswalk.domain.plan import Plan
from crosswalk.engine.following import Org
from crosswalk.engine.hub import Hub
from crosswalk.engine.planned import Planned
from crosswalk.engine.planning import Planner
from crosswalk.engine.replica_org import ReplicaOrg
from crosswalk.engine.states import fold, newest_states
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.store import identities, links, replicas
from crosswalk.store.due import DueEvent

IDENTITIES_AT_ONCE = 1_000


class UnknownUser(CrosswalkError):
    """The tenant has no such user."""


class UnknownRecord(CrosswalkError):
    """The record is linked to nobody."""


class BadEventFile(CrosswalkError):
    """A file of events cannot be read."""


class Preview(Struct, frozen=True):
    """What would be done for one identity, and from which state of both sides that follows.

    `before` is what the configuration that is compared with would do, where there is one.
    """

    identity: Identity
    link: Link | None
    plan: Plan
    before: Plan | None = None


class Previewer:
    """Plans without writing, as one sync's job would.

    Parameters
    ----------
    hub, sync
        Where, and for which sync.
    planner
        Instead of the hub's own: one that plans from the replica.
    before
        One with another configuration, to compare with.
    """

    def __init__(self, hub: Hub, sync: SyncName, planner: Planner | None = None, before: Planner | None = None) -> None:
        self._hub = hub
        self._definition = hub.compiled[sync].definition
        self._tenant = hub.tenants[self._definition.tenant]
        self._planner = planner or hub.planners[sync]
        self._before = before

    async def users(self, user_ids: Sequence[UserId]) -> AsyncIterator[Preview]:
        """Plans for these users, as Auth0 has them now.

        Raises
        ------
        UnknownUser
            Auth0 does not have one of them.
        """
        read = await self._tenant.read_users(user_ids)
        missing = [user_id for user_id, state in read.items() if state is None]
        if missing:
            raise UnknownUser(
                f"tenant {self._definition.tenant} has no user {', '.join(missing)}; ids look like auth0|65f1c0ffee"
            )
        async for preview in self.plan([state for state in read.values() if state is not None]):
            yield preview

    async def everybody(self) -> AsyncIterator[Preview]:
        """Plans for every user of the tenant, a thousand at a time."""
        batch: list[Identity] = []
        async for identity in self._tenant.list_users():
            batch.append(identity)
            if len(batch) == IDENTITIES_AT_ONCE:
                async for preview in self.plan(batch):
                    yield preview
                batch = []
        async for preview in self.plan(batch):
            yield preview

    async def replica(self) -> AsyncIterator[Preview]:
        """Plans for every user that the hub knows, in the state that it last knew, a thousand at a time."""
        after = ""
        while True:
            async with self._hub.database.transaction() as connection:
                batch = await replicas.identities_after(connection, self._definition.tenant, after, IDENTITIES_AT_ONCE)
            async for preview in self.plan(batch):
                yield preview
            if len(batch) < IDENTITIES_AT_ONCE:
                return
            after = batch[-1].user_id

    async def stored(self, user_ids: Sequence[UserId]) -> AsyncIterator[Preview]:
        """Plans for these of the users that the hub knows, in the state that it last knew."""
        async with self._hub.database.transaction() as connection:
            found = await identities.read(connection, self._definition.tenant, user_ids)
        async for preview in self.plan(list(found.values())):
            yield preview

    async def events(self, events: Sequence[Event]) -> AsyncIterator[Preview]:
        """Plans for the identities that these events are about, in the state that the events leave them in."""
        due = [
            DueEvent(seq, event, 0.0)
            for seq, event in zip(count(1), events, strict=False)
            if event.disposition is not Disposition.IGNORED
        ]
        states = await newest_states(self._hub.database, self._definition.tenant, self._tenant, fold(due))
        for error in states.waiting.values():
            raise error
        async for preview in self.plan(list(states.identities.values())):
            yield preview

    async def plan(self, batch: Sequence[Identity]) -> AsyncIterator[Preview]:
        """Plans for identities in these states.

        Raises
        ------
        ConnectorError
            The org did not answer what had to be asked.
        """
        if not batch:
            return
        planned = await self._planned(self._planner, batch)
        before = (await self._planned(self._before, batch)).plans if self._before is not None else {}
        for identity in batch:
            user_id = identity.user_id
            yield Preview(identity, planned.links.get(user_id), planned.plans[user_id], before.get(user_id))

    async def _planned(self, planner: Planner, batch: Sequence[Identity]) -> Planned:
        planned = await planner.plan(self._hub.database, batch)
        for error in planned.waiting.values():
            raise error
        return planned


@contextmanager
def replica_planner(hub: Hub, compiled: CompiledSync) -> Iterator[Planner]:
    """Lend a planner that takes linked records from the replica, for the hub's configuration or another one."""
    definition = compiled.definition
    with _planner(hub, compiled, ReplicaOrg(definition.name, hub.database, hub.orgs[definition.org])) as planner:
        yield planner


@contextmanager
def live_planner(hub: Hub, compiled: CompiledSync) -> Iterator[Planner]:
    """Lend a planner for another configuration than the hub's."""
    with _planner(hub, compiled, hub.orgs[compiled.definition.org]) as planner:
        yield planner


@contextmanager
def _planner(hub: Hub, compiled: CompiledSync, org: Org) -> Iterator[Planner]:
    with ThreadPoolExecutor(1, thread_name_prefix="preview") as threads:
        yield Planner(compiled, org, hub.tenants[compiled.definition.tenant], threads)


async def user_of_record(hub: Hub, sync: SyncName, record_id: str) -> UserId:
    """The user that a record is linked to.

    Raises
    ------
    UnknownRecord
        It is linked to none.
    """
    async with hub.database.transaction() as connection:
        found = [link.user_id for name, link in await links.by_record(connection, record_id) if name == sync]
    if not found:
        raise UnknownRecord(
            f"sync {sync} has no link for the record {record_id}: give its id (15 or 18 characters), or plan the user "
            "it should belong to by --user"
        )
    return found[0]


def read_events(body: bytes, name: str) -> list[Event]:
    """The events of a file: CloudEvents one per line or in an array, or tenant logs in any form a log stream has.

    Raises
    ------
    BadEventFile
        It holds something else; the message says where.
    """
    try:
        return parse_log_stream_body(body)
    except MalformedEvent as not_logs:
        if b'"specversion"' not in body:
            raise BadEventFile(f"{name}: {not_logs}") from not_logs
    events = []
    for number, line in enumerate(_cloud_events(body, name), 1):
        try:
            events.append(parse_event_stream_body(line))
        except MalformedEvent as error:
            raise BadEventFile(f"{name}: event {number}: {error}") from error
    return events


def _cloud_events(body: bytes, name: str) -> list[bytes]:
    text = body.strip()
    if text.startswith(b"["):
        try:
            return [bytes(item) for item in msgspec.json.decode(text, type=list[msgspec.Raw])]
        except msgspec.DecodeError as error:
            raise BadEventFile(f"{name}: expected an array of events: {error}") from error
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except msgspec.DecodeError:
        return [line for line in text.splitlines() if line.strip()]
    return [text]
