"""The forms of the org's page: the fields of a record as inputs, and what a person changed in them."""

from html import escape
from typing import Any

from crosswalk_sandbox.salesforce.org import Org
from crosswalk_sandbox.salesforce.schema import Field
from crosswalk_sandbox.salesforce.table import Row

USUAL_FIELDS = {
    "Lead": "Salutation FirstName LastName Email Phone MobilePhone Company Title Country LeadSource Status "
    "Marketing_Consent__c Auth0_User_Id__c",
    "Contact": "Salutation FirstName LastName Email Phone MobilePhone Title MailingCountry Department "
    "Marketing_Consent__c Auth0_User_Id__c",
    "Account": "Name Industry Website Phone BillingCountry Auth0_User_Id__c",
}
"""What most forms of these objects hold; the others hold every field that can be written."""


def form_fields(org: Org, name: str, *, is_new: bool, every: bool) -> list[Field]:
    """The fields of a form, in the order of the object.

    Parameters
    ----------
    name
        API name of the object.
    is_new
        Whether the form creates a record; some fields can only be written then.
    every
        Whether it holds all of them where there is a shorter choice.
    """
    fields = org.schema[name].fields
    if name in USUAL_FIELDS and not every:
        return [fields[each] for each in USUAL_FIELDS[name].split() if each in fields]
    return [
        each for each in fields.values() if (each.createable if is_new else each.updateable) and not _is_whole(each)
    ]


def form_changes(fields: list[Field], row: Row, form: dict[str, str]) -> Row:
    """Only what the person changed, as a client that saves a form would send it."""
    changes: Row = {}
    for field in fields:
        if field.type == "boolean":
            if (field.name in form) is not bool(row.get(field.name)):
                changes[field.name] = field.name in form
        elif field.name in form and (typed := form[field.name].strip()) != _text(row.get(field.name)):
            changes[field.name] = typed or None
    return changes


def field_input(field: Field, value: Any) -> str:
    """One field with its label."""
    label, name = escape(field.label), escape(field.name)
    if field.type == "boolean":
        return f"<label>{label}<input type=checkbox name={name}{' checked' if value else ''}></label>"
    if field.type == "picklist":
        choices = ["", *field.picklist.values()]
        options = "".join(
            f"<option{' selected' if each == (value or '') else ''}>{escape(each)}</option>" for each in choices
        )
        return f"<label>{label}<select name={name}>{options}</select></label>"
    longest = f" maxlength={field.length}" if field.length else ""
    hint = f' placeholder="{"; ".join(map(escape, field.picklist.values()))}"' if field.picklist else ""
    return f'<label>{label}<input name={name}{longest}{hint} value="{escape(_text(value))}"></label>'


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _is_whole(field: Field) -> bool:
    """Whether a field is put together from others, such as an address."""
    return field.type in ("address", "location")
