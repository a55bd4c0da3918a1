"""The admin API: the same as the console, for machines."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from crosswalk.api.admin import admin_router
from crosswalk.api.security import AdminAccess
from crosswalk.connectors.secret import Secret
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.store.database import Database
from tests.console_scene import ADMIN_TOKEN, Scene, a_desk, a_profile, console_data
from tests.e2e.console.client import client_of

PATHS = [
    "/api/v1/budgets",
    "/api/v1/conflicts",
    "/api/v1/holds",
    "/api/v1/overview",
    "/api/v1/events",
    "/api/v1/writes",
    "/api/v1/problems",
    "/api/v1/identities",
    "/api/v1/identities/customers/auth0%7C1",
]


@pytest.fixture
def app(database: Database) -> FastAPI:
    app = FastAPI()
    app.include_router(admin_router(console_data(database), AdminAccess(Secret(ADMIN_TOKEN)), a_desk(database)))
    return app


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def admin(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, address="192.0.2.8") as client:
        client.headers["Authorization"] = f"Bearer {ADMIN_TOKEN}"
        yield client


async def items(client: httpx.AsyncClient, path: str, **query: object) -> tuple[list[dict[str, Any]], int | None]:
    """One page of a list, and where the next begins."""
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return body["items"], body["next"]


@pytest.mark.parametrize("path", PATHS)
async def test_without_the_admin_token_nothing_is_told(stranger: httpx.AsyncClient, path: str) -> None:
    for authorization in ("", "Bearer", "Bearer wrong-token-wrong", f"Basic {ADMIN_TOKEN}"):
        answer = await stranger.get(path, headers={"Authorization": authorization} if authorization else {})

        assert answer.status_code == 401, authorization
        assert answer.json() == {"detail": "send the admin token as `Authorization: Bearer …`"}
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_console_cookie_is_no_bearer_token(app: FastAPI) -> None:
    _, cookie = AdminAccess(Secret(ADMIN_TOKEN)).open_session()
    async with client_of(app) as client:
        answer = await client.get("/api/v1/overview", headers={"Cookie": f"crosswalk_session={cookie}"})

    assert answer.status_code == 401


async def test_guessing_is_slowed_down_by_address(stranger: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
    for _ in range(10):
        await stranger.get("/api/v1/overview", headers={"Authorization": "Bearer wrong-token-wrong"})

    refused = await stranger.get("/api/v1/overview", headers={"Authorization": f"Bearer {ADMIN_TOKEN}"})

    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert (await admin.get("/api/v1/overview")).status_code == 200


async def test_the_overview_has_every_sync(admin: httpx.AsyncClient, scene: Scene) -> None:
    await scene.event("evt_1")
    await scene.link({"Email": "ada@example.com"})
    await scene.problem("too long")
    await scene.usage(40, 15_000)
    await scene.drift_check(differing=3, repaired=1)

    answer = await admin.get("/api/v1/overview")

    (sync,) = answer.json()["syncs"]
    assert sync.pop("oldest_waiting_s") >= 0
    assert sync["api_usage"].pop("seen_at").endswith("Z")
    assert sync["drift"].pop("finished_at").endswith("Z")
    assert sync == {
        "name": "customers",
        "tenant": "prod-eu",
        "org": "sales",
        "state": "needs_attention",
        "linked": 1,
        "waiting": 1,
        "retrying": 0,
        "lag_p50_ms": None,
        "lag_p99_ms": None,
        "open_problems": {"dead_letter": 1},
        "api_usage": {"used": 40, "allowed": 15_000},
        "drift": {"differing": 3, "repaired": 1, "error": None},
    }
    assert answer.headers["cache-control"] == "no-store"


async def test_events_come_newest_first_and_page_by_page(admin: httpx.AsyncClient, scene: Scene) -> None:
    for number in range(5):
        await scene.event(f"evt_{number}", outcome="written" if number == 4 else None)

    first, after = await items(admin, "/api/v1/events", limit=2)
    second, after_second = await items(admin, "/api/v1/events", limit=2, after=after)
    third, end = await items(admin, "/api/v1/events", limit=2, after=after_second)

    assert [[event["event_id"] for event in page] for page in (first, second, third)] == [
        ["evt_4", "evt_3"],
        ["evt_2", "evt_1"],
        ["evt_0"],
    ]
    assert end is None
    assert first[0]["outcomes"][0]["sync"] == "customers"
    assert first[0]["outcomes"][0]["outcome"] == "written"
    assert "raw" not in first[0]


async def test_writes_are_whole_records_however_they_fall_into_pages(admin: httpx.AsyncClient, scene: Scene) -> None:
    for number in range(60):
        fields = {f"Field{field}__c": (None, number) for field in range(15)}
        await scene.write(fields, record_id=RecordId(f"00QAa0000{number:09}"))

    first, after = await items(admin, "/api/v1/writes", limit=50)
    second, end = await items(admin, "/api/v1/writes", limit=50, after=after)

    assert [write["record_id"][-2:] for write in first + second] == [f"{number:02}" for number in range(59, -1, -1)]
    assert {len(write["fields"]) for write in first + second} == {15}
    assert end is None


async def test_a_write_tells_what_why_and_from_which_event(admin: httpx.AsyncClient, scene: Scene) -> None:
    seq = await scene.event("evt_1")
    await scene.write({"LastName": ("Berg", "Lindqvist")}, event_seq=seq)

    ((write,), _) = await items(admin, "/api/v1/writes")

    assert write.pop("at").endswith("Z")
    (number,) = {write["id"], *(field["id"] for field in write["fields"])}
    assert write == {
        "id": number,
        "actor": "crosswalk",
        "sync": "customers",
        "user_id": "auth0|65f1c0ffee",
        "object": "Lead",
        "record_id": "00QAa000004Xy7BMAS",
        "action": "update",
        "event_seq": seq,
        "event_id": "evt_1",
        "event_type": "user.updated",
        "fields": [
            {
                "id": number,
                "field": "LastName",
                "old": "Berg",
                "new": "Lindqvist",
                "reason": "changed",
                "place": "mappings/lead.yaml:7",
            }
        ],
    }


async def test_problems_have_the_vendors_words(admin: httpx.AsyncClient, scene: Scene) -> None:
    await scene.problem("first", user_id=UserId("auth0|1"))
    await scene.problem("second", user_id=UserId("auth0|2"), code="STRING_TOO_LONG")

    first, after = await items(admin, "/api/v1/problems", limit=1)
    second, end = await items(admin, "/api/v1/problems", limit=1, after=after)

    assert (first[0]["message"], first[0]["code"], first[0]["kind"]) == ("second", "STRING_TOO_LONG", "dead_letter")
    assert (second[0]["message"], end) == ("first", None)


async def test_identities_are_found(admin: httpx.AsyncClient, scene: Scene) -> None:
    await scene.ada()
    await scene.identity(a_profile("auth0|2", email="grace@example.com"), UserId("auth0|2"))

    everyone, after = await items(admin, "/api/v1/identities", limit=1)
    rest, end = await items(admin, "/api/v1/identities", limit=1, after=after)
    by_record, _ = await items(admin, "/api/v1/identities", q="00QAa000004Xy7B")

    assert {found["user_id"] for found in everyone + rest} == {"auth0|2", "auth0|65f1c0ffee"}
    assert end is None
    assert [(found["user_id"], found["evidence"]) for found in by_record] == [("auth0|65f1c0ffee", "verified e-mail")]


async def test_one_identity_has_both_sides_and_its_history(admin: httpx.AsyncClient, scene: Scene) -> None:
    await scene.ada()

    identity = (await admin.get("/api/v1/identities/customers/auth0%7C65f1c0ffee")).json()

    last_name = next(field for field in identity["fields"] if field["field"] == "LastName")
    assert identity["profile"]["email"] == "ada.lindqvist@example.com"
    assert (identity["object"], identity["record_id"]) == ("Lead", "00QAa000004Xy7BMAS")
    assert (last_name["identity_value"], last_name["record_value"], last_name["base"]) == ("Lindqvist",) * 3
    assert last_name["status"] == "in_sync"
    assert last_name["last_write"]["event_id"] == "evt_ada_2"
    assert [event["event_id"] for event in identity["events"]] == ["evt_ada_2", "evt_ada_1"]
    assert [write["action"] for write in identity["writes"]] == ["update", "create"]


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/api/v1/identities/other/auth0%7C1", "no sync is called 'other': one of customers"),
        (
            "/api/v1/identities/customers/auth0%7C1",
            "nothing is known of 'auth0|1' in customers: find it with /api/v1/identities?q=",
        ),
    ],
)
async def test_what_is_not_known_is_404_with_a_hint(admin: httpx.AsyncClient, path: str, detail: str) -> None:
    answer = await admin.get(path)

    assert (answer.status_code, answer.json()) == (404, {"detail": detail})


@pytest.mark.parametrize("path", [f"/api/v1/{name}" for name in ("events", "writes", "problems", "identities")])
@pytest.mark.parametrize(
    ("query", "where", "message"),
    [
        ({"limit": "0"}, "limit", "Input should be greater than or equal to 1"),
        ({"limit": "501"}, "limit", "Input should be less than or equal to 500"),
        ({"limit": "many"}, "limit", "Input should be a valid integer, unable to parse string as an integer"),
        ({"after": "-1"}, "after", None),
        ({"after": "x"}, "after", "Input should be a valid integer, unable to parse string as an integer"),
        ({"after": "9" * 30}, "after", None),
    ],
)
async def test_a_wrong_limit_is_422_and_says_what_is_wrong(
    admin: httpx.AsyncClient, path: str, query: dict[str, str], where: str, message: str | None
) -> None:
    answer = await admin.get(path, params=query)

    assert answer.status_code == 422
    (problem,) = answer.json()["detail"]
    assert problem["loc"] == ["query", where]
    assert message in {None, problem["msg"]}


async def test_a_database_that_is_away_is_worth_another_try(admin: httpx.AsyncClient, database: Database) -> None:
    await database.close()

    answer = await admin.get("/api/v1/events")

    assert (answer.status_code, answer.json()) == (503, {"detail": "the database does not answer"})
    assert answer.headers["retry-after"] == "5"


async def test_a_conflict_shows_its_candidates_and_takes_a_decision(admin: httpx.AsyncClient, scene: Scene) -> None:
    await scene.identity(a_profile())
    number = await scene.several_candidates()
    [listed], _ = await items(admin, "/api/v1/conflicts")
    shown = (await admin.get(f"/api/v1/conflicts/{number}")).json()

    answer = await admin.post(
        f"/api/v1/conflicts/{number}/decision", json={"record": "00QAa000004Xy7C", "by": "Grace Hopper"}
    )

    assert listed["id"] == shown["conflict"]["id"] == number
    assert shown["settle_by"] == "match"
    assert [(each["id"], each["score"]) for each in shown["candidates"]] == [
        ("00QAa000004Xy7BMAS", 0.93),
        ("00QAa000004Xy7CMAS", 0.41),
    ]
    assert answer.json() == {
        "conflict": number,
        "user_id": "auth0|65f1c0ffee",
        "by": "Grace Hopper",
        "decision": {"type": "link", "object": "Lead", "record_id": "00QAa000004Xy7CMAS"},
    }
    [past] = (await admin.get(f"/api/v1/conflicts/{number}")).json()["decisions"]
    assert (past["decided_by"], past["ended_as"]) == ("Grace Hopper", None)


@pytest.mark.parametrize(
    ("order", "complaint"),
    [
        ({}, "say one thing"),
        ({"leave": True, "create": True}, "say one thing"),
        ({"take": "auth0"}, "is not about two values of a field"),
        ({"record": "00QAa000004Xy"}, "did you mean 00QAa000004Xy7"),
        ({"record": "00QAa000004Zz9CMAS"}, "the org has no Lead 00QAa000004Zz9CMAS; the nearest candidate is 00QAa00"),
        ({"record": "003Aa000004Xy7CMAS"}, "name the object, one of Lead"),
        ({"create": True, "object": "Laed"}, "has no target Laed (Lead), did you mean Lead?"),
        ({"create": True, "object": "Le\0ad"}, "did you mean Lead?"),
        ({"record": "00QAa\0", "by": "A\0da"}, "is not a record id, which has 15 or 18 letters and digits"),
    ],
)
async def test_what_cannot_be_decided_is_refused_with_what_can(
    admin: httpx.AsyncClient, scene: Scene, order: dict[str, Any], complaint: str
) -> None:
    number = await scene.several_candidates()

    answer = await admin.post(f"/api/v1/conflicts/{number}/decision", json=order)

    assert answer.status_code == 409
    assert complaint in answer.json()["detail"]


async def test_a_conflict_that_is_not_there_is_told_with_those_that_are(admin: httpx.AsyncClient, scene: Scene) -> None:
    number = await scene.a_quarantine()

    missing = await admin.post(f"/api/v1/conflicts/{number + 1}/decision", json={"leave": True})
    released = await admin.post(f"/api/v1/conflicts/{number}/release", json={})

    assert missing.status_code == 404
    assert f"{number} (auth0|65f1c0ffee)" in missing.json()["detail"]
    assert released.json()["decision"] == {"released": "LastName"}


async def test_the_openapi_description_has_every_path_with_its_answers(app: FastAPI) -> None:
    paths = app.openapi()["paths"]

    assert sorted(paths) == [
        "/api/v1/backfills",
        "/api/v1/backfills/{number}",
        "/api/v1/backfills/{number}/action",
        "/api/v1/backfills/{number}/findings",
        "/api/v1/budgets",
        "/api/v1/conflicts",
        "/api/v1/conflicts/{number}",
        "/api/v1/conflicts/{number}/decision",
        "/api/v1/conflicts/{number}/release",
        "/api/v1/conflicts/{number}/reopen",
        "/api/v1/deadletters",
        "/api/v1/deadletters/causes",
        "/api/v1/deadletters/discard",
        "/api/v1/deadletters/replay",
        "/api/v1/deadletters/{number}",
        "/api/v1/deadletters/{number}/values",
        "/api/v1/events",
        "/api/v1/holds",
        "/api/v1/holds/{number}",
        "/api/v1/holds/{number}/decision",
        "/api/v1/holds/{number}/plans",
        "/api/v1/identities",
        "/api/v1/identities/{sync}/{user_id}",
        "/api/v1/links",
        "/api/v1/links/forget",
        "/api/v1/overview",
        "/api/v1/pauses",
        "/api/v1/pauses/{number}/resume",
        "/api/v1/problems",
        "/api/v1/writes",
    ]
    for operation in (operation for path in paths.values() for operation in path.values()):
        assert operation["summary"]
        assert operation["security"] == [{"HTTPBearer": []}]
        assert {"200", "401", "429", "503"} <= set(operation["responses"])
