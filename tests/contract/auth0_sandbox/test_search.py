from __future__ import annotations

from typing import Any

import httpx
import pytest
from auth0.management import ManagementClient
from auth0.management.errors import BadRequestError

from crosswalk_sandbox.auth0 import Tenant


@pytest.fixture
def people(tenant: Tenant) -> Tenant:
    """Three users: Ada (pro, verified, blocked), Grace (free), Alan (no metadata)."""
    ada = tenant.create_user(
        {
            "email": "ada@engines.example",
            "name": "Ada Lovelace",
            "email_verified": True,
            "app_metadata": {"plan": "pro", "seats": 5, "crm": {"id": "003A"}},
        }
    )
    tenant.create_user(
        {"email": "grace@navy.example", "name": "Grace Hopper", "app_metadata": {"plan": "free", "seats": 50}}
    )
    tenant.create_user({"email": "alan@park.example", "name": "Alan Turing"})
    tenant.update_user(ada["user_id"], {"blocked": True})
    return tenant


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["ada", "grace", "alan"]),
        ('email:"ada@engines.example"', ["ada"]),
        ("email:ADA@engines.example", ["ada"]),
        ("email:*navy*", ["grace"]),
        ("name:a*", ["ada", "alan"]),
        ('name:"grace hopper"', ["grace"]),
        ("app_metadata.plan:pro", ["ada"]),
        ("app_metadata.crm.id:003A", ["ada"]),
        ("email_verified:true", ["ada"]),
        ("email_verified:false AND app_metadata.plan:free", ["grace"]),
        ("app_metadata.plan:pro OR name:alan*", ["ada", "alan"]),
        ("NOT blocked:true", ["grace", "alan"]),
        ("-blocked:true", ["grace", "alan"]),
        ("_exists_:app_metadata.plan", ["ada", "grace"]),
        ("NOT _exists_:app_metadata", ["alan"]),
        ("(name:ada* OR name:grace*) AND NOT app_metadata.plan:free", ["ada"]),
        ("app_metadata.plan:(pro OR free)", ["ada", "grace"]),
        ("app_metadata.seats:[5 TO 49]", ["ada"]),
        ("app_metadata.seats:{5 TO *]", ["grace"]),
        ("updated_at:[2020-01-01 TO *]", ["ada", "grace", "alan"]),
        ("updated_at:[* TO 2020-01-01T00:00:00.000Z]", []),
        ('identities.connection:"Username-Password-Authentication"', ["ada", "grace", "alan"]),
        ("identities.provider:google-oauth2", []),
    ],
)
def test_search(auth0: ManagementClient, people: Tenant, query: str, names: list[str]) -> None:
    found = auth0.users.list(q=query, search_engine="v3")

    assert [(user.email or "").split("@")[0] for user in found] == names


@pytest.mark.parametrize("query", ["email:", "(name:ada", "name:ada)", "AND", 'name:"ada'])
def test_a_query_that_cannot_be_read_is_refused(auth0: ManagementClient, people: Tenant, query: str) -> None:
    with pytest.raises(BadRequestError) as error:
        auth0.users.list(q=query)
    assert error.value.body["errorCode"] == "invalid_query_string"


def test_a_date_without_a_time_includes_its_whole_day(auth0: ManagementClient, people: Tenant) -> None:
    today = people.snapshot()["users"][0]["created_at"][:10]

    assert len(list(auth0.users.list(q=f"created_at:[{today} TO {today}]"))) == 3


def test_users_are_sorted_paged_and_counted(auth0: ManagementClient, people: Tenant) -> None:
    page = auth0.users.list(sort="email:-1", per_page=2)

    assert page.response.total == 3
    assert page.response.start == 0
    assert page.response.limit == 2
    assert page.response.length == 2
    assert [user.email for user in page] == ["grace@navy.example", "alan@park.example", "ada@engines.example"]


def test_fields_choose_or_leave_out(auth0: ManagementClient, people: Tenant) -> None:
    chosen = auth0.users.list(fields="email,name", q="name:ada*").items or []
    without = auth0.users.list(fields="email,name", include_fields=False, q="name:ada*").items or []

    assert chosen[0].model_dump(exclude_none=True) == {"email": "ada@engines.example", "name": "Ada Lovelace"}
    assert without[0].email is None
    assert without[0].blocked is True


def test_without_totals_the_answer_is_a_plain_list(http: httpx.Client, token: str, people: Tenant) -> None:
    answer: Any = http.get("/api/v2/users", headers={"authorization": f"Bearer {token}"}).json()

    assert [user["name"] for user in answer] == ["Ada Lovelace", "Grace Hopper", "Alan Turing"]


def test_only_a_thousand_results_can_be_paged_through(auth0: ManagementClient, tenant: Tenant) -> None:
    for number in range(1001):
        tenant.create_user({"email": f"person{number}@example.com"})

    assert len(auth0.users.list(per_page=100, page=9).items or []) == 100
    with pytest.raises(BadRequestError) as error:
        auth0.users.list(per_page=100, page=10)
    assert error.value.body["errorCode"] == "invalid_paging"
    assert error.value.body["message"].startswith("You can only page through the first 1000 records.")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"per_page": 101},
            "Query validation error: 'Value 101 is greater than maximum 100' on property per_page (per_page).",
        ),
        ({"from": "x", "take": 10}, "Query validation error: 'Additional properties not allowed: from,take'."),
    ],
)
def test_an_invalid_page_is_refused(http: httpx.Client, token: str, parameters: dict[str, Any], message: str) -> None:
    answer = http.get("/api/v2/users", params=parameters, headers={"authorization": f"Bearer {token}"})

    assert answer.status_code == 400
    assert answer.json()["message"] == message
