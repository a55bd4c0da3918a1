"""A user leaves and comes back, again and again, while calls fail: what the deactivation flow makes is right then."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from crosswalk.connectors.base import RetryLater, Written
from crosswalk.domain.effect import EffectStep, HeldEffect, Step
from crosswalk.domain.flow import DeactivationFlow, TaskTemplate
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.domain.write import Action, RecordWrite
from crosswalk.engine.effect_books import begun_steps, book_steps
from crosswalk.engine.writing import Result
from crosswalk.flows.deactivation import NAME, SoFar, left_over, with_deactivation, written_there
from crosswalk.reconcile.effects import is_done, write_of
from crosswalk.store.effects import StepTaken
from tests.core_builders import a_place, a_record, an_identity

TASK = TaskTemplate("Find out why", "Ask.", 3, "High", "Not Started", "Completed")
FLOW = DeactivationFlow(
    "user.blocked === true", {"Contact": {"Standing__c": "Inactive"}}, "Deactivated", TASK, "Key__c", a_place()
)
ADA = an_identity().user_id


class Call(StrEnum):
    """What becomes of a write."""

    DONE = "done"
    REFUSED = "refused"
    """It is not carried out, and must be tried again."""
    UNKNOWN = "unknown"
    """It is carried out, and no answer comes."""


@dataclass
class World:
    """A record with its tasks, and what the hub holds of the flow for its user."""

    blocked: bool = False
    record: Record = field(default_factory=lambda: a_record("003000000000001AAA", Standing__c="Good"))
    tasks: dict[str, str] = field(default_factory=dict)
    """Key → status."""
    made: Counter[str] = field(default_factory=Counter)
    """Subject → how many."""
    held: dict[str, tuple[HeldEffect, bool]] = field(default_factory=dict)
    """Key → effect, and whether it was undone."""
    begun: dict[str, HeldEffect] = field(default_factory=dict)

    def look(self, calls: list[Call], *, dies: bool = False) -> int:
        """The hub looks at the user: these calls become so, the others are done; returns how many steps it took."""
        plan = self._plan()
        for taken in begun_steps({ADA: plan}):
            effect = taken.step.effect
            self.begun[effect.key] = HeldEffect(NAME, ADA, effect, taken.episode)
        fates = iter(calls)
        results = [
            self._call(write, next(fates, Call.DONE))
            for step in plan.effects
            if isinstance(write := write_of(step), RecordWrite)
        ]
        if not dies:
            for taken in book_steps("customers", "crosswalk", ADA, plan.episode, plan.effects, results, None).taken:
                self._book(taken)
        return len(plan.effects)

    def _plan(self) -> Plan:
        ended = [effect.episode + 1 for effect, undone in self.held.values() if undone]
        held = [effect for key, (effect, undone) in self.held.items() if not undone and key not in self.begun]
        so_far = SoFar(held, max(ended, default=0), list(self.begun.values()))
        unsure = left_over(so_far.begun, so_far) if self.blocked else so_far.begun
        seen = frozenset(each.effect.key for each in unsure if self._is_there(each))
        plan = Plan(ADA, Situation.LINKED, target="Contact", record=self.record)
        identity = an_identity(blocked=self.blocked)
        return with_deactivation(FLOW, plan, identity, self.blocked, replace(so_far, seen=seen))

    def _is_there(self, each: HeldEffect) -> bool:
        write = written_there(FLOW, each, self.record)
        if write is None:
            return False
        return write.external_id[1] in self.tasks if write.record_id is None else is_done(write, self.record)

    def _call(self, write: RecordWrite, call: Call) -> Result:
        if call is not Call.REFUSED:
            self._carry_out(write)
        if call is Call.DONE:
            return Written(self.record.id, created=False)
        return RetryLater("UNREACHABLE", "no answer", 0.0)

    def _carry_out(self, write: RecordWrite) -> None:
        given_ = {each.field: each.new for each in write.fields}
        if write.object == "Contact":
            self.record = Record("Contact", self.record.id, {**self.record.fields, **given_})
            return
        key = str(write.external_id[1])
        assert key in self.tasks or write.action is Action.CREATE, "a task is made by what was to close it"
        if key not in self.tasks:
            self.made[str(given_["Subject"])] += 1
        self.tasks[key] = str(given_["Status"])

    def _book(self, taken: StepTaken) -> None:
        step: EffectStep = taken.step
        self.begun.pop(step.effect.key, None)
        effect, _ = self.held.get(step.effect.key, (HeldEffect(NAME, ADA, step.effect, taken.episode), False))
        if step.step is Step.DO:
            effect = HeldEffect(NAME, ADA, step.effect, taken.episode)
        self.held[step.effect.key] = (effect, step.step is not Step.DO)


_calls = st.lists(st.sampled_from(Call), max_size=4)
_looks = st.tuples(st.booleans(), _calls, st.booleans())


@settings(max_examples=200, deadline=None)
@given(st.lists(_looks, max_size=10))
@example(
    [
        (True, [], False),
        (False, [Call.REFUSED, Call.REFUSED], False),
        (False, [Call.REFUSED, Call.REFUSED], False),
        (True, [], False),
    ]
)
def test_one_task_is_open_while_a_user_is_away_and_none_otherwise(looks: list[tuple[bool, list[Call], bool]]) -> None:
    world, times = World(), 0
    for blocked, calls, dies in looks:
        times += blocked and not world.blocked
        world.blocked = blocked
        world.look(calls, dies=dies)
    for _ in range(4):
        world.look([])
    assert world.look([]) == 0, "the hub does not fall silent"

    tasks = [status for key, status in world.tasks.items() if "/task/" in key]
    assert [status for status in tasks if status != "Completed"] == ["Not Started"] * world.blocked
    assert world.record.fields["Standing__c"] == ("Inactive" if world.blocked else "Good")
    assert max(world.made.values(), default=0) <= times
