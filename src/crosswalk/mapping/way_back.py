"""The way back: from values of a record to the PATCH of a user."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from crosswalk.domain.definition import FieldMap
from crosswalk.domain.ids import UserId
from crosswalk.domain.plan import FieldError
from crosswalk.domain.values import FLOWS_BACK, FieldValue, ValueType
from crosswalk.domain.write import FieldWrite, UserWrite
from crosswalk.expressions.program import Program
from crosswalk.expressions.results import NO_OPINION, BadProfile
from crosswalk.expressions.sandbox import Expression
from crosswalk.expressions.types.problem import WrongValue
from crosswalk.expressions.types.registry import is_empty
from crosswalk.mapping.compiled import CompiledField, CompiledTarget
from crosswalk.mapping.user_path import UserPath, patch_of

_SCOPE = "{value, record}"

_CANONICAL: Final = frozenset({ValueType.EMAIL, ValueType.PHONE})
"""Types that a person may have typed into Salesforce in many forms, of which Auth0 takes one."""


class Return(Struct, frozen=True):
    """What the way back came to.

    Parameters
    ----------
    write
        The PATCH; `None` when the user has everything already, or nothing could be computed.
    errors
        Fields whose value Auth0 cannot have.
    """

    write: UserWrite | None
    errors: tuple[FieldError, ...] = ()


class _Unusable(Exception):
    """The record's value gives none for the user."""


class WayBack:
    """The way back of one sync's targets. May be used from any thread.

    Raises
    ------
    ExpressionSyntaxError
        With every `back` expression that cannot be compiled.
    """

    def __init__(self, targets: Sequence[CompiledTarget]) -> None:
        backs = [
            (target.target.object, field)
            for target in targets
            for field in target.target.fields
            if field.owner in FLOWS_BACK and field.back is not None
        ]
        self._index = {(object_, field.field): index for index, (object_, field) in enumerate(backs)}
        self._program = Program([_expression(field) for _, field in backs]) if backs else None

    def user_write(
        self,
        target: CompiledTarget,
        user_id: UserId,
        profile: bytes,
        record: Mapping[str, FieldValue],
        writes: Sequence[FieldWrite],
    ) -> Return:
        """Turn the fields that a merge wants to give to the user into one PATCH.

        Parameters
        ----------
        profile
            The user as it is, JSON text.
        record
            The record's fields, for the expressions.
        writes
            As merged: `field` is the Salesforce field, `new` the record's value.
        """
        fields: list[FieldWrite] = []
        mapped: list[str] = []
        changes: list[tuple[UserPath, Any]] = []
        problems: list[tuple[str, str]] = []
        for write in writes:
            field = target.by_name[write.field]
            if field.to is None:
                continue
            try:
                value = self._value(target, field, write.new, record)
            except _Unusable as problem:
                problems.append((write.field, str(problem)))
                continue
            if value == NO_OPINION or patch_of(profile, [(field.to, value)]) is None:
                continue
            shown = write.new if isinstance(value, list) else value
            fields.append(FieldWrite(".".join(field.to), write.old, shown, write.reason, write.place, write.by))
            mapped.append(write.field)
            changes.append((field.to, value))
        patch = patch_of(profile, changes)
        errors = target.errors(user_id, problems) if problems else ()
        if patch is None:
            return Return(None, errors)
        return Return(UserWrite(user_id, tuple(fields), tuple(mapped), patch), errors)

    def _value(
        self, target: CompiledTarget, field: CompiledField, value: FieldValue, record: Mapping[str, FieldValue]
    ) -> Any:
        index = self._index.get((target.target.object, field.name))
        if index is None or self._program is None:
            return _as_is(field, value)
        row = self._program.run([msgspec.json.encode({"value": value, "record": record})])[0]
        result = row if isinstance(row, BadProfile) else row[index]
        if isinstance(result, BadProfile):
            raise _Unusable(result.message)
        if isinstance(result, dict):
            raise _Unusable(f"the way back failed: {result['message']}")
        return result


def _as_is(field: CompiledField, value: FieldValue) -> Any:
    if field.type is ValueType.MULTIPICKLIST:
        return value.split(";") if isinstance(value, str) and value else None
    if field.type not in _CANONICAL or is_empty(value):
        return None if value == "" else value
    try:
        return field.normalise(value)
    except WrongValue as problem:
        raise _Unusable(f"Salesforce holds a value that Auth0 cannot have: {problem}") from None


def _expression(field: FieldMap) -> Expression:
    return Expression(field.back or "undefined", field.place, scope=_SCOPE)
