"""`composite` and `composite/graph`: subrequests that may use each other's replies, alone or as one transaction."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from crosswalk_sandbox.salesforce.errors import ApiError
from crosswalk_sandbox.salesforce.http import Path, json_reply, org_of, read_object, version_of
from crosswalk_sandbox.salesforce.references import (
    ReferenceMissing,
    fill_body,
    fill_url,
    is_reference_id,
    referenced,
)
from crosswalk_sandbox.salesforce.subrequests import (
    METHODS,
    Subreply,
    Subrequest,
    perform,
    perform_at_once,
    resource_of,
)

_LARGEST_CALL = 25
_MOST_QUERIES = 5
_MOST_GRAPHS, _MOST_NODES, _DEEPEST_GRAPH = 75, 500, 15
_RESOURCES = ("sobjects", "query", "queryAll", "composite/sobjects")
_COUNTED = ("query", "queryAll", "composite/sobjects")
_ROLLED_BACK = "The transaction was rolled back since another operation in the same transaction failed."

Entry = dict[str, Any]


class _SomeFailed(Exception):
    """Leaves a transaction, so that everything is undone."""


async def list_resources(request: Request) -> Response:
    base = f"/services/data/{version_of(request)}/composite"
    return json_reply({name: f"{base}/{name}" for name in ("sobjects", "batch", "graph", "tree")})


async def run_composite(request: Request) -> Response:
    """Runs up to 25 subrequests in order; with `allOrNone` the failure of one undoes all."""
    body = await read_object(request)
    entries = _entries(body.get("compositeRequest"), "compositeRequest")
    if len(entries) > _LARGEST_CALL:
        raise _limit(f"cannot submit more than {_LARGEST_CALL} subrequests in a composite request")
    if sum(_is_in(entry["url"], _COUNTED) for entry in entries) > _MOST_QUERIES:
        raise _limit(f"cannot submit more than {_MOST_QUERIES} query or collection subrequests in a composite request")
    if body.get("allOrNone") is True:
        replies, _ = _transaction(request, entries)
    else:
        replies = {}
        for entry in entries:
            step = _filled(entry, replies)
            replies[entry["referenceId"]] = step if isinstance(step, Subreply) else await perform(request, step)
            await asyncio.sleep(0)
    return json_reply({"compositeResponse": _results(entries, replies)})


async def run_graphs(request: Request) -> Response:
    """Runs graphs of subrequests, each graph a transaction of its own; 500 subrequests in all."""
    graphs = (await read_object(request)).get("graphs")
    if not isinstance(graphs, list) or not graphs or not all(isinstance(graph, dict) for graph in graphs):
        raise _invalid("The graphs property must be a list of objects that is not empty")
    if len(graphs) > _MOST_GRAPHS:
        raise _limit(f"cannot submit more than {_MOST_GRAPHS} graphs in a composite graph request")
    ids = [graph.get("graphId") for graph in graphs]
    if not all(is_reference_id(each) for each in ids) or len(set(ids)) < len(ids):
        raise _invalid("Each graph needs a graphId of its own, of letters, digits and underscores")
    nodes = [_entries(graph.get("compositeRequest"), "compositeRequest") for graph in graphs]
    if sum(map(len, nodes)) > _MOST_NODES:
        raise _limit(f"cannot submit more than {_MOST_NODES} nodes in a composite graph request")
    for entries in nodes:
        _check_graph(entries)
    answered = []
    for graph_id, entries in zip(ids, nodes, strict=True):
        replies, is_successful = _transaction(request, entries)
        response = {"compositeResponse": _results(entries, replies)}
        answered.append({"graphId": graph_id, "graphResponse": response, "isSuccessful": is_successful})
        await asyncio.sleep(0)
    return json_reply({"graphs": answered})


def _entries(entries: Any, name: str) -> list[Entry]:
    """The subrequests of a call, each with a method, a URL and a reference id of its own."""
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise _invalid(f"The {name} property must be a list of subrequests that is not empty")
    known: set[str] = set()
    for entry in entries:
        name = entry.get("referenceId")
        if not is_reference_id(name):
            message = f"Provided referenceId ('{name}') must start with a letter or a number, and it can contain only "
            raise _invalid(message + "letters, numbers and underscores ('_').")
        if name in known:
            raise _invalid(f"Duplicate referenceId provided in the request: {name}")
        known.add(name)
        if entry.get("method") not in METHODS or not isinstance(entry.get("url"), str):
            raise _invalid(f"The subrequest {name} needs a method of {', '.join(METHODS)} and a url")
    return entries


def _check_graph(entries: list[Entry]) -> None:
    depths: dict[str, int] = {}
    for entry in entries:
        if not _is_in(entry["url"], ("sobjects",)):
            raise _invalid(f"The url of {entry['referenceId']} is not supported in a graph: {entry['url']}")
        parents = referenced(entry["url"]) | referenced(entry.get("body"))
        depths[entry["referenceId"]] = 1 + max((depths.get(parent, 0) for parent in parents), default=0)
    if max(depths.values()) > _DEEPEST_GRAPH:
        raise _limit(f"the depth of a graph cannot be more than {_DEEPEST_GRAPH}")


def _transaction(request: Request, entries: list[Entry]) -> tuple[dict[str, Subreply], bool]:
    """The replies by reference id and whether all is well; after a failure the others say that they were undone."""
    replies: dict[str, Subreply] = {}
    try:
        with org_of(request).all_or_none():
            for entry in entries:
                step = _filled(entry, replies)
                reply = step if isinstance(step, Subreply) else perform_at_once(request, step)
                replies[entry["referenceId"]] = reply
                if reply.is_error:
                    raise _SomeFailed
    except _SomeFailed:
        undone = _halted(_ROLLED_BACK)
        own = {name: reply for name, reply in replies.items() if reply.is_error}
        return {entry["referenceId"]: own.get(entry["referenceId"], undone) for entry in entries}, False
    return replies, True


def _filled(entry: Entry, replies: dict[str, Subreply]) -> Subrequest | Subreply:
    """The call to make, or the refusal when its references have no value or its resource is not supported."""
    bodies = {name: reply.body for name, reply in replies.items() if not reply.is_error}
    try:
        url, body = fill_url(entry["url"], bodies), fill_body(entry.get("body"), bodies)
    except ReferenceMissing as missing:
        return _halted(str(missing))
    if not _is_in(url, _RESOURCES):
        return _refused(400, "INVALID_INPUT", f"The url is not supported in a composite request: {url}")
    headers = entry.get("httpHeaders")
    texts = {name: str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}
    return Subrequest(entry["method"], url, body, texts)


def _results(entries: list[Entry], replies: dict[str, Subreply]) -> list[dict[str, Any]]:
    return [
        {
            "body": reply.body,
            "httpHeaders": reply.headers,
            "httpStatusCode": reply.status,
            "referenceId": entry["referenceId"],
        }
        for entry in entries
        for reply in (replies[entry["referenceId"]],)
    ]


def _is_in(url: str, resources: tuple[str, ...]) -> bool:
    resource = resource_of(url)
    return any(resource == each or resource.startswith(f"{each}/") for each in resources)


def _refused(status: int, code: str, message: str) -> Subreply:
    return Subreply(status, [{"errorCode": code, "message": message}], {})


def _halted(message: str) -> Subreply:
    return _refused(400, "PROCESSING_HALTED", message)


def _invalid(message: str) -> ApiError:
    return ApiError(400, "INVALID_INPUT", message)


def _limit(message: str) -> ApiError:
    return ApiError(400, "LIMIT_EXCEEDED", f"Limit exceeded: {message}")


_BASE = "/services/data/{version}/composite"
PATHS = [
    Path(_BASE, {"GET": list_resources, "POST": run_composite}),
    Path(f"{_BASE}/graph", {"POST": run_graphs}),
]
