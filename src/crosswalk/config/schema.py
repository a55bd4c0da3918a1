"""What is known offline about the objects of an org: its own cached description, or else the standard fields.

The cache is `STATE_DIR/describe/ORG/OBJECT.json`, each file the answer of Salesforce's `sobjects/OBJECT/describe`.
"""

from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import msgspec
from msgspec import Struct

STANDARD_OBJECTS = ("Account", "Contact", "Lead")
"""The objects whose standard fields come with the package."""

_OTHER_OBJECTS = ("Asset", "Campaign", "Case", "Contract", "ContactRequest", "Event", "Order", "Task", "User")
"""Standard objects that are no misspelling of those with known fields, although some look like one."""


class Field(Struct, frozen=True):
    """The attributes of a field that a mapping has to respect, named as in Salesforce's describe."""

    name: str
    type: str
    length: int
    createable: bool
    updateable: bool
    nillable: bool
    defaulted: bool
    external_id: bool


class ObjectSchema(Struct, frozen=True):
    """The fields of one object.

    `source` is the cached description that they come from, or `None` when they are the standard fields, which say
    nothing about custom ones.
    """

    name: str
    fields: dict[str, Field]
    source: Path | None

    def required(self) -> list[str]:
        """Name the fields without which a record cannot be created."""
        return [
            field.name
            for field in self.fields.values()
            if field.createable and not field.nillable and not field.defaulted and field.type != "boolean"
        ]

    def knows_of(self, field: str) -> bool:
        """Whether a field that is not listed is thereby known not to exist."""
        return self.source is not None or "__" not in field


class _DescribedField(Struct, rename="camel"):
    name: str
    type: str
    length: int = 0
    createable: bool = False
    updateable: bool = False
    nillable: bool = True
    defaulted_on_create: bool = False
    external_id: bool = False


class _Description(Struct):
    name: str
    fields: list[_DescribedField]


class _StandardFields(Struct):
    name: str
    fields: dict[str, tuple[str, int, str]]


class DescriptionUnreadable(Exception):
    """A cached description cannot be read; the message says why."""


def cached_description(state_dir: Path, org: str, object_name: str) -> Path:
    """Where the description of an org's object is kept."""
    return state_dir / "describe" / org / f"{object_name}.json"


def known_schema(state_dir: Path, org: str | None, object_name: str) -> ObjectSchema | None:
    """Find out what is known about an object: from the cache, from the package, or nothing (`None`).

    Raises
    ------
    DescriptionUnreadable
        There is a cached description, but it is not one.
    """
    if "/" in object_name or "\0" in object_name or (org and ("/" in org or "\0" in org)):
        return None
    path = cached_description(state_dir, org, object_name) if org else None
    if path is not None and path.is_file():
        return _read_description(path)
    return _standard_schema(object_name) if object_name in STANDARD_OBJECTS else None


def known_objects(state_dir: Path, org: str | None) -> list[str]:
    """List the objects that something is known about."""
    cached = (state_dir / "describe" / org).glob("*.json") if org and "/" not in org and "\0" not in org else ()
    return sorted({*STANDARD_OBJECTS, *(path.stem for path in cached)})


def is_other_object(name: str) -> bool:
    """Whether a name is that of an object nothing is known about offline: a custom one, or another standard one."""
    return "__" in name or name in _OTHER_OBJECTS


def _read_description(path: Path) -> ObjectSchema:
    try:
        description = msgspec.json.decode(path.read_bytes(), type=_Description)
    except OSError as error:
        raise DescriptionUnreadable(f"the cached description {path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DescriptionUnreadable(f"the cached description {path} is not a describe result: {error}") from error
    fields = {
        field.name: Field(
            name=field.name,
            type=field.type,
            length=field.length,
            createable=field.createable,
            updateable=field.updateable,
            nillable=field.nillable,
            defaulted=field.defaulted_on_create,
            external_id=field.external_id,
        )
        for field in description.fields
    }
    return ObjectSchema(description.name, fields, path)


@lru_cache
def _standard_schema(object_name: str) -> ObjectSchema:
    text = files("crosswalk.config").joinpath("data", f"{object_name}.json").read_bytes()
    standard = msgspec.json.decode(text, type=_StandardFields)
    fields = {
        name: Field(
            name=name,
            type=kind,
            length=length,
            createable="c" in flags,
            updateable="u" in flags,
            nillable="n" in flags,
            defaulted="d" in flags,
            external_id=False,
        )
        for name, (kind, length, flags) in standard.fields.items()
    }
    return ObjectSchema(standard.name, fields, None)
