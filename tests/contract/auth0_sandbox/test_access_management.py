"""Applications, APIs, grants and roles through the vendor's management client."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from auth0.management import ManagementClient
from auth0.management.core.api_error import ApiError
from auth0.management.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from auth0.management.types import (
    ClientRefreshTokenConfiguration,
    PermissionRequestPayload,
    ResourceServerScope,
)

from crosswalk_sandbox.auth0 import Tenant

from .conftest import ada
from .signing_in import claims_of

NO_RETRY: Any = {"max_retries": 0}
ORDERS_API = "https://orders.example/api"


@pytest.fixture
def orders_api(auth0: ManagementClient) -> str:
    """An API with two scopes; its id."""
    created = auth0.resource_servers.create(
        identifier=ORDERS_API,
        name="Orders",
        scopes=[
            ResourceServerScope(value="read:orders", description="Read orders"),
            ResourceServerScope(value="write:orders", description="Write orders"),
        ],
        token_lifetime=3600,
    )
    return str(created.id)


def permission(name: str) -> PermissionRequestPayload:
    return PermissionRequestPayload(resource_server_identifier=ORDERS_API, permission_name=name)


def test_a_client_is_created_with_the_vendors_defaults(auth0: ManagementClient) -> None:
    created = auth0.clients.create(name="Shop", app_type="spa", callbacks=["https://shop.example/callback"])

    client = auth0.clients.get(created.client_id or "")
    assert client.name == "Shop"
    assert client.is_first_party is True
    assert client.token_endpoint_auth_method == "none"
    assert client.grant_types == ["authorization_code", "implicit", "refresh_token"]
    assert client.callbacks == ["https://shop.example/callback"]
    assert len(client.client_id or "") == 32
    assert len(client.client_secret or "") == 64
    assert client.refresh_token is not None
    assert client.refresh_token.rotation_type == "non-rotating"


def test_settings_that_decide_nothing_here_are_kept(auth0: ManagementClient) -> None:
    created = auth0.clients.create(
        name="Shop",
        description="Sells engines",
        logo_uri="https://shop.example/logo.png",
        client_metadata={"team": "north"},
        par_request_expiry=30,
        oidc_conformant=True,
        web_origins=["https://shop.example"],
    )

    client = auth0.clients.get(created.client_id or "")
    assert (client.description, client.logo_uri) == ("Sells engines", "https://shop.example/logo.png")
    assert (client.client_metadata, client.par_request_expiry) == ({"team": "north"}, 30)
    assert auth0.clients.update(created.client_id or "", description=None).description is None
    with pytest.raises(BadRequestError) as error:
        auth0.clients.update(created.client_id or "", app_type="toaster")
    assert "No enum match for: toaster" in error.value.body["message"]


def test_a_client_is_changed_listed_and_deleted(auth0: ManagementClient) -> None:
    client_id = auth0.clients.create(name="Shop", app_type="regular_web").client_id or ""

    changed = auth0.clients.update(
        client_id,
        allowed_logout_urls=["https://shop.example"],
        refresh_token=ClientRefreshTokenConfiguration(rotation_type="rotating", expiration_type="expiring"),
    )

    assert changed.allowed_logout_urls == ["https://shop.example"]
    assert changed.refresh_token is not None
    assert (changed.refresh_token.rotation_type, changed.refresh_token.leeway) == ("rotating", 0)
    assert [one.client_id for one in auth0.clients.list(app_type="regular_web")] == [client_id]
    auth0.clients.delete(client_id)
    with pytest.raises(NotFoundError) as error:
        auth0.clients.get(client_id)
    assert error.value.body["errorCode"] == "inexistent_client"


def test_a_rotated_secret_ends_the_old_one(
    auth0: ManagementClient, http: httpx.Client, tenant: Tenant, orders_api: str
) -> None:
    client = auth0.clients.create(name="Robot", app_type="non_interactive")
    auth0.client_grants.create(client_id=client.client_id or "", audience=ORDERS_API, scope=["read:orders"])
    rotated = auth0.clients.rotate_secret(client.client_id or "")

    def status(secret: str | None) -> int:
        body = {"grant_type": "client_credentials", "client_id": client.client_id, "audience": ORDERS_API}
        return http.post("/oauth/token", json={**body, "client_secret": secret}).status_code

    assert status(client.client_secret) == 401
    assert status(rotated.client_secret) == 200


def test_a_client_grant_decides_the_scopes_of_a_token(
    auth0: ManagementClient, http: httpx.Client, tenant: Tenant, orders_api: str
) -> None:
    client = auth0.clients.create(name="Robot", app_type="non_interactive")
    body = {
        "grant_type": "client_credentials",
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        "audience": ORDERS_API,
    }

    refused = http.post("/oauth/token", json=body)
    grant = auth0.client_grants.create(client_id=client.client_id or "", audience=ORDERS_API, scope=["read:orders"])
    granted = http.post("/oauth/token", data={**body, "scope": "read:orders write:orders"}).json()

    assert refused.status_code == 403
    assert refused.json()["error"] == "access_denied"
    assert 'You need to create a "client-grant"' in refused.json()["error_description"]
    claims = claims_of(http, granted["access_token"])
    assert granted["scope"] == claims["scope"] == "read:orders"
    assert granted["expires_in"] == claims["exp"] - claims["iat"] == 3600
    assert claims["sub"] == f"{client.client_id}@clients"
    assert [one.id for one in auth0.client_grants.list(audience=ORDERS_API)] == [grant.id]
    with pytest.raises(ConflictError):
        auth0.client_grants.create(
            client_id=client.client_id or "", audience=ORDERS_API, scope=[], request_options=NO_RETRY
        )
    auth0.client_grants.delete(grant.id or "")
    assert http.post("/oauth/token", json=body).status_code == 403


def test_an_application_may_do_only_what_its_scopes_allow(
    auth0: ManagementClient, http: httpx.Client, tenant: Tenant
) -> None:
    client = auth0.clients.create(name="Reader", app_type="non_interactive")
    audience = f"https://{tenant.domain}/api/v2/"
    auth0.client_grants.create(client_id=client.client_id or "", audience=audience, scope=["read:users"])
    answer = http.post(
        "/oauth/token",
        json={
            "grant_type": "client_credentials",
            "client_id": client.client_id,
            "client_secret": client.client_secret,
            "audience": audience,
        },
    ).json()
    reader = ManagementClient(domain=tenant.domain, token=answer["access_token"], httpx_client=http)

    assert list(reader.users.list()) == []
    with pytest.raises(ForbiddenError) as error:
        reader.users.create(**ada())
    assert error.value.body == {
        "statusCode": 403,
        "error": "Forbidden",
        "message": "Insufficient scope, expected any of: create:users",
        "errorCode": "insufficient_scope",
    }


def test_an_api_is_found_by_its_identifier_as_well(auth0: ManagementClient, orders_api: str) -> None:
    assert auth0.resource_servers.get(ORDERS_API).id == orders_api

    changed = auth0.resource_servers.update(orders_api, allow_offline_access=True, token_lifetime=600)

    assert (changed.allow_offline_access, changed.token_lifetime) == (True, 600)
    assert [one.name for one in auth0.resource_servers.list()] == ["Auth0 Management API", "Orders"]
    with pytest.raises(ConflictError) as error:
        auth0.resource_servers.create(identifier=ORDERS_API, request_options=NO_RETRY)
    assert error.value.body["errorCode"] == "resource_server_already_exists"
    auth0.resource_servers.delete(orders_api)
    with pytest.raises(NotFoundError):
        auth0.resource_servers.get(orders_api)


def test_the_management_api_cannot_be_changed(auth0: ManagementClient, tenant: Tenant) -> None:
    with pytest.raises(BadRequestError):
        auth0.resource_servers.update(f"https://{tenant.domain}/api/v2/", name="Mine")


def test_a_role_lives_with_its_permissions(auth0: ManagementClient, orders_api: str) -> None:
    role_id = auth0.roles.create(name="Buyer", description="May buy").id or ""

    auth0.roles.permissions.add(role_id, permissions=[permission("read:orders"), permission("write:orders")])
    auth0.roles.permissions.delete(role_id, permissions=[permission("write:orders")])
    auth0.roles.update(role_id, description="May look")

    (left,) = auth0.roles.permissions.list(role_id)
    assert role_id.startswith("rol_") and len(role_id) == 20
    assert (left.permission_name, left.resource_server_name, left.description) == (
        "read:orders",
        "Orders",
        "Read orders",
    )
    assert auth0.roles.get(role_id).description == "May look"
    with pytest.raises(ApiError) as error:
        auth0.roles.create(name="Buyer", request_options=NO_RETRY)
    assert error.value.status_code == 409
    with pytest.raises(BadRequestError):
        auth0.roles.permissions.add(role_id, permissions=[permission("delete:orders")])
    auth0.roles.delete(role_id)
    with pytest.raises(NotFoundError):
        auth0.roles.get(role_id)


def test_roles_are_assigned_from_either_side(auth0: ManagementClient) -> None:
    role_id = auth0.roles.create(name="Buyer").id or ""
    ada_id = auth0.users.create(**ada()).user_id or ""
    grace_id = auth0.users.create(**ada(email="grace@example.com")).user_id or ""

    auth0.users.roles.assign(ada_id, roles=[role_id])
    auth0.roles.users.assign(role_id, users=[grace_id])

    assert [role.name for role in auth0.users.roles.list(grace_id)] == ["Buyer"]
    assert [user.user_id for user in auth0.roles.users.list(role_id)] == [ada_id, grace_id]
    auth0.users.roles.delete(ada_id, roles=[role_id])
    auth0.users.delete(grace_id)
    assert list(auth0.roles.users.list(role_id)) == []
    with pytest.raises(NotFoundError):
        auth0.users.roles.assign(ada_id, roles=["rol_0000000000000000"])


def test_a_users_permissions_say_where_they_come_from(auth0: ManagementClient, orders_api: str) -> None:
    role_id = auth0.roles.create(name="Buyer").id or ""
    auth0.roles.permissions.add(role_id, permissions=[permission("read:orders")])
    user_id = auth0.users.create(**ada()).user_id or ""
    auth0.users.roles.assign(user_id, roles=[role_id])
    auth0.users.permissions.create(user_id, permissions=[permission("write:orders")])

    found: dict[str, Any] = {
        one.permission_name or "": one.model_dump() for one in auth0.users.permissions.list(user_id)
    }

    assert [source["source_type"] for source in found["read:orders"]["sources"]] == ["ROLE"]
    assert found["read:orders"]["sources"][0]["source_name"] == "Buyer"
    assert [source["source_type"] for source in found["write:orders"]["sources"]] == ["DIRECT"]
    auth0.users.permissions.delete(user_id, permissions=[permission("write:orders")])
    assert [one.permission_name for one in auth0.users.permissions.list(user_id)] == ["read:orders"]


def test_each_change_is_logged_without_secrets(auth0: ManagementClient, tenant: Tenant) -> None:
    client = auth0.clients.create(name="Shop")
    auth0.clients.rotate_secret(client.client_id or "")

    entries = [entry for entry in tenant.logs.entries() if entry["type"] == "sapi"]

    assert [entry["description"] for entry in entries] == ["Create a client", "Rotate a client secret"]
    assert entries[0]["details"]["response"]["body"]["client_secret"] == "*****"
    assert (client.client_secret or "x") not in str(entries)
