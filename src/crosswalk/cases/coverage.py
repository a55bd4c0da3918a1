"""What the cases exercised of a sync: mapped fields, ways back, match rules, conditions, the filter and flows."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct

from crosswalk.cases.running import DealPlan, Outcome
from crosswalk.domain.definition import SyncDefinition, Target
from crosswalk.domain.effect import EffectStep, Step
from crosswalk.domain.evaluation import Evaluation
from crosswalk.domain.place import Place
from crosswalk.domain.plan import Plan
from crosswalk.domain.values import FLOWS_BACK
from crosswalk.flows.closed_won import NAME as CLOSED_WON
from crosswalk.flows.deactivation import NAME as DEACTIVATION
from crosswalk.flows.merge_task import NAME as MERGE_TASK

ItemName: TypeAlias = tuple[str, ...]
"""Names one thing that can be exercised: `("field", "Lead", "Email")`."""


class Item(Struct, frozen=True):
    """One thing that can be exercised.

    Parameters
    ----------
    name
        What tells it from the others of its sync.
    words
        What it is called in a report.
    place
        The line of the configuration.
    """

    name: ItemName
    words: str
    place: Place


class Coverage(Struct, frozen=True):
    """What was exercised of one sync, and what was not."""

    sync: str
    exercised: tuple[Item, ...]
    missing: tuple[Item, ...]

    @property
    def total(self) -> int:
        """How many things there are."""
        return len(self.exercised) + len(self.missing)


def percent(coverages: Sequence[Coverage]) -> float:
    """The exercised share of all syncs together, from 0 to 100; 100 where there is nothing to exercise."""
    total = sum(each.total for each in coverages)
    return 100.0 if total == 0 else 100.0 * sum(len(each.exercised) for each in coverages) / total


def cover(definition: SyncDefinition, outcomes: Sequence[Outcome]) -> Coverage:
    """What some cases of a sync exercised of it."""
    seen = {name for outcome in outcomes for name in _exercised(definition, outcome)}
    items = list(_items(definition))
    return Coverage(
        str(definition.name),
        tuple(item for item in items if item.name in seen),
        tuple(item for item in items if item.name not in seen),
    )


def _items(definition: SyncDefinition) -> Iterator[Item]:
    if definition.filter is not None and definition.filter_place is not None:
        yield Item(("filter", "true"), "filter, for somebody whom it lets through", definition.filter_place)
        yield Item(("filter", "false"), "filter, for somebody whom it leaves out", definition.filter_place)
    for target in definition.targets:
        yield from _items_of_target(target)
    yield from _items_of_flows(definition)


def _items_of_target(target: Target) -> Iterator[Item]:
    name = target.object
    for field in target.fields:
        yield Item(("field", name, field.field), f"{name}.{field.field}", field.place)
        if field.owner in FLOWS_BACK and field.to is not None:
            words = f"{name}.{field.field}, on its way back to {'.'.join(field.to)}"
            yield Item(("back", name, field.field), words, field.place)
    for rule in target.match:
        words = f"{name}, match rule {rule.name}"
        yield Item(("rule", name, rule.name), f"{words}, that finds a record", rule.place)
        if rule.condition is not None:
            yield Item(("when", name, rule.name, "true"), f"{words}, whose condition is true", rule.place)
            yield Item(("when", name, rule.name, "false"), f"{words}, whose condition is not true", rule.place)
        if rule.where is not None:
            yield Item(("where", name, rule.name), f"{words}, that passes a record over", rule.place)


def _items_of_flows(definition: SyncDefinition) -> Iterator[Item]:
    flows = definition.flows
    for name, flow in ((DEACTIVATION, flows.deactivation), (MERGE_TASK, flows.merge_task)):
        if flow is not None:
            yield Item(("flow", name, "do"), f"flow {name}, that does something", flow.place)
            yield Item(("flow", name, "undo"), f"flow {name}, that takes it back", flow.place)
    if flows.closed_won is not None:
        place = flows.closed_won.place
        for tier in flows.closed_won.roles:
            yield Item(("tier", tier), f"flow {CLOSED_WON}, with a won deal of tier {tier}", place)
        yield Item(("flow", CLOSED_WON, "undo"), f"flow {CLOSED_WON}, that takes something back", place)


def _exercised(definition: SyncDefinition, outcome: Outcome) -> Iterator[ItemName]:
    plan = outcome.plan
    if isinstance(plan, DealPlan):
        yield from _steps(plan.steps)
        if plan.won and plan.tier is not None:
            yield ("tier", plan.tier)
        return
    yield from _steps(plan.effects)
    evaluation = outcome.evaluation
    if evaluation is None:
        return
    yield ("filter", "false" if evaluation.filtered else "true")
    if evaluation.filtered:
        return
    yield from _fields(definition, plan, evaluation)
    if plan.record is not None and not outcome.found and plan.situation.value == "linked":
        return  # a linked identity is searched for by no rule
    for target, evaluated in zip(definition.targets, evaluation.targets, strict=True):
        for rule, key in zip(target.match, evaluated.keys, strict=True):
            if key is not None:
                yield ("when", target.object, rule.name, "true" if key.verified else "false")
    for object_name, rule_name in outcome.found:
        yield ("rule", object_name, rule_name)
    for _, object_name, rule_name, _ in outcome.barred:
        yield ("where", object_name, rule_name)


def _fields(definition: SyncDefinition, plan: Plan, evaluation: Evaluation) -> Iterator[ItemName]:
    """The fields of the plan's target about which the expressions said something, and those that went to the user."""
    for target, evaluated in zip(definition.targets, evaluation.targets, strict=True):
        if target.object != plan.target:
            continue
        for field in (*evaluated.values, *(error.field for error in evaluated.errors)):
            yield ("field", target.object, field)
        for write in plan.user_writes:
            for field in write.mapped:
                yield ("back", target.object, field)


def _steps(steps: Sequence[EffectStep]) -> Iterator[ItemName]:
    for step in steps:
        yield ("flow", step.flow, "do" if step.step is Step.DO else "undo")
