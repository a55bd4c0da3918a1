"""How a field of the org is typed in an event: Avro type, the vendor's word for it, and the form of its values."""

import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from crosswalk_sandbox.salesforce.ids import make_id
from crosswalk_sandbox.salesforce.schema import Field

NAMESPACE = "com.sforce.eventbus"
ADDRESS_PARTS = ("Street", "City", "State", "PostalCode", "Country", "Latitude", "Longitude", "GeocodeAccuracy")
NAME_PARTS = ("Salutation", "FirstName", "LastName", "MiddleName", "Suffix")
_LONGEST_PLAIN_TEXT = 255
_EXTERNAL_KEYS = ("JigsawContactId", "JigsawCompanyId")


class AvroType(NamedTuple):
    """`avro` is the type of a value that is there, `word` the vendor's name for the field's type in `doc`."""

    avro: str
    word: str
    convert: Callable[[Any], Any] | None = None


def milliseconds(text: str) -> int:
    """Milliseconds since 1970 UTC of a time or a date as the org stores it."""
    return _milliseconds(text)


@lru_cache(maxsize=1024)
def _milliseconds(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _as_int(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


_BY_TYPE = {
    "boolean": AvroType("boolean", "Data:Boolean"),
    "currency": AvroType("double", "Data:Currency"),
    "date": AvroType("long", "Data:DateOnly", milliseconds),
    "datetime": AvroType("long", "Data:DateTime", milliseconds),
    "double": AvroType("double", "Data:Double"),
    "email": AvroType("string", "Data:Email"),
    "int": AvroType("int", "Data:Integer", _as_int),
    "multipicklist": AvroType("string", "Data:MultiEnum"),
    "percent": AvroType("double", "Data:Percent"),
    "phone": AvroType("string", "Data:Phone"),
    "picklist": AvroType("string", "Data:DynamicEnum"),
    "reference": AvroType("string", "ForeignKey:EntityId"),
    "url": AvroType("string", "Data:Url"),
}
_TEXT = AvroType("string", "Data:Text")


def avro_type(field: Field) -> AvroType:
    """The type of a field that is not compound; custom fields have their definition's id in the word."""
    is_custom = field.name.endswith(("__c", "__pc"))
    found = _BY_TYPE.get(field.type, _TEXT)
    if field.name == "CreatedDate":
        found = found._replace(word="CreatedDate:DateTime")
    elif field.name in _EXTERNAL_KEYS:
        found = found._replace(word="ExternalForeignKey:ExternalId")
    elif field.type == "picklist" and field.restricted and not is_custom:
        found = found._replace(word="Data:StaticEnum")
    elif field.type == "textarea":
        long_word = "Data:StringPlusClob" if field.length > _LONGEST_PLAIN_TEXT else "Data:MultiLineText"
        found = found._replace(word=long_word)
    return found._replace(word=f"{found.word}:{_definition_id(field.name)}") if is_custom else found


def nullable(name: str, type_: Any, word: str) -> dict[str, Any]:
    """A field of an event that may be null; `type_` is one type or a list of them."""
    options = type_ if isinstance(type_, list) else [type_]
    return {"name": name, "type": ["null", *options], "doc": word, "default": None}


def parts_record(name: str, parts: tuple[str, ...]) -> dict[str, Any]:
    """The record type of a compound field."""
    numbers = ("Latitude", "Longitude")
    fields = [
        {"name": part, "type": ["null", "double" if part in numbers else "string"], "default": None} for part in parts
    ]
    return {"type": "record", "name": name, "fields": fields}


def _definition_id(name: str) -> str:
    return make_id("00N", zlib.crc32(name.encode()))[:15]
