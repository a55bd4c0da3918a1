"""An org that does not say whose record it is makes those wait whom it concerns, and takes nothing from the others."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from crosswalk.connectors.errors import Unreachable
from crosswalk.domain.effect import Effect, EffectStep, Step
from crosswalk.domain.flow import DeactivationFlow, Flows, TaskTemplate
from crosswalk.domain.ids import UserId
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite
from crosswalk.engine.identity_flows import IdentityFlows
from crosswalk.flows.deactivation import NAME, CompiledDeactivation
from crosswalk.store import effects
from crosswalk.store.database import Database
from crosswalk.store.effects import StepTaken
from tests.core_builders import a_place, a_record, a_sync, an_identity

FLOW = DeactivationFlow(
    when="user.blocked === true",
    fields={"Contact": {"Standing__c": "Inactive"}},
    note=None,
    task=TaskTemplate("Find out why", "", 2, "High", "Not Started", "Completed"),
    key_field="Crosswalk_Key__c",
    place=a_place(7),
)
BLOCKED, BACK = UserId("auth0|blocked"), UserId("auth0|back")


class SilentOrg:
    """Answers nothing."""

    async def find_candidates(
        self, object_name: str, fields: Sequence[str], by: str, values: Sequence[str]
    ) -> list[Record]:
        raise Unreachable("acme.my.salesforce.com", "GET query", "timed out")


def of_record(user_id: UserId, record_id: str) -> Plan:
    return Plan(user_id, Situation.LINKED, target="Contact", record=a_record(record_id, Standing__c="Inactive"))


def marked(record_id: str) -> EffectStep:
    """The mark that the flow made when the user was blocked."""

    def write(old: str | None, new: str | None) -> RecordWrite:
        fields = (FieldWrite("Standing__c", old, new, Reason.FLOW, a_place(7)),)
        return RecordWrite(Action.UPDATE, "Contact", record_id, ("Id", record_id), fields)  # type: ignore[arg-type]

    effect = Effect(f"{NAME}/{record_id}/marks/0", write(None, "Inactive"), write("Inactive", None), "blocked")
    return EffectStep(Step.DO, NAME, effect, a_place(7))


@pytest.fixture
def flows() -> IdentityFlows:
    definition = replace(a_sync(), flows=Flows(deactivation=FLOW))
    return IdentityFlows(definition, CompiledDeactivation(FLOW), SilentOrg(), ThreadPoolExecutor(1))


async def test_who_was_unblocked_is_unmarked_beside_somebody_about_whom_the_org_does_not_answer(
    database: Database, flows: IdentityFlows
) -> None:
    async with database.transaction() as connection:
        await effects.take(connection, a_sync().name, [StepTaken(BACK, marked("003000000000002AAA"), 0, None)])
    plans = {
        BLOCKED: of_record(BLOCKED, "003000000000001AAA"),
        BACK: of_record(BACK, "003000000000002AAA"),
    }

    extended = await flows.extend(
        database, plans, [an_identity(BLOCKED, blocked=True), an_identity(BACK, blocked=False)]
    )

    assert list(extended.waiting) == [BLOCKED]
    assert {user: [(s.step, s.effect.key) for s in plan.effects] for user, plan in extended.plans.items()} == {
        BACK: [(Step.UNDO, f"{NAME}/003000000000002AAA/marks/0")]
    }
