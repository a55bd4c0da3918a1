"""A plan in the words in which cases expect it: what is left out did not come about."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from crosswalk.cases.running import DealPlan
from crosswalk.domain.effect import EffectStep
from crosswalk.domain.place import Place
from crosswalk.domain.plan import Plan
from crosswalk.domain.user_writes import MembershipChange, RoleChange, TicketIssue, UserCreate
from crosswalk.domain.write import Action, FieldWrite, RecordWrite, UserWrite, Write
from crosswalk.reconcile.effects import write_of

Observation: TypeAlias = Mapping[str, Any]

PARTS: Mapping[str, str] = {
    "situation": "how the identity stands to the org's records",
    "creates": "the object of which a record is made",
    "updates": "the object of which a record is written",
    "links": "the id of the record that is linked",
    "evidence": "why it is linked: the match rule's name, or created",
    "record": "what is written to the record, by field",
    "user": "what is written to the user, by place",
    "patch": "the body of the PATCH of the user",
    "base": "what both sides agree on afterwards, by field",
    "disputed": "fields that a person has to settle",
    "conflict": "the match that a person has to settle: rule, candidates, message",
    "waits": "what the identity waits for",
    "errors": "fields without a usable value, with a part of the message",
    "quarantined": "fields that are left alone because somebody else writes them back",
    "effects": "what flows do and undo, in order",
    "problem": "why a deal does not have all of its effects",
    "more": "whether there is another round for the deal once this one is done",
    "ends": "links that end: the user, the record, and why",
    "wakes": "other users that have to be looked at",
    "decided_by": "who decided which record it is",
}
"""The parts of a plan that a case may expect."""

WRITES = (
    "creates",
    "updates",
    "record",
    "user",
    "disputed",
    "conflict",
    "waits",
    "errors",
    "quarantined",
    "effects",
    "problem",
    "ends",
)
"""The parts that are empty where nothing comes of a case: with `only`, those that are not expected have to be."""


def observe(plan: Plan | DealPlan) -> Observation:
    """The parts of a plan that there are."""
    if isinstance(plan, DealPlan):
        parts: dict[str, Any] = {
            "effects": [_step(each) for each in plan.steps],
            "problem": plan.problem,
            "more": plan.more,
        }
        return {name: value for name, value in parts.items() if value not in (None, [], False)}
    parts = {
        "situation": plan.situation.value,
        "links": None if plan.record is None else plan.record.id,
        "evidence": plan.evidence,
        "base": dict(plan.base),
        "disputed": {
            each.field: {"auth0": each.identity_value, "salesforce": each.record_value} for each in plan.disputed
        },
        "waits": plan.waits_for,
        "errors": {each.field: each.message for each in plan.errors},
        "quarantined": [each.field for each in plan.quarantined],
        "effects": [_step(each) for each in plan.effects],
        "ends": [f"{each.user_id} {each.record_id} {each.reason.value}" for each in plan.ends],
        "wakes": [str(each) for each in plan.wakes],
        "decided_by": plan.decided_by,
        **_written(plan),
    }
    if plan.conflict is not None:
        candidates = [each.record.id for each in plan.conflict.candidates]
        parts["conflict"] = {"rule": plan.conflict.rule, "candidates": candidates, "message": plan.conflict.message}
    return {name: value for name, value in parts.items() if value not in (None, "", [], {})}


def places(plan: Plan | DealPlan) -> Mapping[tuple[str, str], Place]:
    """The line of the configuration behind each part of a plan that has one: of a field, an error, a step."""
    if isinstance(plan, DealPlan):
        return {("effects", each.effect.key): each.place for each in plan.steps}
    found = {("record", field.field): field.place for write in plan.record_writes for field in write.fields}
    found |= {("user", field.field): field.place for write in plan.user_writes for field in write.fields}
    found |= {("disputed", each.field): each.place for each in plan.disputed}
    found |= {("errors", each.field): each.place for each in plan.errors}
    return found | {("effects", each.effect.key): each.place for each in plan.effects}


def _written(plan: Plan) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    for write in plan.writes:
        fields = {each.field: _field(each) for each in write.fields}
        if isinstance(write, UserWrite):
            parts |= {"user": fields, "patch": msgspec.json.decode(write.patch)}
        else:
            verb = "creates" if write.action is Action.CREATE else "updates"
            parts |= {verb: write.object, "record": fields}
    return parts


def _field(write: FieldWrite) -> dict[str, Any]:
    observed = {"new": write.new, "old": write.old, "reason": write.reason.value}
    return observed | ({"by": write.by} if write.by else {})


def _step(step: EffectStep) -> dict[str, Any]:
    """A step of a flow: what is done with which effect, why, and the write behind it."""
    shown: dict[str, Any] = {step.step.value: step.effect.key, "because": step.effect.because}
    write = write_of(step)
    return shown if write is None else shown | _write(write)


def _write(write: Write) -> dict[str, Any]:
    match write:
        case RecordWrite():
            verb = "creates" if write.action is Action.CREATE else "updates"
            return {verb: write.object, "fields": _news(write.fields)}
        case UserCreate():
            return {"user": write.email, "connection": write.connection, "profile": dict(write.profile)}
        case RoleChange():
            return {"grants" if write.granted else "revokes": write.role, "user": write.user_id}
        case MembershipChange():
            return {"joins" if write.member else "leaves": write.organization, "user": write.user_id}
        case TicketIssue():
            to = write.deliver_to
            return {"invites": write.user_id, "to": f"{to.object}.{to.field}"}
        case _:
            built: dict[str, Any] = msgspec.to_builtins(write)
            return built


def _news(fields: Sequence[FieldWrite]) -> dict[str, Any]:
    return {each.field: each.new for each in fields}
