"""What happened to a Salesforce record."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from crosswalk.domain.ids import RecordId
from crosswalk.domain.values import FieldValue


class ChangeKind(StrEnum):
    """What was done to the record."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    UNDELETED = "undeleted"
    UNKNOWN = "unknown"
    """Something, but the event does not say what: the record has to be read."""


class RecordChange(Struct, frozen=True):
    """One change of one record, as far as Salesforce told it.

    Parameters
    ----------
    object, id, kind
        The record, and what was done to it.
    fields
        Field → value, for the fields of which the event says the value.
    origin
        Which client made the change, in Salesforce's words; `""` where it does not say.
    untold
        Fields that may have another value since, without the event saying which.
    """

    object: str
    id: RecordId
    kind: ChangeKind
    fields: Mapping[str, FieldValue] = {}
    origin: str = ""
    untold: tuple[str, ...] = ()
