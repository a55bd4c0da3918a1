"""How much of an org's or a tenant's API the hub may use, and how much it leaves to others."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from crosswalk.config.section import Section
from crosswalk.config.values import Kind, refuse
from crosswalk.domain.budget import Terms

_SHARE = re.compile(r"(\d{1,2}(?:\.\d+)?)\s*%")


def _read_share(value: Any) -> str:
    """A bare number leaves open what it is a number of."""
    found = _SHARE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        refuse("this is no share that leaves something to the hub", "per cent, from 0% to less than 100%")
    return found[0]


def _as_share(value: str) -> str:
    return value.replace(" ", "")


ShareText = Annotated[str, BeforeValidator(_read_share), AfterValidator(_as_share), Kind("share")]

_RESERVE = "What is kept for others, of each limit that the vendor tells"


class OrgBudgetConfig(Section):
    """How much of the org's API the hub may use. All processes on one database share it."""

    reserve: ShareText = Field(
        default="20%",
        description=f"{_RESERVE}: of the calls per 24 hours, for the org's other integrations and its people.",
        examples=["20%"],
    )
    calls_per_day: int | None = Field(
        default=None,
        ge=1,
        description="The most calls of the hub within 24 hours. When absent, what the org allows without the reserve.",
        examples=[50000],
    )
    calls_per_second: float | None = Field(
        default=None, gt=0, le=10_000, description="The most calls per second. When absent, any number.", examples=[50]
    )
    concurrent_calls: int = Field(
        default=20,
        ge=1,
        le=1000,
        description="The most calls under way at once. Salesforce refuses more than 25 that last for 20 seconds, 5 in "
        "a developer edition.",
    )


class TenantBudgetConfig(Section):
    """How much of the tenant's Management API the hub may use. All processes on one database share it."""

    reserve: ShareText = Field(
        default="20%",
        description=f"{_RESERVE}: of the calls at once of each group of endpoints, for Actions and other applications.",
        examples=["20%"],
    )
    calls_per_day: int | None = Field(
        default=None, ge=1, description="The most calls of the hub within 24 hours. When absent, any number."
    )
    calls_per_second: float | None = Field(
        default=None,
        gt=0,
        le=10_000,
        description="The most calls per second. When absent, what the tenant's answers leave.",
        examples=[10],
    )
    concurrent_calls: int | None = Field(
        default=None, ge=1, le=1000, description="The most calls under way at once. When absent, any number."
    )


def define_terms(written: OrgBudgetConfig | TenantBudgetConfig) -> Terms:
    """Translate a budget into the domain's words."""
    return Terms(
        reserve=float(written.reserve.removesuffix("%")) / 100,
        calls_per_day=written.calls_per_day,
        calls_per_second=written.calls_per_second,
        concurrent_calls=written.concurrent_calls,
        counts_by_day=isinstance(written, OrgBudgetConfig),
    )
