"""Groups: a directory sends them by SCIM, and the vendor's management client sees and equips them."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from auth0.management import AsyncManagementClient, ManagementClient
from auth0.management.errors import BadRequestError, ConflictError, NotFoundError

from crosswalk_sandbox.auth0 import Tenant

from .signing_in import Application, Browser, claims_of, returned, types_logged

NO_RETRY: Any = {"max_retries": 0}
API = "https://orders.example/"


class Directory:
    """An enterprise's directory that sends its people to one connection."""

    def __init__(self, tenant: Tenant, connection_id: str, token: str, tls: ssl.SSLContext) -> None:
        base = f"https://{tenant.domain}/scim/v2/connections/{connection_id}"
        headers = {"authorization": f"Bearer {token}", "content-type": "application/scim+json"}
        self.http = httpx.Client(base_url=base, headers=headers, verify=tls, timeout=10)

    def add_person(self, user_name: str, **more: Any) -> str:
        body = {"userName": user_name, "emails": [{"value": f"{user_name}@corp.example", "primary": True}], **more}
        return str(self.http.post("/Users", json=body).json()["id"])

    def add_group(self, name: str, *members: str, **more: Any) -> str:
        body = {"displayName": name, "members": [{"value": one} for one in members], **more}
        return str(self.http.post("/Groups", json=body).json()["id"])

    def patch(self, path: str, *operations: dict[str, Any]) -> httpx.Response:
        return self.http.patch(path, json={"Operations": list(operations)})


@pytest.fixture
def corp(auth0: ManagementClient, shop: Application) -> str:
    """A SAML connection; its id."""
    client_id = shop.client["client_id"]
    return auth0.connections.create(name="corp", strategy="samlp", enabled_clients=[client_id]).id or ""


@pytest.fixture
def directory(auth0: ManagementClient, tenant: Tenant, corp: str, tls: ssl.SSLContext) -> Iterator[Directory]:
    auth0.connections.scim_configuration.create(corp)
    token = auth0.connections.scim_configuration.tokens.create(corp).token or ""
    directory = Directory(tenant, corp, token, tls)
    yield directory
    directory.http.close()


def told(tenant: Tenant) -> list[tuple[str, Any]]:
    every = tenant.events.read(tenant.events.position_at(""), 1000)
    return [(event["type"], event["data"]["object"]) for event in every if "group" in event["type"]]


def test_a_connection_is_opened_for_a_directory(auth0: ManagementClient, corp: str) -> None:
    configurations = auth0.connections.scim_configuration
    created = configurations.create(corp)

    assert (created.connection_name, created.strategy, created.user_id_attribute) == ("corp", "samlp", "userName")
    assert configurations.get(corp).mapping == configurations.get_default_mapping(corp).mapping
    mapping = [{"auth0": "email", "scim": "userName"}]
    changed = configurations.update(corp, user_id_attribute="externalId", mapping=mapping)  # type: ignore[arg-type]
    assert changed.user_id_attribute == "externalId"
    assert [one.connection_id for one in configurations.list()] == [corp]
    token = configurations.tokens.create(corp, scopes=["get:users"], token_lifetime=900)
    assert token.token is not None and token.scopes == ["get:users"]
    shown = configurations.tokens.get(corp)
    assert [(one.token_id, "token" in one.dict()) for one in shown] == [(token.token_id, False)]
    configurations.tokens.delete(corp, token.token_id or "")
    configurations.delete(corp)
    with pytest.raises(NotFoundError):
        configurations.get(corp)


def test_only_enterprise_connections_take_scim_and_once(auth0: ManagementClient, corp: str) -> None:
    github = auth0.connections.create(name="github", strategy="github").id or ""

    with pytest.raises(BadRequestError):
        auth0.connections.scim_configuration.create(github)
    auth0.connections.scim_configuration.create(corp)
    with pytest.raises(ConflictError):
        auth0.connections.scim_configuration.create(corp, request_options=NO_RETRY)


def test_a_directory_sends_changes_and_takes_back_people(
    auth0: ManagementClient, tenant: Tenant, directory: Directory
) -> None:
    user_id = directory.add_person("grace", externalId="00g1", name={"givenName": "Grace", "familyName": "Hopper"})
    user = auth0.users.get(user_id)

    assert user_id == "samlp|corp|grace"
    assert (user.email, user.given_name, user.app_metadata) == (
        "grace@corp.example",
        "Grace",
        {"external_id": "00g1", "user_name": "grace"},
    )
    found = directory.http.get("/Users", params={"filter": 'userName eq "grace"'}).json()
    assert [one["id"] for one in found["Resources"]] == [user_id]
    directory.patch(f"/Users/{user_id}", {"op": "Replace", "path": "active", "value": "False"})
    assert auth0.users.get(user_id).blocked is True
    directory.patch(f"/Users/{user_id}", {"op": "replace", "value": {"active": True, "displayName": "Rear Admiral"}})
    user = auth0.users.get(user_id)
    assert (user.blocked, user.name, user.email) == (False, "Rear Admiral", "grace@corp.example")
    assert directory.http.post("/Users", json={"userName": "grace"}).status_code == 409
    assert directory.http.delete(f"/Users/{user_id}").status_code == 204
    assert directory.http.get(f"/Users/{user_id}").status_code == 404
    types = [event["type"] for event in tenant.events.read(tenant.events.position_at(""), 100)]
    assert types == ["connection.created", "user.created", "user.updated", "user.updated", "user.deleted"]


def test_a_directory_sends_changes_and_takes_back_groups(
    auth0: ManagementClient, tenant: Tenant, corp: str, directory: Directory
) -> None:
    grace, ada = directory.add_person("grace"), directory.add_person("ada")
    group_id = directory.add_group("Buyers", grace, externalId="028930")
    path = f"/Groups/{group_id}"

    directory.patch(path, {"op": "add", "path": "members", "value": [{"value": ada}]})
    directory.patch(path, {"op": "remove", "path": f'members[value eq "{grace}"]'})
    directory.http.put(path, json={"displayName": "Big buyers", "members": [{"value": ada}]})
    assert [one["value"] for one in directory.http.get(path).json()["members"]] == [ada]
    assert directory.http.delete(path).status_code == 204

    group = {"id": group_id, "type": "connection", "connection_id": corp, "external_id": "028930"}

    def member(user_id: str) -> dict[str, str]:
        return {"member_type": "user", "id": user_id, "type": "connection", "connection_id": corp}

    events = told(tenant)
    assert [kind for kind, _ in events] == [
        "group.created",
        "group.member.added",
        "group.member.added",
        "group.member.deleted",
        "group.updated",
        "group.deleted",
    ]
    assert events[1][1] == {"group": group, "member": member(grace)}
    assert events[3][1] == {"group": group, "member": member(grace)}
    assert (events[0][1]["name"], events[4][1]["name"]) == ("Buyers", "Big buyers")
    assert "updated_at" not in events[0][1] and "updated_at" in events[5][1]


def test_tokens_open_one_connection_and_what_they_allow(
    auth0: ManagementClient, tenant: Tenant, corp: str, directory: Directory, tls: ssl.SSLContext
) -> None:
    reader_token = auth0.connections.scim_configuration.tokens.create(corp, scopes=["get:users"]).token or ""
    reader = Directory(tenant, corp, reader_token, tls)
    other = auth0.connections.create(name="other", strategy="samlp").id or ""
    auth0.connections.scim_configuration.create(other)
    stranger = Directory(tenant, other, reader_token, tls)

    assert reader.http.get("/Users").status_code == 200
    assert reader.http.post("/Users", json={"userName": "eve"}).status_code == 401
    assert reader.http.get("/Groups").status_code == 401
    assert stranger.http.get("/Users").status_code == 401
    assert types_logged(tenant) == ["sscim", "fscim", "fscim", "fscim"]
    for one in (reader, stranger):
        one.http.close()


def test_a_directory_reaches_nobody_of_another_connection(
    auth0: ManagementClient, directory: Directory, ada_id: str
) -> None:
    grace = directory.add_person("grace")
    stranger = directory.http.get(f"/Users/{ada_id}")

    assert stranger.status_code == 404
    assert stranger.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert directory.patch(f"/Users/{ada_id}", {"op": "replace", "value": {"active": False}}).status_code == 404
    assert directory.http.delete(f"/Users/{ada_id}").status_code == 404
    team = {"displayName": "Buyers", "members": [{"value": grace}, {"value": ada_id}]}
    assert directory.http.post("/Groups", json=team).status_code == 404
    assert auth0.users.get(ada_id).blocked is None
    assert list(auth0.groups.list()) == []


def test_the_management_client_sees_groups_and_members(
    auth0: ManagementClient, tenant: Tenant, corp: str, directory: Directory
) -> None:
    grace = directory.add_person("grace")
    buyers, sellers = directory.add_group("Buyers", grace), directory.add_group("Sellers", externalId="7")

    assert [(one.id, one.name) for one in auth0.groups.list(take=1)] == [(buyers, "Buyers"), (sellers, "Sellers")]
    assert [one.id for one in auth0.groups.list(name="Sellers")] == [sellers]
    assert [one.id for one in auth0.groups.list(external_id="7")] == [sellers]
    assert [one.id for one in auth0.groups.list(search="buy")] == [buyers]
    assert list(auth0.groups.list(connection_id="con_other")) == []
    assert auth0.groups.get(buyers).tenant_name == tenant.name
    members = list(auth0.groups.members.get(buyers))
    assert [(one.id, one.member_type, one.connection_id) for one in members] == [(grace, "user", corp)]
    mine = list(auth0.users.groups.get(grace))
    assert [one.id for one in mine] == [buyers] and mine[0].membership_created_at is not None
    auth0.groups.delete(buyers)
    with pytest.raises(NotFoundError):
        auth0.groups.get(buyers)


async def test_the_async_client_lists_groups(async_auth0: AsyncManagementClient, directory: Directory) -> None:
    group_id = directory.add_group("Buyers")

    assert [one.id async for one in await async_auth0.groups.list()] == [group_id]


def test_members_have_the_roles_of_their_group(
    auth0: ManagementClient, http: httpx.Client, browser: Browser, shop: Application, directory: Directory
) -> None:
    scopes: Any = [{"value": "read:orders"}]
    auth0.resource_servers.create(
        identifier=API, scopes=scopes, enforce_policies=True, token_dialect="access_token_authz"
    )
    role = auth0.roles.create(name="buyer").id or ""
    permission: Any = [{"resource_server_identifier": API, "permission_name": "read:orders"}]
    auth0.roles.permissions.add(role, permissions=permission)
    group_id = directory.add_group("Buyers", directory.add_person("grace"))
    auth0.groups.roles.create(group_id, roles=[role])
    browser.open(shop.authorize_url(connection="corp", audience=API, scope="openid read:orders"))

    answer = shop.exchange(http, returned(browser.submit(subject="grace"))["code"]).json()

    assert claims_of(http, answer["access_token"])["permissions"] == ["read:orders"]
    assert [one.id for one in auth0.groups.roles.list(group_id)] == [role]
    assert [one.id for one in auth0.roles.groups.get(role)] == [group_id]


def test_groups_have_roles_in_organizations(
    auth0: ManagementClient, tenant: Tenant, corp: str, directory: Directory
) -> None:
    acme = auth0.organizations.create(name="acme").id or ""
    role = auth0.roles.create(name="buyer").id or ""
    group_id = directory.add_group("Buyers")

    auth0.organizations.groups.roles.create(acme, group_id, roles=[role])

    assert [one.id for one in auth0.organizations.groups.list(acme)] == [group_id]
    assert [one.id for one in auth0.organizations.groups.roles.list(acme, group_id)] == [role]
    assert list(auth0.groups.roles.list(group_id)) == []
    auth0.organizations.groups.roles.delete(acme, group_id, roles=[role])
    auth0.roles.groups.create(role, groups=[group_id])
    auth0.roles.groups.delete(role, groups=[group_id])
    events = told(tenant)[1:]
    assert [kind for kind, _ in events] == [
        "organization.group.role.assigned",
        "organization.group.role.deleted",
        "group.role.assigned",
        "group.role.deleted",
    ]
    assert {"organization": {"id": acme}, "role": {"id": role, "name": "buyer"}}.items() <= events[0][1].items()


def test_groups_end_with_their_connection(auth0: ManagementClient, corp: str, directory: Directory) -> None:
    directory.add_group("Buyers", directory.add_person("grace"))

    auth0.connections.delete(corp)

    assert list(auth0.groups.list()) == []
    assert list(auth0.users.list()) == []
