"""What each form of the page does; each returns what it tells the person."""

import asyncio
from collections.abc import Mapping

import msgspec

from crosswalk_sandbox.faults import FaultOrder, FaultPlan
from crosswalk_sandbox.fleet import Fleet
from crosswalk_sandbox.hosted import HostedOrg, HostedTenant
from crosswalk_sandbox.seeds import SeedOrder

Fields = Mapping[str, str]
Member = HostedTenant | HostedOrg

TROUBLES: dict[str, tuple[str, FaultOrder]] = {
    "outage": ("Outage for 30 s", FaultOrder(status=503, for_seconds=30)),
    "throttled": ("Next 3 calls: 429", FaultOrder(status=429, fail_next=3)),
    "failures": ("Next 3 calls: 500", FaultOrder(status=500, fail_next=3)),
    "drops": ("Next write: applied, reply lost", FaultOrder(drop_after_write=1)),
    "tokens": ("End all tokens", FaultOrder(revoke_tokens=True)),
    "clear": ("End all troubles", FaultOrder(clear=True)),
}
"""Buttons: name, label and order."""


async def seed(fleet: Fleet, member: Member, fields: Fields) -> str:
    """Seed this tenant and an org, or this org and a tenant."""
    order = SeedOrder(
        fields.get("scenario", ""),
        _whole(fields, "people"),
        _whole(fields, "number"),
        _number(fields, "overlap") / 100,
    )
    other = fields.get("other") or None
    where = (
        {"tenant": member.name, "org": other}
        if isinstance(member, HostedTenant)
        else {"tenant": other, "org": member.name}
    )
    done = 0
    for done in fleet.seeding(order, **where):  # noqa: B007 - the last one counts
        await asyncio.sleep(0)
    return f"Seeded {done:,} people ({order.scenario}, number {order.number})."


async def reset(fleet: Fleet, member: Member, fields: Fields) -> str:
    """Empty this one, or all of them."""
    if fields.get("scope") == "all":
        fleet.reset()
        return "Everything is back to its empty start, and the clock to the computer's time."
    member.reset()
    return f"{member.name} is back to its empty start."


async def clock(fleet: Fleet, member: Member, fields: Fields) -> str:
    """Let time jump, run at another speed, or be the computer's again."""
    if "reset" in fields:
        fleet.clock.reset()
        return "The clock shows the computer's time again."
    if "speed" in fields:
        fleet.clock.run_at(_number(fields, "speed"))
        return f"One second now lasts {fleet.clock.speed:g} seconds of the sandbox."
    seconds = _number(fields, "advance")
    fleet.clock.advance(seconds)
    return f"The clock jumped forward by {seconds:,.0f} seconds."


async def trouble(fleet: Fleet, member: Member, fields: Fields) -> str:
    """Start or end one of the common troubles."""
    label, order = TROUBLES[fields.get("trouble", "")]
    (member.tenant if isinstance(member, HostedTenant) else member.org).apply_faults(order)
    return f"Ordered: {label}."


async def rules(fleet: Fleet, member: Member, fields: Fields) -> str:
    """Put the fault rules of the text in force, in place of those before."""
    plan = msgspec.json.decode(fields.get("rules", "").strip() or "{}", type=FaultPlan)
    faults = (member.tenant if isinstance(member, HostedTenant) else member.org).faults
    faults.set_rules(plan.rules, seed=plan.seed, add=plan.add)
    return f"Fault rules in force: {len(faults.rules())}."


def _whole(fields: Fields, name: str) -> int:
    text = fields.get(name, "").replace(",", "").strip()
    if not text.isdecimal():
        raise ValueError(f"{name} is a whole number, found {text!r}")
    return int(text)


def _number(fields: Fields, name: str) -> float:
    text = fields.get(name, "").strip()
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} is a number, found {text!r}") from None
