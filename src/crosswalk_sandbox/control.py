"""The control API: what tests, the demo and its console use to look into the sandbox and to trouble it."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from crosswalk_sandbox.auth0 import Tenant
from crosswalk_sandbox.salesforce import FaultOrder, Org, administration_routes
from crosswalk_sandbox.seed import DEFAULT_PEOPLE, seed

Endpoint = Callable[[Request], Awaitable[Response]]


class SeedOrder(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /seed`; `number` chooses the people."""

    scenario: str = "company"
    people: int = DEFAULT_PEOPLE
    number: int = 1


class OrgSettings(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /salesforce/settings`; only what is named changes."""

    latency_ms: float | None = None
    daily_limit: int | None = None
    token_lifetime_s: float | None = None


class TenantSettings(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """`POST /auth0/settings`; only what is named changes. The names are those of the tenant's knobs."""

    duplicate_every: int | msgspec.UnsetType = msgspec.UNSET
    shuffle_seed: int | msgspec.UnsetType | None = msgspec.UNSET
    retry_delays: tuple[float, ...] | msgspec.UnsetType = msgspec.UNSET
    delivery_timeout: float | msgspec.UnsetType = msgspec.UNSET
    heartbeat_seconds: float | msgspec.UnsetType = msgspec.UNSET
    subscription_seconds: float | msgspec.UnsetType = msgspec.UNSET
    enforce_rate_limit: bool | msgspec.UnsetType = msgspec.UNSET
    rate_limit_per_second: int | msgspec.UnsetType = msgspec.UNSET
    rate_limit_burst: int | msgspec.UnsetType = msgspec.UNSET
    organization_names: bool | msgspec.UnsetType = msgspec.UNSET


def create_app(tenant: Tenant, org: Org) -> Starlette:
    """The control API over one tenant and one org."""
    control = _Control(tenant, org)
    routes: list[tuple[str, str, Endpoint]] = [
        ("GET", "/state", control.state),
        ("POST", "/reset", control.reset),
        ("POST", "/seed", control.seed),
        ("GET", "/salesforce/writes", control.writes),
        ("GET", "/salesforce/calls", control.calls),
        ("POST", "/salesforce/faults", control.faults),
        ("POST", "/salesforce/settings", control.org_settings),
        *administration_routes(org),
        ("POST", "/auth0/settings", control.tenant_settings),
    ]
    return Starlette(
        routes=[Route(path, endpoint, methods=[method]) for method, path, endpoint in routes],
        exception_handlers={msgspec.DecodeError: _answer_bad_order, ValueError: _answer_bad_order},
    )


class _Control:
    """The endpoints."""

    def __init__(self, tenant: Tenant, org: Org) -> None:
        self._tenant = tenant
        self._org = org
        self._first_knobs = {name: getattr(tenant.knobs, name) for name in TenantSettings.__struct_fields__}

    async def state(self, _request: Request) -> Response:
        return _reply({"auth0": self._tenant.snapshot(), "salesforce": self._org.snapshot()})

    async def reset(self, _request: Request) -> Response:
        """Back to the empty start, settings included; tokens stay good."""
        for name, value in self._first_knobs.items():
            setattr(self._tenant.knobs, name, value)
        self._tenant.reset()
        self._org.reset()
        return _reply({})

    async def seed(self, request: Request) -> Response:
        order = msgspec.json.decode(await request.body() or b"{}", type=SeedOrder)
        seed(order.scenario, self._tenant, self._org, people=order.people, number=order.number)
        return _reply({})

    async def writes(self, request: Request) -> Response:
        return _reply(self._org.writes.after(int(request.query_params.get("after", "0"))))

    async def calls(self, _request: Request) -> Response:
        return _reply(self._org.calls.summary())

    async def faults(self, request: Request) -> Response:
        self._org.apply_faults(msgspec.json.decode(await request.body(), type=FaultOrder))
        return _reply({})

    async def org_settings(self, request: Request) -> Response:
        settings = msgspec.json.decode(await request.body(), type=OrgSettings)
        self._org.apply_settings(
            latency_ms=settings.latency_ms,
            daily_limit=settings.daily_limit,
            token_lifetime_s=settings.token_lifetime_s,
        )
        return _reply({})

    async def tenant_settings(self, request: Request) -> Response:
        settings = msgspec.json.decode(await request.body(), type=TenantSettings)
        for name in TenantSettings.__struct_fields__:
            value = getattr(settings, name)
            if value is not msgspec.UNSET:
                setattr(self._tenant.knobs, name, value)
        return _reply({})


def _reply(body: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/json")


async def _answer_bad_order(_request: Request, error: Exception) -> Response:
    return _reply({"error": str(error)}, 400)
