"""The books of the mass-change gate: workers count together, what came to nothing is taken back, decisions are kept."""

import asyncio

import pytest

from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.place import Place
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.threshold import Threshold, Thresholds, WriteKind
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite
from crosswalk.engine.books import Booking
from crosswalk.engine.gate import Admission, MassChangeGate
from crosswalk.engine.holding import Holds
from crosswalk.store.audit import AuditEntry
from crosswalk.store.database import Database
from crosswalk.store.holds import Decision

SYNC = SyncName("customers")
LIMITED = Thresholds(3600, {WriteKind.CLEAR: Threshold(10)})


def plans(first: int, number: int, new: str | None = None) -> dict[UserId, Plan]:
    """Plans that would each empty a title, or give it a new value."""
    found = {}
    for index in range(first, first + number):
        user_id = UserId(f"auth0|{index}")
        field = FieldWrite("Title", "Countess", new, Reason.CHANGED, Place("lead.yaml", 1))
        write = RecordWrite(Action.UPDATE, "Lead", None, ("Auth0_User_Id__c", user_id), (field,))
        found[user_id] = Plan(user_id, Situation.LINKED, writes=(write,))
    return found


def written(user_id: UserId) -> Booking:
    entry = AuditEntry(SYNC, user_id, "Lead", "00Q", "update", "Title", "Countess", None, "changed", "", "crosswalk")
    return Booking(user_id, "written", audit=(entry,))


async def settled(gate: MassChangeGate, database: Database, admission: Admission) -> dict[UserId, str | None]:
    """Finish a batch as if everything that went on was written; the outcome of each."""
    async with database.transaction() as connection:
        bookings = await gate.settle(connection, admission, [written(user_id) for user_id in admission.going])
    return {booking.user_id: booking.outcome for booking in bookings}


@pytest.fixture
def gate(database: Database) -> MassChangeGate:
    return MassChangeGate(SYNC, LIMITED, database)


async def test_workers_that_count_at_the_same_moment_never_let_more_go_on_than_is_allowed(database: Database) -> None:
    workers = [MassChangeGate(SYNC, LIMITED, database) for _ in range(6)]

    admissions = await asyncio.gather(*(worker.admit(plans(i * 10, 3)) for i, worker in enumerate(workers)))

    assert sum(len(each.going) for each in admissions) == 9
    assert sum(len(each.held) for each in admissions) == 9
    assert [(hold.kind, hold.allowed, hold.would_be) for hold in await Holds(database).waiting()] == [("clear", 10, 12)]


async def test_what_came_to_nothing_does_not_count(gate: MassChangeGate, database: Database) -> None:
    admission = await gate.admit(plans(0, 10))
    async with database.transaction() as connection:
        await gate.settle(connection, admission, [Booking(user_id, None) for user_id in admission.going])

    assert len((await gate.admit(plans(0, 10))).going) == 10
    assert len((await gate.admit(plans(10, 1))).held) == 1


async def test_what_was_approved_goes_on_as_it_was_shown_and_anything_else_is_looked_at_anew(
    gate: MassChangeGate, database: Database
) -> None:
    admission = await gate.admit(plans(0, 20))
    outcomes = await settled(gate, database, admission)
    [hold] = await Holds(database).waiting()

    await Holds(database).decide(hold.id, Decision.APPROVED, "Grace")
    other = await MassChangeGate(SYNC, LIMITED, database).admit({**plans(0, 19), **plans(100, 11)})

    assert set(outcomes.values()) == {"held"}
    assert hold.identities == 20
    assert set(other.going) == set(plans(0, 19))
    assert set(other.held) == set(plans(100, 11))


async def test_a_plan_whose_hold_is_decided_in_between_is_tried_again(gate: MassChangeGate, database: Database) -> None:
    admission = await gate.admit(plans(0, 20))
    [hold] = await Holds(database).waiting()
    await Holds(database).decide(hold.id, Decision.DISCARDED, "Grace")

    assert set((await settled(gate, database, admission)).values()) == {None}


async def test_for_a_while_a_kind_may_go_on_unasked(gate: MassChangeGate, database: Database) -> None:
    await settled(gate, database, await gate.admit(plans(0, 20)))
    [hold] = await Holds(database).waiting()

    await Holds(database).decide(hold.id, Decision.APPROVED, "Grace", unasked_for_s=60)

    assert len((await gate.admit(plans(100, 500))).going) == 500


async def test_a_newer_plan_without_the_kind_leaves_the_hold_and_the_last_one_closes_it(
    gate: MassChangeGate, database: Database
) -> None:
    await settled(gate, database, await gate.admit(plans(0, 11)))

    await settled(gate, database, await gate.admit(plans(0, 10, new="Admiral")))
    [left] = await Holds(database).waiting()
    await settled(gate, database, await gate.admit(plans(10, 1, new="Admiral")))

    assert left.identities == 1
    assert await Holds(database).waiting() == []
    [closed] = await Holds(database).newest(10)
    assert closed.decision == "emptied"


async def test_a_share_of_the_linked_identities_may_be_more_than_the_number(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO links (sync, user_id, object, record_id, evidence, record, base)"
            " SELECT 'customers', n::text, 'Lead', n::text, 'created', '{}', '{}' FROM generate_series(1, 300) AS n"
        )
    tenth = MassChangeGate(SYNC, Thresholds(3600, {WriteKind.CLEAR: Threshold(10, 10)}), database)

    assert len((await tenth.admit(plans(0, 30))).going) == 30
    assert len((await tenth.admit(plans(100, 1))).held) == 1
