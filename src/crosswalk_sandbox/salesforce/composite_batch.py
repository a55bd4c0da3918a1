"""`composite/batch`: up to 25 independent calls in one, each with its own result."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from crosswalk_sandbox.salesforce.errors import ApiError
from crosswalk_sandbox.salesforce.http import Path, json_reply, read_object
from crosswalk_sandbox.salesforce.subrequests import METHODS, Subreply, Subrequest, perform, resource_of

_LARGEST_CALL = 25
_RESOURCES = ("sobjects", "query", "queryAll", "limits", "parameterizedSearch")
_HALTED = [{"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted per client request"}]


async def run_batch(request: Request) -> Response:
    """Runs the subrequests in order; with `haltOnError` those after a failure are answered 412."""
    body = await read_object(request)
    entries = body.get("batchRequests")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise ApiError(400, "INVALID_INPUT", "The batchRequests property must be a list of objects that is not empty")
    if len(entries) > _LARGEST_CALL:
        message = f"Limit exceeded: cannot submit more than {_LARGEST_CALL} subrequests in a batch request"
        raise ApiError(400, "LIMIT_EXCEEDED", message)
    replies: list[Subreply] = []
    for entry in entries:
        if body.get("haltOnError") is True and any(reply.is_error for reply in replies):
            replies.append(Subreply(412, _HALTED, {}))
            continue
        replies.append(await _reply(request, entry))
        await asyncio.sleep(0)
    results = [{"statusCode": reply.status, "result": reply.body} for reply in replies]
    return json_reply({"hasErrors": any(reply.is_error for reply in replies), "results": results})


async def _reply(request: Request, entry: dict[str, Any]) -> Subreply:
    method, url = entry.get("method"), str(entry.get("url"))
    if not url.startswith("/services/data/"):
        url = f"/services/data/{url.removeprefix('/')}"
    resource = resource_of(url)
    if method not in METHODS or not any(resource == each or resource.startswith(f"{each}/") for each in _RESOURCES):
        message = f"The request is not supported in a batch: {method} {entry.get('url')}"
        return Subreply(400, [{"errorCode": "INVALID_INPUT", "message": message}], {})
    return await perform(request, Subrequest(str(method), url, entry.get("richInput"), {}))


PATHS = [Path("/services/data/{version}/composite/batch", {"POST": run_batch})]
