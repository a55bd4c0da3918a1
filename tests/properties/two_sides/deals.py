"""Deals between the two sides: opportunities of a few contacts, users with roles, and the hub that keeps them right."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from crosswalk.connectors.base import Done, RetryLater, UserWritten
from crosswalk.connectors.errors import Unreachable
from crosswalk.connectors.salesforce.changes import change_event
from crosswalk.domain.change import ChangeKind, RecordChange
from crosswalk.domain.event import Source
from crosswalk.domain.flow import ClosedWonFlow, Flows
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.record import Record
from crosswalk.domain.user_writes import MembershipChange, RoleChange, UserCreate
from crosswalk.engine.deals import DealReconciler, deal_subject
from crosswalk.engine.writing import Writer
from crosswalk.flows.closed_won import CompiledClosedWon
from tests.core_builders import NOON, a_place, a_sync, a_target, an_identity
from tests.properties.two_sides.hub import NoThresholds
from tests.properties.two_sides.process import NO_THREADS, Interruption, Outage, Process, Stuck
from tests.properties.two_sides.store import Store

ROLES = {"Gold": ("gold", "support"), "Silver": ("silver", "support")}
CONTACTS = (RecordId("003000000000001AAA"), RecordId("003000000000002AAA"))
DEALS = (RecordId("006000000000001AAA"), RecordId("006000000000002AAA"), RecordId("006000000000003AAA"))
ORGANIZATION = "org_customers"
LANES = (0, 1)
ROUNDS = 12

FLOW = ClosedWonFlow(
    when="deal.IsWon === true",
    tier="deal.Tier__c",
    contact_field="ContactId",
    deal_fields=("Tier__c",),
    roles=ROLES,
    connection="customers",
    organization=ORGANIZATION,
    invitation=None,
    place=a_place(80),
)
DEFINITION = replace(a_sync(a_target(object_="Lead")), flows=Flows(closed_won=FLOW), lanes=len(LANES))


@dataclass
class Opportunity:
    """One deal; its contact by number."""

    won: bool = False
    tier: str = "Gold"
    contact: int = 0


def lane_of(subject: UserId) -> int:
    """Which lane a deal is in."""
    return int(subject[-4]) % len(LANES)


@dataclass
class DealHub:
    """The hub's half that sees to deals, between a tenant with users and their access, and an org with deals."""

    deals: dict[RecordId, Opportunity] = field(default_factory=lambda: {each: Opportunity() for each in DEALS})
    users: dict[UserId, set[str]] = field(default_factory=dict)
    """User → the roles and the organization that it has."""
    changes: int = 0
    events: int = 0

    def __post_init__(self) -> None:
        self.process = Process()
        self.store = Store(self.process.door, lane_of)
        database: Any = self.store
        wire: Any = _Wire(self)
        gate: Any = NoThresholds()
        writer = Writer(wire, wire)
        self._reconciler = DealReconciler(DEFINITION, _COMPILED, wire, wire, writer, database, gate, NO_THREADS)

    def hear(self, deal: RecordId) -> None:
        """Something happened to a deal."""
        self.events += 1
        change = RecordChange("Opportunity", deal, ChangeKind.UNKNOWN)
        self.store.accept(change_event(f"deal-{self.events}", Source.RECORD_POLL, change, NOON), deal_subject(deal))

    def work(self, lane: int, interruption: Interruption | None = None) -> None:
        """One batch of a lane, as far as it gets."""
        if self.store.read_due(lane):
            self.process.run(lambda: self.batch(lane), interruption)

    async def batch(self, lane: int) -> None:
        """What a lane's job does with what is due."""
        events = self.store.read_due(lane)
        if events:
            await self._reconciler.reconcile(events)

    def settle(self) -> None:
        """Work until nothing is due any more."""
        for _ in range(ROUNDS):
            for lane in LANES:
                self.work(lane)
            if not self.store.tables.due:
                return
        raise Stuck(f"never done with {self.store.tables.due}: {self.store.tables.problems}")

    def look_at_all(self) -> None:
        """Look at every deal afresh."""
        for deal in DEALS:
            self.hear(deal)
        self.settle()

    def wanted(self) -> dict[UserId, set[str]]:
        """What the users of the contacts ought to have by the deals that are won."""
        access: dict[UserId, set[str]] = {UserId(f"auth0|{contact}"): set() for contact in CONTACTS}
        for deal in self.deals.values():
            if deal.won:
                access[UserId(f"auth0|{CONTACTS[deal.contact]}")] |= {*ROLES[deal.tier], ORGANIZATION}
        return access


class _Wire:
    """Both vendors' connectors as the engine sees them, with a door before each call and one after each write."""

    def __init__(self, hub: DealHub) -> None:
        self.hub = hub

    async def find_candidates(
        self, object_name: str, fields: Sequence[str], key_field: str, values: Sequence[str]
    ) -> list[Record]:
        await self._reach("query")
        if object_name == "Contact":
            return [Record("Contact", RecordId(id_), {"Email": f"{id_}@example.com", "Name": id_}) for id_ in values]
        found: list[Record] = []
        for id_ in map(RecordId, values):
            deal = self.hub.deals[id_]
            told = {"IsWon": deal.won, "Tier__c": deal.tier, "ContactId": CONTACTS[deal.contact]}
            found.append(Record(object_name, id_, {name: told.get(name) for name in fields}))
        return found

    async def read_users(self, user_ids: Sequence[UserId]) -> dict[UserId, Identity | None]:
        await self._reach("GET users")
        return {user_id: an_identity(user_id) if user_id in self.hub.users else None for user_id in user_ids}

    async def find_users_by_email(self, email: str) -> list[Identity]:
        await self._reach("GET users-by-email")
        user_id = UserId(f"auth0|{email.partition('@')[0]}")
        return [an_identity(user_id)] if user_id in self.hub.users else []

    async def write(self, writes: Sequence[object], book: object = None) -> list[object]:
        assert not writes, "the flow of these tests writes to no record"
        return []

    async def write_users(self, writes: Sequence[object]) -> list[object]:
        assert not writes, "a flow changes no attribute of a user"
        return []

    async def create_user(self, write: UserCreate) -> UserWritten | RetryLater:
        user_id = UserId(f"auth0|{write.profile['user_id']}")
        refused = await self._before()
        if refused is None:
            self.hub.changes += user_id not in self.hub.users
            self.hub.users.setdefault(user_id, set())
        return refused or await self._after() or UserWritten(an_identity(user_id))

    async def change_role(self, write: RoleChange) -> Done | RetryLater:
        return await self._change(write.user_id, write.role, given=write.granted)

    async def change_membership(self, write: MembershipChange) -> Done | RetryLater:
        return await self._change(write.user_id, write.organization, given=write.member)

    async def _change(self, user_id: UserId, what: str, *, given: bool) -> Done | RetryLater:
        refused = await self._before()
        if refused is None:
            has = self.hub.users[user_id]
            self.hub.changes += (what in has) is not given
            (has.add if given else has.discard)(what)
        return refused or await self._after() or Done("")

    async def _before(self) -> RetryLater | None:
        await self.hub.process.door()
        return RetryLater("too_many_requests", "later") if self.hub.process.failing(Outage.REFUSED) else None

    async def _after(self) -> RetryLater | None:
        await self.hub.process.door()
        return RetryLater("UNREACHABLE", "no answer") if self.hub.process.failing(Outage.UNANSWERED) else None

    async def _reach(self, call: str) -> None:
        await self.hub.process.door()
        if self.hub.process.failing(Outage.REFUSED) or self.hub.process.failing(Outage.UNANSWERED):
            raise Unreachable("the vendor", call, "a timeout")


_COMPILED = CompiledClosedWon(FLOW)
