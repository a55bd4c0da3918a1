"""One Salesforce row."""

from collections.abc import Mapping

from msgspec import Struct

from crosswalk.domain.ids import RecordId
from crosswalk.domain.values import FieldValue

MODIFIED_FIELD = "SystemModstamp"
"""When Salesforce last changed the record, for whatever reason; UTC, `YYYY-MM-DDTHH:MM:SS.mmm+0000`."""

CONVERTED_FIELD = "IsConverted"
"""Of a lead: whether it was converted into a contact and can no longer be changed."""


class Record(Struct, frozen=True):
    """A row of a Salesforce object with the fields that a sync tracks (API name → value as Salesforce returned it)."""

    object: str
    id: RecordId
    fields: Mapping[str, FieldValue]
