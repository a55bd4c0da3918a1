"""`composite/tree`: up to 200 new records in one call, children nested in their parents, all or none."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from crosswalk_sandbox.salesforce.errors import ApiError, RecordProblem, RecordRefused, parser_error
from crosswalk_sandbox.salesforce.http import Path, json_reply, org_of, read_object
from crosswalk_sandbox.salesforce.org import Org
from crosswalk_sandbox.salesforce.sobjects import object_name_of

_LARGEST_CALL, _MOST_TYPES, _DEEPEST = 200, 5, 5


@dataclass(frozen=True, slots=True)
class _Node:
    """A record to create; `parent` is the reference id of the record whose id goes into `parent_field`."""

    reference: str
    object_name: str
    fields: dict[str, Any]
    parent: str | None
    parent_field: str


class _Refused(Exception):
    """The call creates nothing; `results` has one entry for each record that is to blame."""

    def __init__(self, results: list[dict[str, Any]]) -> None:
        super().__init__(f"{len(results)} records were refused")
        self.results = results


async def create_trees(request: Request) -> Response:
    org, name, body = org_of(request), object_name_of(request), await read_object(request)
    try:
        nodes = _Reader(org).read(name, body.get("records"))
        with org.all_or_none():
            created = _create(org, nodes)
    except _Refused as refused:
        return json_reply({"hasErrors": True, "results": refused.results}, 400)
    results = [{"referenceId": reference, "id": row_id} for reference, row_id in created.items()]
    return json_reply({"hasErrors": False, "results": results}, 201)


def _create(org: Org, nodes: list[_Node]) -> dict[str, str]:
    """The ids by reference id; leaves by `_Refused` when a record is refused, so that nothing stays."""
    created: dict[str, str] = {}
    refused = []
    for node in nodes:
        if node.parent is not None and node.parent not in created:
            continue
        parent = {} if node.parent is None else {node.parent_field: created[node.parent]}
        try:
            created[node.reference] = org.insert(node.object_name, {**node.fields, **parent}, source="api")
        except RecordRefused as problem:
            refused.append(_blame(node.reference, *problem.problems))
    if refused:
        raise _Refused(refused)
    return created


class _Reader:
    """Turns nested records into a list, parents first."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._nodes: list[_Node] = []
        self._references: set[str] = set()

    def read(self, name: str, records: Any) -> list[_Node]:
        if not isinstance(records, list) or not records:
            raise parser_error("The records property must be a list of objects that is not empty at [line:1, column:1]")
        for record in records:
            self._add(name, record, None, "", 1)
        if len(self._nodes) > _LARGEST_CALL:
            raise ApiError(
                400, "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {_LARGEST_CALL} records"
            )
        if len({node.object_name for node in self._nodes}) > _MOST_TYPES:
            raise ApiError(400, "LIMIT_EXCEEDED", f"cannot submit records of more than {_MOST_TYPES} types")
        return self._nodes

    def _add(self, name: str, record: Any, parent: str | None, parent_field: str, depth: int) -> None:
        if not isinstance(record, dict):
            raise parser_error("Each record must be an object at [line:1, column:1]")
        if depth > _DEEPEST:
            raise ApiError(400, "LIMIT_EXCEEDED", f"cannot submit trees that are more than {_DEEPEST} levels deep")
        reference = self._reference(name, record)
        children = {key: value["records"] for key, value in record.items() if _has_records(value)}
        fields = {key: value for key, value in record.items() if key not in children and key != "attributes"}
        self._nodes.append(_Node(reference, name, fields, parent, parent_field))
        for relationship, records in children.items():
            child = self._child(name, relationship)
            if child is None or not isinstance(records, list):
                message = f"No such relationship '{relationship}' on sobject of type {name}"
                raise _Refused([_blame(reference, RecordProblem("INVALID_FIELD", message))])
            for each in records:
                self._add(child[0], each, reference, child[1], depth + 1)

    def _reference(self, name: str, record: dict[str, Any]) -> str:
        attributes = record.get("attributes")
        given = attributes if isinstance(attributes, dict) else {}
        reference, type_name = given.get("referenceId"), given.get("type")
        if not isinstance(reference, str) or not reference:
            message = "Include a reference ID for each record in the request."
            raise _Refused([_blame("", RecordProblem("INVALID_INPUT", message))])
        if reference in self._references:
            message = "Duplicate ReferenceId provided in the request."
            raise _Refused([_blame(reference, RecordProblem("INVALID_INPUT", message))])
        if not isinstance(type_name, str) or type_name.lower() != name.lower():
            message = f"Include the type {name} in the attributes of the record."
            raise _Refused([_blame(reference, RecordProblem("INVALID_INPUT", message))])
        self._references.add(reference)
        return reference

    def _child(self, name: str, relationship: str) -> tuple[str, str] | None:
        """The object and the reference field behind a child relationship, if this org has it."""
        for known in self._org.objects[name].child_relationships:
            if known.name and known.name.lower() == relationship.lower() and known.object in self._org.objects:
                return known.object, known.field
        return None


def _has_records(value: Any) -> bool:
    return isinstance(value, dict) and "records" in value


def _blame(reference: str, *problems: RecordProblem) -> dict[str, Any]:
    return {"referenceId": reference, "errors": [problem.as_result_error() for problem in problems]}


PATHS = [Path("/services/data/{version}/composite/tree/{object}", {"POST": create_trees})]
