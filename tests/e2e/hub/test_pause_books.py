"""Pauses on the real database: what begins one, what it holds back, and how it ends."""

import pytest

from crosswalk.domain.effect import Effect, EffectStep, Step
from crosswalk.domain.ids import UserId
from crosswalk.domain.pause import PROBE, Cause, Misconfigured, Pause, PauseKind
from crosswalk.domain.place import Place
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.user_writes import RoleChange
from crosswalk.engine.books import Booking
from crosswalk.engine.pausing import Permit, causes_to_pause, hold_back, permit, settle
from crosswalk.store import audit, pauses, problems
from crosswalk.store.audit import AuditEntry
from crosswalk.store.database import Database
from crosswalk.store.due import ROUTING, Lane
from crosswalk.store.effects import StepTaken
from crosswalk.store.problems import Problem, ProblemKind
from tests.console_scene import ORG, SYNC, TENANT, a_definition
from tests.e2e.hub.test_dead_letter_books import an_event

HERE = Place("crosswalk.yaml", 1)
NO_FIELD = Misconfigured("", "Lead", "INVALID_FIELD", "No such column 'Tier__c'", of_all=True)
NO_RIGHT = Misconfigured("", "Lead", "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access", of_all=False)
NO_ROLE = Misconfigured("closed_won", "", "UNKNOWN_ROLE", "no role named gold", of_all=True)
DEFINITION = a_definition()
LANE, ROUTES = Lane(SYNC, 0), Lane(SYNC, ROUTING)


def refused(user: str, *wrong: Misconfigured) -> Booking:
    found = tuple(
        Problem(SYNC, user, ProblemKind.DEAD_LETTER, w.object, "", w.code, w.message, {"flow": w.flow}, cause="x")
        for w in wrong
    )
    return Booking(UserId(user), "dead_letter", problems=found, misconfigured=wrong)


def written(user: str, object_name: str = "Lead") -> Booking:
    entry = AuditEntry(SYNC, user, object_name, "00Q", "update", "Title", None, "x", "changed", str(HERE), "crosswalk")
    return Booking(UserId(user), "written", audit=(entry,))


def a_step(user: str, flow: str = "closed_won") -> EffectStep:
    grant = RoleChange(UserId(user), "gold")
    return EffectStep(Step.DO, flow, Effect(f"role/{user}", grant, None, "the deal is won."), HERE)


def a_plan(user: str, *steps: EffectStep) -> Plan:
    return Plan(UserId(user), Situation.LINKED, effects=steps, settled="abc")


async def book(database: Database, *bookings: Booking) -> list[tuple[str, str | None, list[ProblemKind]]]:
    """Settle a batch; returns user, outcome and kinds of problems of each."""
    async with database.transaction() as connection:
        settled = await settle(connection, SYNC, bookings)
        seqs = [row[0] for row in await (await connection.execute("SELECT seq FROM due")).fetchall()]
        await pauses.park(connection, SYNC, settled.parked, seqs)
    return [(each.user_id, each.outcome, [p.kind for p in each.problems]) for each in settled.bookings]


async def standing(database: Database) -> list[Pause]:
    async with database.transaction() as connection:
        return await pauses.standing(connection)


async def let_time_pass(database: Database) -> None:
    """Until the next look is due."""
    async with database.transaction() as connection:
        await connection.execute("UPDATE pauses SET probe_at = now() WHERE ended_at IS NULL")


async def test_a_field_that_the_org_does_not_have_pauses_the_sync(database: Database) -> None:
    assert await permit(database, DEFINITION, LANE) is Permit.ALL

    booked = await book(database, refused("auth0|1", NO_FIELD))

    [pause] = await standing(database)
    assert (pause.kind, pause.name, pause.code, pause.object) == (PauseKind.SYNC, SYNC, "INVALID_FIELD", "Lead")
    assert booked == [("auth0|1", None, [ProblemKind.RETRYING])]
    assert await permit(database, DEFINITION, LANE) is Permit.NOTHING


async def test_one_identity_is_let_through_and_what_it_shows_decides(database: Database) -> None:
    await book(database, refused("auth0|1", NO_FIELD))
    await let_time_pass(database)

    permits = [await permit(database, DEFINITION, lane) for lane in (ROUTES, LANE, LANE)]
    await book(database, refused("auth0|1", NO_FIELD))
    still = await permit(database, DEFINITION, LANE)
    await let_time_pass(database)
    assert await permit(database, DEFINITION, LANE) is Permit.ONE
    await book(database, Booking(UserId("auth0|2"), "unchanged"))
    at_once = await permit(database, DEFINITION, LANE)
    await book(database, written("auth0|1"))

    assert permits == [Permit.ALL, Permit.ONE, Permit.NOTHING]
    assert (still, at_once) == (Permit.NOTHING, Permit.ONE)
    assert await permit(database, DEFINITION, LANE) is Permit.ALL
    assert await standing(database) == []


async def test_a_person_who_lets_it_go_on_gets_dead_letters_instead(database: Database) -> None:
    await book(database, refused("auth0|1", NO_FIELD))
    [pause] = await standing(database)
    async with database.transaction() as connection:
        assert await pauses.end(connection, pause, "Grace Hopper")
        assert not await pauses.end(connection, pause, "Grace Hopper")

    booked = await book(database, refused("auth0|1", NO_FIELD))

    assert booked == [("auth0|1", "dead_letter", [ProblemKind.DEAD_LETTER])]
    assert await permit(database, DEFINITION, LANE) is Permit.ALL


@pytest.mark.parametrize(
    ("bookings", "paused"),
    [
        ([refused("auth0|1", NO_FIELD)], {"": "INVALID_FIELD"}),
        ([refused("auth0|1", NO_FIELD), written("auth0|2")], {}),
        ([refused("auth0|1", NO_FIELD), written("auth0|2", "Contact")], {"": "INVALID_FIELD"}),
        ([refused(f"auth0|{number}", NO_RIGHT) for number in range(4)], {}),
        ([refused(f"auth0|{number}", NO_RIGHT) for number in range(5)], {"": "INSUFFICIENT_ACCESS_OR_READONLY"}),
        ([refused("auth0|1", NO_ROLE)], {"closed_won": "UNKNOWN_ROLE"}),
    ],
)
def test_what_concerns_everybody_pauses(bookings: list[Booking], paused: dict[str, str]) -> None:
    found = [(booking.user_id, wrong) for booking in bookings for wrong in booking.misconfigured]

    assert {flow: cause.code for flow, cause in causes_to_pause(found, bookings).items()} == paused


async def drip(database: Database, *users: str, wrong: Misconfigured = NO_RIGHT) -> list[str | None]:
    """One refused identity after the other, each in a batch of its own; returns their outcomes."""
    outcomes: list[str | None] = []
    for user in users:
        async with database.transaction() as connection:
            settled = await settle(connection, SYNC, [refused(user, wrong)])
            found = [problem for each in settled.bookings for problem in each.problems]
            await problems.settle(connection, SYNC, [UserId(user)], found)
        outcomes += [each.outcome for each in settled.bookings]
    return outcomes


async def test_five_in_a_row_pause_also_when_they_come_one_at_a_time(database: Database) -> None:
    before = await drip(database, "auth0|1", "auth0|2", "auth0|3", "auth0|4", "auth0|4")
    assert await standing(database) == []

    fifth = await drip(database, "auth0|5")

    [pause] = await standing(database)
    assert (pause.kind, pause.name, pause.code) == (PauseKind.SYNC, SYNC, "INSUFFICIENT_ACCESS_OR_READONLY")
    assert (before, fifth) == (["dead_letter"] * 5, [None])


async def test_whoever_is_let_through_during_a_pause_becomes_no_dead_letter(database: Database) -> None:
    await book(database, *(refused(f"auth0|{number}", NO_RIGHT) for number in range(5)))
    await let_time_pass(database)
    assert await permit(database, DEFINITION, LANE) is Permit.ONE

    assert await drip(database, "auth0|9") == [None]
    assert await permit(database, DEFINITION, LANE) is Permit.NOTHING


async def test_a_record_that_could_be_written_in_between_shows_that_not_everybody_is_concerned(
    database: Database,
) -> None:
    await drip(database, "auth0|1", "auth0|2", "auth0|3")
    async with database.transaction() as connection:
        await audit.append(connection, written("auth0|7").audit)

    assert await drip(database, "auth0|4", "auth0|5") == ["dead_letter", "dead_letter"]
    assert await standing(database) == []
    assert await drip(database, "auth0|6", "auth0|8", "auth0|9") == ["dead_letter", "dead_letter", None]


async def test_what_was_refused_long_ago_or_before_the_last_pause_does_not_count(database: Database) -> None:
    await drip(database, "auth0|1", "auth0|2", "auth0|3", "auth0|4")
    async with database.transaction() as connection:
        await connection.execute("UPDATE problems SET last_seen = now() - interval '8 days'")
    await drip(database, "auth0|5", "auth0|6", "auth0|7", "auth0|8")
    assert await standing(database) == []

    await drip(database, "auth0|9")
    [pause] = await standing(database)
    async with database.transaction() as connection:
        await pauses.end(connection, pause, PROBE)

    assert await drip(database, "auth0|10") == ["dead_letter"]


async def test_steps_of_a_flow_are_counted_apart(database: Database) -> None:
    no_task = Misconfigured("deactivation", "", "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access", of_all=False)
    await drip(database, "auth0|1", "auth0|2", "auth0|3", "auth0|4")

    assert await drip(database, "auth0|5", wrong=no_task) == ["dead_letter"]
    assert await drip(database, *(f"auth0|{n}" for n in range(6, 10)), wrong=no_task) == [*["dead_letter"] * 3, None]
    [pause] = await standing(database)
    assert (pause.kind, pause.name) == (PauseKind.FLOW, "customers/deactivation")


async def test_a_flow_pauses_alone_and_its_work_waits_untried(database: Database) -> None:
    async with database.transaction() as connection:
        seqs = [await an_event(connection, number, f"auth0|{number}", None) for number in (1, 2)]
    await book(database, refused("auth0|1", NO_ROLE))

    held = await hold_back(database, SYNC, {UserId("auth0|2"): a_plan("auth0|2", a_step("auth0|2"))})
    others = await hold_back(database, SYNC, {UserId("auth0|2"): a_plan("auth0|2", a_step("auth0|2", "deactivation"))})

    [pause] = await standing(database)
    assert (pause.kind, pause.name) == (PauseKind.FLOW, "customers/closed_won")
    assert await permit(database, DEFINITION, LANE) is Permit.ALL
    [plan] = held.plans.values()
    assert (plan.effects, plan.settled, held.parked) == ((), "", {"auth0|2"})
    assert (others.parked, len(next(iter(others.plans.values())).effects)) == (frozenset(), 1)
    assert await parked(database) == [(seqs[0], 0)]


async def parked(database: Database) -> list[tuple[int, int]]:
    """Number and attempts of the events that wait for a flow."""
    query = "SELECT seq, attempts FROM due WHERE not_before = 'infinity' AND outcome IS NULL ORDER BY seq"
    async with database.transaction() as connection:
        return [(row[0], row[1]) for row in await (await connection.execute(query)).fetchall()]


async def test_a_flow_goes_on_when_one_of_its_steps_works(database: Database) -> None:
    async with database.transaction() as connection:
        await an_event(connection, 1, "auth0|1", None)
    await book(database, refused("auth0|1", NO_ROLE))
    await let_time_pass(database)
    plans = {UserId(f"auth0|{n}"): a_plan(f"auth0|{n}", a_step(f"auth0|{n}")) for n in (1, 2)}

    held = await hold_back(database, SYNC, plans)
    taken = StepTaken("auth0|1", a_step("auth0|1"), 0, None)
    await book(database, Booking(UserId("auth0|1"), "written", steps=(taken,)))

    assert (held.parked, len(held.plans[UserId("auth0|1")].effects)) == ({"auth0|2"}, 1)
    assert await standing(database) == []
    assert await parked(database) == []


@pytest.mark.parametrize(("kind", "name"), [(PauseKind.TENANT, TENANT), (PauseKind.ORG, ORG)])
async def test_a_tenant_or_org_that_pauses_stops_its_syncs_only(database: Database, kind: PauseKind, name: str) -> None:
    cause = Cause("CREDENTIALS_REFUSED", "", "invalid_client")
    async with database.transaction() as connection:
        new = [await pauses.start(connection, kind, name, cause), await pauses.start(connection, kind, name, cause)]
        await pauses.start(connection, kind, "another", cause)

    assert new == [True, False]
    assert [await permit(database, DEFINITION, lane) for lane in (LANE, ROUTES)] == [Permit.NOTHING, Permit.NOTHING]
    [_, other] = await standing(database)
    async with database.transaction() as connection:
        await pauses.end(connection, (await pauses.standing(connection))[0], "Grace Hopper")
    assert await permit(database, DEFINITION, LANE) is Permit.ALL
    assert await standing(database) == [other]
