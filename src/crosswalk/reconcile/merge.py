"""The three-way merge of one identity and one record, field by field, in both directions.

For each field there are three values: what the identity says, what the record has, and the base, which both last agreed
on. The owner of the field says whose value wins:

- `auth0`: the identity's value wins, whoever changed it. The base only tells why: where it equals the identity's value,
  the record was edited (`restored`), otherwise the identity changed (`changed`).
- `salesforce`: the record's value wins, and goes to the user. The same two reasons.
- `initial`: the identity's value fills the field while the record has none (`filled`); then the record's stands.
- `latest`: the side that changed since the base wins; if both did, the one that changed later (`newer`). Without a
  base, a value fills an empty side (`filled`), and of two values the newer wins.
- `manual`: a difference goes to a person. Without a base, a value fills an empty side.

Values are compared in the form of their type, so that `+1 (212) 555-0100` and `+12125550100` are equal. Where the
record's value is not known, because the field is not in the replica, the base stands in for it.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from msgspec import Struct

from crosswalk.domain.decision import FieldDecision
from crosswalk.domain.plan import FieldConflict
from crosswalk.domain.values import FieldValue, Owner, Side
from crosswalk.domain.write import FieldWrite, Reason
from crosswalk.expressions.types.registry import is_empty
from crosswalk.mapping.compiled import CompiledField, CompiledTarget


class Ages(Struct, frozen=True):
    """When each side last changed, UTC, comparable as text; `""` where it is not known."""

    identity: str = ""
    record: str = ""

    @property
    def newer(self) -> Side:
        """The side that changed last; where that cannot be told, Auth0, so that every run decides alike."""
        return Side.SALESFORCE if self.record > self.identity else Side.AUTH0


class Merge(Struct, frozen=True):
    """What one merge decided.

    Parameters
    ----------
    writes
        The fields to write to the record, in the order of the values.
    base
        What both sides agree on once everything is written.
    user_writes
        The fields to write to the user, named by the Salesforce field that they come from.
    disputed
        The fields that a person has to settle; the base keeps what it had for them.
    """

    writes: tuple[FieldWrite, ...]
    base: Mapping[str, FieldValue]
    user_writes: tuple[FieldWrite, ...] = ()
    disputed: tuple[FieldConflict, ...] = ()


class Decision(Struct, frozen=True):
    """What the merge does with one field: writes a value to one side, or nothing; and the base afterwards."""

    write: FieldWrite | None
    base: FieldValue
    side: Side = Side.SALESFORCE
    """The side that `write` is for."""


class _Missing(Enum):
    """Stands where a mapping has no value, not even `None`."""

    UNKNOWN = "unknown"


_UNKNOWN: Final = _Missing.UNKNOWN
NO_AGES: Final = Ages()


def merge_fields(
    target: CompiledTarget,
    values: Mapping[str, FieldValue],
    base: Mapping[str, FieldValue] | None,
    record: Mapping[str, FieldValue] | None,
    ages: Ages = NO_AGES,
    decided: Mapping[str, FieldDecision] | None = None,
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
    ages
        When each side last changed: for fields whose owner is `latest`.
    decided
        Field → what a person decided about it, for fields whose owner is `manual`.
    """
    if record is None:
        return _create(target, values)
    agreed: Mapping[str, FieldValue] = {} if base is None else base
    writes: list[FieldWrite] = []
    user_writes: list[FieldWrite] = []
    disputed: list[FieldConflict] = []
    changes: dict[str, FieldValue] = {}
    fields, get_record, get_base = target.by_name, record.get, agreed.get
    for name, value in values.items():
        before = get_base(name, _UNKNOWN)
        current = get_record(name, before)
        # The usual cases, in which nothing has to be looked at more closely: all three are the same, or both sides are.
        if value == current:
            if before is not _UNKNOWN and value == before:
                continue
            if value.__class__ is current.__class__:
                changes[name] = value
                continue
        outcome = decide_field(fields[name], value, agreed, record, ages, decided)
        if outcome is None:
            continue
        if isinstance(outcome, FieldConflict):
            disputed.append(outcome)
            continue
        if outcome.write is not None:
            (writes if outcome.side is Side.SALESFORCE else user_writes).append(outcome.write)
        if before is _UNKNOWN or outcome.base != before:
            changes[name] = outcome.base
    return Merge(tuple(writes), {**agreed, **changes} if changes else agreed, tuple(user_writes), tuple(disputed))


def _create(target: CompiledTarget, values: Mapping[str, FieldValue]) -> Merge:
    """A new record gets every value that there is, but for the fields that are Salesforce's own."""
    writes = []
    salesforce, created = Owner.SALESFORCE, Reason.CREATED
    base: dict[str, FieldValue] = {}
    for field in target.fields:
        if field.owner is salesforce or field.name not in values:
            continue
        value = values[field.name]
        base[field.name] = value
        if not is_empty(value):
            writes.append(FieldWrite(field.name, None, value, created, field.place))
    return Merge(tuple(writes), base)


def decide_field(
    field: CompiledField,
    value: FieldValue,
    base: Mapping[str, FieldValue],
    record: Mapping[str, FieldValue],
    ages: Ages = NO_AGES,
    decided: Mapping[str, FieldDecision] | None = None,
) -> Decision | FieldConflict | None:
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
    outcome: Decision | FieldConflict
    match field.owner:
        case Owner.AUTH0:
            outcome = _auth0_wins(field, value, current, before)
        case Owner.SALESFORCE:
            outcome = _salesforce_wins(field, value, current, before)
        case Owner.INITIAL:
            outcome = _auth0_fills(field, value, current)
        case Owner.LATEST:
            outcome = _latest_wins(field, value, current, before, ages)
        case Owner.MANUAL:
            outcome = _person_decides(field, value, current, before, (decided or {}).get(name))
    return outcome


def _auth0_fills(field: CompiledField, value: FieldValue, current: FieldValue) -> Decision:
    if not is_empty(current) or is_empty(value):
        return Decision(None, current)
    return _to_record(field, value, current, Reason.FILLED)


def _auth0_wins(
    field: CompiledField, value: FieldValue, current: FieldValue, before: FieldValue | _Missing
) -> Decision:
    if field.equal(value, current):
        return Decision(None, value)
    edited = before is not _UNKNOWN and field.equal(value, before)
    return _to_record(field, value, current, Reason.RESTORED if edited else Reason.CHANGED)


def _salesforce_wins(
    field: CompiledField, value: FieldValue, current: FieldValue, before: FieldValue | _Missing
) -> Decision:
    if field.to is None or field.equal(value, current):
        return Decision(None, current)
    edited = before is not _UNKNOWN and field.equal(current, before)
    return _to_user(field, value, current, Reason.RESTORED if edited else Reason.CHANGED)


def _latest_wins(
    field: CompiledField, value: FieldValue, current: FieldValue, before: FieldValue | _Missing, ages: Ages
) -> Decision:
    if field.equal(value, current):
        return Decision(None, value)
    if before is _UNKNOWN:
        filled = _fill(field, value, current)
        if filled is not None:
            return filled
    elif field.equal(current, before):
        return _to_record(field, value, current, Reason.CHANGED)
    elif field.equal(value, before):
        return _to_user(field, value, current, Reason.CHANGED)
    return _towards(ages.newer, field, value, current, Reason.NEWER)


def _person_decides(
    field: CompiledField,
    value: FieldValue,
    current: FieldValue,
    before: FieldValue | _Missing,
    decision: FieldDecision | None,
) -> Decision | FieldConflict:
    if field.equal(value, current):
        return Decision(None, value)
    filled = _fill(field, value, current) if before is _UNKNOWN else None
    if filled is not None:
        return filled
    if decision is None or not (
        field.equal(value, decision.identity_value) and field.equal(current, decision.record_value)
    ):
        return FieldConflict(field.name, value, current, field.place)
    return _towards(decision.side, field, value, current, Reason.DECIDED, decision.by)


def _fill(field: CompiledField, value: FieldValue, current: FieldValue) -> Decision | None:
    """Where only one side of a new link has a value, nothing is lost by giving it to the other."""
    if is_empty(current):
        return _to_record(field, value, current, Reason.FILLED)
    if is_empty(value):
        return _to_user(field, value, current, Reason.FILLED)
    return None


def _towards(
    winner: Side, field: CompiledField, value: FieldValue, current: FieldValue, reason: Reason, by: str = ""
) -> Decision:
    if winner is Side.AUTH0:
        return _to_record(field, value, current, reason, by)
    return _to_user(field, value, current, reason, by)


def _to_record(field: CompiledField, value: FieldValue, current: FieldValue, reason: Reason, by: str = "") -> Decision:
    return Decision(FieldWrite(field.name, current, value, reason, field.place, by), value)


def _to_user(field: CompiledField, value: FieldValue, current: FieldValue, reason: Reason, by: str = "") -> Decision:
    return Decision(FieldWrite(field.name, value, current, reason, field.place, by), current, Side.AUTH0)
