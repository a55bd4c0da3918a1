"""`sobjects`: the list of objects, describe, and calls about one record."""

from datetime import datetime
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from crosswalk_sandbox.salesforce.conditional import DescribeTimes, reply_if_changed
from crosswalk_sandbox.salesforce.errors import ApiError
from crosswalk_sandbox.salesforce.http import Path, json_reply, org_of, read_object, version_of
from crosswalk_sandbox.salesforce.org import Org
from crosswalk_sandbox.salesforce.schema import listed
from crosswalk_sandbox.salesforce.table import Row


def record_address(version: str, object_name: str, row_id: str) -> str:
    """A record's path under the API."""
    return f"/services/data/{version}/sobjects/{object_name}/{row_id}"


def record_body(org: Org, version: str, object_name: str, row: Row, fields: list[str] | None) -> Row:
    """A record as the API shows it: its attributes, then all fields or those that were asked for.

    Raises
    ------
    ApiError
        400 INVALID_FIELD for a field that the object lacks.
    """
    attributes = {"type": object_name, "url": record_address(version, object_name, row["Id"])}
    if fields is None:
        return {"attributes": attributes, **org.full_row(object_name, row)}
    body: Row = {"attributes": attributes}
    for name in fields:
        field = org.objects[object_name].by_lower_name.get(name.strip().lower())
        if field is None:
            message = f"No such column '{name}' on sobject of type {object_name}"
            raise ApiError(400, "INVALID_FIELD", message)
        body[field.name] = org.field_value(row, field)
    body["Id"] = row["Id"]
    return body


def object_name_of(request: Request) -> str:
    """The object in the path, in its own case."""
    return org_of(request).object_type(request.path_params["object"]).name


async def list_objects(request: Request) -> Response:
    org, version = org_of(request), version_of(request)
    entries = [listed(each.summary(version, org.instance_url)) for each in org.objects.values()]
    return _described(request, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": entries})


async def show_object(request: Request) -> Response:
    org = org_of(request)
    summary = org.objects[object_name_of(request)].summary(version_of(request), org.instance_url)
    return json_reply({"objectDescribe": listed(summary), "recentItems": []})


async def describe_object(request: Request) -> Response:
    org = org_of(request)
    return _described(request, org.objects[object_name_of(request)].describe(version_of(request), org.instance_url))


def _described(request: Request, described: Row) -> Response:
    times: DescribeTimes = request.app.state.describe_times
    return reply_if_changed(request, times.of(request.url.path, described), lambda: described)


async def create_record(request: Request) -> Response:
    org, event = org_of(request), org_of(request).events.platform.named(request.path_params["object"])
    if event is not None:
        published = org.events.platform.publish_fields(event, await read_object(request), org.acting_user_id)
        return json_reply(published, 201)
    name = object_name_of(request)
    row_id = org_of(request).insert(name, await read_object(request), source="api")
    return _created(request, name, {"id": row_id, "success": True, "errors": []})


async def read_record(request: Request) -> Response:
    org, name = org_of(request), object_name_of(request)
    row = org.existing_row(name, request.path_params["id"])
    return _record_reply(request, name, row)


async def update_record(request: Request) -> Response:
    org, name, fields = org_of(request), object_name_of(request), await read_object(request)
    row = org.existing_row(name, request.path_params["id"])
    if "Id" in fields:
        message = "The Id field should not be specified in the sobject data."
        raise ApiError(400, "INVALID_FIELD", message, ["Id"])
    org.update(name, row["Id"], fields, source="api")
    return Response(status_code=204)


async def delete_record(request: Request) -> Response:
    org, name = org_of(request), object_name_of(request)
    row = org.existing_row(name, request.path_params["id"])
    org.delete(name, row["Id"], source="api")
    return Response(status_code=204)


async def read_by_key(request: Request) -> Response:
    rows = _rows_by_key(request)
    if len(rows) > 1:
        return _several(request, rows)
    return _record_reply(request, object_name_of(request), rows[0])


async def delete_by_key(request: Request) -> Response:
    rows = _rows_by_key(request)
    if len(rows) > 1:
        return _several(request, rows)
    org_of(request).delete(object_name_of(request), rows[0]["Id"], source="api")
    return Response(status_code=204)


async def upsert_by_key(request: Request) -> Response:
    """Creates (201) or updates (200); with several matches 300 and their addresses."""
    org, name, fields = org_of(request), object_name_of(request), await read_object(request)
    key, value = org.key_field(name, request.path_params["field"]), request.path_params["value"]
    if any(each.lower() == key.name.lower() for each in fields):
        message = f"The {key.name} field should not be specified in the sobject data."
        raise ApiError(400, "INVALID_FIELD", message, [key.name])
    if key.name == "Id":
        org.existing_row(name, value)
    elif len(found := org.tables[name].find(key.name, value)) > 1:
        return _several(request, [org.tables[name].rows[row_id] for row_id in found])
    row_id, is_new = org.upsert(name, key, value, fields, source="api")
    body = {"id": row_id, "success": True, "errors": [], "created": is_new}
    return _created(request, name, body) if is_new else json_reply(body)


def _created(request: Request, name: str, body: Row) -> Response:
    reply = json_reply(body, 201)
    reply.headers["Location"] = record_address(version_of(request), name, body["id"])
    return reply


def _record_reply(request: Request, name: str, row: Row) -> Response:
    body = partial(record_body, org_of(request), version_of(request), name, row, _asked_fields(request))
    return reply_if_changed(request, datetime.fromisoformat(row["LastModifiedDate"]), body)


def _asked_fields(request: Request) -> list[str] | None:
    names = request.query_params.get("fields")
    return names.split(",") if names else None


def _rows_by_key(request: Request) -> list[Row]:
    org, name = org_of(request), object_name_of(request)
    key, value = org.key_field(name, request.path_params["field"]), request.path_params["value"]
    if key.name == "Id":
        return [org.existing_row(name, value)]
    found = org.tables[name].find(key.name, value)
    if not found:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return [org.tables[name].rows[row_id] for row_id in found]


def _several(request: Request, rows: list[Row]) -> Response:
    version, name = version_of(request), object_name_of(request)
    addresses: list[Any] = [record_address(version, name, row["Id"]) for row in rows]
    return json_reply(addresses, 300)


_OBJECT = "/services/data/{version}/sobjects/{object}"
PATHS = [
    Path("/services/data/{version}/sobjects", {"GET": list_objects}),
    Path(_OBJECT, {"GET": show_object, "POST": create_record}),
    Path(f"{_OBJECT}/describe", {"GET": describe_object}),
    Path(f"{_OBJECT}/{{id}}", {"GET": read_record, "PATCH": update_record, "DELETE": delete_record}),
    Path(
        f"{_OBJECT}/{{field}}/{{value:path}}",
        {"GET": read_by_key, "PATCH": upsert_by_key, "DELETE": delete_by_key},
    ),
]
