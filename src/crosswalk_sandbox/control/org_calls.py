"""What the control API can do with one org."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from crosswalk_sandbox.control.orders import OrgSettings
from crosswalk_sandbox.control.replies import Call, reply
from crosswalk_sandbox.faults import fault_routes
from crosswalk_sandbox.hosted import HostedOrg
from crosswalk_sandbox.salesforce import administration_routes


def org_calls(hosted: HostedOrg) -> list[Call]:
    """The calls of one org."""
    calls = _OrgCalls(hosted)
    return [
        ("GET", "/salesforce/state", calls.state),
        ("POST", "/salesforce/reset", calls.reset),
        ("GET", "/salesforce/writes", calls.writes),
        ("GET", "/salesforce/calls", calls.calls),
        ("POST", "/salesforce/settings", calls.settings),
        *fault_routes("/salesforce", hosted.org.faults, hosted.org.apply_faults),
        *administration_routes(hosted.org),
    ]


class _OrgCalls:
    """The endpoints."""

    def __init__(self, hosted: HostedOrg) -> None:
        self._hosted = hosted
        self._org = hosted.org

    async def state(self, _request: Request) -> Response:
        return reply(self._org.snapshot())

    async def reset(self, _request: Request) -> Response:
        """Back to the empty start, settings included; tokens stay good."""
        self._hosted.reset()
        return reply({})

    async def writes(self, request: Request) -> Response:
        return reply(self._org.writes.after(int(request.query_params.get("after", "0"))))

    async def calls(self, _request: Request) -> Response:
        return reply(self._org.calls.summary())

    async def settings(self, request: Request) -> Response:
        settings = msgspec.json.decode(await request.body(), type=OrgSettings)
        self._org.apply_settings(
            latency_ms=settings.latency_ms,
            daily_limit=settings.daily_limit,
            token_lifetime_s=settings.token_lifetime_s,
            concurrent_limit=settings.concurrent_limit,
        )
        return reply({})
