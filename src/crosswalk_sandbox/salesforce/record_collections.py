"""`composite/sobjects`: up to 200 records in one call, each with its own result, in order."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from crosswalk_sandbox.salesforce.errors import ApiError, RecordProblem, RecordRefused, not_found, parser_error
from crosswalk_sandbox.salesforce.http import Path, json_reply, org_of, read_object, version_of
from crosswalk_sandbox.salesforce.ids import to_id18
from crosswalk_sandbox.salesforce.org import Org
from crosswalk_sandbox.salesforce.schema import Field
from crosswalk_sandbox.salesforce.sobjects import object_name_of, record_body

LARGEST_CALL = 200
_LARGEST_RETRIEVE = 2000
_ROLLED_BACK = RecordProblem(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)

Result = dict[str, Any]
Write = Callable[[Any], Result]


class _SomeFailed(Exception):
    """Leaves an all-or-none call, so that everything is undone."""


async def insert_records(request: Request) -> Response:
    org = org_of(request)
    records, all_or_none = await _records(request)

    def insert(record: dict[str, Any]) -> Result:
        event = org.events.platform.named(_given_type(record))
        if event is not None:
            return org.events.platform.publish_fields(event, record, org.acting_user_id)
        row_id = org.insert(_type_of(org, record), record, source="api")
        return {"id": row_id, "success": True, "errors": []}

    return json_reply(_each(org, records, insert, all_or_none=all_or_none))


async def update_records(request: Request) -> Response:
    org = org_of(request)
    records, all_or_none = await _records(request)
    repeated = _repeated(to_id18(str(_id_of(record))) for record in records)

    def update(record: dict[str, Any]) -> Result:
        name, row_id = _type_of(org, record), _id_of(record)
        if not row_id:
            raise RecordRefused(RecordProblem("MISSING_ARGUMENT", "Id not specified in an update call"))
        id18 = to_id18(str(row_id))
        if id18 in repeated:
            problem = RecordProblem("DUPLICATE_VALUE", f"Duplicate id specified: {id18}", ["Id"])
            raise RecordRefused(problem)
        org.update(name, str(row_id), {k: v for k, v in record.items() if k.lower() != "id"}, source="api")
        return {"id": id18, "success": True, "errors": []}

    return json_reply(_each(org, records, update, all_or_none=all_or_none))


async def upsert_records(request: Request) -> Response:
    """Upserts by a key field; records of one call that share a key are all refused, as the vendor does."""
    org, name = org_of(request), object_name_of(request)
    key = org.key_field(name, request.path_params["field"])
    records, all_or_none = await _records(request)
    keys = [_key_of(record, key) for record in records]
    repeated = _repeated(_fold(each, key) for each in keys)

    def upsert(record: dict[str, Any]) -> Result:
        if _type_of(org, record) != name:
            message = f"The type attribute of each record must be {name}, as in the call's path"
            raise RecordRefused(RecordProblem("INVALID_TYPE", message))
        value = _key_of(record, key)
        if value is None and key.name != "Id":
            raise RecordRefused(RecordProblem("MISSING_ARGUMENT", f"{key.name} not specified", [key.name]))
        if value is not None and _fold(value, key) in repeated:
            problem = RecordProblem("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", [key.name])
            raise RecordRefused(problem)
        fields = {k: v for k, v in record.items() if k.lower() != key.name.lower()}
        row_id, is_new = org.upsert(name, key, value, fields, source="api")
        return {"id": row_id, "success": True, "errors": [], "created": is_new}

    return json_reply(_each(org, records, upsert, all_or_none=all_or_none, upserting=True))


async def delete_records(request: Request) -> Response:
    org = org_of(request)
    ids = [each.strip() for each in request.query_params.get("ids", "").split(",") if each.strip()]
    _check_size(ids, LARGEST_CALL)

    def delete(row_id: str) -> Result:
        name = next((n for n, each in org.objects.items() if row_id.startswith(each.key_prefix)), None)
        if name is None:
            raise RecordRefused(RecordProblem("MALFORMED_ID", f"malformed id {row_id}"))
        org.delete(name, row_id, source="api")
        return {"id": to_id18(row_id), "success": True, "errors": []}

    all_or_none = request.query_params.get("allOrNone", "false").lower() == "true"
    return json_reply(_each(org, ids, delete, all_or_none=all_or_none))


async def retrieve_records(request: Request) -> Response:
    """The records of these ids in order, null where there is none."""
    if request.method == "POST":
        body = await read_object(request)
        ids, fields = body.get("ids"), body.get("fields")
    else:
        ids = [each for each in request.query_params.get("ids", "").split(",") if each]
        fields = [each for each in request.query_params.get("fields", "").split(",") if each]
    if not isinstance(ids, list) or not isinstance(fields, list) or not fields:
        raise ApiError(400, "MISSING_ARGUMENT", "Both ids and fields must be given as lists")
    _check_size(ids, _LARGEST_RETRIEVE)
    org, name, version = org_of(request), object_name_of(request), version_of(request)
    found = [org.tables[name].rows.get(to_id18(str(row_id)) or "") for row_id in ids]
    return json_reply(
        [
            None if row is None or row["IsDeleted"] else record_body(org, version, name, row, [str(f) for f in fields])
            for row in found
        ]
    )


async def _records(request: Request) -> tuple[list[dict[str, Any]], bool]:
    body = await read_object(request)
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise parser_error("The records property must be a list of objects at [line:1, column:1]")
    _check_size(records, LARGEST_CALL)
    return records, body.get("allOrNone") is True


def _check_size(records: list[Any], largest: int) -> None:
    if len(records) > largest:
        message = f"record limit reached. cannot submit more than {largest} records in this operation"
        raise ApiError(400, "EXCEEDED_ID_LIMIT", message)


def _each(org: Org, records: list[Any], write: Write, *, all_or_none: bool, upserting: bool = False) -> list[Result]:
    """One result for each record; a JSON type error leaves as an ApiError, with everything undone."""
    results: list[Result] = []
    failed: set[int] = set()
    try:
        with org.all_or_none():
            for index, record in enumerate(records):
                try:
                    results.append(write(record))
                except RecordRefused as refused:
                    failed.add(index)
                    results.append(_failure(refused.problems, upserting=upserting))
            if failed and all_or_none:
                raise _SomeFailed
    except _SomeFailed:
        rolled_back = _failure((_ROLLED_BACK,), upserting=upserting)
        return [result if index in failed else rolled_back for index, result in enumerate(results)]
    return results


def _failure(problems: tuple[RecordProblem, ...], *, upserting: bool) -> Result:
    result: Result = {"success": False, "errors": [problem.as_result_error() for problem in problems]}
    return {**result, "created": False} if upserting else result


def _given_type(record: dict[str, Any]) -> str:
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    return name if isinstance(name, str) else ""


def _type_of(org: Org, record: dict[str, Any]) -> str:
    name = _given_type(record)
    if not name:
        message = 'Each record needs its object in an attributes map: {"attributes": {"type": "Contact"}}'
        raise RecordRefused(RecordProblem("INVALID_TYPE", message))
    try:
        return org.object_type(name).name
    except ApiError as error:
        if error.code != not_found().code:
            raise
        message = f"sObject type '{name}' is not supported."
        raise RecordRefused(RecordProblem("INVALID_TYPE", message)) from None


def _id_of(record: dict[str, Any]) -> Any:
    return record.get("Id", record.get("id"))


def _key_of(record: dict[str, Any], key: Field) -> Any:
    value = record.get(key.name)
    if value is None:
        value = next((each for name, each in record.items() if name.lower() == key.name.lower()), None)
    return value.strip() or None if isinstance(value, str) else value


def _fold(value: Any, key: Field) -> Any:
    if isinstance(value, str) and not key.case_sensitive:
        return value.lower()
    return value


def _repeated(values: Any) -> set[Any]:
    return {value for value, count in Counter(values).items() if count > 1 and value is not None}


_BASE = "/services/data/{version}/composite/sobjects"
PATHS = [
    Path(_BASE, {"POST": insert_records, "PATCH": update_records, "DELETE": delete_records}),
    Path(f"{_BASE}/{{object}}", {"POST": retrieve_records, "GET": retrieve_records}),
    Path(f"{_BASE}/{{object}}/{{field}}", {"PATCH": upsert_records}),
]
