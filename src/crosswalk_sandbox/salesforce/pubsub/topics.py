"""Topics: which events a name stands for."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from crosswalk_sandbox.salesforce.pubsub.bus import Event
from crosswalk_sandbox.salesforce.pubsub.change_schema import change_event_name

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.org import Org

ALL_CHANGES = "/data/ChangeEvents"


class Topic(NamedTuple):
    """A topic; `schema_id` is empty for the channel of all changes, whose events have different ones."""

    name: str
    schema_id: str
    wants: Callable[[Event], bool]
    can_publish: bool


def find_topic(org: "Org", name: str) -> Topic | None:
    """The topic of this name, None when the org has none or does not capture the object's changes."""
    kind, _, event_name = name.removeprefix("/").partition("/")
    if name == ALL_CHANGES:
        return Topic(name, "", lambda event: event.is_change, can_publish=False)
    if kind == "data":
        found = next((each for each in org.schema.values() if change_event_name(each.name) == event_name), None)
        if found is None or not org.events.capture.captures(found.name):
            return None
        schema = org.events.change_schemas.of(found)
        return Topic(name, schema.id, lambda event: event.name == event_name, can_publish=False)
    if kind == "event":
        definition = org.events.platform.named(event_name)
        if definition is not None and definition.name == event_name:
            return Topic(name, definition.schema_id, lambda event: event.name == event_name, can_publish=True)
    return None
