"""`/sandbox/`: the org for people. Shows the records and lets one play the CRM user."""

from collections.abc import Iterable
from heapq import nlargest
from html import escape
from importlib import resources
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from crosswalk_sandbox.salesforce.errors import ApiError, RecordRefused
from crosswalk_sandbox.salesforce.http import org_of
from crosswalk_sandbox.salesforce.lead_conversion import Conversion, convert_lead
from crosswalk_sandbox.salesforce.org import Org
from crosswalk_sandbox.salesforce.schema import Field
from crosswalk_sandbox.salesforce.table import Row

_COLUMNS = {
    "Lead": "Name Email Auth0_User_Id__c Phone Company Title Country Status IsConverted Marketing_Consent__c "
    "LastModifiedDate",
    "Contact": "Name Email Auth0_User_Id__c Phone Title MailingCountry Marketing_Consent__c LastModifiedDate",
    "Account": "Name Auth0_User_Id__c Industry Website Phone BillingCountry LastModifiedDate",
    "Opportunity": "Name StageName Amount Probability CloseDate IsWon LastModifiedDate",
    "Case": "CaseNumber Subject Status Priority Origin ContactEmail LastModifiedDate",
    "Task": "Subject Status Priority ActivityDate LastModifiedDate",
}
_EDITABLE = {
    "Lead": "Salutation FirstName LastName Email Phone MobilePhone Company Title Country LeadSource Status "
    "Marketing_Consent__c Auth0_User_Id__c",
    "Contact": "Salutation FirstName LastName Email Phone MobilePhone Title MailingCountry Department "
    "Marketing_Consent__c Auth0_User_Id__c",
    "Account": "Name Industry Website Phone BillingCountry Auth0_User_Id__c",
}
_SHOWN_ROWS = 200
_REFRESHED_ROWS = 50_000
"""With more rows than these, looking through them every two seconds would leave little for clients."""
_STYLE = (resources.files(__package__) / "data" / "page.css").read_text(encoding="utf-8")
_REFRESH = "setInterval(()=>{if(!document.hidden&&!getSelection().toString())location.reload()},2000)"


async def show_records(request: Request) -> Response:
    org = org_of(request)
    sections = "".join(_section(org, name) for name in _COLUMNS if name in _EDITABLE or org.tables[name].rows)
    is_small = sum(len(org.tables[name].rows) for name in _COLUMNS) < _REFRESHED_ROWS
    return _html(org, sections, script=_REFRESH if is_small else "")


async def edit_record(request: Request) -> Response:
    """The form for one record; a POST saves it with the same rules as the API."""
    org, name, row_id = org_of(request), request.path_params["object"], request.path_params["id"]
    if name not in _EDITABLE:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    row = org.existing_row(name, row_id)
    message = ""
    if request.method == "POST":
        form = {key: str(value) for key, value in (await request.form()).items()}
        try:
            org.update(name, row["Id"], _changes(org, name, row, form), source="page")
            return RedirectResponse("/sandbox/", status_code=303)
        except RecordRefused as refused:
            message = "; ".join(problem.message for problem in refused.problems)
        except ApiError as error:
            message = error.message
    return _html(org, _form(org, name, row, message))


async def convert(request: Request) -> Response:
    """Convert a lead to a new contact of a new account, with an opportunity."""
    org, row_id = org_of(request), request.path_params["id"]
    row = org.existing_row("Lead", row_id)
    try:
        convert_lead(org, Conversion(leadId=row["Id"]), source="page")
    except RecordRefused as refused:
        return _html(org, _form(org, "Lead", row, "; ".join(problem.message for problem in refused.problems)))
    return RedirectResponse("/sandbox/", status_code=303)


def _editable_fields(org: Org, name: str) -> Iterable[Field]:
    return (org.schema[name].fields[each] for each in _EDITABLE[name].split())


def _changes(org: Org, name: str, row: Row, form: dict[str, str]) -> Row:
    """Only what the person changed, as a client that saves a form would send it."""
    changes: Row = {}
    for field in _editable_fields(org, name):
        value: Any = field.name in form if field.type == "boolean" else form.get(field.name, "").strip() or None
        if value != row.get(field.name):
            changes[field.name] = value
    return changes


def _section(org: Org, name: str) -> str:
    there = [row for row in org.tables[name].rows.values() if not row["IsDeleted"]]
    rows = nlargest(_SHOWN_ROWS, there, key=lambda row: (row["LastModifiedDate"], row["Id"]))
    heading = f"<h2>{org.schema[name].label_plural} <small>{len(there)}</small></h2>"
    if not rows:
        return f"<section>{heading}<p class=empty>None yet.</p></section>"
    columns = _COLUMNS[name].split()
    titles = "".join(f"<th>{escape(org.schema[name].fields[column].label)}</th>" for column in columns)
    body = "".join(_table_row(name, row, columns) for row in rows)
    return f"<section>{heading}<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></section>"


def _table_row(name: str, row: Row, columns: list[str]) -> str:
    cells = []
    for column in columns:
        value = row.get(column)
        text = escape("" if value is None else "✓" if value is True else "–" if value is False else str(value))
        if column == "Name" and name in _EDITABLE:
            text = f'<a href="/sandbox/{name}/{row["Id"]}">{text}</a>'
        elif column == "LastModifiedDate":
            text = text[:19].replace("T", " ")
        elif column == "Auth0_User_Id__c":
            text = f"<code>{text}</code>"
        cells.append(f"<td>{text}</td>" if value is not None else "<td class=none>·</td>")
    return f"<tr>{''.join(cells)}</tr>"


def _form(org: Org, name: str, row: Row, message: str) -> str:
    inputs = "".join(_input(field, row.get(field.name)) for field in _editable_fields(org, name))
    error = f"<span class=error role=alert>{escape(message)}</span>" if message else ""
    can_convert = name == "Lead" and not row["IsConverted"]
    action = f"/sandbox/Lead/{row['Id']}/convert"
    conversion = f'<button formaction="{action}">Convert</button>' if can_convert else ""
    bar = f"<div class=bar><button>Save</button>{conversion}<a href=/sandbox/>Cancel</a>{error}</div>"
    title = f"<h2>{name}: {escape(str(row.get('Name')))} <small><code>{row['Id']}</code></small></h2>"
    return f"<section>{title}<form method=post>{inputs}{bar}</form></section>"


def _input(field: Field, value: Any) -> str:
    label, name = escape(field.label), escape(field.name)
    if field.type == "boolean":
        return f"<label>{label}<input type=checkbox name={name}{' checked' if value else ''}></label>"
    if field.type == "picklist":
        choices = ["", *field.picklist.values()]
        options = "".join(
            f"<option{' selected' if each == (value or '') else ''}>{escape(each)}</option>" for each in choices
        )
        return f"<label>{label}<select name={name}>{options}</select></label>"
    return f'<label>{label}<input name={name} maxlength={field.length} value="{escape(str(value or ""))}"></label>'


def _html(org: Org, body: str, script: str = "") -> HTMLResponse:
    header = f"<header><a href=/sandbox/>Salesforce sandbox</a><span>{escape(org.instance_url)}</span>"
    header += "<a class=controls href=/sandbox-controls>Controls</a></header>"
    head = "<meta charset=utf-8><meta name=viewport content='width=device-width'><title>Salesforce sandbox</title>"
    script = f"<script>{script}</script>" if script else ""
    return HTMLResponse(
        f"<!doctype html><html lang=en><head>{head}<style>{_STYLE}</style></head>"
        f"<body>{header}<main>{body}</main>{script}</body></html>"
    )


ROUTES = [
    Route("/sandbox/", show_records, methods=["GET"]),
    Route("/sandbox/Lead/{id}/convert", convert, methods=["POST"]),
    Route("/sandbox/{object}/{id}", edit_record, methods=["GET", "POST"]),
]
