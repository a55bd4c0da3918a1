"""What another configuration would do differently for one identity."""

from msgspec import Struct
from msgspec.structs import replace

from crosswalk.domain.plan import Plan
from crosswalk.domain.write import FieldsWrite, FieldWrite, RecordWrite
from crosswalk.reconcile.kinds import fingerprint_of

_Name = tuple[str, str]


class Difference(Struct, frozen=True):
    """What changes in an identity's plan.

    Parameters
    ----------
    plan
        The new plan, with only what the old one would not have done.
    withdrawn
        What the old one would have done and the new one does not: fields with the old plan's values.
    before
        The old plan.
    """

    plan: Plan
    withdrawn: tuple[FieldWrite, ...]
    before: Plan


def difference(before: Plan, after: Plan) -> Difference | None:
    """Compare two plans of one identity; `None` where they come to the same."""
    old, new = _by_name(before), _by_name(after)
    withdrawn = tuple(field for name, field in old.items() if name not in new)
    same = fingerprint_of(before) == fingerprint_of(after)
    if same and before.situation is after.situation and len(before.errors) == len(after.errors):
        return None
    added = {name for name, field in new.items() if name not in old or old[name].new != field.new}
    writes = tuple(write for each in after.writes if (write := _only(each, added)) is not None)
    steps = tuple(step for step in after.effects if step not in before.effects)
    return Difference(replace(after, writes=writes, effects=steps), withdrawn, before)


def _side(write: FieldsWrite) -> str:
    return f"{write.action.value} {write.object}" if isinstance(write, RecordWrite) else ""


def _by_name(plan: Plan) -> dict[_Name, FieldWrite]:
    return {(_side(write), field.field): field for write in plan.writes for field in write.fields}


def _only(write: FieldsWrite, names: set[_Name]) -> FieldsWrite | None:
    """The write with only these of its fields; `None` where none is left."""
    fields = tuple(field for field in write.fields if (_side(write), field.field) in names)
    return replace(write, fields=fields) if fields else None
