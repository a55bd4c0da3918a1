"""The vendor's asynchronous management client: a person, an organization, an application, and what happened.

The other tests of this folder take the synchronous client, and the asynchronous one where waiting is part of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import Any

import pytest
from auth0.management import AsyncManagementClient
from auth0.management.errors import ConflictError, NotFoundError

from crosswalk_sandbox.auth0.user_documents import DATABASE_CONNECTION_ID

from .conftest import ada

API = "https://orders.example/"
NO_RETRY: Any = {"max_retries": 0}


async def every(pages: AsyncIterable[Any]) -> list[Any]:
    return [item async for item in pages]


async def test_a_person_lives_with_roles_and_permissions(async_auth0: AsyncManagementClient) -> None:
    users, roles = async_auth0.users, async_auth0.roles
    user_id = (await users.create(**ada())).user_id or ""
    with pytest.raises(ConflictError):
        await users.create(**ada(), request_options=NO_RETRY)
    await async_auth0.resource_servers.create(identifier=API, scopes=[{"value": "read:orders"}])  # type: ignore[list-item]
    permission: Any = [{"resource_server_identifier": API, "permission_name": "read:orders"}]
    role_id = (await roles.create(name="Buyer")).id or ""
    await roles.permissions.add(role_id, permissions=permission)
    await users.roles.assign(user_id, roles=[role_id])
    await users.permissions.create(user_id, permissions=permission)
    await users.update(user_id, app_metadata={"plan": "gold"}, blocked=True)

    found = await every(await users.list(q="app_metadata.plan:gold AND blocked:true", search_engine="v3"))
    (by_email,) = await users.list_users_by_email(email="ADA@example.com")
    (held,) = await every(await users.permissions.list(user_id))

    assert [one.user_id for one in found] == [by_email.user_id] == [user_id]
    assert [one.name for one in await every(await users.roles.list(user_id))] == ["Buyer"]
    assert [one.user_id for one in await every(await roles.users.list(role_id))] == [user_id]
    assert sorted(one["source_type"] for one in held.dict()["sources"]) == ["DIRECT", "ROLE"]
    await users.roles.delete(user_id, roles=[role_id])
    await users.delete(user_id)
    with pytest.raises(NotFoundError):
        await users.get(user_id)


async def test_an_organization_lives_with_members_and_connections(async_auth0: AsyncManagementClient) -> None:
    organizations = async_auth0.organizations
    user_id = (await async_auth0.users.create(**ada())).user_id or ""
    role_id = (await async_auth0.roles.create(name="Buyer")).id or ""
    acme = (await organizations.create(name="acme")).id or ""
    await organizations.enabled_connections.add(acme, connection_id=DATABASE_CONNECTION_ID)
    await organizations.members.create(acme, members=[user_id])
    await organizations.members.roles.assign(acme, user_id, roles=[role_id])

    members = await every(await organizations.members.list(acme))
    held = await every(await organizations.members.roles.list(acme, user_id))
    enabled = await every(await organizations.enabled_connections.list(acme))
    of_user = await every(await async_auth0.users.organizations.list(user_id))

    assert [one.user_id for one in members] == [user_id]
    assert [one.name for one in held] == ["Buyer"]
    assert [one.connection_id for one in enabled] == [DATABASE_CONNECTION_ID]
    assert [one.name for one in of_user] == ["acme"]
    await organizations.delete(acme)
    assert await every(await organizations.list()) == []


async def test_an_application_gets_its_grant_and_connection(async_auth0: AsyncManagementClient) -> None:
    clients = async_auth0.clients
    shop = await clients.create(name="Shop", app_type="regular_web")
    await async_auth0.resource_servers.create(identifier=API, scopes=[{"value": "read:orders"}])  # type: ignore[list-item]
    client_id = shop.client_id or ""
    grant = await async_auth0.client_grants.create(client_id=client_id, audience=API, scope=["read:orders"])
    rotated = await clients.rotate_secret(client_id)
    changed = await clients.update(client_id, callbacks=["https://shop.example/callback"])

    grants = await every(await async_auth0.client_grants.list(client_id=client_id))

    assert rotated.client_secret != shop.client_secret
    assert changed.callbacks == ["https://shop.example/callback"]
    assert [one.id for one in grants] == [grant.id]
    await clients.delete(client_id)
    assert await every(await async_auth0.client_grants.list(client_id=client_id)) == []


async def test_what_happened_is_told(async_auth0: AsyncManagementClient) -> None:
    stream = await async_auth0.event_streams.create(
        request={  # type: ignore[arg-type]
            "name": "hook",
            "subscriptions": [{"event_type": "user.created"}],
            "destination": {
                "type": "webhook",
                "configuration": {
                    "webhook_endpoint": "http://127.0.0.1:9/hook",
                    "webhook_authorization": {"method": "bearer", "token": "a-token"},
                },
            },
        }
    )
    sink: Any = {"httpEndpoint": "https://logs.example/", "httpContentFormat": "JSONLINES"}
    await async_auth0.log_streams.create(request={"type": "http", "name": "logs", "sink": sink})  # type: ignore[arg-type]
    user_id = (await async_auth0.users.create(**ada())).user_id or ""

    logged = await every(await async_auth0.logs.list(per_page=10))
    streams = await every(await async_auth0.event_streams.list())

    assert "Create a User" in [one.description for one in logged]
    assert [one.id for one in streams] == [stream.id]
    assert [one.name for one in await async_auth0.log_streams.list()] == ["logs"]
    assert await async_auth0.stats.get_active_users_count() == 0
    blocks = await async_auth0.user_blocks.list_by_identifier(identifier="ada@example.com")
    assert blocks.blocked_for == []
    assert (await every(await async_auth0.users.logs.list(user_id))) == []
