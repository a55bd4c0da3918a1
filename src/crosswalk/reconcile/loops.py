"""Loops: somebody else writes a field back whenever the hub has written it. Pure.

The merge by itself cannot loop: an echo of the hub's own write merges to nothing. But a trigger or a flow of the org,
an Action of the tenant, or another integration may have its own opinion about a field, and answer each write with
another. Then the hub's writes show a pattern that nothing else has: again and again, it writes a value back that was
changed behind its back, or carries the answer to the other side.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from msgspec import Struct

from crosswalk.domain.ids import UserId
from crosswalk.domain.plan import Plan
from crosswalk.domain.values import FieldValue, Owner, Side
from crosswalk.domain.write import FieldWrite, Reason, RecordWrite
from crosswalk.reconcile.compiled import CompiledSync

FieldName: TypeAlias = tuple[UserId, str]
"""A field of one identity's record, by its Salesforce name."""


class FieldStep(Struct, frozen=True):
    """One write of one field to one side, planned or done."""

    side: Side
    old: FieldValue
    new: FieldValue
    reason: Reason


def suspects(compiled: CompiledSync, plans: Iterable[Plan]) -> dict[FieldName, FieldStep]:
    """The planned writes that may be part of a loop; mostly there are none, and then nothing has to be looked up.

    What changed in Auth0 and belongs to Auth0 is no suspect, however often it changes; neither is a decision.
    """
    found: dict[FieldName, FieldStep] = {}
    for plan in plans:
        if not plan.writes or plan.record is None or plan.record.object not in compiled.target_indexes:
            continue
        fields = compiled.targets[compiled.target_indexes[plan.record.object]].by_name
        for name, side, write in _written(plan):
            if write.reason in (Reason.RESTORED, Reason.FILLED) or (
                name in fields and fields[name].owner is Owner.LATEST and write.reason in (Reason.CHANGED, Reason.NEWER)
            ):
                found[plan.user_id, name] = FieldStep(side, write.old, write.new, write.reason)
    return found


def flips(steps: Sequence[FieldStep]) -> int:
    """How many of these writes of one field, oldest first, answered somebody else's.

    A value that was restored was changed behind the hub's back; a write to the other side than the one before carries
    an answer there; a field that is filled a second time was emptied in between.
    """
    count = 0
    for index, step in enumerate(steps):
        earlier = steps[index - 1] if index else None
        turned = earlier is not None and earlier.side is not step.side
        again = earlier is not None and step.reason is Reason.FILLED
        count += step.reason is Reason.RESTORED or turned or again
    return count


def _written(plan: Plan) -> Iterable[tuple[str, Side, FieldWrite]]:
    """Each planned write of a field: its Salesforce name, the side that it goes to, and the write."""
    for write in plan.writes:
        if isinstance(write, RecordWrite):
            yield from ((field.field, Side.SALESFORCE, field) for field in write.fields)
        else:
            yield from ((name, Side.AUTH0, field) for name, field in zip(write.mapped, write.fields, strict=True))
