"""A plan as a person reads it."""

import json

from crosswalk.domain.candidate import Candidate
from crosswalk.domain.effect import EffectStep
from crosswalk.domain.plan import Plan
from crosswalk.domain.write import FieldsWrite, UserWrite
from crosswalk.reconcile.difference import Difference


def plan_as_text(plan: Plan) -> list[str]:
    """One identity's plan as a person reads it."""
    record = f" {plan.record.object} {plan.record.id}" if plan.record else ""
    lines = [f"{plan.user_id}  {plan.situation.value}{record}"]
    for write in plan.writes:
        lines.append(f"  {_heading(write)}")
        lines += [
            f"    {field.field}: {_shown(field.old)} → {_shown(field.new)}   ({field.reason.value}, {field.place})"
            for field in write.fields
        ]
    lines += [f"  error in {e.object}.{e.field} ({e.place}): {e.message}" for e in plan.errors]
    lines += [
        f"  {d.field} differs: Auth0 has {_shown(d.identity_value)}, Salesforce {_shown(d.record_value)} ({d.place})"
        for d in plan.disputed
    ]
    if plan.conflict:
        by_rule = f" by rule {plan.conflict.rule}" if plan.conflict.rule else ""
        lines.append(f"  conflict{by_rule}: {plan.conflict.message}")
        lines += [_candidate(each) for each in plan.conflict.candidates]
    if plan.waits_for:
        lines.append(f"  waits: {plan.waits_for}")
    lines += [f"  {_step(step)}" for step in plan.effects]
    if not (plan.writes or plan.conflict or plan.disputed or plan.effects):
        lines.append("  nothing to write")
    return lines


def difference_as_text(found: Difference) -> list[str]:
    """What another configuration would do differently for one identity."""
    lines = plan_as_text(found.plan)
    if found.before.situation is not found.plan.situation:
        lines[0] += f"   (was {found.before.situation.value})"
    if found.withdrawn and lines[-1] == "  nothing to write":
        lines.pop()
    return [*lines, *(f"  no longer: {f.field}: {_shown(f.old)} → {_shown(f.new)}" for f in found.withdrawn)]


def _candidate(candidate: Candidate) -> str:
    record, known = candidate.record, [each for each in candidate.evidence if each.similarity is not None]
    evidence = ", ".join(f"{each.field} {each.similarity:.2f}" for each in known)
    return f"    candidate {record.object} {record.id}  {candidate.score:.2f}" + (f" ({evidence})" if evidence else "")


def _heading(write: FieldsWrite) -> str:
    if isinstance(write, UserWrite):
        return f"update Auth0 user {write.user_id}"
    return f"{write.action.value} {write.object} {write.record_id or '(new)'}"


def _step(step: EffectStep) -> str:
    """A flow's step: what it does, in which flow, and why."""
    return f"{step.step.value} {step.effect.key}   ({step.flow}, {step.place}): {step.effect.because}"


def _shown(value: object) -> str:
    return "(empty)" if value is None else json.dumps(value, ensure_ascii=False)
