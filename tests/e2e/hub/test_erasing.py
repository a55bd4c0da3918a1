"""Erasing a person: nothing that was theirs is left in the hub's database, and nothing of it comes back."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from psycopg import sql
from simple_salesforce.exceptions import SalesforceResourceNotFound

from crosswalk.api.admin import admin_router
from crosswalk.api.app import console_data
from crosswalk.api.security import AdminAccess
from crosswalk.connectors.secret import Secret
from crosswalk.engine.desk import desk_of
from crosswalk.engine.erasing import Eraser, UnknownSubject
from crosswalk.engine.held_lanes import LanesBusy
from crosswalk.engine.holding import Holds
from crosswalk.store import personal
from crosswalk.store.holds import Decision
from tests.console_scene import ADMIN_TOKEN
from tests.databases import END_SESSIONS
from tests.e2e.console.client import client_of
from tests.e2e.hub.command_line import crosswalk
from tests.e2e.hub.conftest import LEAD_FIELDS, System, contact_target, lead_target
from tests.e2e.hub.stage import Stage, a_stage
from tests.e2e.hub.vendors import sign_up

# A table in parts is read as a whole.
TABLES = """
SELECT relname
FROM pg_class
WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
"""
PHONE = {"name": "phone", "field": "Phone", "value": "user.user_metadata?.phone", "type": "phone"}
NUMBER = "+12125550188"
LEADS = lead_target(
    match=["external_id", PHONE],
    fields={**LEAD_FIELDS, "Phone": {"value": "user.user_metadata?.phone", "type": "phone"}},
)


async def tables_with(stage: Stage, text: str) -> list[str]:
    """The tables in which some row holds a text, also within bytes."""
    found = []
    async with stage.hub.database.transaction() as connection:
        names = [row[0] for row in await (await connection.execute(TABLES)).fetchall()]
        for name in names:
            query = sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(name))
            rows = await (await connection.execute(query)).fetchall()
            whole = "".join(row[0] for row in rows)
            if text in whole or text.encode().hex() in whole:
                found.append(name)
    return sorted(found)


async def assert_nothing_left(stage: Stage, *texts: str) -> None:
    assert {text: tables for text in texts if (tables := await tables_with(stage, text))} == {}


@asynccontextmanager
async def an_admin(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the admin API."""
    app = FastAPI()
    access = AdminAccess(Secret(ADMIN_TOKEN))
    app.include_router(admin_router(console_data(stage.hub), access, desk_of(stage.hub), Eraser(stage.hub)))
    async with client_of(app, address="192.0.2.8") as client:
        client.headers["Authorization"] = f"Bearer {ADMIN_TOKEN}"
        yield client


async def clara(stage: Stage) -> tuple[str, str]:
    """A user with a lead, of whom both sides have told several times: the two ids."""
    profile: dict[str, Any] = {
        "given_name": "Clara",
        "family_name": "Wunderlich",
        "user_metadata": {"title": "Freifrau", "phone": NUMBER},
    }
    user_id = sign_up(stage.auth0, "clara@example.com", verified=True, **profile)
    await stage.deliver(*await stage.collect_users(1))
    lead = await stage.record_of(user_id)
    assert lead is not None
    stage.later()
    stage.org.Lead.update(lead, {"Email": "clara.wunderlich@example.com"})
    stage.auth0.users.update(user_id, family_name="Wunderlich-Sanft")
    await stage.deliver(*await stage.collect_users(1), *await stage.collect_records(lead))
    return user_id, lead


async def test_an_erased_person_is_nowhere_and_does_not_come_back(system: System) -> None:
    system.targets = [contact_target(), LEADS]
    system.sync = {"on_erasure": {"record": "delete"}}
    async with a_stage(system) as stage:
        user_id, lead = await clara(stage)
        twin = sign_up(stage.auth0, "otto@example.com", family_name="Sonderbar", user_metadata={"phone": NUMBER})
        await stage.deliver(*await stage.collect_users(1))
        assert await stage.problems_of(twin) == ["ALREADY_LINKED"]
        whole = ("Wunderlich", "Freifrau", "clara.wunderlich@", user_id, lead)
        assert await tables_with(stage, "Wunderlich") == ["audit", "identities", "inbox", "links", "problems"]
        eraser = Eraser(stage.hub)
        document = await eraser.export(user_id)
        assert document["users"] == [user_id] and document["records"] == [lead]
        assert document["held"]["links"][0]["record"]["LastName"] == "Wunderlich-Sanft"
        assert document["held"]["identities"][0]["profile"]["user_metadata"]["title"] == "Freifrau"

        receipt = await eraser.erase(user_id, "Grace Hopper")
        await stage.quiet()

        with pytest.raises(SalesforceResourceNotFound):
            stage.org.Lead.get(lead)
        await assert_nothing_left(stage, *whole)
        assert (receipt.by, receipt.rows["links"], receipt.rows["identities"]) == ("Grace Hopper", 1, 1)
        assert receipt.salesforce == [{"sync": "customers", "object": "Lead", "record": "delete"}]
        [(actor, subject)] = system.rows("SELECT DISTINCT actor, user_id FROM audit WHERE reason = 'undone'")
        assert (actor, subject) == ("crosswalk", receipt.subject)
        assert await stage.problems_of(twin) == [] and await stage.record_of(twin) is not None

        # What either side still tells is not kept, whether it comes late or again.
        stage.later()
        stage.auth0.users.update(user_id, family_name="Wunderlich-Grimm")
        await stage.deliver(*await stage.collect_users(1), *await stage.collect_records(lead))
        await assert_nothing_left(stage, *whole)
        with pytest.raises(UnknownSubject):
            await eraser.look(user_id)


async def test_nobody_is_erased_where_others_may_have_the_lanes_again(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.targets = [lead_target()]
    async with a_stage(system) as stage:
        user_id = sign_up(stage.auth0, "clara@example.com", verified=True, family_name="Wunderlich")
        await stage.deliver(*await stage.collect_users(1))
        before = await tables_with(stage, "Wunderlich")

        async def lose_the_lanes(*_: object) -> None:
            async with stage.hub.database.transaction() as connection:
                await connection.execute(END_SESSIONS)
            await asyncio.Event().wait()

        with monkeypatch.context() as patched:
            patched.setattr(personal, "erase", lose_the_lanes)
            with pytest.raises(LanesBusy, match="the lock of the lanes went with its connection"):
                await Eraser(stage.hub).erase(user_id, "Grace Hopper")
        assert await tables_with(stage, "Wunderlich") == before

        await Eraser(stage.hub).erase(user_id, "Grace Hopper")
        await assert_nothing_left(stage, "Wunderlich")


async def test_a_user_who_is_made_anew_is_a_user_like_any_other(system: System) -> None:
    system.targets = [contact_target(), LEADS]
    async with a_stage(system) as stage:
        stranger = str(stage.org.Contact.create({"LastName": "Fremdling", "Email": "fremd@example.com"})["id"])
        await stage.deliver(*await stage.collect_records(stranger))
        assert await tables_with(stage, "fremd@example.com") == ["inbox"]
        await Eraser(stage.hub).erase(stranger[:15], "Grace Hopper")
        await assert_nothing_left(stage, "fremd@example.com", stranger)
        user_id, lead = await clara(stage)
        stage.auth0.users.delete(user_id)
        await stage.deliver(*await stage.collect_users(1))

        shown = await asyncio.to_thread(crosswalk, system, "subject", "erase", lead, "--dry-run")
        assert f"in Salesforce: Lead {lead} stays as it is (sync customers)" in shown.stdout
        assert await stage.record_of(user_id) == lead

        done = await asyncio.to_thread(crosswalk, system, "subject", "erase", lead, "--json", "--yes", "--by", "Grace")

        assert (done.returncode, done.stderr) == (0, "")
        told = json.loads(done.stdout)
        assert (told["users"], told["receipt"]["by"], told["receipt"]["rows"]["links"]) == ([user_id], "Grace", 1)
        await assert_nothing_left(stage, "Wunderlich", "clara", user_id, lead)
        assert stage.org.Lead.get(lead)["LastName"] == "Wunderlich-Sanft"
        stage.later()
        sign_up(stage.auth0, "clara@example.com", user_id=user_id.partition("|")[2], family_name="Anders")
        await stage.deliver(*await stage.collect_users(1))
        assert await stage.record_of(user_id) == lead
        assert stage.org.Lead.get(lead)["LastName"] == "Anders"


async def test_a_record_may_be_made_anonymous_unless_a_threshold_stops_it(system: System) -> None:
    system.targets = [contact_target(), LEADS]
    policy = {"record": "anonymise", "keep": ["Title"], "values": {"Company": "Nobody"}}
    system.sync = {"on_erasure": policy, "thresholds": {"clear": 0}}
    async with a_stage(system) as stage:
        user_id, lead = await clara(stage)
        async with an_admin(stage) as admin:
            order = {"who": user_id, "by": "Grace Hopper"}

            stopped = await admin.post("/api/v1/subjects/erasures", json=order)

            assert stopped.status_code == 409
            assert "a threshold of sync customers" in stopped.json()["detail"]
            held = (await admin.get("/api/v1/subjects", params={"who": lead})).json()
            assert (held["users"], held["rows"]["links"]) == ([user_id], 1)
            assert [deed["record"] for deed in held["salesforce"]] == ["anonymise"]
            [(hold,)] = system.rows("SELECT id FROM holds")
            await Holds(stage.hub.database).decide(hold, Decision.APPROVED, "Grace Hopper", 600.0)
            erased = await admin.post("/api/v1/subjects/erasures", json=order)
            assert (erased.status_code, erased.json()["rows"]["links"]) == (200, 1)
            assert (await admin.get("/api/v1/subjects/erasures")).json()["items"] == [erased.json()]
            assert (await admin.post("/api/v1/subjects/erasures", json=order)).status_code == 404
            assert (await admin.get("/api/v1/subjects/export", params={"who": user_id})).status_code == 404
        record: dict[str, Any] = dict(stage.org.Lead.get(lead))
        names = ("FirstName", "LastName", "Email", "Company", "Title", "Auth0_User_Id__c")
        assert [record[name] for name in names] == [None, "Erased", None, "Nobody", "Freifrau", None]
        await assert_nothing_left(stage, "Wunderlich", "Clara", "clara", user_id, lead)
        fields = system.rows("SELECT field, old, new FROM audit WHERE reason = 'erased' ORDER BY field")
        assert [field for field, _, _ in fields] == [
            "Auth0_User_Id__c",
            "Company",
            "Email",
            "FirstName",
            "LastName",
            "Phone",
        ]
        assert {(old, new) for _, old, new in fields} == {(None, None)}
