"""The three-way merge of one identity and one record, field by field.

For each field there are three values: what the identity says, what the record has, and the base, which both last agreed
on. The owner of the field says whose value wins:

- `auth0`: the identity's value wins, whoever changed it. The base only tells why: where it equals the identity's value,
  the record was edited (`restored`), otherwise the identity changed (`changed`).
- `initial`: the identity's value is written while the record's field is empty (`filled`); otherwise the record's
  stands.
- `salesforce`: the record's value stands.

Where the record's value is not known, because the field is not in the replica, the base stands in for it.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from msgspec import Struct

from crosswalk.domain.plan import FieldWrite, Reason
from crosswalk.domain.values import FieldValue, Owner
from crosswalk.expressions.types.registry import is_empty
from crosswalk.mapping.compiled import CompiledField, CompiledTarget


class Merge(Struct, frozen=True):
    """What one merge decided.

    Parameters
    ----------
    writes
        The fields to write, in the order of the values.
    base
        What both sides agree on once they are written.
    """

    writes: tuple[FieldWrite, ...]
    base: Mapping[str, FieldValue]


class Decision(Struct, frozen=True):
    """What the merge does with one field: writes a new value for a reason, or nothing, and the base afterwards."""

    write: FieldWrite | None
    base: FieldValue


class _Missing(Enum):
    """Stands where a mapping has no value, not even `None`."""

    UNKNOWN = "unknown"


_UNKNOWN: Final = _Missing.UNKNOWN


def merge_fields(
    target: CompiledTarget,
    values: Mapping[str, FieldValue],
    base: Mapping[str, FieldValue] | None,
    record: Mapping[str, FieldValue] | None,
) -> Merge:
    """Merge what the identity says with what the record has.

    Parameters
    ----------
    values
        Field → the identity's normalised value. A field that is missing has no opinion or an error, and is left alone.
    base
        Field → value that both sides last agreed on; `None` when they never did, because the record was just matched.
    record
        Field → the record's value as far as it is known; `None` when the record is to be created.
    """
    if record is None:
        return _create(target, values)
    agreed: Mapping[str, FieldValue] = {} if base is None else base
    writes: list[FieldWrite] = []
    changes: dict[str, FieldValue] = {}
    fields, get_record, get_base = target.by_name, record.get, agreed.get
    for name, value in values.items():
        before = get_base(name, _UNKNOWN)
        # The usual case, in which all three are the same and nothing has to be looked at more closely.
        if value == before and value == get_record(name, before):
            continue
        decision = decide_field(fields[name], value, agreed, record)
        if decision is None:
            continue
        if decision.write is not None:
            writes.append(decision.write)
        if before is _UNKNOWN or decision.base != before:
            changes[name] = decision.base
    return Merge(tuple(writes), {**agreed, **changes} if changes else agreed)


def _create(target: CompiledTarget, values: Mapping[str, FieldValue]) -> Merge:
    """A new record gets every value that there is, but for the fields that are Salesforce's own."""
    writes = []
    base: dict[str, FieldValue] = {}
    for field in target.fields:
        if field.owner is Owner.SALESFORCE or field.name not in values:
            continue
        value = values[field.name]
        base[field.name] = value
        if not is_empty(value):
            writes.append(FieldWrite(field.name, None, value, Reason.CREATED, field.place))
    return Merge(tuple(writes), base)


def decide_field(
    field: CompiledField, value: FieldValue, base: Mapping[str, FieldValue], record: Mapping[str, FieldValue]
) -> Decision | None:
    """What the merge does with one field of an existing record, about which the identity has an opinion.

    Returns `None` where too little is known to write, or to agree on anything.
    """
    name = field.name
    before = base.get(name, _UNKNOWN)
    current = record.get(name, before)
    if current is _UNKNOWN:
        # Nothing is known about the record's field: only its owner may write it, and clearing it would be blind.
        if field.owner is not Owner.AUTH0 or is_empty(value):
            return None
        return Decision(FieldWrite(name, None, value, Reason.CHANGED, field.place), value)
    if field.owner is Owner.SALESFORCE:
        return Decision(None, current)
    if field.owner is Owner.INITIAL:
        if not is_empty(current) or is_empty(value):
            return Decision(None, current)
        return Decision(FieldWrite(name, current, value, Reason.FILLED, field.place), value)
    write = None
    if not field.equal(value, current):
        edited = before is not _UNKNOWN and field.equal(value, before)
        write = FieldWrite(name, current, value, Reason.RESTORED if edited else Reason.CHANGED, field.place)
    return Decision(write, value)
