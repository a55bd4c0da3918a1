"""Why an identity and its record are not in step: the cause of each field that a plan would write. Pure.

The plan is made of what was just read from both sides. Its reasons tell an edit by the wrong side (`restored`) from a
change by the right one; that the replica of a side differs from what was read tells that no event of the change came.
"""

from collections.abc import Collection, Iterable

from crosswalk.domain.drift import Cause, Difference, Mark
from crosswalk.domain.plan import Plan
from crosswalk.domain.values import Side
from crosswalk.domain.write import FieldWrite, Reason, RecordWrite


def causes(plan: Plan, marks: Collection[Mark], pending: Collection[str] = ()) -> list[Difference]:
    """One difference for each field that the plan would write or that a person has to settle.

    Parameters
    ----------
    plan
        For a linked identity, made of the states that were just read.
    marks
        What differed from the replicas.
    pending
        The fields whose values were refused before: they differ because of that, not because of what changed since.
    """
    user_changed = Mark.USER_CHANGED in marks
    record_changed = Mark.RECORD_CHANGED in marks
    found = []
    for name, write, to in _written(plan):
        restored = write.reason is Reason.RESTORED
        if name in pending and not restored:
            cause, side = Cause.REJECTED_WRITE, None
        elif restored and (record_changed if to is Side.SALESFORCE else user_changed):
            cause, side = Cause.EDIT_OUTSIDE, to
        else:
            cause, side = _missed(to, user_changed=user_changed, record_changed=record_changed)
        auth0, salesforce = (write.new, write.old) if to is Side.SALESFORCE else (write.old, write.new)
        found.append(_difference(plan, cause, side, name, auth0, salesforce))
    for disputed in plan.disputed:
        cause, side = _missed(Side.SALESFORCE, user_changed=user_changed, record_changed=record_changed)
        if cause is not Cause.UNWRITTEN:
            found.append(_difference(plan, cause, side, disputed.field, disputed.identity_value, disputed.record_value))
    return found


def _missed(to: Side, *, user_changed: bool, record_changed: bool) -> tuple[Cause, Side | None]:
    """Whose change was missed, where a value has to go `to` a side: the other one's, if that one changed."""
    changed = {Side.AUTH0: user_changed, Side.SALESFORCE: record_changed}
    other = Side.AUTH0 if to is Side.SALESFORCE else Side.SALESFORCE
    for side in (other, to):
        if changed[side]:
            return Cause.MISSED_EVENT, side
    return Cause.UNWRITTEN, None


def _written(plan: Plan) -> Iterable[tuple[str, FieldWrite, Side]]:
    """Each planned write of a field: its Salesforce name, the write, and the side that it goes to."""
    for write in plan.writes:
        if isinstance(write, RecordWrite):
            yield from ((field.field, field, Side.SALESFORCE) for field in write.fields)
        else:
            yield from ((name, field, Side.AUTH0) for name, field in zip(write.mapped, write.fields, strict=True))


def _difference(
    plan: Plan, cause: Cause, side: Side | None, field: str, auth0: object, salesforce: object
) -> Difference:
    record_id = "" if plan.record is None else plan.record.id
    return Difference(cause, plan.user_id, plan.target or "", record_id, side, field, auth0, salesforce)  # type: ignore[arg-type]
