"""What the control API takes: an unknown key is refused with its name."""

from typing import Any

import msgspec

from crosswalk_sandbox.auth0.rate_limit_tables import Plan
from crosswalk_sandbox.seeds import SeedOrder


class SeedPlace(msgspec.Struct, frozen=True):
    """Which tenant and org a `POST /seed` is about, by name; the first ones when absent."""

    tenant: str | None = None
    org: str | None = None


class OrgSettings(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /salesforce/settings`; only what is named changes."""

    latency_ms: float | None = None
    daily_limit: int | None = None
    token_lifetime_s: float | None = None
    concurrent_limit: int | None = None


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
    rate_limit_plan: Plan | msgspec.UnsetType | None = msgspec.UNSET
    event_retention_days: float | msgspec.UnsetType | None = msgspec.UNSET
    log_retention_days: float | msgspec.UnsetType = msgspec.UNSET
    search_delay_seconds: float | msgspec.UnsetType = msgspec.UNSET
    organization_names: bool | msgspec.UnsetType = msgspec.UNSET
    linking_deletes: bool | msgspec.UnsetType = msgspec.UNSET
    job_delay: float | msgspec.UnsetType = msgspec.UNSET
    action_limit_seconds: float | msgspec.UnsetType = msgspec.UNSET
    action_build_seconds: float | msgspec.UnsetType = msgspec.UNSET


def read_seed_order(body: bytes) -> tuple[SeedOrder, SeedPlace]:
    """What to seed, and where: the keys of both in one object.

    Raises
    ------
    msgspec.ValidationError
        For an unknown key or a value that cannot be.
    """
    given: dict[str, Any] = msgspec.json.decode(body or b"{}", type=dict[str, Any])
    where = {name: given.pop(name) for name in SeedPlace.__struct_fields__ if name in given}
    return msgspec.convert(given, SeedOrder), msgspec.convert(where, SeedPlace)
