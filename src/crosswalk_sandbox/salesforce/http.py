"""What the org's HTTP endpoints share: JSON in, JSON out, and which paths there are."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from crosswalk_sandbox.salesforce.errors import ApiError, RecordRefused, parser_error
from crosswalk_sandbox.salesforce.org import Org

Endpoint = Callable[[Request], Awaitable[Response]]
OLDEST_VERSION, NEWEST_VERSION = 50, 64
JSON_TYPE = "application/json;charset=UTF-8"


class Path(NamedTuple):
    """One path template of the org with its endpoints by HTTP method."""

    template: str
    methods: dict[str, Endpoint]


def org_of(request: Request) -> Org:
    """The org that this application serves."""
    org: Org = request.app.state.org
    return org


def json_reply(body: Any, status: int = 200) -> Response:
    """A reply in the vendor's content type."""
    return Response(msgspec.json.encode(body), status_code=status, media_type=JSON_TYPE)


def api_error_reply(error: ApiError) -> Response:
    return json_reply(error.body(), error.status)


def record_error_reply(error: RecordRefused) -> Response:
    """The reply of a call about one record that was refused."""
    return json_reply([problem.as_call_error() for problem in error.problems], error.status)


async def read_object(request: Request) -> dict[str, Any]:
    """The request's JSON object; 400 JSON_PARSER_ERROR for anything else."""
    return decode_object(await request.body())


def decode_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body, empty for an empty body; 400 JSON_PARSER_ERROR for anything else."""
    try:
        decoded = msgspec.json.decode(body or b"{}")
    except msgspec.DecodeError as error:
        raise parser_error(f"Unexpected character: {error} at [line:1, column:1]") from None
    if not isinstance(decoded, dict):
        raise parser_error("The request body must be a JSON object at [line:1, column:1]")
    return decoded


def version_of(request: Request) -> str:
    """The API version in the path, such as `v64.0`."""
    version: str = request.path_params["version"]
    return version
