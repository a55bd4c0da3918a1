"""Whether what a target writes fits the fields as the org describes them: types, lengths, choices. Pure.

Two looks: at what was declared, which the types of both sides decide, and at what the mapping makes of users whom the
hub knows, which shows what no declaration tells.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from crosswalk.connectors.base import FieldDescription, ObjectDescription
from crosswalk.domain.definition import FieldMap, Target
from crosswalk.domain.evaluation import TargetEvaluation
from crosswalk.domain.values import FieldValue, Owner, ValueType
from crosswalk.engine.diagnosis.finding import Finding, fault, good, warning

TEXTS = frozenset({"string", "textarea", "phone", "email", "url", "combobox", "picklist", "encryptedstring"})
NUMBERS = frozenset({"int", "double", "currency", "percent"})
DATES = frozenset({"date", "datetime"})
UNWRITABLE = frozenset({"address", "location", "base64", "anyType", "complexvalue", "id", "time"})

SHORTEST_ID = 64
"""Ids of enterprise and social users are longer than those of a database connection."""

LONGEST_LIST = 8

_TAKES: Mapping[ValueType, frozenset[str]] = {
    ValueType.BOOLEAN: frozenset({"boolean"}),
    ValueType.INTEGER: NUMBERS,
    ValueType.NUMBER: NUMBERS,
    ValueType.DATE: DATES | TEXTS,
    ValueType.DATETIME: DATES | TEXTS,
    ValueType.MULTIPICKLIST: frozenset({"multipicklist"}) | TEXTS,
    ValueType.REFERENCE: frozenset({"reference"}) | TEXTS,
}
"""The org's types that take a value of a declared type. A number in a text, or a text in a checkbox, is refused."""

_BETTER: Mapping[str, str] = {
    "boolean": "boolean",
    "int": "integer",
    **dict.fromkeys(("double", "currency", "percent"), "number"),
    "date": "date",
    "datetime": "datetime",
    "multipicklist": "multipicklist",
    "reference": "reference",
}
"""What to declare for a field of the org's type, where a text would be taken only if it happens to look like one."""


def check_types(subject: str, target: Target, described: ObjectDescription) -> list[Finding]:
    """What the declared types would run into."""
    found = [*_of_id_field(subject, target, described)]
    for mapped in target.fields:
        field = described.field(mapped.field)
        if field is not None and mapped.owner is not Owner.SALESFORCE:
            found += _of_type(subject, target, mapped, field)
    return found


def _of_id_field(subject: str, target: Target, described: ObjectDescription) -> Iterator[Finding]:
    field = described.field(target.external_id_field)
    if field is None:
        return
    name = f"{target.object}.{field.name}"
    where = f"in Setup > Object Manager > {target.object} > Fields > {field.name}"
    if field.type != "string":
        yield fault(
            subject,
            f"{name}: it is of the type {field.type}, and has to hold Auth0's user ids",
            f"make it a text of 255 characters, {where}",
        )
    elif 0 < field.length < SHORTEST_ID:
        yield warning(
            subject,
            f"{name}: it takes {field.length} characters, and ids of users of enterprise connections may be longer",
            f"lengthen it to 255, {where}",
        )
    if field.unique and not field.case_sensitive:
        yield warning(
            subject,
            f"{name}: it takes ids that differ in upper and lower case alone for the same",
            f"treat ABC and abc as different values (case sensitive), {where}",
        )


def _of_type(subject: str, target: Target, mapped: FieldMap, field: FieldDescription) -> Iterator[Finding]:
    name, declared = f"{target.object}.{field.name}", mapped.type.value
    if field.type in UNWRITABLE:
        yield fault(subject, f"{name}: a field of the type {field.type} cannot be written", "map a field of its own")
        return
    takes = _TAKES.get(mapped.type)
    if takes is None:
        if field.type in _BETTER:
            yield warning(
                subject,
                f"{name}: it is of the type {field.type} in the org, and {declared} in the mapping",
                f"declare type: {_BETTER[field.type]} at {mapped.place}, so that a wrong value is named before it is "
                "sent",
            )
    elif field.type not in takes:
        better = _BETTER.get(field.type, "text")
        yield fault(
            subject,
            f"{name}: the org takes no {declared} in a field of the type {field.type}",
            f"declare type: {better} at {mapped.place}, with an expression that gives one, or map another field",
        )


def check_values(
    subject: str, target: Target, described: ObjectDescription, evaluated: Sequence[TargetEvaluation]
) -> list[Finding]:
    """What the values of known users would run into; no value is named.

    Parameters
    ----------
    evaluated
        What the mapping makes of some users.
    """
    if not evaluated:
        return []
    found: list[Finding] = []
    for mapped in target.fields:
        field = described.field(mapped.field)
        if field is None or mapped.owner is Owner.SALESFORCE:
            continue
        values = [each.values[mapped.field] for each in evaluated if each.values.get(mapped.field) is not None]
        of = f"of {len(evaluated)} known users"
        found += _too_long(subject, target, mapped, field, values, of)
        found += _no_choice(subject, target, mapped, field, values, of)
    errors = Counter(error.field for each in evaluated for error in each.errors)
    for name, number in sorted(errors.items()):
        place = next(mapped.place for mapped in target.fields if mapped.field == name)
        of = f"{number} of {len(evaluated)} known users"
        found.append(
            warning(
                subject,
                f"{target.object}.{name}: the mapping gives no usable value for {of}",
                f"correct the expression at {place}; the console's problems show each of them",
            )
        )
    return found or [good(subject, f"{target.object}: the values of {len(evaluated)} known users fit its fields")]


def _too_long(
    subject: str, target: Target, mapped: FieldMap, field: FieldDescription, values: Sequence[FieldValue], of: str
) -> Iterator[Finding]:
    if field.length <= 0 or field.type not in TEXTS:
        return
    number = sum(isinstance(value, str) and len(value) > field.length for value in values)
    if number:
        yield warning(
            subject,
            f"{target.object}.{field.name}: the values of {number} {of} are longer than its {field.length} characters",
            f"shorten them in the expression at {mapped.place}, or lengthen the field in Setup > Object Manager > "
            f"{target.object} > Fields",
        )


def _no_choice(
    subject: str, target: Target, mapped: FieldMap, field: FieldDescription, values: Sequence[FieldValue], of: str
) -> Iterator[Finding]:
    if not field.restricted_picklist:
        return
    choices = [each.value for each in field.picklist_values if each.active]
    several = field.type == "multipicklist"
    known = set(choices)
    number = sum(
        isinstance(value, str) and not {*(value.split(";") if several else [value])} <= known for value in values
    )
    if number:
        listed = ", ".join(choices[:LONGEST_LIST]) + (", …" if len(choices) > LONGEST_LIST else "")
        yield warning(
            subject,
            f"{target.object}.{field.name}: the values of {number} {of} are none of its choices ({listed})",
            f"give one of them in the expression at {mapped.place}, or add the value to the picklist in the org",
        )
