"""Checks mappings and match rules against what is known of the org's objects."""

from collections.abc import Mapping
from pathlib import Path

from crosswalk.config.document import Value
from crosswalk.config.findings import Findings
from crosswalk.config.match_checks import check_searchable, check_where, no_such_field
from crosswalk.config.match_rules import MatchShorthand
from crosswalk.config.nearest import nearest_name
from crosswalk.config.problem import KeyPath
from crosswalk.config.schema import (
    DescriptionUnreadable,
    Field,
    ObjectSchema,
    is_other_object,
    known_objects,
    known_schema,
)
from crosswalk.config.written import WrittenField, WrittenRule, WrittenTarget, written_syncs
from crosswalk.domain.values import Owner, ValueType

_NUMBERS = ("int", "double", "currency", "percent", "long")
_STRINGS = ("string", "textarea", "encryptedstring")

_ACCEPTED: Mapping[ValueType, tuple[str, ...]] = {
    ValueType.TEXT: (
        *_STRINGS,
        "picklist",
        "multipicklist",
        "combobox",
        "phone",
        "email",
        "url",
        "id",
        "reference",
    ),
    ValueType.EMAIL: ("email", *_STRINGS),
    ValueType.PHONE: ("phone", *_STRINGS),
    ValueType.URL: ("url", *_STRINGS),
    ValueType.DATE: ("date",),
    ValueType.DATETIME: ("datetime",),
    ValueType.BOOLEAN: ("boolean",),
    ValueType.INTEGER: _NUMBERS,
    ValueType.NUMBER: ("double", "currency", "percent"),
    ValueType.PICKLIST: ("picklist", "combobox", *_STRINGS),
    ValueType.MULTIPICKLIST: ("multipicklist",),
    ValueType.REFERENCE: ("reference", "id"),
}
"""For each declared type, the Salesforce field types that can hold it."""

_FITTING: Mapping[str, ValueType] = {
    "email": ValueType.EMAIL,
    "phone": ValueType.PHONE,
    "url": ValueType.URL,
    "date": ValueType.DATE,
    "datetime": ValueType.DATETIME,
    "boolean": ValueType.BOOLEAN,
    "int": ValueType.INTEGER,
    "long": ValueType.INTEGER,
    "double": ValueType.NUMBER,
    "currency": ValueType.NUMBER,
    "percent": ValueType.NUMBER,
    "picklist": ValueType.PICKLIST,
    "combobox": ValueType.PICKLIST,
    "multipicklist": ValueType.MULTIPICKLIST,
    "reference": ValueType.REFERENCE,
    "id": ValueType.REFERENCE,
}
"""For each Salesforce field type, the type to declare; `text` for all others."""


def check_mappings(tree: Value, state_dir: Path, findings: Findings) -> None:
    """Check every target of every sync against the cached description of its object, or else the standard fields."""
    for sync in written_syncs(tree):
        for target in sync.targets:
            try:
                schema = known_schema(state_dir, target.org, target.object)
            except DescriptionUnreadable as error:
                findings.add((*target.path, "object"), str(error), "a describe result; delete the file to do without")
                continue
            if schema is None:
                _check_object(target, state_dir, findings)
            else:
                _check_target(target, schema, findings)


def _check_object(target: WrittenTarget, state_dir: Path, findings: Findings) -> None:
    near = nearest_name(target.object, known_objects(state_dir, target.org))
    if near is not None and not is_other_object(target.object):
        message = f"there is no object {target.object}"
        findings.add_value((*target.path, "object"), message, "the API name of an object", near)


def _check_target(target: WrittenTarget, schema: ObjectSchema, findings: Findings) -> None:
    for mapped in target.fields:
        field = _existing_field(mapped.name, mapped.path, schema, findings)
        if field is not None:
            _check_type(mapped.type, field, mapped.path, findings)
            _check_writable(mapped, target, field, findings)
    for rule in target.rules:
        _check_rule(rule, schema, findings)
    _check_external_id(target, schema, findings)
    if target.create:
        _check_required(target, schema, findings)


def _check_rule(rule: WrittenRule, schema: ObjectSchema, findings: Findings) -> None:
    if rule.shorthand is MatchShorthand.EXTERNAL_ID:
        return  # reported with the target's external_id
    for part in rule.parts:
        for path, name in part.fields:
            if rule.shorthand is None:
                field = _existing_field(name, path, schema, findings)
                if field is not None:
                    check_searchable(field, path, findings)
                    if field.type != "multipicklist":
                        _check_type(part.type, field, part.path, findings)
            elif name not in schema.fields and schema.knows_of(name):
                no_such_field(schema.name, name, path, findings)
    check_where(rule, schema, findings)


def _existing_field(name: str, path: KeyPath, schema: ObjectSchema, findings: Findings) -> Field | None:
    field = schema.fields.get(name)
    if field is None and schema.knows_of(name):
        known_from = f"described in {schema.source}" if schema.source else "a standard field, or a custom one (__c)"
        near = nearest_name(name, schema.fields)
        findings.add(path, f"{schema.name} has no field {name}", f"a field of {schema.name}, {known_from}", near)
    return field


def _check_type(declared: ValueType | None, field: Field, path: KeyPath, findings: Findings) -> None:
    if declared is None or field.type in _ACCEPTED[declared]:
        return
    fitting = _FITTING.get(field.type, ValueType.TEXT)
    if field.type in ("address", "location", "base64"):
        message = f"{field.name} is a compound field (Salesforce type {field.type}), which cannot be written"
        findings.add(path, message, "its parts, such as MailingStreet and MailingCity")
        return
    message = f"{field.name} holds {field.type}, not {declared.value}"
    findings.add_value((*path, "type"), message, f"type: {fitting.value}", fitting.value)


def _check_writable(mapped: WrittenField, target: WrittenTarget, field: Field, findings: Findings) -> None:
    if mapped.owner not in (Owner.AUTH0, Owner.INITIAL):
        return
    if not field.updateable:
        message = f"{field.name} cannot be written in Salesforce, so {mapped.owner.value} cannot own it"
        findings.add(mapped.path, message, "a field that is updateable, or owner: salesforce")
    elif target.create and not field.createable:
        message = f"{field.name} cannot be set when a record is created, and create is true"
        findings.add(mapped.path, message, "a field that is createable, or owner: salesforce")


def _check_external_id(target: WrittenTarget, schema: ObjectSchema, findings: Findings) -> None:
    if target.external_id is None:
        return
    path = (*target.path, "external_id")
    field = _existing_field(target.external_id, path, schema, findings)
    if field is not None and not field.external_id:
        message = f"{field.name} is not an external id"
        candidates = [other.name for other in schema.fields.values() if other.external_id]
        near = nearest_name(field.name, candidates)
        findings.add_value(path, message, "a custom text field that is unique and marked as external id", near)


def _check_required(target: WrittenTarget, schema: ObjectSchema, findings: Findings) -> None:
    mapped = {field.name for field in target.fields if field.owner is not Owner.SALESFORCE}
    missing = [name for name in schema.required() if name not in mapped and name != target.external_id]
    if schema.name == "Account" and "LastName" in mapped and "Name" in missing:
        missing.remove("Name")  # a person account takes its name from first and last name
    for name in missing:
        message = f"{schema.name} cannot be created without {name}, and nothing fills it"
        expected = f"{name} among the fields with owner auth0 or initial, or create: false"
        findings.add((*target.path, "fields"), message, expected)
