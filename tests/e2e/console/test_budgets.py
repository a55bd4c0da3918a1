"""What is left of the calls, how long it lasts and who spent it: in the console, the admin API and the command."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from crosswalk.api.admin import admin_router
from crosswalk.api.metrics import SharedFigures, exposition
from crosswalk.api.security import AdminAccess
from crosswalk.cli.budget import budget_as_text
from crosswalk.connectors.secret import Secret
from crosswalk.domain.purpose import Purpose, Spender
from crosswalk.engine.budget.view import view_budgets
from crosswalk.store.database import Database
from tests.console_scene import ADMIN_TOKEN, ORG, SYNC, Scene, a_desk, console_data
from tests.e2e.console.client import client_of

SPENT = {Spender(Purpose.PROFILE, SYNC): 10, Spender(Purpose.OFFBOARDING, SYNC): 2, Spender(): 1}


@pytest.fixture
async def api(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(admin_router(console_data(database), AdminAccess(Secret(ADMIN_TOKEN)), a_desk(database)))
    async with client_of(app) as client:
        client.headers["Authorization"] = f"Bearer {ADMIN_TOKEN}"
        yield client


async def test_the_console_says_what_is_left_and_who_spent_it(admin: httpx.AsyncClient, scene: Scene) -> None:
    before = (await admin.get("/console")).text
    await scene.spend(used=92_000, limit=100_000, calls=SPENT, failures=5)

    page = (await admin.get("/console")).text

    assert "The org has not yet said how many calls it allows." in before
    assert "The calls of the day are used up; they become free again" in page
    assert '<span class="pill quiet">10 profiles · customers</span>' in page
    assert '<span class="pill quiet">2 offboarding and access · customers</span>' in page
    assert '<span class="pill bad">query: does not answer</span>' in page
    assert "0 of 80k" in page


async def test_the_admin_api_tells_every_budget(api: httpx.AsyncClient, scene: Scene) -> None:
    await scene.spend(used=20_013, limit=100_000, calls=SPENT)

    org, tenant = (await api.get("/api/v1/budgets")).json()["items"]

    assert org.pop("told_at").endswith("Z")
    assert org == {
        "kind": "org",
        "name": ORG,
        "limit": 100_000,
        "used": 20_013,
        "share": 80_000,
        "left": 59_987,
        "own": 13,
        "reserve": 0.2,
        "forecast": "Too early to say how long the limit lasts.",
        "lasts_until": None,
        "richness": 1.0,
        "workers": 0,
        "endpoints": [{"name": "query", "limit": None, "left": None, "resting_until": None, "because": ""}],
        "spent": [
            {"purpose": "profile", "sync": SYNC, "calls": 10},
            {"purpose": "offboarding", "sync": SYNC, "calls": 2},
            {"purpose": "profile", "sync": "", "calls": 1},
        ],
    }
    assert (tenant["kind"], tenant["share"], tenant["forecast"]) == ("tenant", None, "No limit per day.")


async def test_the_command_says_it_in_a_few_lines(database: Database, scene: Scene) -> None:
    await scene.spend(used=20_013, limit=100_000, calls=SPENT)

    org, tenant = await view_budgets(database, console_data(database).terms)

    assert budget_as_text(org) == [
        "org sales: 59,987 of the hub's 80,000 calls left",
        "    Too early to say how long the limit lasts.",
        "    20,013 of 100,000 calls used in 24 hours by all, 13 by the hub; 20% kept for others",
        "           10  profile for customers",
        "            2  offboarding for customers",
        "            1  profile",
    ]
    assert budget_as_text(tenant) == ["tenant prod-eu: 0 calls in 24 hours", "    No limit per day."]


async def test_metrics_tell_what_is_left_and_what_does_not_answer(database: Database, scene: Scene) -> None:
    await scene.spend(used=20_013, limit=100_000, calls=SPENT, failures=5)

    told = exposition(await SharedFigures(database, [SYNC], console_data(database).terms).current()).decode()

    assert 'crosswalk_api_calls_used{org="sales"} 20013.0' in told
    assert 'crosswalk_api_calls_allowed{org="sales"} 100000.0' in told
    assert 'crosswalk_budget_calls_share{kind="org",name="sales"} 80000.0' in told
    assert 'crosswalk_budget_calls_left{kind="org",name="sales"} 59987.0' in told
    assert 'crosswalk_budget_told_timestamp_seconds{kind="org",name="sales"} 1.' in told
    assert 'crosswalk_budget_calls_spent{kind="org",name="sales",purpose="profile",sync="customers"} 10.0' in told
    assert 'crosswalk_endpoint_resting{because="circuit",endpoint="query",kind="org",name="sales"} 1.0' in told
