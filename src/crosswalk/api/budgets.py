"""The admin API of budgets: what is left of the vendors' limits, how long it lasts, and who spent it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from crosswalk.api.answers import Answer
from crosswalk.domain.budget import Terms
from crosswalk.engine.budget.view import view_budgets
from crosswalk.store.database import Database


class EndpointAnswer(Answer):
    """One class of calls."""

    name: str
    limit: Annotated[int | None, Field(description="Calls at once that the vendor takes; null where it does not tell.")]
    left: Annotated[int | None, Field(description="How many of them were left when it last said.")]
    resting_until: Annotated[datetime | None, Field(description="Until when it is left alone; null when it is not.")]
    because: Annotated[str, Field(description="`circuit` (it does not answer), `rate` (it asked to wait), or empty.")]


class SpentAnswer(Answer):
    """What calls of the last 24 hours were made for."""

    purpose: Annotated[str, Field(description="`offboarding`, `profile`, `activity`, `backfill` or `probe`.")]
    sync: Annotated[str, Field(description="For which sync; empty for calls of none, such as reading a log.")]
    calls: int


class BudgetAnswer(Answer):
    """The budget of one org or tenant, as all processes share it."""

    kind: Annotated[str, Field(description="`org` or `tenant`.")]
    name: str
    limit: Annotated[int | None, Field(description="Calls per 24 hours that the vendor allows.")]
    used: Annotated[int | None, Field(description="Calls of the last 24 hours that the vendor has counted.")]
    told_at: Annotated[datetime | None, Field(description="When it said so.")]
    share: Annotated[int | None, Field(description="Calls per 24 hours that are the hub's; null for any number.")]
    left: Annotated[int | None, Field(description="How many of those are left.")]
    own: Annotated[int, Field(description="Calls of the hub in the last 24 hours.")]
    reserve: Annotated[float, Field(description="The share of each limit that is kept for others.")]
    forecast: Annotated[str, Field(description="How long it lasts at the rate of the last hour, in words.")]
    lasts_until: Annotated[datetime | None, Field(description="When it is used up at that rate; null: not in sight.")]
    richness: Annotated[float, Field(description="From 0 (nothing left) to 1 (plenty).")]
    workers: Annotated[int, Field(description="Processes that hold a part of it now.")]
    endpoints: list[EndpointAnswer]
    spent: list[SpentAnswer]


class BudgetsAnswer(Answer):
    """Every budget, those of orgs first."""

    items: list[BudgetAnswer]


def add_budgets(router: APIRouter, database: Database, terms: Mapping[str, Terms]) -> None:
    """Add the route of budgets to the admin API."""

    @router.get("/budgets", summary="API budgets of orgs and tenants: left, forecast, who spent what")
    async def budgets() -> BudgetsAnswer:
        seen = await view_budgets(database, terms)
        return BudgetsAnswer(items=[BudgetAnswer.model_validate(each) for each in seen])
