"""`/sandbox/`: the org for people. Shows the records of every object and lets one play the CRM user."""

from collections.abc import Callable
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
from crosswalk_sandbox.salesforce.page_forms import USUAL_FIELDS, field_input, form_changes, form_fields
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
_SHOWN_ROWS = 200
_REFRESHED_ROWS = 50_000
"""With more rows than these, looking through them every two seconds would leave little for clients."""
_STYLE = (resources.files(__package__) / "data" / "page.css").read_text(encoding="utf-8")
_REFRESH = "setInterval(()=>{if(!document.hidden&&!getSelection().toString())location.reload()},2000)"


_FURTHER_COLUMNS = 6


async def show_records(request: Request) -> Response:
    """The newest records of the objects that integrations write most, and the list of all objects."""
    org = org_of(request)
    shown = [name for name in _COLUMNS if name in USUAL_FIELDS or org.tables[name].rows]
    is_small = sum(len(org.tables[name].rows) for name in _COLUMNS) < _REFRESHED_ROWS
    body = "".join(_section(org, name) for name in shown) + _all_objects(org)
    return _html(org, body, script=_REFRESH if is_small else "")


async def show_object(request: Request) -> Response:
    """The newest records of one object."""
    org = org_of(request)
    return _html(org, _section(org, _known(org, request)))


async def edit_record(request: Request) -> Response:
    """The form for one record; a POST saves it with the same rules as the API."""
    org, name = org_of(request), _known(org_of(request), request)
    row, every = org.existing_row(name, request.path_params["id"]), "all" in request.query_params
    fields = form_fields(org, name, is_new=False, every=every)

    def save(form: dict[str, str]) -> None:
        org.update(name, row["Id"], form_changes(fields, row, form), source="page")

    message = await _written(request, save)
    return _html(org, _form(org, name, row, fields, message)) if isinstance(message, str) else message


async def new_record(request: Request) -> Response:
    """The form for a new record; a POST creates it with the same rules as the API."""
    org, name = org_of(request), _known(org_of(request), request)
    fields = form_fields(org, name, is_new=True, every="all" in request.query_params)
    defaults: Row = {field.name: field.default for field in fields}

    def create(form: dict[str, str]) -> None:
        org.insert(name, form_changes(fields, {}, form), source="page")

    message = await _written(request, create)
    return _html(org, _form(org, name, defaults, fields, message)) if isinstance(message, str) else message


async def delete_record(request: Request) -> Response:
    """Delete a record with what belongs to it."""
    org, name = org_of(request), _known(org_of(request), request)
    row = org.existing_row(name, request.path_params["id"])
    message = await _written(request, lambda _form: org.delete(name, row["Id"], source="page"))
    fields = form_fields(org, name, is_new=False, every=False)
    return _html(org, _form(org, name, row, fields, message)) if isinstance(message, str) else message


async def convert(request: Request) -> Response:
    """Convert a lead to a new contact of a new account, with an opportunity."""
    org = org_of(request)
    row = org.existing_row("Lead", request.path_params["id"])
    message = await _written(request, lambda _form: convert_lead(org, Conversion(leadId=row["Id"]), source="page"))
    fields = form_fields(org, "Lead", is_new=False, every=False)
    return _html(org, _form(org, "Lead", row, fields, message)) if isinstance(message, str) else message


async def _written(request: Request, write: Callable[[dict[str, str]], Any]) -> Response | str:
    """Do what a form is for and go back to the records, or return why not; empty when nothing was sent yet."""
    if request.method != "POST":
        return ""
    sender = request.headers.get("origin")
    if sender is not None and sender != org_of(request).instance_url:
        raise ApiError(403, "INSUFFICIENT_ACCESS", "Forms of other sites are not taken")
    form = {key: str(value) for key, value in (await request.form()).items()}
    try:
        write(form)
    except RecordRefused as refused:
        return "; ".join(problem.message for problem in refused.problems)
    except ApiError as error:
        return error.message
    return RedirectResponse("/sandbox/", status_code=303)


def _known(org: Org, request: Request) -> str:
    name: str = request.path_params["object"]
    if name not in org.schema:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return name


def _all_objects(org: Org) -> str:
    links = "".join(
        f"<a href=/sandbox/{name}>{escape(each.label_plural)} <small>{_count(org, name)}</small></a>"
        for name, each in sorted(org.schema.items())
    )
    return f"<section><h2>All objects</h2><nav aria-label='All objects'>{links}</nav></section>"


def _count(org: Org, name: str) -> int:
    return sum(not row["IsDeleted"] for row in org.tables[name].rows.values())


def _section(org: Org, name: str) -> str:
    there = [row for row in org.tables[name].rows.values() if not row["IsDeleted"]]
    rows = nlargest(_SHOWN_ROWS, there, key=lambda row: (row["LastModifiedDate"], row["Id"]))
    object_type = org.schema[name]
    heading = f"<h2><a href=/sandbox/{name}>{object_type.label_plural}</a> <small>{len(there)}</small>"
    heading += f"<a class=new href=/sandbox/{name}/new>New</a></h2>"
    if not rows:
        return f"<section>{heading}<p class=empty>None yet.</p></section>"
    columns = _columns(org, name)
    titles = "".join(f"<th>{escape(object_type.fields[column].label)}</th>" for column in columns)
    body = "".join(_table_row(name, row, columns) for row in rows)
    return f"<section>{heading}<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></section>"


def _columns(org: Org, name: str) -> list[str]:
    """What a table shows: of less usual objects the name, or else the id, and the first fields that can be written."""
    if name in _COLUMNS:
        return _COLUMNS[name].split()
    fields = org.schema[name].fields
    first = "Name" if "Name" in fields else "Id"
    writable = [each for each in fields.values() if each.createable and each.type not in ("address", "location")]
    further = [each.name for each in writable if each.name != first][:_FURTHER_COLUMNS]
    return [first, *further, "LastModifiedDate"]


def _table_row(name: str, row: Row, columns: list[str]) -> str:
    cells = []
    for place, column in enumerate(columns):
        value = row.get(column)
        text = escape("" if value is None else "✓" if value is True else "–" if value is False else str(value))
        if place == 0:
            text = f'<a href="/sandbox/{name}/{row["Id"]}">{text or row["Id"]}</a>'
        elif column == "LastModifiedDate":
            text = text[:19].replace("T", " ")
        elif column == "Auth0_User_Id__c" and text:
            text = f"<code>{text}</code>"
        cells.append(f"<td>{text}</td>" if text else "<td class=none>·</td>")
    return f"<tr>{''.join(cells)}</tr>"


def _form(org: Org, name: str, row: Row, fields: list[Field], message: str) -> str:
    """The form of a record, or with a row that has no id, of a new one."""
    row_id = row.get("Id")
    inputs = "".join(field_input(field, row.get(field.name)) for field in fields)
    error = f"<span class=error role=alert>{escape(message)}</span>" if message else ""
    action, buttons = f"/sandbox/{name}/{row_id or 'new'}", ""
    if name == "Lead" and row_id and not row["IsConverted"]:
        buttons += f'<button formaction="{action}/convert">Convert</button>'
    if row_id:
        buttons += f'<button class=bad formaction="{action}/delete">Delete</button>'
    more = f'<a href="{action}?all">All fields</a>' if name in USUAL_FIELDS else ""
    bar = f"<div class=bar><button>Save</button>{buttons}{more}<a href=/sandbox/>Cancel</a>{error}</div>"
    called = escape(str(row.get("Name") or row_id)) if row_id else "new"
    title = f"<h2>{escape(org.schema[name].label)}: {called} <small><code>{row_id or ''}</code></small></h2>"
    return f"<section>{title}<form method=post>{inputs}{bar}</form></section>"


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
    Route("/sandbox/{object}", show_object, methods=["GET"]),
    Route("/sandbox/{object}/new", new_record, methods=["GET", "POST"]),
    Route("/sandbox/Lead/{id}/convert", convert, methods=["POST"]),
    Route("/sandbox/{object}/{id}/delete", delete_record, methods=["POST"]),
    Route("/sandbox/{object}/{id}", edit_record, methods=["GET", "POST"]),
]
