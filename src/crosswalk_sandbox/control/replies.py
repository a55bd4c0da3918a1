"""The calls' common shapes: an endpoint in a list, a JSON reply."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

Endpoint = Callable[[Request], Awaitable[Response]]
Call = tuple[str, str, Endpoint]
"""Method, path and endpoint. The path starts with `/auth0` or `/salesforce`, whichever tenant or org it is for."""


def reply(body: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/json")
