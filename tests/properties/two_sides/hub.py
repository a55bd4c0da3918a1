"""The hub between the two sides: the real engine, with doors at which its process may die or others come in between."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from crosswalk.connectors.base import RetryLater, UserWriteResult, WriteResult
from crosswalk.connectors.errors import Unreachable
from crosswalk.connectors.salesforce.changes import change_event
from crosswalk.domain.change import ChangeKind, RecordChange
from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.fate import Fate
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.look_up import LookUp
from crosswalk.domain.plan import Plan
from crosswalk.domain.record import Record
from crosswalk.domain.write import RecordWrite, UserWrite
from crosswalk.engine.books import Booking
from crosswalk.engine.gate import Admission
from crosswalk.engine.planning import Planner
from crosswalk.engine.reconciler import Reconciler
from crosswalk.engine.routing import Router
from crosswalk.engine.writing import Writer
from crosswalk.store.database import Connection
from crosswalk.store.due import NOBODY, ROUTING, Lane
from tests.properties.two_sides.clock import Clock
from tests.properties.two_sides.configuration import SYNC
from tests.properties.two_sides.org import Org, as_polled
from tests.properties.two_sides.process import NO_THREADS, Interruption, Outage, Process, Stuck
from tests.properties.two_sides.store import Store
from tests.properties.two_sides.tenant import OWN_CLIENT, Tenant

LANES = (0, 1, ROUTING)
OF_AUTH0 = {"LastName": "name", "Email": "email"}
ROUNDS = 25
"""How often everything that is due is worked on before it counts as stuck."""


class NoLoops:
    """Finds no loops: random edits flip fields more than anything real, and a quarantine would let them differ."""

    async def stop(self, plans: object) -> set[UserId]:
        """Leave no field alone."""
        return set()


class NoThresholds:
    """Lets everything through."""

    async def admit(self, plans: Mapping[UserId, Plan]) -> Admission:
        """Hold nothing."""
        return Admission(plans, {}, {})

    async def settle(self, connection: object, admission: object, bookings: Sequence[Booking]) -> list[Booking]:
        """Count nothing."""
        return list(bookings)


class Hub:
    """One installation of the hub with two lanes and the router."""

    def __init__(self, tenant: Tenant, org: Org, clock: Clock) -> None:
        self.tenant, self.org, self.clock = tenant, org, clock
        self.process = Process()
        self.store = Store(self.process.door, lane_of)
        self.users_first = False
        self._drifts = 0
        database: Any = self.store
        definition = SYNC.definition
        self._reconciler = Reconciler(
            definition=definition,
            planner=_PLANNER,
            users=_WIRE,
            writer=Writer(_WIRE, _WIRE),
            database=database,
            loops=NoLoops(),  # type: ignore[arg-type]  it has what is called
            gate=NoThresholds(),  # type: ignore[arg-type]  it has what is called
            own_client=OWN_CLIENT,
        )
        self._router = Router(SYNC, _WIRE, database)

    def hear(self, event: Event) -> None:
        """Take an event in, as intake does: a record's goes to the identity that is linked to it, or to the router."""
        if event.disposition is Disposition.IGNORED:
            return
        owner = event.user_id
        if event.record is not None:
            links = self.store.tables.links.values()
            owner = next((link.user_id for link in links if link.record.id == event.record.id), None)
        self.store.accept(event, owner or NOBODY)

    def work(self, lane: int, interruption: Interruption | None = None) -> None:
        """One batch of a lane, as far as it gets."""
        self.org.hub_began, _WIRE.hub = 0, self
        if self.store.read_due(lane):
            self.process.run(lambda: self.batch(lane), interruption)

    async def batch(self, lane: int) -> None:
        """What a lane's job does with what is due."""
        events = self.store.read_due(lane)
        if not events:
            return
        began, self.org.hub_began = self.org.hub_began, self.org.changes
        if lane == ROUTING:
            await self._router.route(events, _wake)
        else:
            await self._reconciler.reconcile(events)
        self.org.hub_began = began

    def settle(self) -> None:
        """Work until nothing is due any more."""
        for _ in range(ROUNDS):
            for lane in LANES:
                self.work(lane)
            waiting = {work.user_id for work in self.store.tables.due}
            if not waiting:
                return
        problems = {user_id: self.store.tables.problems.get(user_id) for user_id in waiting}
        raise Stuck(f"never done with {problems}")

    def drift_pass(self) -> None:
        """Look at everybody and everything afresh, from both sides, and hear what this itself led to."""
        self._drifts += 1
        heard = len(self.org.news)
        self.clock.forward(10_000)
        for user_id in sorted({*self.tenant.users, *self.store.tables.identities}):
            event_id = f"drift-{self._drifts}-{user_id}"
            self.hear(
                Event(
                    id=event_id,
                    source=Source.DRIFT,
                    type="drift",
                    occurred_at=self.clock.now,
                    disposition=Disposition.CHANGED,
                    raw=b"{}",
                    user_id=UserId(user_id),
                )
            )
        seen = {row.id: row.object for row in self.org.alive()}
        seen |= {link.record.id: link.record.object for link in self.store.tables.links.values()}
        for id_, object_name in seen.items():
            change = RecordChange(object_name, id_, ChangeKind.UNKNOWN)
            self.hear(change_event(f"drift-{self._drifts}-{id_}", Source.DRIFT, change, self.clock.now))
        self.settle()
        for news in self.org.news[heard:]:
            self.hear(as_polled(news, self.clock))
        self.settle()

    def forbid_old(self, write: RecordWrite) -> None:
        """What Auth0 owns is never written as it was before the state that the hub has stored already."""
        user_id = UserId(write.external_id[1])
        known = self.store.tables.identities.get(user_id)
        if known is None or write.object == "Task":
            return
        since = [n.user for n in self.tenant.news if n.at[:-1] >= known.version.updated_at[:23]]
        for each in write.fields:
            path = OF_AUTH0.get(each.field, "")
            states = [str(user.get(path)).strip() for user in since if user["user_id"] == user_id]
            assert not path or each.new in states, f"an old {each.field} is written: {each} instead of {states}"


class _Wire:
    """Both vendors' connectors as the engine sees them, with a door before each call and one after each write."""

    hub: Hub

    async def read_users(self, user_ids: Sequence[UserId]) -> dict[UserId, Identity | None]:
        await self._reach("GET users")
        return await self.hub.tenant.read_users(user_ids)

    async def write_users(self, writes: Sequence[UserWrite]) -> list[UserWriteResult]:
        results: list[UserWriteResult] = []
        for write in writes:
            await self.hub.process.door()
            if self.hub.process.failing(Outage.REFUSED):
                results.append(RetryLater("too_many_requests", "later"))
                continue
            results += await self.hub.tenant.write_users([write])
            await self.hub.process.door()
            if self.hub.process.failing(Outage.UNANSWERED):
                results[-1] = RetryLater("UNREACHABLE", "no answer")
        return results

    async def look_up(self, look_ups: Sequence[LookUp]) -> list[list[Record]]:
        await self._reach("query")
        return await self.hub.org.look_up(look_ups)

    async def find_candidates(
        self, object_name: str, fields: Sequence[str], key_field: str, values: Sequence[str]
    ) -> list[Record]:
        await self._reach("query")
        return await self.hub.org.find_candidates(object_name, fields, key_field, values)

    async def find_fates(
        self, object_name: str, fields: Sequence[str], ids: Sequence[RecordId]
    ) -> dict[RecordId, Fate]:
        await self._reach("queryAll")
        return await self.hub.org.find_fates(object_name, fields, ids)

    async def write(self, writes: Sequence[RecordWrite]) -> list[WriteResult]:
        if self.hub.users_first:
            await asyncio.sleep(0)
        results: list[WriteResult] = []
        for write in writes:
            self.hub.forbid_old(write)
            await self.hub.process.door()
            if self.hub.process.failing(Outage.REFUSED):
                results.append(RetryLater("UNABLE_TO_LOCK_ROW", "later"))
                continue
            results += await self.hub.org.write([write])
            await self.hub.process.door()
            if self.hub.process.failing(Outage.UNANSWERED):
                results[-1] = RetryLater("UNREACHABLE", "no answer")
        return results

    async def _reach(self, call: str) -> None:
        await self.hub.process.door()
        if self.hub.process.failing(Outage.REFUSED) or self.hub.process.failing(Outage.UNANSWERED):
            raise Unreachable("the vendor", call, "a timeout")


_WIRE: Any = _Wire()
_PLANNER = Planner(SYNC, _WIRE, _WIRE, NO_THREADS)
"""One for all sequences, since its expressions take long to compile; it remembers nothing."""


def lane_of(user_id: UserId) -> int:
    """Two lanes; nobody's events are in the router's."""
    return ROUTING if user_id == NOBODY else ord(user_id[-1]) % 2


async def _wake(connection: Connection, lane: Lane) -> None:
    """Everything that is due is worked on anyway."""
