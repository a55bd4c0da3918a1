"""The webhooks over a real database, called as Auth0 calls them."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from crosswalk.api.webhooks import WebhookTokens, webhook_routes
from crosswalk.connectors.secret import Secret
from crosswalk.domain.ids import OrgName, SyncName, TenantName
from crosswalk.engine.intake import Intake
from crosswalk.engine.jobs import LaneJobs
from crosswalk.store.database import Database
from crosswalk.store.due import Lane
from crosswalk.store.inbox import Subscriber

EVENT_TOKEN = "token-of-the-event-stream"
LOG_TOKEN = "token-of-the-log-stream"


async def nothing_to_do(_: Lane) -> None:
    """What a lane's job does where only intake is looked at."""


@pytest.fixture
async def jobs(database: Database) -> LaneJobs:
    jobs = LaneJobs(database, nothing_to_do)
    await jobs.open()
    return jobs


@pytest.fixture
async def intake(database: Database, jobs: LaneJobs) -> AsyncIterator[Intake]:
    async with Intake(
        database, [Subscriber(SyncName("customers"), TenantName("acme"), OrgName("acme"), 1)], jobs.wake
    ) as intake:
        yield intake


@pytest.fixture
async def auth0(intake: Intake) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the webhooks."""
    tokens = {
        TenantName("acme"): WebhookTokens(Secret(EVENT_TOKEN), Secret(LOG_TOKEN)),
        TenantName("polled"): WebhookTokens(None, None),
    }
    transport = httpx.ASGITransport(Starlette(routes=webhook_routes(intake, tokens)))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        yield client
