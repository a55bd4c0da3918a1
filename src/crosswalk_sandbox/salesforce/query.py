"""`query`, `queryAll` and their further pages."""

import secrets

from starlette.requests import Request
from starlette.responses import Response

from crosswalk_sandbox.salesforce.errors import ApiError
from crosswalk_sandbox.salesforce.http import Path, json_reply, org_of, version_of
from crosswalk_sandbox.salesforce.soql import QueryResult, parse_query, run_query

_LARGEST_PAGE = 2000
_SMALLEST_PAGE = 200
_KEPT_CURSORS = 10  # as many as the vendor keeps for a user


async def query(request: Request) -> Response:
    return _run(request, with_deleted=False)


async def query_all(request: Request) -> Response:
    return _run(request, with_deleted=True)


async def next_page(request: Request) -> Response:
    """A further page; its name is `{cursor}-{offset}`."""
    cursor, _, start = request.path_params["locator"].rpartition("-")
    records = org_of(request).cursors.get(cursor)
    if records is None or not start.isdigit():
        raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    return _page(request, QueryResult(len(records), records), cursor, int(start))


def _run(request: Request, *, with_deleted: bool) -> Response:
    text = request.query_params.get("q", "")
    if not text.strip():
        raise ApiError(400, "MALFORMED_QUERY", "The q parameter with the query is missing")
    result = run_query(parse_query(text), org_of(request), version=version_of(request), with_deleted=with_deleted)
    return _page(request, result, "", 0)


def _page(request: Request, result: QueryResult, cursor: str, start: int) -> Response:
    end = start + _page_size(request)
    body = {"totalSize": result.total, "done": end >= len(result.records), "records": result.records[start:end]}
    if not body["done"]:
        if not cursor:
            cursor = f"01g{secrets.token_hex(8)[:15]}"
            cursors = org_of(request).cursors
            cursors[cursor] = result.records
            if len(cursors) > _KEPT_CURSORS:
                del cursors[next(iter(cursors))]
        body["nextRecordsUrl"] = f"/services/data/{version_of(request)}/query/{cursor}-{end}"
    return json_reply(body)


def _page_size(request: Request) -> int:
    """The page size that `Sforce-Query-Options: batchSize=N` asks for, within the vendor's bounds."""
    option = request.headers.get("sforce-query-options", "").replace(" ", "")
    asked = option.removeprefix("batchSize=")
    if not asked.isdigit():
        return _LARGEST_PAGE
    return min(max(int(asked), _SMALLEST_PAGE), _LARGEST_PAGE)


_BASE = "/services/data/{version}"
PATHS = [
    Path(f"{_BASE}/query", {"GET": query}),
    Path(f"{_BASE}/query/{{locator}}", {"GET": next_page}),
    Path(f"{_BASE}/queryAll", {"GET": query_all}),
    Path(f"{_BASE}/queryAll/{{locator}}", {"GET": next_page}),
]
