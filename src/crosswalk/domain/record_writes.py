"""What can be done in Salesforce besides writing a record's fields."""

from collections.abc import Mapping

from msgspec import Struct

from crosswalk.domain.values import FieldValue


class RecordDelete(Struct, frozen=True, tag="delete_record"):
    """A record that the hub made goes to the recycle bin; it is named by the external id that it was made with."""

    object: str
    external_id: tuple[str, str]


class EventPublish(Struct, frozen=True, tag="publish_event"):
    """A platform event (`Tier_Changed__e`), for the flows and integrations that wait for it in the org."""

    event: str
    fields: Mapping[str, FieldValue]
