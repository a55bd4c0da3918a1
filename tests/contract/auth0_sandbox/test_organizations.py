"""Organizations through the vendor's management client, their events, and their part in a login."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from auth0.management import ManagementClient
from auth0.management.errors import BadRequestError, ConflictError, NotFoundError
from auth0.management.types import OrganizationInvitationInvitee, OrganizationInvitationInviter

from crosswalk_sandbox.auth0 import Tenant
from crosswalk_sandbox.auth0.user_documents import DATABASE_CONNECTION_ID

from .conftest import ada
from .signing_in import Application, Browser, MakeApplication, claims_of, code_of, returned, types_logged

NO_RETRY: Any = {"max_retries": 0}


@pytest.fixture
def acme(auth0: ManagementClient) -> str:
    """An organization with the database connection; its id."""
    organization_id = auth0.organizations.create(name="acme", display_name="Acme Ltd").id or ""
    auth0.organizations.enabled_connections.add(organization_id, connection_id=DATABASE_CONNECTION_ID)
    return organization_id


@pytest.fixture
def shop(make_application: MakeApplication) -> Application:
    return make_application(organization_usage="allow", initiate_login_uri="https://shop.example/start")


def events_told(tenant: Tenant) -> list[tuple[str, Any]]:
    every = tenant.events.read(tenant.events.position_at(""), 1000)
    return [(event["type"], event["data"]["object"]) for event in every if event["type"].startswith("organization")]


def test_an_organization_lives_and_its_events_tell_it(auth0: ManagementClient, tenant: Tenant) -> None:
    organization_id = auth0.organizations.create(name="acme", metadata={"tier": "gold"}).id or ""
    auth0.organizations.update(organization_id, display_name="Acme Ltd")

    assert organization_id.startswith("org_") and len(organization_id) == 20
    assert auth0.organizations.get(organization_id).display_name == "Acme Ltd"
    assert auth0.organizations.get_by_name("acme").id == organization_id
    assert [one.id for one in auth0.organizations.list(take=10)] == [organization_id]
    with pytest.raises(ConflictError):
        auth0.organizations.create(name="acme", request_options=NO_RETRY)
    with pytest.raises(BadRequestError):
        auth0.organizations.create(name="Not A Name")
    auth0.organizations.delete(organization_id)
    with pytest.raises(NotFoundError):
        auth0.organizations.get(organization_id)
    shown = {"id": organization_id, "name": "acme", "metadata": {"tier": "gold"}}
    assert events_told(tenant) == [
        ("organization.created", {**shown, "display_name": "acme"}),
        ("organization.updated", {**shown, "display_name": "Acme Ltd"}),
        ("organization.deleted", {**shown, "display_name": "Acme Ltd"}),
    ]


def test_members_and_their_roles_come_and_go(auth0: ManagementClient, tenant: Tenant, acme: str) -> None:
    user_id = auth0.users.create(**ada()).user_id or ""
    role_id = auth0.roles.create(name="Buyer").id or ""

    auth0.organizations.members.create(acme, members=[user_id])
    auth0.organizations.members.roles.assign(acme, user_id, roles=[role_id])

    (member,) = auth0.organizations.members.list(acme, fields="user_id,roles")
    assert (member.user_id, [role.name for role in member.roles or []]) == (user_id, ["Buyer"])
    assert [one.name for one in auth0.users.organizations.list(user_id)] == ["acme"]
    assert [role.id for role in auth0.organizations.members.roles.list(acme, user_id)] == [role_id]
    auth0.organizations.members.roles.delete(acme, user_id, roles=[role_id])
    auth0.organizations.members.delete(acme, members=[user_id])
    assert list(auth0.organizations.members.list(acme)) == []
    organization, user = {"id": acme, "name": "acme"}, {"user_id": user_id}
    told = {"organization": organization, "user": user}
    with_role = {**told, "role": {"id": role_id, "name": "Buyer"}}
    assert events_told(tenant)[2:] == [
        ("organization.member.added", told),
        ("organization.member.role.assigned", with_role),
        ("organization.member.role.deleted", with_role),
        ("organization.member.deleted", told),
    ]


def test_a_deleted_user_leaves_the_organization(auth0: ManagementClient, tenant: Tenant, acme: str) -> None:
    user_id = auth0.users.create(**ada()).user_id or ""
    auth0.organizations.members.create(acme, members=[user_id])

    auth0.users.delete(user_id)

    assert list(auth0.organizations.members.list(acme)) == []
    assert events_told(tenant)[-1][0] == "organization.member.deleted"


def test_connections_are_enabled_changed_and_removed(auth0: ManagementClient, tenant: Tenant, acme: str) -> None:
    connections = auth0.organizations.enabled_connections

    changed = connections.update(acme, DATABASE_CONNECTION_ID, assign_membership_on_login=True)
    (listed,) = connections.list(acme)
    connections.delete(acme, DATABASE_CONNECTION_ID)

    assert changed.assign_membership_on_login is True
    assert listed.connection is not None
    assert (listed.connection.name, listed.connection.strategy) == ("Username-Password-Authentication", "auth0")
    kinds = [event_type for event_type, _ in events_told(tenant)[1:]]
    assert kinds == [f"organization.connection.{word}" for word in ("added", "updated", "removed")]
    with pytest.raises(BadRequestError):
        connections.add(acme, connection_id="con_0000000000000000")


def test_a_member_logs_in_to_the_organization(
    auth0: ManagementClient, browser: Browser, http: httpx.Client, shop: Application, tenant: Tenant, acme: str
) -> None:
    user_id = auth0.users.create(**ada()).user_id or ""
    browser.open(shop.authorize_url(organization=acme))
    page = browser.page
    assert page is not None and "Log in to Acme Ltd to continue to Shop." in page.text

    stranger = returned(browser.log_in())
    assert stranger["error"] == "access_denied"
    assert stranger["error_description"] == f"user {user_id} is not part of the {acme} organization"
    auth0.organizations.members.create(acme, members=[user_id])
    code = code_of(browser, shop, organization=acme)
    claims = claims_of(http, shop.exchange(http, code).json()["id_token"])

    assert claims["org_id"] == acme
    assert "org_name" not in claims
    tenant.knobs.organization_names = True
    told = returned(browser.open(shop.authorize_url(organization="acme")))
    named = claims_of(http, shop.exchange(http, told["code"]).json()["id_token"])
    assert (named["org_id"], named["org_name"]) == (acme, "acme")


def test_a_connection_can_make_members_of_all_who_log_in(
    auth0: ManagementClient, browser: Browser, shop: Application, tenant: Tenant, acme: str
) -> None:
    user_id = auth0.users.create(**ada()).user_id or ""
    auth0.organizations.enabled_connections.update(acme, DATABASE_CONNECTION_ID, assign_membership_on_login=True)

    code_of(browser, shop, organization=acme)

    assert [member.user_id for member in auth0.organizations.members.list(acme)] == [user_id]
    assert events_told(tenant)[-1][0] == "organization.member.added"


def test_organization_roles_count_in_the_organization_alone(
    auth0: ManagementClient, browser: Browser, http: httpx.Client, shop: Application, tenant: Tenant, acme: str
) -> None:
    audience = "https://orders.example/api"
    settings = {"enforce_policies": True, "token_dialect": "access_token_authz"}
    tenant.resource_servers.create({"identifier": audience, "scopes": [{"value": "read:orders"}], **settings})
    role_id = auth0.roles.create(name="Buyer").id or ""
    permission = {"resource_server_identifier": audience, "permission_name": "read:orders"}
    tenant.roles.add_permissions(role_id, {"permissions": [permission]})
    user_id = auth0.users.create(**ada()).user_id or ""
    auth0.organizations.members.create(acme, members=[user_id])
    auth0.organizations.members.roles.assign(acme, user_id, roles=[role_id])

    inside = shop.exchange(http, code_of(browser, shop, audience=audience, organization=acme)).json()
    told = returned(browser.open(shop.authorize_url(audience=audience)))
    outside = shop.exchange(http, told["code"]).json()

    within, without = (claims_of(http, one["access_token"]) for one in (inside, outside))
    assert (within["permissions"], within["org_id"]) == (["read:orders"], acme)
    assert without["permissions"] == []
    assert "org_id" not in without


def test_an_invitation_makes_a_member_once(
    auth0: ManagementClient, browser: Browser, http: httpx.Client, shop: Application, tenant: Tenant, acme: str
) -> None:
    role_id = auth0.roles.create(name="Buyer").id or ""
    invitation = auth0.organizations.invitations.create(
        acme,
        inviter=OrganizationInvitationInviter(name="Grace"),
        invitee=OrganizationInvitationInvitee(email="ada@example.com"),
        client_id=shop.client["client_id"],
        roles=[role_id],
    )
    link = urlsplit(invitation.invitation_url or "")
    ticket = parse_qs(link.query)["invitation"][0]
    page = browser.open(shop.authorize_url(organization=acme, invitation=ticket, screen_hint="signup"))
    assert f"{link.scheme}://{link.netloc}{link.path}" == "https://shop.example/start"
    assert 'value="ada@example.com"' in page.text

    told = returned(browser.submit(email="eve@example.com", password="Difference-Engine-1"))

    claims = claims_of(http, shop.exchange(http, told["code"]).json()["id_token"])
    assert (claims["email"], claims["org_id"]) == ("ada@example.com", acme)
    assert [role.name for role in auth0.organizations.members.roles.list(acme, claims["sub"])] == ["Buyer"]
    assert list(auth0.organizations.invitations.list(acme)) == []
    again = returned(http.get(shop.authorize_url(organization=acme, invitation=ticket)))
    assert again["error"] == "invalid_request"
    assert types_logged(tenant)[:2] == ["ss", "s"]


def test_a_client_may_demand_an_organization(http: httpx.Client, make_application: MakeApplication) -> None:
    business = make_application(organization_usage="require")

    without = returned(http.get(business.authorize_url()))
    unknown = returned(http.get(business.authorize_url(organization="org_0000000000000000")))

    assert without["error_description"] == "parameter organization is required for this client"
    assert unknown["error_description"] == "parameter organization is invalid"


def test_tokens_end_with_the_membership(
    auth0: ManagementClient, browser: Browser, http: httpx.Client, shop: Application, acme: str
) -> None:
    user_id = auth0.users.create(**ada()).user_id or ""
    auth0.organizations.members.create(acme, members=[user_id])
    tokens = shop.exchange(http, code_of(browser, shop, organization=acme, scope="openid offline_access")).json()
    assert claims_of(http, shop.refresh(http, tokens["refresh_token"]).json()["id_token"])["org_id"] == acme

    auth0.organizations.members.delete(acme, members=[user_id])

    refused = shop.refresh(http, tokens["refresh_token"])
    found = f"user {user_id} is not part of the {acme} organization"
    assert refused.json() == {"error": "invalid_grant", "error_description": found}


def test_strangers_sign_up_only_where_the_organization_lets_them(
    auth0: ManagementClient, browser: Browser, shop: Application, tenant: Tenant, acme: str
) -> None:
    page = browser.open(shop.authorize_url(organization=acme))
    assert "/u/signup" not in page.text
    browser.open(str(page.url).replace("/u/login", "/u/signup"))
    refused = browser.submit(email="eve@example.com", password="Difference-Engine-1")
    assert "Sign up is disabled for this organization" in refused.text

    flags = {"assign_membership_on_login": True, "is_signup_enabled": True}
    auth0.organizations.enabled_connections.update(acme, DATABASE_CONNECTION_ID, **flags)

    assert "code" in returned(browser.submit(email="eve@example.com", password="Difference-Engine-1"))
    assert [member.email for member in auth0.organizations.members.list(acme)] == ["eve@example.com"]


@pytest.fixture
def widgets(auth0: ManagementClient) -> str:
    """Another organization with the database connection; its id."""
    organization_id = auth0.organizations.create(name="widgets", display_name="Widgets Inc").id or ""
    auth0.organizations.enabled_connections.add(organization_id, connection_id=DATABASE_CONNECTION_ID)
    return organization_id


def org_of(http: httpx.Client, application: Application, response: httpx.Response) -> str | None:
    """The organization of the login that has just come back to its application; None without one."""
    tokens = application.exchange(http, returned(response)["code"]).json()
    found: str | None = claims_of(http, tokens["id_token"]).get("org_id")
    return found


def test_the_organization_may_be_asked_for_by_name_before_the_login(
    auth0: ManagementClient, browser: Browser, http: httpx.Client, make_application: MakeApplication, acme: str
) -> None:
    business = make_application(
        organization_usage="require", organization_require_behavior="pre_login_prompt", name="Portal"
    )
    user_id = auth0.users.create(**ada()).user_id or ""
    auth0.organizations.members.create(acme, members=[user_id])

    page = browser.open(business.authorize_url())
    assert "Enter Organization" in page.text
    wrong = browser.submit(organizationName="nobody")
    assert (wrong.status_code, "The organization you entered is invalid" in wrong.text) == (400, True)
    login = browser.submit(organizationName="ACME")
    assert "Log in to Acme Ltd to continue to Portal." in login.text
    assert org_of(http, business, browser.log_in()) == acme

    assert org_of(http, business, browser.open(business.authorize_url(organization=acme))) == acme
    silent = returned(browser.open(business.authorize_url(prompt="none")))
    assert silent["error"] == "interaction_required"
    assert "Enter Organization" in browser.open(business.authorize_url()).text
    assert org_of(http, business, browser.submit(organizationName="acme")) == acme


def test_the_organization_may_be_chosen_after_the_login(
    auth0: ManagementClient,
    browser: Browser,
    http: httpx.Client,
    make_application: MakeApplication,
    acme: str,
    widgets: str,
) -> None:
    business = make_application(organization_usage="require", organization_require_behavior="post_login_prompt")
    user_id = auth0.users.create(**ada()).user_id or ""
    browser.open(business.authorize_url())
    homeless = returned(browser.log_in())
    assert homeless["error"] == "invalid_request"
    assert homeless["error_description"] == (
        "client requires organization membership, but user does not belong to any organization"
    )

    auth0.organizations.members.create(acme, members=[user_id])
    browser.open(business.authorize_url())
    assert org_of(http, business, browser.log_in()) == acme

    auth0.organizations.members.create(widgets, members=[user_id])
    page = browser.open(business.authorize_url())
    assert ("Acme Ltd" in page.text, "Widgets Inc" in page.text, "personal account" in page.text) == (True, True, False)
    stranger = auth0.organizations.create(name="others").id or ""
    assert browser.submit(organization=stranger).status_code == 400
    assert browser.submit(action="skip").status_code == 400
    assert org_of(http, business, browser.submit(organization=widgets)) == widgets


def test_who_may_log_in_without_an_organization_can_skip_the_choice(
    auth0: ManagementClient, browser: Browser, http: httpx.Client, make_application: MakeApplication, acme: str
) -> None:
    both = make_application(organization_usage="allow", organization_require_behavior="post_login_prompt")
    user_id = auth0.users.create(**ada()).user_id or ""
    browser.open(both.authorize_url())
    assert org_of(http, both, browser.log_in()) is None

    auth0.organizations.members.create(acme, members=[user_id])

    assert "Continue with your personal account" in browser.open(both.authorize_url()).text
    assert org_of(http, both, browser.submit(action="skip")) is None
    browser.open(both.authorize_url())
    assert org_of(http, both, browser.submit(organization=acme)) == acme


def test_the_organization_may_be_found_by_the_domain_of_an_address(
    auth0: ManagementClient, browser: Browser, make_application: MakeApplication, acme: str, widgets: str
) -> None:
    settings = {"organization_usage": "require", "organization_require_behavior": "pre_login_prompt"}
    business = make_application(**settings, organization_discovery_methods=["email"])
    auth0.organizations.discovery_domains.create(acme, domain="acme.example", status="verified")
    auth0.organizations.discovery_domains.create(widgets, domain="widgets.example")
    browser.open(business.authorize_url())

    for typed in ("acme", "ada@widgets.example", "ada@other.example"):
        assert "The organization you entered is invalid" in browser.submit(organizationName=typed).text
    assert "Log in to Acme Ltd" in browser.submit(organizationName="ada@ACME.example").text
