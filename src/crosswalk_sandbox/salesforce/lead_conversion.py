"""Lead conversion: a lead becomes a contact of an account, new or known, and perhaps an opportunity.

Which field goes where follows the vendor's standard mapping; a custom field goes to the contact's field of its name.
"""

from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from crosswalk_sandbox.salesforce.errors import RecordProblem, RecordRefused
from crosswalk_sandbox.salesforce.table import Row

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.org import Org

CONVERTED_STATUS = "Closed - Converted"
_ADDRESS = ("Street", "City", "State", "PostalCode", "Country", "Latitude", "Longitude", "GeocodeAccuracy")
_TO_ACCOUNT = {
    **{name: name for name in ("Phone", "Fax", "Website", "Industry", "AnnualRevenue", "NumberOfEmployees", "Rating")},
    **{part: f"Billing{part}" for part in _ADDRESS},
    "LeadSource": "AccountSource",
}
_TO_CONTACT = {
    **{name: name for name in ("FirstName", "LastName", "Salutation", "Title", "Email", "Phone", "MobilePhone", "Fax")},
    **{name: name for name in ("LeadSource", "Description", "IndividualId")},
    **{name: name for name in ("HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall")},
    **{part: f"Mailing{part}" for part in _ADDRESS},
}


class Conversion(msgspec.Struct, forbid_unknown_fields=True):
    """What to convert, in the names of the vendor's `LeadConvert`.

    Parameters
    ----------
    leadId
        The lead.
    accountId, contactId
        A known account, and a contact of it, that take the lead; new ones are made without them. Only empty fields of
        the contact are filled.
    convertedStatus
        The lead's new status.
    doNotCreateOpportunity, opportunityName
        Whether an opportunity is made, and its name (the company's when None).
    ownerId
        Owner of what is made; the lead's when None.
    """

    leadId: str  # noqa: N815 - the vendor's names
    accountId: str | None = None  # noqa: N815
    contactId: str | None = None  # noqa: N815
    convertedStatus: str = CONVERTED_STATUS  # noqa: N815
    doNotCreateOpportunity: bool = False  # noqa: N815
    opportunityName: str | None = None  # noqa: N815
    ownerId: str | None = None  # noqa: N815


def convert_lead(org: "Org", order: Conversion, *, source: str) -> dict[str, Any]:
    """Convert a lead.

    Returns
    -------
    dict
        `leadId`, `accountId`, `contactId`, `opportunityId` (None without one) and `success`.

    Raises
    ------
    RecordRefused
        `CANNOT_UPDATE_CONVERTED_LEAD` for one that is converted, `INVALID_STATUS` for a status that is not a converted
        one, and whatever the new records break.
    """
    leads = org.tables["Lead"]
    if order.convertedStatus != CONVERTED_STATUS:
        raise _refused("INVALID_STATUS", f"invalid convertedStatus: {order.convertedStatus}", "Status")
    with org.all_or_none():
        lead = org.writable_row(leads, order.leadId, source)
        owner = {"OwnerId": order.ownerId or lead["OwnerId"]}
        is_person = org.person_accounts and lead.get("Company") is None
        account_id = order.accountId or _make_account(org, lead, owner, is_person=is_person, source=source)
        account = org.writable_row(org.tables["Account"], account_id, source)
        known_id = order.contactId or account.get("PersonContactId")
        contact_id = known_id or _make_contact(org, lead, account["Id"], owner, source=source)
        is_new = known_id is None or order.accountId is None
        contact = _joined_contact(org, contact_id, account, lead, source=source, is_new=is_new)
        opportunity_id = None
        if not order.doNotCreateOpportunity:
            opportunity_id = _make_opportunity(org, order, lead, account, owner, source=source)
        _move_activities(org, lead, contact)
        links = {"AccountId": account["Id"], "ContactId": contact["Id"], "OpportunityId": opportunity_id}
        values = {f"Converted{name}": value for name, value in links.items()}
        today = org.clock().astimezone(UTC).date().isoformat()
        values |= {"IsConverted": True, "ConvertedDate": today, "Status": CONVERTED_STATUS, "IsUnreadByOwner": False}
        org.set_touched(leads, lead, values, source=source)
    ids = {"accountId": account["Id"], "contactId": contact["Id"], "opportunityId": opportunity_id}
    return {"leadId": lead["Id"], **ids, "success": True}


def _mapped(org: "Org", lead: Row, target: str, names: dict[str, str]) -> Row:
    fields = org.schema[target].fields
    values = {to: lead[name] for name, to in names.items() if lead.get(name) is not None and to in fields}
    if target == "Contact":
        own = (name for name in lead if name.endswith("__c") and name in fields and lead[name] is not None)
        values |= {name: lead[name] for name in own if fields[name].type == org.schema["Lead"].fields[name].type}
    return values


def _make_account(org: "Org", lead: Row, owner: Row, *, is_person: bool, source: str) -> str:
    if not is_person:
        fields = _mapped(org, lead, "Account", _TO_ACCOUNT)
        return org.insert("Account", {**fields, **owner, "Name": lead["Company"]}, source=source)
    names = {name: lead[name] for name in ("FirstName", "LastName", "Salutation") if lead.get(name) is not None}
    contact_fields = _mapped(org, lead, "Contact", _TO_CONTACT)
    person = {org.person_fields[name]: value for name, value in contact_fields.items() if name in org.person_fields}
    return org.insert("Account", {**person, **names, **owner}, source=source)


def _make_contact(org: "Org", lead: Row, account_id: str, owner: Row, *, source: str) -> str:
    fields = _mapped(org, lead, "Contact", _TO_CONTACT)
    return org.insert("Contact", {**fields, **owner, "AccountId": account_id}, source=source)


def _joined_contact(org: "Org", contact_id: str, account: Row, lead: Row, *, source: str, is_new: bool) -> Row:
    """The contact; a known one has to belong to the account and gets values only where it has none."""
    contact = org.writable_row(org.tables["Contact"], contact_id, source)
    if contact.get("AccountId") != account["Id"]:
        message = "The contact is not associated with the specified account."
        raise _refused("INVALID_CROSS_REFERENCE_KEY", message, "ContactId")
    if not is_new:
        mapped = _mapped(org, lead, "Contact", _TO_CONTACT)
        empty = {name: value for name, value in mapped.items() if contact.get(name) is None}
        if empty:
            org.update("Contact", contact["Id"], empty, source=source)
    return contact


def _make_opportunity(org: "Org", order: Conversion, lead: Row, account: Row, owner: Row, *, source: str) -> str:
    fields = {
        "Name": order.opportunityName or f"{lead.get('Company') or account['Name']}-",
        "AccountId": account["Id"],
        "StageName": "Prospecting",
        "CloseDate": _end_of_quarter(org.clock().astimezone(UTC).date()).isoformat(),
        "LeadSource": lead.get("LeadSource"),
    }
    return org.insert("Opportunity", {**fields, **owner}, source=source)


def _move_activities(org: "Org", lead: Row, contact: Row) -> None:
    for name, field, new_field in (
        ("Task", "WhoId", "WhoId"),
        ("Event", "WhoId", "WhoId"),
        ("CampaignMember", "LeadId", "ContactId"),
    ):
        table = org.tables[name]
        for row_id in table.find(field, lead["Id"]):
            org.set_touched(table, table.rows[row_id], {new_field: contact["Id"]})


def _end_of_quarter(day: date) -> date:
    months = day.year * 12 + (day.month + 2) // 3 * 3
    return date(months // 12, months % 12 + 1, 1) - timedelta(days=1)


def _refused(code: str, message: str, field: str) -> RecordRefused:
    return RecordRefused(RecordProblem(code, message, [field]))
