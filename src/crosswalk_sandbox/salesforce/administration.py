"""The control API's calls about one org that play its administrator and its users.

    POST /salesforce/save               `Save`: create or change a record as a person would; answers its id
    POST /salesforce/delete             `RecordName`: delete a record with what belongs to it
    POST /salesforce/convert            `Conversion`: convert a lead as a person would; answers the vendor's result
    POST /salesforce/merge              `Merge`: merge one or two records into another
    POST /salesforce/undelete           `RecordName`: bring a record back from the recycle bin
    POST /salesforce/validation-rules   `ValidationRule`
    POST /salesforce/duplicate-rules    `DuplicateRule`
    POST /salesforce/field-access       `FieldAccess`: what a user does not see or may not write
    POST /salesforce/fields             `NewField`: a custom field
    POST /salesforce/objects            `CustomObject`: a custom object with its fields
    POST /salesforce/person-accounts    switch them on

The calls about logins are those of `oauth.administration`, those about events of `pubsub.administration`.

A reset takes all of it back. What the org refuses is answered 400 with `problems` in the vendor's words.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from crosswalk_sandbox.salesforce.custom_schema import CustomField, CustomObject
from crosswalk_sandbox.salesforce.errors import ApiError, RecordRefused
from crosswalk_sandbox.salesforce.lead_conversion import Conversion, convert_lead
from crosswalk_sandbox.salesforce.merging import merge_records
from crosswalk_sandbox.salesforce.oauth.administration import login_orders
from crosswalk_sandbox.salesforce.org import Org
from crosswalk_sandbox.salesforce.pubsub.administration import event_orders
from crosswalk_sandbox.salesforce.rules import DuplicateRule, ValidationRule

Order = TypeVar("Order")
Endpoint = Callable[[Request], Awaitable[Response]]


class Merge(msgspec.Struct, forbid_unknown_fields=True):
    """The master stays and gets `fields`; the losers go."""

    object: str
    master: str
    losers: list[str]
    fields: dict[str, Any] = {}


class Save(msgspec.Struct, forbid_unknown_fields=True):
    """A record's fields; a new record without `id`."""

    object: str
    fields: dict[str, Any]
    id: str | None = None


class RecordName(msgspec.Struct, forbid_unknown_fields=True):
    """One record."""

    object: str
    id: str


class FieldAccess(msgspec.Struct, forbid_unknown_fields=True):
    """A user's access to an object's fields, the integration user's without `username`; replaces the one before."""

    object: str
    hidden: list[str] = []
    read_only: list[str] = []
    username: str | None = None


class NewField(msgspec.Struct, forbid_unknown_fields=True):
    """A custom field and the object that gets it."""

    object: str
    field: CustomField


def administration_routes(org: Org) -> list[tuple[str, str, Endpoint]]:
    """Method, path and endpoint of each call."""

    def save(order: Save) -> dict[str, Any]:
        name = _known(org, order.object)
        if order.id is None:
            return {"id": org.insert(name, order.fields, source="page"), "success": True}
        org.update(name, order.id, order.fields, source="page")
        return {"id": order.id, "success": True}

    def delete(order: RecordName) -> dict[str, Any]:
        org.delete(_known(org, order.object), order.id, source="page")
        return {"id": order.id, "success": True}

    def convert(order: Conversion) -> dict[str, Any]:
        return convert_lead(org, order, source="page")

    def merge(order: Merge) -> dict[str, Any]:
        name = _known(org, order.object)
        moved = merge_records(org, name, order.master, order.losers, order.fields, source="page")
        return {"id": order.master, "mergedRecordIds": order.losers, "updatedRelatedIds": moved, "success": True}

    def undelete(order: RecordName) -> dict[str, Any]:
        org.undelete(_known(org, order.object), order.id, source="page")
        return {"id": order.id, "success": True}

    # The org makes its rules and setup anew at a reset, so each call looks them up.
    def add_validation(order: ValidationRule) -> None:
        org.rules.add_validation(order)

    def add_duplicates(order: DuplicateRule) -> None:
        org.rules.add_duplicates(order)

    def define_object(order: CustomObject) -> None:
        org.setup.define_object(order)

    def restrict(order: FieldAccess) -> None:
        org.setup.restrict_fields(order.object, hidden=order.hidden, read_only=order.read_only, username=order.username)

    def define_field(order: NewField) -> None:
        org.setup.define_field(order.object, order.field)

    def switch_on_person_accounts(_order: dict[str, Any]) -> None:
        org.setup.switch_on_person_accounts()

    return [
        ("POST", "/salesforce/save", _endpoint(Save, save)),
        ("POST", "/salesforce/delete", _endpoint(RecordName, delete)),
        ("POST", "/salesforce/convert", _endpoint(Conversion, convert)),
        ("POST", "/salesforce/merge", _endpoint(Merge, merge)),
        ("POST", "/salesforce/undelete", _endpoint(RecordName, undelete)),
        (
            "POST",
            "/salesforce/validation-rules",
            _endpoint(ValidationRule, add_validation),
        ),
        ("POST", "/salesforce/duplicate-rules", _endpoint(DuplicateRule, add_duplicates)),
        ("POST", "/salesforce/field-access", _endpoint(FieldAccess, restrict)),
        ("POST", "/salesforce/fields", _endpoint(NewField, define_field)),
        ("POST", "/salesforce/objects", _endpoint(CustomObject, define_object)),
        ("POST", "/salesforce/person-accounts", _endpoint(dict[str, Any], switch_on_person_accounts)),
        *((each.method, each.path, _endpoint(each.type, each.act)) for each in login_orders(org.oauth)),
        *((each.method, each.path, _endpoint(each.type, each.act)) for each in event_orders(org.events)),
    ]


def _endpoint(order_type: type[Order], act: Callable[[Order], Any]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        order = msgspec.json.decode(await request.body() or b"{}", type=order_type)
        try:
            body, status = act(order) or {}, 200
        except ApiError as error:
            body, status = {"error": error.message, "problems": error.body()}, 400
        except RecordRefused as refused:
            body, status = {"error": str(refused), "problems": [each.as_call_error() for each in refused.problems]}, 400
        return Response(msgspec.json.encode(body), status_code=status, media_type="application/json")

    return endpoint


def _known(org: Org, name: str) -> str:
    if name not in org.schema:
        raise ValueError(f"expected an object of the org, found {name!r}")
    return name
