"""Forgetting a link, on the real database and by the admin API."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI

from crosswalk.api.admin import admin_router
from crosswalk.api.security import AdminAccess
from crosswalk.connectors.secret import Secret
from crosswalk.domain.decision import Decided, LinkTo
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.link import LinkEnd
from crosswalk.engine.forgetting_links import LinkForgetter, UnknownLink
from crosswalk.engine.held_lanes import LanesBusy
from crosswalk.store import decisions, former_links, interventions, links
from crosswalk.store.database import Connection, Database
from crosswalk.store.due import Lane
from tests.console_scene import (
    ADA,
    ADA_RECORD,
    ADMIN_TOKEN,
    SYNC,
    Scene,
    a_definition,
    a_desk,
    console_data,
    leave_asleep,
)
from tests.databases import END_SESSIONS
from tests.e2e.console.client import client_of

RECORD = {"LastName": "Lindqvist", "Auth0_User_Id__c": ADA}


@pytest.fixture
def forgetter(database: Database) -> LinkForgetter:
    return LinkForgetter(database, {SYNC: a_definition()}, leave_asleep)


@pytest.fixture
async def api(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(admin_router(console_data(database), AdminAccess(Secret(ADMIN_TOKEN)), a_desk(database)))
    async with client_of(app, address="192.0.2.9") as client:
        client.headers["Authorization"] = f"Bearer {ADMIN_TOKEN}"
        yield client


async def test_a_forgotten_link_is_history_and_its_user_is_due(
    forgetter: LinkForgetter, database: Database, scene: Scene
) -> None:
    await scene.link(RECORD, base=RECORD)
    decided = Decided(LinkTo("Lead", ADA_RECORD), "Ada Byron", datetime(2026, 2, 1, tzinfo=UTC))
    async with database.transaction() as connection:
        await decisions.decide(connection, SYNC, ADA, "", decided)
    found = await forgetter.find(ADA_RECORD[:15])

    forgotten = await forgetter.forget(ADA, "Grace Hopper", reason="her father's lead")

    async with database.transaction() as connection:
        left = await links.read(connection, SYNC, [ADA])
        [former] = await former_links.of_identity(connection, SYNC, ADA)
        [noted] = await interventions.newest(connection, 10)
        standing = await decisions.standing(connection, SYNC, [ADA])
        due = await (await connection.execute("SELECT user_id, outcome FROM due")).fetchall()
    assert found == forgotten
    assert found.found_again_by == "Auth0_User_Id__c"
    assert (left, standing.matches) == ({}, {})
    assert (former.record_id, former.reason) == (ADA_RECORD, LinkEnd.FORGOTTEN)
    assert (noted.by, noted.deed, noted.reason) == ("Grace Hopper", "forget_link", "her father's lead")
    assert noted.about == f"{ADA} Lead {ADA_RECORD}"
    assert due == [(ADA, None)]


async def test_what_is_not_linked_or_in_no_such_sync_is_refused(forgetter: LinkForgetter, scene: Scene) -> None:
    await scene.link({"LastName": "Lindqvist"})

    assert (await forgetter.find(ADA)).found_again_by == ""
    with pytest.raises(UnknownLink, match=r"there is no link of auth0\|nobody: give an Auth0 user id"):
        await forgetter.find("auth0|nobody")
    with pytest.raises(UnknownLink, match=r"no sync is called customer \(customers\), did you mean customers"):
        await forgetter.forget(ADA, "Grace", "customer")


async def test_whoever_is_linked_in_several_syncs_says_which(database: Database, scene: Scene) -> None:
    await scene.link(RECORD)
    other = SyncName("partners")
    async with database.transaction() as connection:
        [link] = (await links.read(connection, SYNC, [UserId(ADA)])).values()
        await links.save(connection, other, [link])
    both = {name: a_definition(name) for name in (SYNC, other)}
    forgetter = LinkForgetter(database, both, leave_asleep)

    with pytest.raises(UnknownLink, match=r"linked in several syncs, say which one: customers \(Lead"):
        await forgetter.forget(ADA_RECORD, "Grace Hopper")
    assert (await forgetter.forget(ADA, "Grace Hopper", "partners")).sync == "partners"


async def test_nothing_is_forgotten_where_others_may_have_the_lanes_again(database: Database, scene: Scene) -> None:
    await scene.link(RECORD)

    async def lose_the_lanes(_: Connection, lane: Lane) -> None:
        async with database.transaction() as connection:
            await connection.execute(END_SESSIONS)
        await asyncio.Event().wait()

    with pytest.raises(LanesBusy, match="the lock of the lanes went with its connection"):
        await LinkForgetter(database, {SYNC: a_definition()}, lose_the_lanes).forget(ADA, "Grace Hopper")

    async with database.transaction() as connection:
        assert list(await links.read(connection, SYNC, [ADA])) == [ADA]
        assert await interventions.newest(connection, 10) == []


async def test_the_admin_api_shows_and_forgets_a_link(api: httpx.AsyncClient, scene: Scene) -> None:
    await scene.link(RECORD)

    shown = await api.get("/api/v1/links", params={"who": ADA})
    forgotten = await api.post("/api/v1/links/forget", json={"who": ADA, "by": "Grace Hopper"})
    again = await api.post("/api/v1/links/forget", json={"who": ADA, "by": "Grace Hopper"})

    assert (shown.status_code, forgotten.status_code, again.status_code) == (200, 200, 404)
    assert shown.json() == forgotten.json()
    assert (shown.json()["record_id"], shown.json()["found_again_by"]) == (ADA_RECORD, "Auth0_User_Id__c")
