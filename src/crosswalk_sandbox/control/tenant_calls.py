"""What the control API can do with one tenant."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from crosswalk_sandbox.control.orders import TenantSettings
from crosswalk_sandbox.control.replies import Call, reply
from crosswalk_sandbox.faults import fault_routes
from crosswalk_sandbox.hosted import HostedTenant


def tenant_calls(hosted: HostedTenant) -> list[Call]:
    """The calls of one tenant."""
    calls = _TenantCalls(hosted)
    return [
        ("GET", "/auth0/state", calls.state),
        ("POST", "/auth0/reset", calls.reset),
        ("POST", "/auth0/settings", calls.settings),
        ("GET", "/auth0/mails", calls.mails),
        *fault_routes("/auth0", hosted.tenant.faults, hosted.tenant.apply_faults),
    ]


class _TenantCalls:
    """The endpoints."""

    def __init__(self, hosted: HostedTenant) -> None:
        self._hosted = hosted
        self._tenant = hosted.tenant

    async def state(self, _request: Request) -> Response:
        return reply(self._tenant.snapshot())

    async def reset(self, _request: Request) -> Response:
        """Back to the empty start, settings included; tokens stay good."""
        self._hosted.reset()
        return reply({})

    async def settings(self, request: Request) -> Response:
        settings = msgspec.json.decode(await request.body(), type=TenantSettings)
        for name in TenantSettings.__struct_fields__:
            value = getattr(settings, name)
            if value is not msgspec.UNSET:
                setattr(self._tenant.knobs, name, value)
        return reply({})

    async def mails(self, request: Request) -> Response:
        """The e-mails that the tenant would have sent, oldest first."""
        to, kind = (request.query_params.get(name, "") for name in ("to", "kind"))
        with self._tenant.lock:
            return reply(self._tenant.mailbox.mails(to=to, kind=kind))
