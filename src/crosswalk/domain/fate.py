"""What became of a record, as the org tells it when it is asked by the record's id."""

from typing import TypeAlias

from msgspec import Struct

from crosswalk.domain.ids import RecordId
from crosswalk.domain.record import Record


class Alive(Struct, frozen=True, tag="alive"):
    """The record is there, with these values."""

    record: Record


class Converted(Struct, frozen=True, tag="converted"):
    """The lead became a contact of an account, and perhaps an opportunity; it can be read, but not written any more."""

    contact_id: RecordId | None
    account_id: RecordId | None
    opportunity_id: RecordId | None = None


class Merged(Struct, frozen=True, tag="merged"):
    """The record was merged into another of its object, and is deleted since."""

    into: RecordId


class Deleted(Struct, frozen=True, tag="deleted"):
    """The record lies in the recycle bin, from which it may come back."""


class Vanished(Struct, frozen=True, tag="vanished"):
    """The org knows no such record: it was deleted for good, or it is hidden from the hub's user."""


Fate: TypeAlias = Alive | Converted | Merged | Deleted | Vanished
