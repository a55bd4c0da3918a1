"""`parameterizedSearch`: words in names, e-mail addresses, phones or any text, over one or several objects.

Every word has to be found, in any order and letter case, each as a whole word unless it ends in `*`. A phone number is
found by its digits, however it is written.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from crosswalk_sandbox.salesforce.errors import ApiError
from crosswalk_sandbox.salesforce.http import Path, json_reply, org_of, read_object, version_of
from crosswalk_sandbox.salesforce.org import Org
from crosswalk_sandbox.salesforce.schema import Field
from crosswalk_sandbox.salesforce.sobjects import record_body
from crosswalk_sandbox.salesforce.table import Row
from crosswalk_sandbox.salesforce.turns import with_turns

_SHORTEST, _MOST_RESULTS = 2, 2000
_WORD = re.compile(r"[\w.'@+-]+\*?", re.UNICODE)
_TEXT_TYPES = {"string", "email", "phone", "url", "textarea", "picklist"}
_NAMES = {"Name", "FirstName", "LastName"}
_SCOPES: dict[str, Callable[[Field], bool]] = {
    "ALL": lambda field: field.type in _TEXT_TYPES,
    "NAME": lambda field: field.name in _NAMES,
    "EMAIL": lambda field: field.type == "email",
    "PHONE": lambda field: field.type == "phone",
    "SIDEBAR": lambda field: field.name in _NAMES or field.type in ("email", "phone"),
}


@dataclass(frozen=True, slots=True)
class _Target:
    """An object to search: which fields to show, and how many records at most."""

    object_name: str
    fields: list[str]
    limit: int


async def search(request: Request) -> Response:
    """Searches; parameters come in the query (GET) or as JSON (POST)."""
    order = await read_object(request) if request.method == "POST" else _from_query(request)
    text, org = order.get("q"), org_of(request)
    if not isinstance(text, str) or len(text.strip()) < _SHORTEST:
        raise ApiError(400, "INVALID_SEARCH", "search term must be longer than one character")
    scope = _SCOPES.get(str(order.get("in") or "ALL").upper())
    if scope is None:
        raise ApiError(400, "INVALID_SEARCH", f"in must be one of {', '.join(_SCOPES)}")
    found: list[Row] = []
    overall = _number(order.get("overallLimit"), _MOST_RESULTS)
    for target in _targets(org, order):
        rows = await _matching(org, target, text, scope)
        found += [record_body(org, version_of(request), target.object_name, row, target.fields) for row in rows]
    offset = _number(order.get("offset"), 0)
    return json_reply({"searchRecords": found[offset : offset + overall]})


def _from_query(request: Request) -> dict[str, Any]:
    """The POST form of a GET: `sobject=Account&Account.fields=id,name&Account.limit=10`."""
    query = request.query_params
    order: dict[str, Any] = {name: query.get(name) for name in ("q", "in", "overallLimit", "defaultLimit", "offset")}
    order["fields"] = [each for each in query.get("fields", "").split(",") if each]
    order["sobjects"] = [
        {
            "name": name,
            "fields": [each for each in query.get(f"{name}.fields", "").split(",") if each],
            "limit": query.get(f"{name}.limit"),
        }
        for name in query.getlist("sobject")
    ]
    return order


def _targets(org: Org, order: dict[str, Any]) -> list[_Target]:
    default = _number(order.get("defaultLimit"), _MOST_RESULTS)
    asked = order.get("sobjects")
    if not asked:
        names = [name for name, each in org.objects.items() if each.summary("v0.0", "").get("searchable")]
        return [_Target(name, ["Id"], default) for name in names]
    targets = []
    if not isinstance(asked, list):
        raise ApiError(400, "INVALID_SEARCH", "sobjects must be a list of objects")
    for each in asked:
        if not isinstance(each, dict) or not isinstance(each.get("name"), str):
            raise ApiError(400, "INVALID_SEARCH", "Each of sobjects needs a name")
        fields = each.get("fields") or order.get("fields") or ["Id"]
        if not isinstance(fields, list) or not all(isinstance(name, str) for name in fields):
            raise ApiError(400, "INVALID_SEARCH", "fields must be a list of names")
        targets.append(_Target(org.object_type(each["name"]).name, fields, _number(each.get("limit"), default)))
    return targets


async def _matching(org: Org, target: _Target, text: str, scope: Callable[[Field], bool]) -> list[Row]:
    table = org.tables[target.object_name]
    fields = [field for field in table.object_type.fields.values() if scope(field)]
    phones = [field.name for field in fields if field.type == "phone"]
    texts = [field.name for field in fields if field.type != "phone"]
    words, digits = _WORD.findall(text.lower()), _digits(text)
    is_number = len(digits) > _SHORTEST and not re.search(r"[^\W\d_]|@", text)
    found: list[Row] = []
    async for chunk in with_turns(table.rows.values()):
        found += [
            row
            for row in chunk
            if not row["IsDeleted"]
            and (
                _has_words(row, texts, words)
                or (is_number and any(digits in _digits(row.get(each)) for each in phones))
            )
        ]
        if len(found) >= target.limit:
            break
    return found[: target.limit]


def _has_words(row: Row, names: list[str], words: list[str]) -> bool:
    """Whether every word is one of the row's words, the parts of an e-mail address being words too."""
    content = " ".join(str(row[name]).lower() for name in names if row.get(name))
    if not words or not all(word.rstrip("*") in content for word in words):
        return False
    known = {part for word in _WORD.findall(content) for part in (word, *re.split(r"[@.]", word))}
    return all(
        any(each.startswith(word[:-1]) for each in known) if word.endswith("*") else word in known for word in words
    )


def _digits(text: Any) -> str:
    return "".join(filter(str.isdigit, text)) if isinstance(text, str) else ""


def _number(value: Any, default: int) -> int:
    if value is None:
        return default
    if not str(value).isdigit():
        raise ApiError(400, "INVALID_SEARCH", f"a limit or offset must be a whole number, not {value}")
    return min(int(value), _MOST_RESULTS)


PATHS = [Path("/services/data/{version}/parameterizedSearch", {"GET": search, "POST": search})]
