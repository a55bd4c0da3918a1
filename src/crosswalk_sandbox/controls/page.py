"""What the page shows."""

from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader

from crosswalk_sandbox.controls.forms import TROUBLES, Member
from crosswalk_sandbox.fleet import Fleet
from crosswalk_sandbox.hosted import HostedTenant
from crosswalk_sandbox.seeds import SCENARIOS

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
_SHOWN_FAULTS = 15
_FURNITURE = ("Profile", "PermissionSet", "User")
_JUMPS = (("1 minute", 60), ("1 hour", 3600), ("1 day", 86_400), ("30 days", 2_592_000))
_SPEEDS = (1, 60, 3600)
_EXAMPLE = """{"seed": 1, "rules": [
  {"name": "slow", "effect": {"kind": "latency", "delay": {"shape": "lognormal", "p50_ms": 50, "p99_ms": 800}}},
  {"name": "sometimes down", "when": {"rate": 0.05}, "effect": {"kind": "status", "status": 503}}
]}"""


def render(fleet: Fleet, member: Member, csrf: str, *, notice: str = "", error: str = "") -> str:
    """The page of one tenant or org as HTML."""
    is_tenant = isinstance(member, HostedTenant)
    faults = (member.tenant if isinstance(member, HostedTenant) else member.org).faults
    others = fleet.orgs if is_tenant else fleet.tenants
    return _TEMPLATES.get_template("controls.html").render(
        member=member.name,
        vendor="Auth0 tenant" if is_tenant else "Salesforce org",
        is_tenant=is_tenant,
        home="/" if is_tenant else "/sandbox/",
        state=_state(member),
        clock=fleet.clock.shown(),
        now=fleet.clock().strftime("%Y-%m-%d %H:%M:%S UTC"),
        jumps=_JUMPS,
        speeds=_SPEEDS,
        scenarios=list(SCENARIOS),
        others=list(others),
        others_kind="org" if is_tenant else "tenant",
        troubles={name: label for name, (label, _) in TROUBLES.items()},
        rules=_json(faults.rules()),
        example=_EXAMPLE,
        injected=faults.log.after()[-_SHOWN_FAULTS:][::-1],
        everyone=_everyone(fleet, member),
        csrf=csrf,
        notice=notice,
        error=error,
    )


def _state(member: Member) -> list[tuple[str, str]]:
    """What there is, in words and numbers."""
    if isinstance(member, HostedTenant):
        tenant = member.tenant
        deliveries = tenant.deliveries.counts()
        return [
            ("Users", f"{len(tenant.users):,}"),
            ("Roles", f"{len(tenant.roles.all()):,}"),
            ("Organizations", f"{len(tenant.organizations.all()):,}"),
            ("Applications", f"{len(tenant.clients.ids()):,}"),
            ("Connections", f"{len(list(tenant.connections.every())):,}"),
            ("Events", f"{len(tenant.events):,}"),
            ("Logs", f"{len(tenant.logs):,}"),
            ("Event streams", f"{len(list(tenant.event_streams)):,}"),
            ("Deliveries", ", ".join(f"{count:,} {name}" for name, count in deliveries.items())),
        ]
    org = member.org
    counts = {
        org.schema[name].label_plural: sum(not row["IsDeleted"] for row in table.rows.values())
        for name, table in org.tables.items()
        if name not in _FURNITURE
    }
    rows = [(name, f"{count:,}") for name, count in counts.items() if count]
    used = f"{org.usage.used():,} of {org.usage.daily_limit:,}"
    return [*rows, ("API calls in 24 hours", used)]


def _everyone(fleet: Fleet, member: Member) -> list[dict[str, Any]]:
    """All tenants and orgs, each with the address of its page."""
    tenants = [("tenant", each.name, f"https://{each.tenant.domain}") for each in fleet.tenants.values()]
    orgs = [("org", each.name, each.org.instance_url) for each in fleet.orgs.values()]
    here = ("tenant" if isinstance(member, HostedTenant) else "org", member.name)
    return [
        {"name": name, "kind": kind, "url": url, "is_here": (kind, name) == here}
        for kind, name, url in (*tenants, *orgs)
    ]


def _json(rules: list[Any]) -> str:
    """The rules as an order, one a line."""
    lines = ",\n  ".join(msgspec.json.encode(rule).decode() for rule in rules)
    return f'{{"rules": [\n  {lines}\n]}}' if rules else ""
