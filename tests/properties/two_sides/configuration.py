"""The sync of these tests: a field of every owner, several types, two objects in order of preference, one flow."""

from msgspec.structs import replace

from crosswalk.domain.definition import FieldMap
from crosswalk.domain.flow import DeactivationFlow, Flows
from crosswalk.domain.values import Owner, ValueType
from crosswalk.reconcile.compiled import CompiledSync
from tests.core_builders import a_field, a_place, a_sync, a_target
from tests.properties.two_sides.org import KEYS


def _returning(name: str, path: str, owner: Owner, type_: ValueType) -> FieldMap:
    """A field whose value goes both ways."""
    return a_field(name, f"user.{path.replace('.', '?.')}", owner, type_, to=tuple(path.split(".")))


FIELDS = (
    a_field("LastName", "user.name"),
    a_field("Email", "user.email", type_=ValueType.EMAIL),
    a_field("Interests__c", "user.user_metadata?.interests ?? null", type_=ValueType.MULTIPICKLIST),
    a_field("Title", "user.user_metadata?.title", Owner.INITIAL),
    _returning("Tier__c", "app_metadata.tier", Owner.SALESFORCE, ValueType.PICKLIST),
    _returning("Phone", "user_metadata.phone", Owner.LATEST, ValueType.PHONE),
    _returning("Newsletter__c", "user_metadata.newsletter", Owner.LATEST, ValueType.BOOLEAN),
    _returning("Region__c", "user_metadata.address.region", Owner.MANUAL, ValueType.TEXT),
)
FLOW = DeactivationFlow(
    when="user.blocked === true",
    fields={"Contact": {"Inactive__c": True}, "Lead": {"Inactive__c": True}},
    note="The user may not log in",
    task=None,
    key_field=KEYS["Task"],
    place=a_place(70),
)
SYNC = CompiledSync(
    replace(
        a_sync(a_target(*FIELDS, create=False), a_target(*FIELDS, object_="Lead")),
        flows=Flows(deactivation=FLOW),
        lanes=2,
    ),
    default_region="US",
)
