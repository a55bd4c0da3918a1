"""Rules that an administrator sets: validation rules and duplicate rules.

They hold for clients and people, not for what the sandbox itself writes, such as seeds.

The form of a duplicate error follows recorded replies of real orgs; its key was `duplicateResut` in the versions of
those recordings (48 to 51) and is written `duplicateResult` here, as later versions do.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Literal

import msgspec

from crosswalk_sandbox.salesforce.errors import ApiError, RecordProblem, RecordRefused
from crosswalk_sandbox.salesforce.schema import ObjectType
from crosswalk_sandbox.salesforce.soql import compile_condition
from crosswalk_sandbox.salesforce.soql.columns import Store
from crosswalk_sandbox.salesforce.table import Row

DUPLICATES_ALLOWED: ContextVar[bool] = ContextVar("crosswalk_sandbox_duplicates_allowed", default=False)
"""Whether the present call carries `Sforce-Duplicate-Rule-Header: allowSave=true`."""


class ValidationRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Refuses records that meet a condition.

    Parameters
    ----------
    object
        The object whose records it checks.
    condition
        As after WHERE in a query, such as `Email = null AND Marketing_Consent__c = true`; true means refused.
    message
        What the user reads.
    field
        Field to show it at; the top of the page when None.
    """

    object: str
    condition: str
    message: str
    field: str | None = None


class DuplicateRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Finds records that look like the one being saved.

    Parameters
    ----------
    object
        The object whose records it checks.
    match
        Fields that must all agree, without regard to case; an empty one agrees with nothing.
    action
        `block` refuses; `allow` refuses too, until the client says that it knows (`allowSave=true`).
    against
        Objects among which to look, by the same field names; the object's own when empty.
    name
        Developer name; `Standard_{object}_Duplicate_Rule` when empty.
    message
        What the user reads.
    """

    object: str
    match: list[str]
    action: Literal["block", "allow"] = "block"
    against: list[str] = []
    name: str = ""
    message: str = "Use one of these records?"


class Rules:
    """The rules in force.

    Parameters
    ----------
    store
        The org.
    schema
        All objects with all fields.
    """

    def __init__(self, store: Store, schema: dict[str, ObjectType]) -> None:
        self._store = store
        self._schema = schema
        self._validations: dict[str, list[tuple[ValidationRule, Callable[[Row], bool]]]] = {}
        self._duplicates: dict[str, list[DuplicateRule]] = {}

    def add_validation(self, rule: ValidationRule) -> None:
        """Put a validation rule in force; ValueError for a condition that makes no sense."""
        object_type = self._object_type(rule.object)
        try:
            accepts = compile_condition(rule.condition, object_type, self._store)
        except ApiError as error:
            raise ValueError(f"the condition of a validation rule is no SOQL condition: {error.message}") from None
        self._validations.setdefault(object_type.name, []).append((rule, accepts))

    def add_duplicates(self, rule: DuplicateRule) -> None:
        """Put a duplicate rule in force; ValueError for unknown objects and fields."""
        for name in rule.against or [rule.object]:
            unknown = set(rule.match) - set(self._object_type(name).fields)
            if unknown or not rule.match:
                raise ValueError(f"expected fields of {name} to match by, found {sorted(unknown) or 'none'}")
        for name in rule.against or [rule.object]:
            for field in rule.match:
                table = self._store.tables[name]
                table.index_field(self._schema[name].fields[field], always=True)
        self._duplicates.setdefault(rule.object, []).append(rule)

    def hold_for(self, object: str) -> bool:
        """Whether an object has any rule."""
        return object in self._validations or object in self._duplicates

    def check(self, object: str, row: Row, given: Row, source: str) -> None:
        """Refuse a record as it is about to be saved.

        Raises
        ------
        RecordRefused
            `FIELD_CUSTOM_VALIDATION_EXCEPTION` or `DUPLICATES_DETECTED`.
        """
        problems = [
            RecordProblem("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, [rule.field] if rule.field else [])
            for rule, accepts in self._validations.get(object, ())
            if accepts(row)
        ]
        if problems:
            raise RecordRefused(*problems)
        for rule in self._duplicates.get(object, ()):
            if not any(name in given for name in rule.match):
                continue
            if rule.action == "allow" and (source != "api" or DUPLICATES_ALLOWED.get()):
                continue
            found = self._matches(rule, row)
            if any(found.values()):
                raise RecordRefused(_duplicate_problem(rule, found))

    def _matches(self, rule: DuplicateRule, row: Row) -> dict[str, list[str]]:
        """The ids of the records that look like this one, by object."""
        values = [row.get(name) for name in rule.match]
        if any(value is None for value in values):
            return {}
        found: dict[str, list[str]] = {}
        for name in rule.against or [rule.object]:
            table = self._store.tables[name]
            sets = [set(table.find(field, value)) for field, value in zip(rule.match, values, strict=True)]
            ids = set.intersection(*sets) - {row["Id"]}
            found[name] = sorted(row_id for row_id in ids if not table.rows[row_id].get("IsConverted"))
        return found

    def _object_type(self, name: str) -> ObjectType:
        if name not in self._schema:
            raise ValueError(f"expected an object of the org, found {name!r}")
        return self._schema[name]


def _duplicate_problem(rule: DuplicateRule, found: dict[str, list[str]]) -> RecordProblem:
    def match_record(name: str, row_id: str) -> dict[str, Any]:
        attributes = {"type": name, "url": f"/services/data/v64.0/sobjects/{name}/{row_id}"}
        record = {"attributes": attributes, "Id": row_id}
        return {"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0, "record": record}

    results = [
        {
            "entityType": name,
            "errors": [],
            "matchEngine": "ExactMatchEngine",
            "matchRecords": [match_record(name, row_id) for row_id in ids],
            "rule": f"Standard_{name}_Match_Rule_v1_0",
            "size": len(ids),
            "success": True,
        }
        for name, ids in found.items()
        if ids
    ]
    result = {
        "allowSave": rule.action == "allow",
        "duplicateRule": rule.name or f"Standard_{rule.object}_Duplicate_Rule",
        "duplicateRuleEntityType": rule.object,
        "errorMessage": rule.message,
        "matchResults": results,
    }
    return RecordProblem("DUPLICATES_DETECTED", rule.message, [], {"duplicateResult": result})
