"""Searching what a tenant is made of, and what belongs to what, through the vendor's management client."""

from __future__ import annotations

from typing import Any

import pytest
from auth0.management import ManagementClient
from auth0.management.errors import BadRequestError

API = "https://orders.example/"


@pytest.fixture
def shop_id(auth0: ManagementClient) -> str:
    """The id of an application that may use an API on its own."""
    client_id = auth0.clients.create(name="Shop", app_type="regular_web").client_id or ""
    auth0.resource_servers.create(identifier=API, name="Orders", scopes=[{"value": "read:orders"}])  # type: ignore[list-item]
    auth0.client_grants.create(client_id=client_id, audience=API, scope=["read:orders"])
    return client_id


def test_applications_apis_and_grants_are_found(auth0: ManagementClient, shop_id: str) -> None:
    auth0.clients.create(name="Back office")

    by_word = [one.name for one in auth0.clients.search(q="shop")]
    by_field: list[Any] = list(auth0.clients.search(q='app_type:"regular_web"', fields="name,client_secret"))
    sorted_names = [one.name for one in auth0.clients.search(sort="name", take=1)]

    assert by_word == ["Shop"]
    assert [(one.name, one.client_id, "client_secret" in one.dict()) for one in by_field] == [("Shop", None, False)]
    assert sorted_names == ["All Applications", "Back office", "Machine to machine", "Shop"]
    assert [one.identifier for one in auth0.resource_servers.search(q="name:Ord*")] == [API]
    assert [one.audience for one in auth0.client_grants.search(q=f"client_id:{shop_id}")] == [API]


def test_organizations_are_found_by_either_name(auth0: ManagementClient) -> None:
    for name, shown in (("acme", "Acme Ltd"), ("widgets", "Sprockets by Acme"), ("other", "Other")):
        auth0.organizations.create(name=name, display_name=shown)

    found = [one.name for one in auth0.organizations.search(q="*acme*", sort="display_name")]

    assert found == ["acme", "widgets"]
    with pytest.raises(BadRequestError, match="scim"):
        auth0.organizations.search(q='name eq "acme"', parser="scim")
    with pytest.raises(BadRequestError, match="sort"):
        auth0.organizations.search(sort="metadata")


def test_what_is_enabled_is_told_from_the_other_side_too(auth0: ManagementClient, shop_id: str) -> None:
    acme = auth0.organizations.create(name="acme").id or ""
    (grant,) = auth0.client_grants.list(client_id=shop_id)
    auth0.organizations.client_grants.create(acme, grant_id=grant.id or "")
    google = auth0.connections.create(name="google", strategy="google-oauth2", enabled_clients=[shop_id]).id

    assert [one.id for one in auth0.client_grants.organizations.list(grant.id or "")] == [acme]
    assert [one.id for one in auth0.clients.connections.get(shop_id, strategy="google-oauth2")] == [google]
    assert [one.strategy for one in auth0.clients.connections.get(shop_id)] == ["auth0", "google-oauth2"]


def test_a_discovery_domain_is_found_by_its_name(auth0: ManagementClient) -> None:
    acme = auth0.organizations.create(name="acme").id or ""
    domain = auth0.organizations.discovery_domains.create(acme, domain="acme.example", status="verified")

    found = auth0.organizations.discovery_domains.get_by_name(acme, "acme.example")

    assert (found.id, found.status, found.verification_host) == (domain.id, "verified", domain.verification_host)
