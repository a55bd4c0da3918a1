"""`/api/v2/log-streams`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.clock import parse_iso
from crosswalk_sandbox.auth0.problems import invalid_property
from crosswalk_sandbox.auth0.routes.exchange import answer, no_content, read_json
from crosswalk_sandbox.auth0.tenant import Tenant


def log_stream_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of log streams."""

    async def list_streams(request: Request) -> Response:
        with tenant.lock:
            return answer(tenant.log_streams.all())

    async def create(request: Request) -> Response:
        body = await read_json(request)
        start = body.get("startFrom") if isinstance(body, dict) else None
        with tenant.lock:
            stream = tenant.log_streams.create(body, starting_point(tenant, start))
        tenant.logs_changed.notify()
        return answer(stream)

    async def get(request: Request) -> Response:
        with tenant.lock:
            return answer(tenant.log_streams.get(request.path_params["id"]))

    async def update(request: Request) -> Response:
        body = await read_json(request)
        with tenant.lock:
            stream = tenant.log_streams.update(request.path_params["id"], body)
        tenant.logs_changed.notify()
        return answer(stream)

    async def delete(request: Request) -> Response:
        with tenant.lock:
            tenant.log_streams.delete(request.path_params["id"])
        return no_content()

    return [
        Route("/log-streams", list_streams, methods=["GET"]),
        Route("/log-streams", create, methods=["POST"]),
        Route("/log-streams/{id}", get, methods=["GET"]),
        Route("/log-streams/{id}", update, methods=["PATCH"]),
        Route("/log-streams/{id}", delete, methods=["DELETE"]),
    ]


def starting_point(tenant: Tenant, start: object) -> str:
    """Return the id of the last log before `start` (ISO 8601), or of the newest log when `start` is not given."""
    entries = tenant.logs.entries()
    if start is None:
        return str(entries[-1]["log_id"]) if entries else ""
    try:
        begin = parse_iso(start if isinstance(start, str) else "")
    except ValueError:
        found = f"Object didn't pass validation for format date-time: {start}"
        raise invalid_property(found, "startFrom", "The optional datetime to start streaming logs from") from None
    earlier = [entry["log_id"] for entry in entries if parse_iso(entry["date"]) < begin]
    return earlier[-1] if earlier else ""
