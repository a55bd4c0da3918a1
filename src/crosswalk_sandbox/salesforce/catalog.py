"""The objects of a new org, from the describe results under `data/`, and Person Accounts."""

from functools import cache
from importlib import resources
from typing import Any

import msgspec

from crosswalk_sandbox.salesforce.schema import ObjectType

OBJECT_NAMES = (
    "Account",
    "Asset",
    "Campaign",
    "CampaignMember",
    "Case",
    "Contact",
    "ContactPointEmail",
    "ContactPointTypeConsent",
    "Contract",
    "DataUsePurpose",
    "Event",
    "Individual",
    "Lead",
    "Opportunity",
    "OpportunityLineItem",
    "PermissionSet",
    "PermissionSetAssignment",
    "Product2",
    "Profile",
    "Task",
    "User",
)


def _data(name: str) -> Any:
    return msgspec.json.decode((resources.files(__package__) / "data" / f"{name}.json").read_bytes())


AUTH0_USER_ID_FIELD: dict[str, Any] = {
    "name": "Auth0_User_Id__c",
    "label": "Auth0 User Id",
    "type": "string",
    "length": 255,
    "byteLength": 765,
    "custom": True,
    "externalId": True,
    "idLookup": True,
    "unique": True,
    "caseSensitive": True,
    "permissionable": True,
}
MARKETING_CONSENT_FIELD: dict[str, Any] = {
    "name": "Marketing_Consent__c",
    "label": "Marketing Consent",
    "type": "boolean",
    "soapType": "xsd:boolean",
    "aggregatable": False,
    "custom": True,
    "defaultValue": False,
    "defaultedOnCreate": True,
    "nillable": False,
    "permissionable": True,
}


@cache
def _standard_object(name: str) -> ObjectType:
    object_type = ObjectType(**_data(name))
    if name in ("Lead", "Contact", "Account"):
        object_type.add_field(AUTH0_USER_ID_FIELD)
    if name in ("Lead", "Contact"):
        object_type.add_field(MARKETING_CONSENT_FIELD)
    return object_type


def standard_objects() -> dict[str, ObjectType]:
    """The org's objects by name, with the custom fields that an identity integration installs."""
    return {name: _standard_object(name).copy() for name in OBJECT_NAMES}


def enable_person_accounts(objects: dict[str, ObjectType]) -> None:
    """Give Account the fields of people, and Lead the freedom to name no company, as the vendor's switch does."""
    recorded = _data("PersonAccount")
    account, contact, lead = objects["Account"], objects["Contact"], objects["Lead"]
    for field in recorded["fields"]:
        account.add_field(field)
    contact.add_field(account.field_describe("IsPersonAccount"))
    lead.add_field({**lead.field_describe("Company"), "nillable": True})
    for name in list(contact.fields):
        if contact.field_describe(name)["custom"]:
            add_person_field(account, contact.field_describe(name))


def add_person_field(account: ObjectType, contact_field: dict[str, Any]) -> None:
    """Show a custom field of Contact on Account, where its name ends in `__pc`; it is no key there."""
    name = contact_field["name"].removesuffix("__c") + "__pc"
    relationship = contact_field["relationshipName"]
    if relationship is not None:
        relationship = relationship.removesuffix("__r") + "__pr"
    account.add_field(
        {
            **contact_field,
            "name": name,
            "externalId": False,
            "idLookup": False,
            "unique": False,
            "relationshipName": relationship,
        }
    )
