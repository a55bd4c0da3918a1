"""The lists of fields in a change event's header: `changedFields`, `nulledFields` and `diffFields`.

Each is a list of texts. A text like `0x400080` has a bit for each field of the event's schema, the lowest bit for the
first field; it is written in whole bytes, highest first, without leading zero bytes. A field that is a record, such as
an address, has a text of its own, `6-0x0180`: its position, and a bit for each field inside. Either may be missing.

Sources: the vendor's "Event Deserialization Considerations", the decoders in forcedotcom/pub-sub-api, recorded events.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self


class BitmapUnreadableError(ValueError):
    """A text of such a list does not fit the event's schema."""

    def __init__(self, bitmap: str, problem: str) -> None:
        super().__init__(
            f"expected a bitmap of an event's fields, like 0x400080 or 6-0x01; found {bitmap!r}: {problem}"
        )
        self.bitmap = bitmap


@dataclass(frozen=True, slots=True)
class FieldLayout:
    """The fields of an event's schema, in order.

    Parameters
    ----------
    names
        Names of the fields.
    inner
        Names of the fields inside each field that is a record, in order, by the outer field's name.
    """

    names: tuple[str, ...]
    inner: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> Self:
        """The layout of an Avro schema of type record, as `GetSchema` answers it (parsed JSON)."""
        records: dict[str, tuple[str, ...]] = {}
        inner: dict[str, tuple[str, ...]] = {}
        for field in schema["fields"]:
            for option in _options(field["type"]):
                if isinstance(option, Mapping) and option.get("type") == "record":
                    records[option["name"]] = tuple(each["name"] for each in option["fields"])
                    inner[field["name"]] = records[option["name"]]
                elif isinstance(option, str) and option in records:
                    inner[field["name"]] = records[option]
        return cls(tuple(field["name"] for field in schema["fields"]), inner)

    def decode(self, bitmaps: Iterable[str]) -> list[str]:
        """Names of the fields that a header's list stands for.

        Parameters
        ----------
        bitmaps
            The list as it came in the header.

        Returns
        -------
        list of str
            Names in the schema's order; a field inside another as `MailingAddress.Street`.

        Raises
        ------
        BitmapUnreadableError
            For a text that is no bitmap or has a bit where the schema has no field.
        """
        found: list[str] = []
        for bitmap in bitmaps:
            position, separator, bits = bitmap.rpartition("-")
            if not separator:
                found += _names_at(self.names, bitmap, bits)
                continue
            outer = self._outer(bitmap, position)
            found += [f"{outer}.{name}" for name in _names_at(self.inner[outer], bitmap, bits)]
        return found

    def encode(self, fields: Iterable[str]) -> list[str]:
        """The header's list for fields named as `decode` names them; KeyError for one that the schema lacks."""
        outer: set[str] = set()
        inner: dict[str, set[str]] = {}
        for field in fields:
            name, separator, part = field.partition(".")
            if separator:
                inner.setdefault(name, set()).add(part)
            else:
                outer.add(name)
        bitmaps = [_bitmap(self.names, outer)] if outer else []
        positions = sorted((self._position(name), name) for name in inner)
        return [*bitmaps, *(f"{position}-{_bitmap(self.inner[name], inner[name])}" for position, name in positions)]

    def _position(self, name: str) -> int:
        if name not in self.inner:
            raise KeyError(f"the schema has no record field {name!r}")
        return self.names.index(name)

    def _outer(self, bitmap: str, position: str) -> str:
        if not position.isdecimal() or int(position) >= len(self.names):
            raise BitmapUnreadableError(bitmap, f"the schema has no field at position {position!r}")
        name = self.names[int(position)]
        if name not in self.inner:
            raise BitmapUnreadableError(bitmap, f"the field {name} at position {position} has no fields inside")
        return name


def record_field(name: str) -> str:
    """The record's own field for a name as `FieldLayout.decode` gives it.

    `MailingAddress.Street` is `MailingStreet`, `Address.City` is `City`, `Name.FirstName` is `FirstName`, and the parts
    of a geolocation `Place__c.Latitude` are `Place__Latitude__s`; other names stay.
    """
    outer, separator, part = name.partition(".")
    if not separator or outer == "Name":
        return part or outer
    if outer.endswith("__c"):
        return f"{outer.removesuffix('__c')}__{part}__s"
    return outer.removesuffix("Address") + part


def _options(type_: Any) -> Sequence[Any]:
    return type_ if isinstance(type_, list) else [type_]


def _names_at(names: Sequence[str], bitmap: str, text: str) -> list[str]:
    try:
        bits = int(text.removeprefix("0x"), 16) if text.startswith("0x") else -1
    except ValueError:
        bits = -1
    if bits < 0:
        raise BitmapUnreadableError(bitmap, "it is not hexadecimal after 0x")
    if bits >> len(names):
        raise BitmapUnreadableError(bitmap, f"the schema has {len(names)} fields there; get the event's own schema")
    return [name for position, name in enumerate(names) if bits >> position & 1]


def _bitmap(names: Sequence[str], chosen: set[str]) -> str:
    unknown = chosen - set(names)
    if unknown:
        raise KeyError(f"the schema has no field {', '.join(sorted(unknown))}")
    bits = sum(1 << position for position, name in enumerate(names) if name in chosen)
    return "0x" + bits.to_bytes((bits.bit_length() + 7) // 8, "big").hex().upper()
