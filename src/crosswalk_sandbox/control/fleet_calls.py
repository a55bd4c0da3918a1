"""What the control API can do with the sandbox as a whole."""

import asyncio

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from crosswalk_sandbox.clock import clock_routes
from crosswalk_sandbox.control.orders import read_seed_order
from crosswalk_sandbox.control.replies import Call, reply
from crosswalk_sandbox.faults import fleet_fault_routes
from crosswalk_sandbox.fleet import Fleet
from crosswalk_sandbox.hosted import OrgSpec, TenantSpec


def fleet_calls(fleet: Fleet) -> list[Call]:
    """The calls about all tenants and orgs; their paths are whole."""
    calls = _FleetCalls(fleet)
    return [
        ("GET", "/access", calls.access),
        ("GET", "/state", calls.state),
        ("POST", "/reset", calls.reset),
        ("POST", "/seed", calls.seed),
        ("GET", "/truth", calls.truth),
        *clock_routes(fleet.clock),
        *fleet_fault_routes(fleet.faults),
        ("POST", "/tenants", calls.add_tenant),
        ("DELETE", "/tenants/{member}", calls.remove_tenant),
        ("POST", "/orgs", calls.add_org),
        ("DELETE", "/orgs/{member}", calls.remove_org),
    ]


class _FleetCalls:
    """The endpoints."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    async def access(self, _request: Request) -> Response:
        return reply(self._fleet.access())

    async def state(self, _request: Request) -> Response:
        """The state of the first tenant and the first org."""
        return reply({"auth0": self._fleet.tenant().tenant.snapshot(), "salesforce": self._fleet.org().org.snapshot()})

    async def reset(self, _request: Request) -> Response:
        self._fleet.reset()
        return reply({})

    async def seed(self, request: Request) -> Response:
        """Seed while clients go on being served, and tell how many people it made."""
        order, where = read_seed_order(await request.body())
        done = 0
        for done in self._fleet.seeding(order, tenant=where.tenant, org=where.org):  # noqa: B007 - the last one counts
            await asyncio.sleep(0)
        return reply({"people": done})

    async def truth(self, _request: Request) -> Response:
        """Who is the same person as whom: one JSON object a line."""
        lines = (msgspec.json.encode(each) + b"\n" for each in self._fleet.truth.documents())
        return StreamingResponse(lines, media_type="application/x-ndjson")

    async def add_tenant(self, request: Request) -> Response:
        spec = msgspec.json.decode(await request.body() or b"{}", type=TenantSpec)
        hosted = await self._fleet.add_tenant(spec)
        return reply({"name": hosted.name, **hosted.access()}, 201)

    async def remove_tenant(self, request: Request) -> Response:
        await self._fleet.remove_tenant(request.path_params["member"])
        return reply({})

    async def add_org(self, request: Request) -> Response:
        spec = msgspec.json.decode(await request.body() or b"{}", type=OrgSpec)
        hosted = await self._fleet.add_org(spec)
        return reply({"name": hosted.name, **hosted.access()}, 201)

    async def remove_org(self, request: Request) -> Response:
        await self._fleet.remove_org(request.path_params["member"])
        return reply({})
