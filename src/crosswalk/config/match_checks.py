"""Checks match rules: that what they compare exists, and that they can find anything and tell people apart."""

from collections.abc import Mapping

from crosswalk.config.document import Value
from crosswalk.config.findings import Findings
from crosswalk.config.match_rules import MatchShorthand, creating_reactions
from crosswalk.config.nearest import nearest_name
from crosswalk.config.problem import KeyPath
from crosswalk.config.schema import Field, ObjectSchema
from crosswalk.config.written import WrittenPart, WrittenRule, WrittenSync, WrittenTarget, written_syncs
from crosswalk.domain.values import ValueType
from crosswalk.matching.where import fields_of_record

LONGEST_SEARCHABLE = 255
"""Longer text fields of Salesforce cannot stand in a condition of a query."""

_IGNORES: Mapping[str, ValueType] = {
    "plus_address": ValueType.EMAIL,
    "dots_of": ValueType.EMAIL,
    "accents": ValueType.TEXT,
    "spaces": ValueType.TEXT,
}
"""For what type each difference can be ignored."""

_FEW_VALUES = (ValueType.BOOLEAN, ValueType.PICKLIST)


def check_match_rules(tree: Value, findings: Findings) -> None:
    """Check what can be said without knowing the objects: names, and rules that cannot work on any."""
    for sync in written_syncs(tree):
        _check_reactions(sync, findings)
        for target in sync.targets:
            _check_names(target, findings)
            for rule in target.rules:
                _check_shorthand(rule, target, findings)
                _check_tells_apart(rule, findings)
                for part in rule.parts:
                    _check_part(part, findings)


def check_searchable(field: Field, path: KeyPath, findings: Findings) -> None:
    """Check that Salesforce can look for values in a field."""
    too_long = field.type == "textarea" and field.length > LONGEST_SEARCHABLE
    if too_long or field.type in ("encryptedstring", "multipicklist", "base64", "address", "location"):
        kind = "long text" if too_long else field.type
        message = f"{field.name} holds {kind}, which Salesforce cannot search by value"
        findings.add_value(path, message, f"a field of at most {LONGEST_SEARCHABLE} characters that holds one value")


def check_where(rule: WrittenRule, schema: ObjectSchema, findings: Findings) -> None:
    """Check that the fields of the record that a condition reads exist."""
    for name in fields_of_record(rule.where or ""):
        if name != "Id" and name not in schema.fields and schema.knows_of(name):
            near = nearest_name(name, schema.fields)
            message = f"{schema.name} has no field {name}"
            findings.add_value((*rule.path, "where"), message, f"a field of {schema.name}", near)


def _check_names(target: WrittenTarget, findings: Findings) -> None:
    seen: set[str] = set()
    for rule in target.rules:
        if rule.name and rule.name in seen:
            if rule.shorthand is None:
                expected = "name: with a name of its own, to tell them apart in the audit trail"
                findings.add(rule.path, f"two match rules are called {rule.name}", expected)
            else:
                findings.add_value(rule.path, f"the match rule {rule.name} is there twice", "each rule once")
        seen.add(rule.name)


def _check_shorthand(rule: WrittenRule, target: WrittenTarget, findings: Findings) -> None:
    """A custom object has only custom fields, whatever else is known of it."""
    if rule.shorthand not in (None, MatchShorthand.EXTERNAL_ID) and target.object.endswith("__c"):
        for part in rule.parts:
            for path, name in part.fields:
                no_such_field(target.object, name, path, findings)


def no_such_field(object_name: str, field: str, path: KeyPath, findings: Findings) -> None:
    """Report a rule known by name whose field the object does not have."""
    message = f"{object_name} has no field {field}, which this rule compares"
    findings.add(path, message, "external_id, or a rule with a field of its own")


def _check_tells_apart(rule: WrittenRule, findings: Findings) -> None:
    kinds = {part.type for part in rule.parts}
    if kinds and kinds <= set(_FEW_VALUES):
        message = f"the match rule {rule.name} compares only values that many records share"
        findings.add(rule.path, message, "a value that one person has, such as an e-mail address, at least beside it")


def _check_part(part: WrittenPart, findings: Findings) -> None:
    if part.type is None:
        return
    for name in part.ignore:
        fitting = _IGNORES.get(name)
        if fitting is not None and part.type is not fitting:
            message = f"{name} cannot be ignored in values of type {part.type.value}"
            findings.add((*part.path, "ignore", name), message, f"{name} only with type: {fitting.value}")
    if part.case_sensitive and part.type is not ValueType.TEXT:
        message = f"letter case never counts in values of type {part.type.value}"
        findings.add((*part.path, "case_sensitive"), message, "case_sensitive only with type: text")
    names = [name.lower() for _, name in part.fields]
    for index, (path, name) in enumerate(part.fields):
        if name.lower() in names[:index]:
            findings.add_value(path, f"{name} is there twice", "each field once")


def _check_reactions(sync: WrittenSync, findings: Findings) -> None:
    if any(target.create for target in sync.targets) or not sync.targets:
        return
    for situation in creating_reactions(sync.reactions):
        message = f"the reaction to {situation} is create, but no target has create: true"
        findings.add((*sync.path, "reactions", situation), message, "create: true on a target, or another reaction")
