"""Linked accounts through the vendor's management client: what becomes of the two users, and what tells it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from auth0.management import AsyncManagementClient, ManagementClient
from auth0.management.core.api_error import ApiError
from auth0.management.errors import BadRequestError, ConflictError, NotFoundError
from auth0.management.types import (
    EventStreamCloudEventUserCreatedCloudEvent,
    EventStreamCloudEventUserDeletedCloudEvent,
    EventStreamCloudEventUserUpdatedCloudEvent,
)

from crosswalk_sandbox.auth0 import Origin, Tenant
from crosswalk_sandbox.auth0.signin.federation import arrive

from .conftest import CONNECTION, ada
from .signing_in import Application, Browser, claims_of, returned

NO_RETRY: Any = {"max_retries": 0}
GOOGLE_ID = "google-oauth2|1042"


@pytest.fixture
def google_id(auth0: ManagementClient, tenant: Tenant, shop: Application) -> str:
    """Somebody who has come from Google, with metadata."""
    client_id = shop.client["client_id"]
    auth0.connections.create(name="google-oauth2", strategy="google-oauth2", enabled_clients=[client_id])
    google = tenant.connections.required("google-oauth2")
    profile = {"email": "ada.king@example.com", "name": "Ada King"}
    arrive(tenant, google, "1042", profile, Origin("google", "Google"))
    auth0.users.update(GOOGLE_ID, user_metadata={"theme": "dark"})
    return GOOGLE_ID


def events_since(tenant: Tenant, seen: int = 0) -> list[dict[str, Any]]:
    return list(tenant.events.read(tenant.events.position_at(""), 1000))[seen:]


def test_the_linked_user_disappears_and_the_primary_has_its_identity(
    auth0: ManagementClient, ada_id: str, google_id: str
) -> None:
    auth0.users.update(ada_id, user_metadata={"theme": "light"})

    answer = auth0.users.identities.link(ada_id, provider="google-oauth2", user_id="1042")

    assert [(one.provider, one.user_id, one.connection) for one in answer] == [
        ("auth0", ada_id.partition("|")[2], CONNECTION),
        ("google-oauth2", "1042", "google-oauth2"),
    ]
    user = auth0.users.get(ada_id)
    assert user.identities is not None and user.identities[1].profile_data is not None
    assert user.identities[1].profile_data.email == "ada.king@example.com"
    assert user.identities[1].is_social is True
    assert (user.email, user.user_metadata) == ("ada@example.com", {"theme": "light"})
    with pytest.raises(NotFoundError):
        auth0.users.get(google_id)
    assert [one.user_id for one in auth0.users.list()] == [ada_id]
    assert list(auth0.users.list_users_by_email(email="ada.king@example.com")) == []


def test_search_finds_users_by_each_of_their_identities(auth0: ManagementClient, ada_id: str, google_id: str) -> None:
    def found(query: str) -> list[str | None]:
        return [one.user_id for one in auth0.users.list(q=query)]

    assert found("identities.provider:google-oauth2") == [google_id]
    auth0.users.identities.link(ada_id, provider="google-oauth2", user_id="1042")
    assert found("identities.provider:google-oauth2") == [ada_id]
    assert found('identities.user_id:"1042" AND identities.connection:"google-oauth2"') == [ada_id]
    assert found("identities.profileData.email:ada.king@example.com") == [ada_id]


def test_linking_tells_that_one_user_ended_and_the_other_changed(
    auth0: ManagementClient, tenant: Tenant, ada_id: str, google_id: str
) -> None:
    auth0.users.identities.link(ada_id, provider="google-oauth2", user_id=google_id)

    deleted, updated = events_since(tenant)[-2:]

    gone = EventStreamCloudEventUserDeletedCloudEvent.model_validate({**deleted, "a0stream": "est_1"})
    changed = EventStreamCloudEventUserUpdatedCloudEvent.model_validate({**updated, "a0stream": "est_1"})
    assert gone.data.object.user_id == google_id
    assert (changed.data.object.user_id, len(changed.data.object.identities)) == (ada_id, 2)
    assert changed.data.previous_object is not None and len(changed.data.previous_object.identities) == 1
    assert tenant.logs.entries()[-1]["description"] == "Link a User Account"
    assert [one["type"] for one in tenant.logs.entries() if one["type"] == "du"] == []


def test_a_tenant_can_be_told_to_leave_the_ended_user_out(
    auth0: ManagementClient, tenant: Tenant, ada_id: str, google_id: str
) -> None:
    tenant.knobs.linking_deletes = False

    auth0.users.identities.link(ada_id, provider="google-oauth2", user_id=google_id)

    told = [event["type"] for event in events_since(tenant)]
    assert told == ["user.created", "user.created", "user.updated", "user.updated"]


def test_a_login_with_the_linked_account_is_the_primarys(
    auth0: ManagementClient,
    tenant: Tenant,
    http: httpx.Client,
    browser: Browser,
    shop: Application,
    ada_id: str,
    google_id: str,
) -> None:
    auth0.users.identities.link(ada_id, provider="google-oauth2", user_id="1042")
    browser.open(shop.authorize_url(connection="google-oauth2"))

    response = browser.submit(subject="1042", email="ada.new@example.com", name="Ada Byron")

    answer = shop.exchange(http, returned(response)["code"]).json()
    assert claims_of(http, answer["id_token"])["sub"] == ada_id
    user = auth0.users.get(ada_id)
    assert (user.email, user.given_name) == ("ada@example.com", "Ada")
    assert user.identities is not None and user.identities[1].profile_data is not None
    assert user.identities[1].profile_data.email == "ada.new@example.com"
    (logged,) = (entry for entry in tenant.logs.entries() if entry["type"] == "s")
    assert (logged["user_id"], logged["connection"]) == (ada_id, "google-oauth2")


def test_a_linked_password_still_logs_in(
    auth0: ManagementClient, http: httpx.Client, browser: Browser, shop: Application, ada_id: str, google_id: str
) -> None:
    auth0.users.identities.link(google_id, provider="auth0", user_id=ada_id.partition("|")[2])
    with pytest.raises(ConflictError):
        auth0.users.create(**ada(), request_options=NO_RETRY)
    browser.open(shop.authorize_url())

    answer = shop.exchange(http, returned(browser.log_in())["code"]).json()

    assert claims_of(http, answer["id_token"])["sub"] == google_id


def test_an_account_is_linked_by_its_id_token(
    auth0: ManagementClient,
    http: httpx.Client,
    token: str,
    browser: Browser,
    shop: Application,
    ada_id: str,
    google_id: str,
) -> None:
    browser.open(shop.authorize_url(connection="google-oauth2"))
    code = returned(browser.submit(subject="1042"))["code"]
    id_token = shop.exchange(http, code).json()["id_token"]

    linked = auth0.users.identities.link(ada_id, link_with=id_token)

    assert [one.provider for one in linked] == ["auth0", "google-oauth2"]
    for wrong in ("not.a.token", token):
        with pytest.raises(BadRequestError):
            auth0.users.identities.link(ada_id, link_with=wrong)


def test_unlinking_makes_a_user_without_metadata(
    auth0: ManagementClient, tenant: Tenant, ada_id: str, google_id: str
) -> None:
    auth0.users.identities.link(ada_id, provider="google-oauth2", user_id="1042")
    seen = len(tenant.events)

    left = auth0.users.identities.delete(ada_id, "google-oauth2", "1042")

    assert [one.provider for one in left] == ["auth0"]
    fresh = auth0.users.get(google_id)
    assert (fresh.email, fresh.name, fresh.user_metadata) == ("ada.king@example.com", "Ada King", None)
    assert fresh.identities is not None and len(fresh.identities) == 1
    assert fresh.identities[0].profile_data is None
    updated, created = events_since(tenant, seen)
    EventStreamCloudEventUserUpdatedCloudEvent.model_validate({**updated, "a0stream": "est_1"})
    made = EventStreamCloudEventUserCreatedCloudEvent.model_validate({**created, "a0stream": "est_1"})
    assert made.data.object.user_id == google_id


async def test_the_async_client_links_and_unlinks(
    async_auth0: AsyncManagementClient, ada_id: str, google_id: str
) -> None:
    linked = await async_auth0.users.identities.link(ada_id, provider="google-oauth2", user_id="1042")
    left = await async_auth0.users.identities.delete(ada_id, "google-oauth2", "1042")

    assert (len(linked), len(left)) == (2, 1)


def test_impossible_links_are_refused(auth0: ManagementClient, ada_id: str, google_id: str) -> None:
    own = ada_id.partition("|")[2]
    grace_id = auth0.users.create(**ada(email="grace@example.com")).user_id or ""

    with pytest.raises(BadRequestError, match="must be different"):
        auth0.users.identities.link(ada_id, provider="auth0", user_id=own)
    for primary, secondary in ((ada_id, "nobody"), ("auth0|nobody", "1042")):
        with pytest.raises(ApiError, match="inexistent_user"):
            auth0.users.identities.link(primary, provider="google-oauth2", user_id=secondary)
    auth0.users.identities.link(ada_id, provider="google-oauth2", user_id="1042")
    for primary in (ada_id, grace_id):
        with pytest.raises(ConflictError):
            auth0.users.identities.link(primary, provider="google-oauth2", user_id="1042", request_options=NO_RETRY)
    with pytest.raises(BadRequestError):
        auth0.users.identities.delete(ada_id, "auth0", own)
    with pytest.raises(ApiError, match="inexistent_identity"):
        auth0.users.identities.delete(ada_id, "github", "1042")


def test_the_linked_users_roles_memberships_and_sessions_end(
    auth0: ManagementClient, tenant: Tenant, browser: Browser, shop: Application, ada_id: str, google_id: str
) -> None:
    acme = auth0.organizations.create(name="acme").id or ""
    auth0.organizations.members.create(acme, members=[google_id])
    role = auth0.roles.create(name="buyer").id or ""
    auth0.users.roles.assign(google_id, roles=[role])
    browser.open(shop.authorize_url(connection="google-oauth2"))
    returned(browser.submit(subject="1042"))

    auth0.users.identities.link(ada_id, provider="google-oauth2", user_id="1042")

    assert list(auth0.organizations.members.list(acme)) == []
    assert list(auth0.users.roles.list(ada_id)) == []
    silent = returned(browser.open(shop.authorize_url(prompt="none")))
    assert silent["error"] == "login_required"


def test_deleting_the_primary_deletes_its_accounts(
    auth0: ManagementClient, tenant: Tenant, ada_id: str, google_id: str
) -> None:
    auth0.users.identities.link(ada_id, provider="google-oauth2", user_id="1042")

    auth0.users.delete(ada_id)

    assert len(tenant.users) == 0
    again = auth0.users.create(**ada(email="ada.king@example.com"))
    assert again.email == "ada.king@example.com"
