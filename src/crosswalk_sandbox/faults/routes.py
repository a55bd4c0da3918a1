"""The control API's calls about faults.

One tenant's or org's, below its own path:

    POST /faults          `FaultOrder`: a short order
    GET  /faults/rules    the rules in force
    POST /faults/rules    `FaultPlan`: new rules; an empty list ends all
    GET  /faults/log      what was injected, after `?after=NUMBER`

All tenants' and orgs' at once: `POST /faults/rules` with the vendor in each rule, and `GET /faults/log`, whose entries
name the vendor.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from crosswalk_sandbox.faults.engine import Faults
from crosswalk_sandbox.faults.files import check_vendors
from crosswalk_sandbox.faults.orders import FaultOrder
from crosswalk_sandbox.faults.rules import FaultPlan

Endpoint = Callable[[Request], Awaitable[Response]]


def fault_routes(
    prefix: str, faults: Faults, apply_order: Callable[[FaultOrder], None]
) -> list[tuple[str, str, Endpoint]]:
    """Method, path and endpoint of the calls about one tenant or org, whose paths start with `prefix`."""

    async def order(request: Request) -> Response:
        apply_order(msgspec.json.decode(await request.body() or b"{}", type=FaultOrder))
        return _reply({})

    async def show_rules(_request: Request) -> Response:
        return _reply(faults.rules())

    async def set_rules(request: Request) -> Response:
        plan = msgspec.json.decode(await request.body() or b"{}", type=FaultPlan)
        faults.set_rules(plan.rules, seed=plan.seed, add=plan.add)
        return _reply(faults.rules())

    async def show_log(request: Request) -> Response:
        return _reply(faults.log.after(_number(request)))

    return [
        ("POST", f"{prefix}/faults", order),
        ("GET", f"{prefix}/faults/rules", show_rules),
        ("POST", f"{prefix}/faults/rules", set_rules),
        ("GET", f"{prefix}/faults/log", show_log),
    ]


def set_plan(plan: FaultPlan, members: Iterable[Faults]) -> None:
    """Give every tenant and org the rules of its vendor.

    Raises
    ------
    ValueError
        For a rule without a vendor, or a name that is there twice.
    """
    check_vendors(plan)
    for faults in members:
        rules = [rule for rule in plan.rules if rule.vendor == faults.vendor]
        faults.set_rules(rules, seed=plan.seed, add=plan.add)


def fleet_fault_routes(members: Callable[[], Iterable[Faults]]) -> list[tuple[str, str, Endpoint]]:
    """Method, path and endpoint of the calls about all tenants and orgs there are."""

    async def set_rules(request: Request) -> Response:
        set_plan(msgspec.json.decode(await request.body() or b"{}", type=FaultPlan), members())
        return _reply({})

    async def show_log(_request: Request) -> Response:
        entries = [
            {"vendor": faults.vendor, **msgspec.structs.asdict(entry)}
            for faults in members()
            for entry in faults.log.after()
        ]
        return _reply(sorted(entries, key=lambda entry: str(entry["at"])))

    return [("POST", "/faults/rules", set_rules), ("GET", "/faults/log", show_log)]


def _number(request: Request) -> int:
    text = request.query_params.get("after", "0")
    if not text.isdecimal():
        raise ValueError(f"`after` is the number of a log entry, found {text!r}")
    return int(text)


def _reply(body: Any) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json")
