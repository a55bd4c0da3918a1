"""Person Accounts: an account that is a person, and the contact that goes with it.

An account created with a last name and without a name is a person. Its contact has the same values under its own names;
what is written on either side shows on both.
"""

from typing import TYPE_CHECKING

from crosswalk_sandbox.salesforce.derived import full_name
from crosswalk_sandbox.salesforce.errors import RecordProblem, RecordRefused
from crosswalk_sandbox.salesforce.integrity import check_unique
from crosswalk_sandbox.salesforce.schema import ObjectType
from crosswalk_sandbox.salesforce.table import Row

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.org import Org

_NAMES = ("FirstName", "LastName", "Salutation")
_SHARED = (*_NAMES, "Phone", "Fax", "Description", "OwnerId")


def person_fields(account: ObjectType, contact: ObjectType) -> dict[str, str]:
    """The account's field for each field of a person's contact."""
    names = {name: name for name in _SHARED}
    for name in contact.fields:
        for candidate in (f"Person{name}", name.removesuffix("__c") + "__pc"):
            if candidate in account.fields:
                names[name] = candidate
    return names


def check_account_names(values: Row, row: Row | None) -> None:
    """Refuse a name that does not suit the kind of account.

    Parameters
    ----------
    values
        What is being written.
    row
        The account as it is, None for a new one.
    """
    is_person = row["IsPersonAccount"] if row is not None else values.get("LastName") is not None
    wrong = [name for name in (("Name",) if is_person else _NAMES) if values.get(name) is not None]
    if wrong:
        message = (
            f"Unable to create/update fields: {', '.join(wrong)}. Please check the security settings of this "
            "field and verify that it is read/write for your profile or permission set."
        )
        raise RecordRefused(RecordProblem("INVALID_FIELD_FOR_INSERT_UPDATE", message, wrong))
    needed = "LastName" if is_person else "Name"
    if (row is None or needed in values) and values.get(needed) is None:
        message = f"Required fields are missing: [{needed}]"
        raise RecordRefused(RecordProblem("REQUIRED_FIELD_MISSING", message, [needed]))


def check_person_keys(org: "Org", values: Row, row: Row | None) -> None:
    """Refuse values whose field is unique among contacts and that another contact has."""
    names = {person: name for name, person in org.person_fields.items()}
    of_contact = {names[name]: value for name, value in values.items() if name in names}
    check_unique(org.tables["Contact"], of_contact, row.get("PersonContactId") if row is not None else None)


def name_account(row: Row) -> Row:
    """What a new account, or one with a new name, gets besides what was written."""
    is_person = row.get("IsPersonAccount") or row.get("LastName") is not None
    return {"IsPersonAccount": True, "Name": full_name(row)} if is_person else {}


def add_person_contact(org: "Org", account: Row, *, source: str) -> None:
    """Create the contact of a new person account."""
    values = {name: account[person] for name, person in org.person_fields.items() if account.get(person) is not None}
    table = org.tables["Contact"]
    row = org.new_row(table.object_type, {**values, "AccountId": account["Id"]})
    row["IsPersonAccount"] = True
    org.add_row(table, row, values, source=source)
    org.set_quietly(org.tables["Account"], account, {"PersonContactId": row["Id"]})


def mirror_account(org: "Org", account: Row, changed: list[str], *, source: str) -> None:
    """Show an account's change on its contact."""
    values = {name: account.get(person) for name, person in org.person_fields.items() if person in changed}
    contact = org.tables["Contact"].rows.get(account.get("PersonContactId") or "")
    if values and contact is not None:
        if "FirstName" in values or "LastName" in values:
            values["Name"] = full_name(account)
        org.set_touched(org.tables["Contact"], contact, values, source=source)


def mirror_contact(org: "Org", contact: Row, changed: list[str], *, source: str) -> None:
    """Show a change of a person's contact on the account."""
    values = {person: contact.get(name) for name, person in org.person_fields.items() if name in changed}
    account = org.tables["Account"].rows.get(contact.get("AccountId") or "")
    if values and account is not None:
        if "FirstName" in values or "LastName" in values:
            values["Name"] = full_name(contact)
        org.set_touched(org.tables["Account"], account, values, source=source)


def check_deletable(contact: Row) -> None:
    """Refuse to delete a person's contact apart from the account."""
    if contact.get("IsPersonAccount"):
        message = "You cannot delete the contact of a person account; delete the account instead."
        raise RecordRefused(RecordProblem("INVALID_PERSON_ACCOUNT_OPERATION", message))
