"""What becomes of the fields of one record: stored values under their own names, or the vendor's complaints."""

from collections.abc import Callable
from typing import Any, Literal

from crosswalk_sandbox.salesforce.errors import RecordProblem, RecordRefused
from crosswalk_sandbox.salesforce.schema import Field, ObjectType
from crosswalk_sandbox.salesforce.values import Problems, read_value

ParentFinder = Callable[[str, str, Any], list[str]]
"""Finds the ids of an object's records by a key field and its value."""


def check_fields(
    object_type: ObjectType, fields: dict[str, Any], mode: Literal["insert", "update"], find_parent: ParentFinder
) -> dict[str, Any]:
    """The fields of a record as the org stores them.

    Parameters
    ----------
    object_type
        The record's object.
    fields
        What the client sent; `attributes` is passed over, names are taken in any case.
    mode
        Which of a field's permissions has to allow it.
    find_parent
        Resolves a parent that is named by a key of its own.

    Raises
    ------
    RecordRefused
        For unknown or read-only fields, else for all values that break their field's rules.
    ApiError
        For a value of the wrong JSON type.
    """
    stored: dict[str, Any] = {}
    read_only: list[str] = []
    problems: Problems = []
    for name, sent in fields.items():
        value = sent
        if name == "attributes" or (name == "Id" and mode == "update"):
            continue
        field = object_type.fields.get(name) or object_type.by_lower_name.get(name.lower())
        if field is None:
            field, value = _parent_id(object_type, name, sent, find_parent)
        if not (field.createable if mode == "insert" else field.updateable):
            read_only.append(field.name)
            continue
        stored[field.name] = read_value(field, value, problems)
    if read_only:
        message = (
            f"Unable to create/update fields: {', '.join(read_only)}. Please check the security settings of this "
            "field and verify that it is read/write for your profile or permission set."
        )
        raise RecordRefused(RecordProblem("INVALID_FIELD_FOR_INSERT_UPDATE", message, read_only))
    if problems:
        raise RecordRefused(*problems)
    return stored


def check_required(object_type: ObjectType, values: dict[str, Any], *, is_insert: bool) -> None:
    """Refuse a create that lacks a required field, or any write that clears one."""
    missing = [name for name, value in values.items() if value is None and _must_keep(object_type.fields[name])]
    if is_insert:
        missing = [name for name in object_type.required if values.get(name) is None]
        _fill_defaults(object_type, values)
    if missing:
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise RecordRefused(RecordProblem("REQUIRED_FIELD_MISSING", message, missing))


def _must_keep(field: Field) -> bool:
    return not field.nillable and field.type != "boolean"


def _fill_defaults(object_type: ObjectType, values: dict[str, Any]) -> None:
    """A create that sends null for a field with a default gets the default."""
    for name in [name for name, value in values.items() if value is None and _must_keep(object_type.fields[name])]:
        if object_type.fields[name].defaulted_on_create:
            del values[name]


def _parent_id(object_type: ObjectType, name: str, value: Any, find_parent: ParentFinder) -> tuple[Field, str | None]:
    """The reference field behind `{"Account": {"External__c": "…"}}`, and the id of the parent so named."""
    field = object_type.by_relationship.get(name.lower())
    if field is None or not isinstance(value, dict):
        message = f"No such column '{name}' on sobject of type {object_type.name}"
        raise RecordRefused(RecordProblem("INVALID_FIELD", message))
    keys = {key: each for key, each in value.items() if key != "attributes"}
    if len(keys) != 1:
        message = f"The {name} relationship takes exactly one external id field, not {len(keys)}"
        raise RecordRefused(RecordProblem("INVALID_FIELD", message))
    key, key_value = next(iter(keys.items()))
    attributes = value.get("attributes")
    parent = attributes.get("type") if isinstance(attributes, dict) else None
    if parent not in field.references:
        parent = field.references[-1]
    found = find_parent(parent, key, key_value)
    if len(found) != 1:
        message = f"Foreign key external ID: {key_value} not found for field {key} in entity {parent}"
        raise RecordRefused(RecordProblem("INVALID_FIELD", message))
    return field, found[0]
