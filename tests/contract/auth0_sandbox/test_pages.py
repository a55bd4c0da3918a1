from __future__ import annotations

import re

import httpx
import pytest

from crosswalk_sandbox.auth0 import Tenant

ADA = {
    "given_name": "Ada",
    "family_name": "Lovelace",
    "email": "Ada@Example.com",
    "password": "Difference-Engine-1",
    "phone": "+44 20 7946 0000",
    "company": "Analytical Engines",
    "title": "Countess",
    "newsletter": "on",
    "email_verified": "on",
}


def submit(http: httpx.Client, page: str, action: str, fields: dict[str, str]) -> httpx.Response:
    """Open a page as a person does, and post its form."""
    html = http.get(page).text
    found = re.search(r'name="csrf" value="([^"]+)"', html)
    assert found is not None
    return http.post(action, data={**fields, "csrf": found.group(1)})


@pytest.fixture
def profile(http: httpx.Client, tenant: Tenant) -> str:
    """The path of the profile page of a person who has signed up."""
    return submit(http, "/signup", "/signup", ADA).headers["location"].partition("?")[0]


def only_user(tenant: Tenant) -> dict[str, object]:
    (user,) = tenant.snapshot()["users"]
    return dict(user)


def test_signing_up_creates_a_user_and_opens_the_profile(http: httpx.Client, tenant: Tenant) -> None:
    answer = submit(http, "/signup", "/signup", ADA)

    user = only_user(tenant)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/profile/auth0%7C{str(user['user_id'])[6:]}?notice=signed-up"
    assert user["email"] == "ada@example.com"
    assert user["email_verified"] is True
    assert user["name"] == "Ada Lovelace"
    assert user["logins_count"] == 1
    assert user["user_metadata"] == {
        "company": "Analytical Engines",
        "title": "Countess",
        "phone": "+44 20 7946 0000",
        "newsletter": True,
    }
    assert [entry["type"] for entry in tenant.logs.entries()] == ["ss", "s"]
    assert "Difference-Engine-1" not in str(tenant.logs.entries())
    assert "Signed up. The tenant has sent user.created." in http.get(answer.headers["location"]).text


def test_a_refused_sign_up_says_why_and_keeps_what_was_typed(http: httpx.Client, tenant: Tenant) -> None:
    submit(http, "/signup", "/signup", ADA)

    answer = submit(http, "/signup", "/signup", ADA)

    assert answer.status_code == 409
    assert "The user already exists." in answer.text
    assert 'value="Analytical Engines"' in answer.text
    assert "Difference-Engine-1" not in answer.text


def test_saving_changes_the_profile_once(http: httpx.Client, tenant: Tenant, profile: str) -> None:
    before = len(tenant.events)

    answer = submit(http, profile, profile, {**ADA, "family_name": "King", "title": "", "action": "save"})

    user = only_user(tenant)
    assert answer.status_code == 303
    assert user["family_name"] == "King"
    assert user["user_metadata"] == {
        "company": "Analytical Engines",
        "phone": "+44 20 7946 0000",
        "newsletter": True,
    }
    assert len(tenant.events) == before + 1


def test_saving_twice_in_a_row_leaves_the_second_value(http: httpx.Client, tenant: Tenant, profile: str) -> None:
    start = tenant.events.end()

    submit(http, profile, profile, {**ADA, "title": "Programmer", "action": "save-twice"})

    titles = [event["data"]["object"]["user_metadata"]["title"] for event in tenant.events.read(start, 10)]
    assert titles == ["Programmer (draft)", "Programmer"]


def test_the_profile_can_be_blocked_and_its_email_unverified(http: httpx.Client, tenant: Tenant, profile: str) -> None:
    fields = {name: value for name, value in ADA.items() if name != "email_verified"}

    submit(http, profile, profile, {**fields, "blocked": "on"})

    user = only_user(tenant)
    assert user["blocked"] is True
    assert user["email_verified"] is False


def test_verifying_on_the_page_is_logged_as_a_verification(http: httpx.Client, tenant: Tenant, profile: str) -> None:
    submit(http, profile, profile, {**ADA, "email": "ada@new.example"})

    assert [entry["type"] for entry in tenant.logs.entries()][2:] == ["sapi", "sce"]
    assert only_user(tenant)["email_verified"] is False

    submit(http, profile, profile, {**ADA, "email": "ada@new.example"})
    assert [entry["type"] for entry in tenant.logs.entries()][4:] == ["sapi", "sv"]


def test_deleting_removes_the_person(http: httpx.Client, tenant: Tenant, profile: str) -> None:
    answer = submit(http, profile, f"{profile}/delete", {})

    assert answer.headers["location"] == "/people?notice=deleted"
    assert tenant.snapshot()["counts"]["users"] == 0
    assert http.get(profile).status_code == 404
    assert "The user does not exist." in http.get(profile).text


def test_a_form_without_its_token_changes_nothing(http: httpx.Client, tenant: Tenant, profile: str) -> None:
    for action in ("/signup", profile, f"{profile}/delete"):
        answer = http.post(action, data={**ADA, "email": "eve@example.com", "csrf": "guessed"})
        assert answer.status_code == 403
    assert only_user(tenant)["email"] == "ada@example.com"


def test_what_people_type_is_shown_as_text(http: httpx.Client, tenant: Tenant) -> None:
    tenant.create_user({"email": "x@example.com", "name": "<script>alert(1)</script>"})

    page = http.get("/people").text

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>" not in page


def test_the_home_page_leads_to_the_others(http: httpx.Client) -> None:
    page = http.get("/").text

    assert 'href="/signup"' in page
    assert 'href="/people"' in page
