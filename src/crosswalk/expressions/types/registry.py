"""Which functions check, normalise and compare the values of each type."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from crosswalk.domain.values import FieldValue, ValueType
from crosswalk.expressions.types.email import normalise_email, same_email
from crosswalk.expressions.types.phone import normalise_phone, same_phone
from crosswalk.expressions.types.reference import normalise_reference, same_reference
from crosswalk.expressions.types.scalar import (
    normalise_boolean,
    normalise_integer,
    normalise_number,
    same_boolean,
    same_number,
)
from crosswalk.expressions.types.temporal import normalise_date, normalise_datetime, same_date, same_moment
from crosswalk.expressions.types.text import (
    normalise_multipicklist,
    normalise_text,
    normalise_url,
    same_choices,
    same_text,
)

Normaliser: TypeAlias = Callable[[object], FieldValue]
"""Gives the normal form of a value that is not `None`, or raises `WrongValue`."""

Comparer: TypeAlias = Callable[[FieldValue, FieldValue], bool]
"""Whether two values are the same to Salesforce."""

_NORMALISERS: dict[ValueType, Normaliser] = {
    ValueType.TEXT: normalise_text,
    ValueType.EMAIL: normalise_email,
    ValueType.URL: normalise_url,
    ValueType.DATE: normalise_date,
    ValueType.DATETIME: normalise_datetime,
    ValueType.BOOLEAN: normalise_boolean,
    ValueType.INTEGER: normalise_integer,
    ValueType.NUMBER: normalise_number,
    ValueType.PICKLIST: normalise_text,
    ValueType.MULTIPICKLIST: normalise_multipicklist,
    ValueType.REFERENCE: normalise_reference,
}

_COMPARERS: dict[ValueType, Comparer] = {
    ValueType.TEXT: same_text,
    ValueType.EMAIL: same_email,
    ValueType.URL: same_text,
    ValueType.DATE: same_date,
    ValueType.DATETIME: same_moment,
    ValueType.BOOLEAN: same_boolean,
    ValueType.INTEGER: same_number,
    ValueType.NUMBER: same_number,
    ValueType.PICKLIST: same_text,
    ValueType.MULTIPICKLIST: same_choices,
    ValueType.REFERENCE: same_reference,
}


def normaliser_of(type_: ValueType, region: str | None = None) -> Normaliser:
    """The function that checks and normalises values of a type; `region` is for telephone numbers."""
    if type_ is ValueType.PHONE:
        return partial(normalise_phone, region=region)
    return _NORMALISERS[type_]


def comparer_of(type_: ValueType, region: str | None = None) -> Comparer:
    """The function that compares two values of a type, where an empty text is an empty field."""
    same = partial(same_phone, region=region) if type_ is ValueType.PHONE else _COMPARERS[type_]
    if type_ is ValueType.BOOLEAN:
        return same

    def equal(a: FieldValue, b: FieldValue) -> bool:
        if a == b and a.__class__ is b.__class__:  # first, because most fields of most identities are
            return True
        if is_empty(a) or is_empty(b):
            return is_empty(a) and is_empty(b)
        return same(a, b)

    return equal


def equal_values(type_: ValueType, a: FieldValue, b: FieldValue, region: str | None = None) -> bool:
    """Whether two values of a type are the same to Salesforce."""
    return comparer_of(type_, region)(a, b)


def is_empty(value: FieldValue) -> bool:
    """Whether a field with this value is empty: nothing, or a text of blanks only."""
    return value is None or (isinstance(value, str) and not value.strip())
