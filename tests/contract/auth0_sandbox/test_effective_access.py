"""What users may do however they came by it, through the vendor's management client."""

from __future__ import annotations

from typing import Any

import pytest
from auth0.management import AsyncManagementClient, ManagementClient
from auth0.management.errors import BadRequestError, NotFoundError

from crosswalk_sandbox.auth0 import Tenant
from crosswalk_sandbox.auth0.groups import Group
from crosswalk_sandbox.auth0.origin import Origin

API = "https://orders.example/"
NO_RETRY: Any = {"max_retries": 0}


@pytest.fixture
def ids(auth0: ManagementClient) -> dict[str, str]:
    """The ids of an API's roles: buyers may read orders, sellers may read and write them."""
    scopes = [{"value": value} for value in ("read:orders", "write:orders", "drop:orders")]
    auth0.resource_servers.create(identifier=API, scopes=scopes)
    found = {}
    for name, values in (("Buyer", ["read:orders"]), ("Seller", ["read:orders", "write:orders"])):
        found[name] = auth0.roles.create(name=name).id or ""
        permissions = [{"resource_server_identifier": API, "permission_name": value} for value in values]
        auth0.roles.permissions.add(found[name], permissions=permissions)  # type: ignore[arg-type]
    return found


@pytest.fixture
def sales(tenant: Tenant, ada_id: str) -> Group:
    """A group that Ada is in."""
    group = tenant.groups.create("con_corp", "Sales", "00g1", Origin("directory", "Directory"))
    tenant.groups.add_members(group, [ada_id], Origin("directory", "Directory"))
    return group


def test_roles_and_permissions_tell_where_they_come_from(
    auth0: ManagementClient, ada_id: str, ids: dict[str, str], sales: Group
) -> None:
    auth0.users.roles.assign(ada_id, roles=[ids["Buyer"]])
    auth0.groups.roles.create(sales.id, roles=[ids["Buyer"], ids["Seller"]])
    direct: Any = [{"resource_server_identifier": API, "permission_name": "drop:orders"}]
    auth0.users.permissions.create(ada_id, permissions=direct)

    roles = {one.name: one.sources for one in auth0.users.effective_roles.list(ada_id)}
    permissions = auth0.users.effective_permissions.list(ada_id, resource_server_identifier=API, take=2)
    of_reading = auth0.users.effective_permissions.sources.roles.list(
        ada_id, resource_server_identifier=API, permission_name="write:orders"
    )

    assert roles == {"Buyer": ["direct", "groups"], "Seller": ["groups"]}
    assert {one.permission_name: one.sources for one in permissions} == {
        "drop:orders": ["direct"],
        "read:orders": ["roles"],
        "write:orders": ["roles"],
    }
    assert [(one.name, one.sources) for one in of_reading] == [("Seller", ["groups"])]
    behind = auth0.users.effective_roles.sources.groups.list(ada_id, role_id=ids["Seller"])
    assert [one.name for one in behind] == ["Sales"]


def test_roles_in_an_organization_are_those_of_the_member_and_of_the_groups(
    auth0: ManagementClient, ada_id: str, ids: dict[str, str], sales: Group
) -> None:
    acme = auth0.organizations.create(name="acme").id or ""
    auth0.organizations.members.create(acme, members=[ada_id])
    auth0.organizations.members.roles.assign(acme, ada_id, roles=[ids["Buyer"]])
    auth0.organizations.groups.roles.create(acme, sales.id, roles=[ids["Seller"]])
    auth0.users.roles.assign(ada_id, roles=[ids["Seller"]])

    members = auth0.organizations.members
    roles = {one.name: one.sources for one in members.effective_roles.list(acme, ada_id)}
    behind = members.effective_roles.sources.groups.list(acme, ada_id, role_id=ids["Seller"])

    assert roles == {"Buyer": ["direct"], "Seller": ["groups"]}
    assert [one.name for one in behind] == ["Sales"]
    with_role = {name: list(auth0.organizations.roles.members.list(acme, ids[name])) for name in ids}
    assert {name: [one.user_id for one in found] for name, found in with_role.items()} == {
        "Buyer": [ada_id],
        "Seller": [],
    }
    assert [one.name for one in auth0.organizations.roles.groups.list(acme, ids["Seller"])] == ["Sales"]
    assert list(auth0.organizations.roles.groups.list(acme, ids["Buyer"])) == []


async def test_the_async_client_reads_them_too(async_auth0: AsyncManagementClient, ada_id: str) -> None:
    role_id = (await async_auth0.roles.create(name="Buyer")).id or ""
    await async_auth0.users.roles.assign(ada_id, roles=[role_id])

    found = [one.name async for one in await async_auth0.users.effective_roles.list(ada_id)]

    assert found == ["Buyer"]


def test_who_is_unknown_or_no_member_has_none(auth0: ManagementClient, ada_id: str, ids: dict[str, str]) -> None:
    acme = auth0.organizations.create(name="acme").id or ""

    with pytest.raises(NotFoundError, match="inexistent_user"):
        auth0.users.effective_roles.list("auth0|nobody")
    with pytest.raises(NotFoundError):
        auth0.organizations.members.effective_roles.list(acme, ada_id)
    with pytest.raises(BadRequestError, match="role_id"):
        auth0.users.effective_roles.sources.groups.list(ada_id, role_id="", request_options=NO_RETRY)
