"""What the control API takes: an unknown key is refused with its name."""

import msgspec

from crosswalk_sandbox.seed import DEFAULT_PEOPLE


class SeedOrder(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /seed`; `number` chooses the people, `tenant` and `org` are names, the first ones when absent."""

    scenario: str = "company"
    people: int = DEFAULT_PEOPLE
    number: int = 1
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
    log_retention_days: float | msgspec.UnsetType = msgspec.UNSET
    search_delay_seconds: float | msgspec.UnsetType = msgspec.UNSET
    organization_names: bool | msgspec.UnsetType = msgspec.UNSET
