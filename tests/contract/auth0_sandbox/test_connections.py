"""Connections through the vendor's management client, and logins with providers that a page of the tenant plays."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from auth0.management import AsyncManagementClient, ManagementClient
from auth0.management.errors import BadRequestError, ConflictError, NotFoundError
from auth0.management.types import UpdateEnabledClientConnectionsRequestContentItem as EnabledClient

from crosswalk_sandbox.auth0 import Tenant
from crosswalk_sandbox.auth0.user_documents import DATABASE_CONNECTION_ID

from .conftest import CONNECTION, ada
from .signing_in import Application, Browser, claims_of, returned, types_logged

NO_RETRY: Any = {"max_retries": 0}
OIDC: dict[str, Any] = {"client_id": "at-the-provider", "issuer": "https://login.corp.example"}
MACHINE_TO_MACHINE = "m2m-client"


def types_of(value: Any) -> Any:
    """The keys of a JSON value with the names of their values' types."""
    if isinstance(value, dict):
        return {name: types_of(item) for name, item in value.items()}
    return type(value).__name__


def connect(auth0: ManagementClient, application: Application, name: str, strategy: str, **more: Any) -> str:
    """Create a connection that one application may use, and return its id."""
    client_id = application.client["client_id"]
    created = auth0.connections.create(name=name, strategy=strategy, enabled_clients=[client_id], **more)
    return created.id or ""


def event_types(tenant: Tenant) -> list[str]:
    return [event["type"] for event in tenant.events.read(tenant.events.position_at(""), 1000)]


def id_token_claims(http: httpx.Client, application: Application, response: httpx.Response) -> dict[str, Any]:
    answer = application.exchange(http, returned(response)["code"]).json()
    return claims_of(http, answer["id_token"])


def test_a_connection_lives(auth0: ManagementClient) -> None:
    created = auth0.connections.create(
        name="corp", strategy="samlp", display_name="Corp", options={"signInEndpoint": "https://idp.example"}
    )
    connection_id = created.id or ""

    assert connection_id.startswith("con_") and len(connection_id) == 20
    assert created.enabled_clients == [] and created.realms == ["corp"]
    auth0.connections.update(connection_id, options={"signInEndpoint": "https://idp2.example"}, show_as_button=True)
    read = auth0.connections.get(connection_id)
    assert (read.name, read.strategy, read.display_name, read.show_as_button) == ("corp", "samlp", "Corp", True)
    assert read.options == {"signInEndpoint": "https://idp2.example"}
    assert auth0.connections.get(connection_id, fields="name").strategy is None
    auth0.connections.check_status(connection_id)
    auth0.connections.delete(connection_id)
    with pytest.raises(NotFoundError):
        auth0.connections.get(connection_id)


def test_wrong_connections_are_refused(auth0: ManagementClient) -> None:
    auth0.connections.create(name="google-oauth2", strategy="google-oauth2")

    with pytest.raises(ConflictError):
        auth0.connections.create(name="google-oauth2", strategy="google-oauth2", request_options=NO_RETRY)
    for wrong in (
        {"name": "not a name", "strategy": "samlp"},
        {"name": "corp", "strategy": "unheard-of"},
        {"name": "corp", "strategy": "oidc"},
        {"name": "corp", "strategy": "samlp", "enabled_clients": ["nobody"]},
    ):
        with pytest.raises(BadRequestError):
            auth0.connections.create(**wrong)


def test_connections_are_listed_by_strategy_name_and_page(auth0: ManagementClient) -> None:
    for name, strategy in (("corp", "samlp"), ("google-oauth2", "google-oauth2"), ("apple", "apple")):
        auth0.connections.create(name=name, strategy=strategy)

    assert [one.name for one in auth0.connections.list()] == [CONNECTION, "corp", "google-oauth2", "apple"]
    assert [one.name for one in auth0.connections.list(take=3)] == [CONNECTION, "corp", "google-oauth2", "apple"]
    assert [one.name for one in auth0.connections.list(strategy=["samlp", "apple"])] == ["corp", "apple"]
    assert [one.strategy for one in auth0.connections.list(name="corp")] == ["samlp"]
    assert [one.strategy for one in auth0.connections.list(fields="name", include_fields=True)] == [None] * 4


async def test_the_async_client_reads_connections_from_checkpoint_to_checkpoint(
    async_auth0: AsyncManagementClient,
) -> None:
    await async_auth0.connections.create(name="corp", strategy="samlp")

    assert [one.name async for one in await async_auth0.connections.list(take=1)] == [CONNECTION, "corp"]


def test_connections_are_paged_by_number(auth0: ManagementClient, http: httpx.Client, token: str) -> None:
    auth0.connections.create(name="corp", strategy="samlp")
    bearer = {"authorization": f"Bearer {token}"}

    numbered = http.get("/api/v2/connections?per_page=1&page=1&include_totals=true", headers=bearer).json()
    assert [one["name"] for one in numbered["connections"]] == ["corp"]
    assert numbered["total"] == 2


def test_applications_are_enabled_and_disabled(auth0: ManagementClient, shop: Application) -> None:
    connection_id = auth0.connections.create(name="corp", strategy="samlp").id or ""
    shop_id = shop.client["client_id"]

    auth0.connections.clients.update(connection_id, request=[EnabledClient(client_id=shop_id, status=True)])
    assert [one.client_id for one in auth0.connections.clients.get(connection_id)] == [shop_id]
    auth0.connections.clients.update(connection_id, request=[EnabledClient(client_id=shop_id, status=False)])
    assert list(auth0.connections.clients.get(connection_id)) == []
    first = auth0.connections.clients.get(DATABASE_CONNECTION_ID)
    assert [one.client_id for one in first] == [MACHINE_TO_MACHINE, shop_id]


def test_an_address_may_have_one_user_in_each_database(auth0: ManagementClient) -> None:
    partners = auth0.connections.create(name="partners", strategy="auth0").id or ""
    first = auth0.users.create(**ada())
    second = auth0.users.create(**ada(connection="partners"))

    with pytest.raises(ConflictError):
        auth0.users.create(**ada(connection="partners"), request_options=NO_RETRY)
    assert first.user_id != second.user_id
    both = [one.user_id for one in auth0.users.list_users_by_email(email="ada@example.com")]
    assert both == [first.user_id, second.user_id]
    found = auth0.users.list(q='identities.connection:"partners"')
    assert [one.user_id for one in found] == [second.user_id]
    auth0.connections.users.delete_by_email(partners, email="ADA@example.com")
    assert [one.user_id for one in auth0.users.list()] == [first.user_id]


def test_users_end_with_their_connection(auth0: ManagementClient, tenant: Tenant) -> None:
    partners = auth0.connections.create(name="partners", strategy="auth0").id or ""
    organization = auth0.organizations.create(name="acme").id or ""
    auth0.organizations.enabled_connections.add(organization, connection_id=partners)
    auth0.users.create(**ada(connection="partners"))
    stays = auth0.users.create(**ada()).user_id

    auth0.connections.delete(partners)

    assert [one.user_id for one in auth0.users.list()] == [stays]
    assert list(auth0.organizations.enabled_connections.list(organization)) == []
    assert event_types(tenant)[-2:] == ["organization.connection.removed", "user.deleted"]


def test_a_first_login_with_google_makes_a_user_and_a_later_one_refreshes_it(
    auth0: ManagementClient, tenant: Tenant, http: httpx.Client, browser: Browser, shop: Application
) -> None:
    connect(auth0, shop, "google-oauth2", "google-oauth2")
    browser.open(shop.authorize_url())
    browser.submit(connection="google-oauth2")
    told = {"subject": "1042", "email": "Ada@Example.com", "email_verified": "on", "name": "Ada King"}
    claims = id_token_claims(http, shop, browser.submit(**told))

    assert claims["sub"] == "google-oauth2|1042"
    assert (claims["email"], claims["email_verified"], claims["name"]) == ("ada@example.com", True, "Ada King")
    user = auth0.users.get("google-oauth2|1042")
    assert user.identities is not None
    assert user.identities[0].dict(exclude_none=True) == {
        "connection": "google-oauth2",
        "user_id": "1042",
        "provider": "google-oauth2",
        "isSocial": True,
    }
    assert user.logins_count == 1
    browser.open(shop.authorize_url(prompt="login", connection="google-oauth2"))
    id_token_claims(http, shop, browser.submit(**{**told, "name": "Ada Lovelace"}))
    assert auth0.users.get("google-oauth2|1042").name == "Ada Lovelace"
    assert event_types(tenant) == ["user.created", "user.updated"]
    logged = [entry for entry in tenant.logs.entries() if entry["type"] == "s"]
    assert [(one["connection"], one["strategy"], one["strategy_type"]) for one in logged] == [
        ("google-oauth2", "google-oauth2", "social")
    ] * 2


def test_enterprise_users_carry_their_connection_in_the_id(
    auth0: ManagementClient, http: httpx.Client, browser: Browser, shop: Application
) -> None:
    connect(auth0, shop, "corp", "samlp", show_as_button=True, options={"set_user_root_attributes": "on_first_login"})
    for name in ("Grace", "Not Grace"):
        browser.open(shop.authorize_url(connection="corp", prompt="login"))
        claims = id_token_claims(http, shop, browser.submit(subject="grace", email="grace@corp.example", name=name))
        assert claims["sub"] == "samlp|corp|grace"

    user = auth0.users.get("samlp|corp|grace")

    assert user.identities is not None
    assert (user.identities[0].user_id, user.identities[0].is_social) == ("corp|grace", False)
    assert user.name == "Grace"
    assert user.email_verified is False


def test_an_address_of_the_company_leads_to_its_provider(
    auth0: ManagementClient, http: httpx.Client, browser: Browser, shop: Application
) -> None:
    connect(auth0, shop, "corp", "oidc", options={**OIDC, "domain_aliases": ["corp.example"]})
    page = browser.open(shop.authorize_url())
    assert "Continue with corp" not in page.text

    page = browser.submit(username="grace@corp.example")

    assert "plays the identity provider (oidc)" in page.text
    claims = id_token_claims(http, shop, browser.submit(subject="g1", email="grace@corp.example"))
    assert claims["sub"] == "oidc|corp|g1"


def test_a_provider_is_offered_only_where_it_is_enabled(
    auth0: ManagementClient, browser: Browser, shop: Application
) -> None:
    auth0.connections.create(name="github", strategy="github")
    connect(auth0, shop, "apple", "apple")

    page = browser.open(shop.authorize_url())

    assert "Continue with apple" in page.text
    assert "Continue with github" not in page.text
    refused = returned(browser.open(shop.authorize_url(connection="github")))
    assert (refused["error"], refused["error_description"]) == ("invalid_request", "the connection is not enabled")


def test_who_declines_at_the_provider_is_sent_back(
    auth0: ManagementClient, tenant: Tenant, browser: Browser, shop: Application
) -> None:
    connect(auth0, shop, "github", "github")
    browser.open(shop.authorize_url(connection="github"))

    refused = returned(browser.submit(action="deny", subject=""))

    assert refused["error"] == "access_denied"
    assert types_logged(tenant) == ["f"]
    assert len(tenant.users) == 0


def test_an_organization_takes_logins_with_its_own_connections(
    auth0: ManagementClient, http: httpx.Client, browser: Browser, make_application: Any
) -> None:
    shop = make_application(organization_usage="allow")
    corp = connect(auth0, shop, "corp", "samlp")
    connect(auth0, shop, "apple", "apple")
    acme = auth0.organizations.create(name="acme").id or ""
    added = auth0.organizations.enabled_connections.add(
        acme, connection_id=corp, assign_membership_on_login=True, show_as_button=True
    )

    page = browser.open(shop.authorize_url(organization=acme))

    assert added.connection is not None and (added.connection.name, added.connection.strategy) == ("corp", "samlp")
    assert "Continue with corp" in page.text and "Password" not in page.text and "apple" not in page.text
    browser.submit(connection="corp")
    claims = id_token_claims(http, shop, browser.submit(subject="grace"))
    assert claims["org_id"] == acme
    assert [one.user_id for one in auth0.organizations.members.list(acme)] == ["samlp|corp|grace"]


def test_the_profile_of_a_provider_cannot_be_written(
    auth0: ManagementClient, browser: Browser, shop: Application
) -> None:
    connect(auth0, shop, "google-oauth2", "google-oauth2")
    browser.open(shop.authorize_url(connection="google-oauth2"))
    browser.submit(subject="1042", email="ada@example.com")

    with pytest.raises(BadRequestError, match="cannot be updated: email"):
        auth0.users.update("google-oauth2|1042", email="other@example.com")
    assert auth0.users.update("google-oauth2|1042", app_metadata={"plan": "pro"}).app_metadata == {"plan": "pro"}


def test_the_login_page_takes_the_passwords_of_the_wanted_database(
    auth0: ManagementClient, http: httpx.Client, browser: Browser, shop: Application
) -> None:
    connect(auth0, shop, "partners", "auth0")
    auth0.users.create(**ada())
    partner_id = auth0.users.create(**ada(connection="partners", password="Another-Password-2")).user_id
    browser.open(shop.authorize_url(connection="partners"))

    assert "Wrong email or password" in browser.log_in().text
    claims = id_token_claims(http, shop, browser.log_in(password="Another-Password-2"))
    assert claims["sub"] == partner_id


def test_sign_ups_go_only_where_they_are_taken(
    auth0: ManagementClient, tenant: Tenant, http: httpx.Client, browser: Browser, shop: Application
) -> None:
    client_id = shop.client["client_id"]
    connect(auth0, shop, "closed", "auth0", options={"disable_signup": True})
    connect(auth0, shop, "email", "email")
    auth0.connections.create(name="others", strategy="auth0")
    body = {"client_id": client_id, "email": "eve@example.com", "password": "Difference-Engine-1"}

    for name in ("closed", "email", "others", "nowhere"):
        assert http.post("/dbconnections/signup", json={**body, "connection": name}).status_code == 400
    page = browser.open(shop.authorize_url(connection="closed"))
    assert "Sign up" not in page.text
    assert len(tenant.users) == 0


def test_nobody_calls_the_own_address_verified(auth0: ManagementClient, http: httpx.Client, shop: Application) -> None:
    body = {"client_id": shop.client["client_id"], "connection": CONNECTION, "email": "eve@example.com"}
    claimed = {"email_verified": True, "app_metadata": {"plan": "pro"}, "user_id": "chosen", "blocked": False}

    answer = http.post("/dbconnections/signup", json={**body, "password": "Difference-Engine-1", **claimed})

    assert answer.status_code == 200
    (user,) = auth0.users.list()
    assert (user.email_verified, user.app_metadata) == (False, None)
    assert user.user_id != "auth0|chosen"


# Recorded from a real tenant: the answer to the creation of a social connection.
RECORDED_SOCIAL = {
    "id": "con_Dyc8vFGQ4ncArPi0",
    "options": {"email": True, "scope": ["email", "profile"], "profile": True},
    "strategy": "google-oauth2",
    "name": "google-oauth2",
    "is_domain_connection": False,
    "authentication": {"active": True},
    "connected_accounts": {"active": False},
    "enabled_clients": [],
    "realms": ["google-oauth2"],
}
# Recorded: the database of a new tenant, as the list shows it.
RECORDED_DATABASE = {
    "id": "con_GCIw7tDhSMeiCyeZ",
    "options": {
        "mfa": {"active": True, "return_enroll_settings": True},
        "passwordPolicy": "good",
        "passkey_options": {
            "challenge_ui": "both",
            "local_enrollment_enabled": True,
            "progressive_enrollment_enabled": True,
        },
        "strategy_version": 2,
        "authentication_methods": {
            "passkey": {"enabled": False},
            "password": {"enabled": True, "api_behavior": "required", "signup_behavior": "allow"},
        },
        "brute_force_protection": True,
        "disable_self_service_change_password": False,
    },
    "strategy": "auth0",
    "name": "Username-Password-Authentication",
    "is_domain_connection": False,
    "authentication": {"active": True},
    "connected_accounts": {"active": False},
    "realms": ["Username-Password-Authentication"],
    "enabled_clients": ["Vp0gMRF8PtMzekil38qWoj4Fjw2VjRZE", "Ckqg6mLzKuqmHNuWgPqMdFBskW0ChIld"],
}
ADDED_TO_NEW_DATABASES = {"password_options", "authentication_methods", "passkey_options"}


def test_answers_have_the_keys_and_types_of_recorded_ones(http: httpx.Client, token: str) -> None:
    bearer = {"authorization": f"Bearer {token}"}
    body = {"name": "google-oauth2", "strategy": "google-oauth2", "options": RECORDED_SOCIAL["options"]}
    created = http.post("/api/v2/connections", json=body, headers=bearer)
    given = {"name": "boo", "strategy": "auth0", "options": {"import_mode": False, "passwordPolicy": "low"}}
    database = http.post("/api/v2/connections", json=given, headers=bearer).json()
    listed = http.get("/api/v2/connections?include_totals=true&take=50&strategy=auth0", headers=bearer).json()

    assert created.status_code == 201
    assert created.json() == {**RECORDED_SOCIAL, "id": created.json()["id"]}
    assert set(listed) == {"connections"}
    assert types_of(listed["connections"][0]) == types_of(RECORDED_DATABASE)
    assert set(database["options"]) >= {"import_mode", "passwordPolicy", *ADDED_TO_NEW_DATABASES}
    assert database["options"]["passwordPolicy"] == "low"
