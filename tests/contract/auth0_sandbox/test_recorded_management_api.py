"""Recorded exchanges of auth0-deploy-cli with a real tenant: the sandbox answers with the same keys and types."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from crosswalk_sandbox.auth0 import Tenant

from .recordings import Player, differences, recorded

DUMP, DEPLOY = "management-api.dump.json", "management-api.deploy.json"
# The differences that stay, each with its reason.
JUSTIFIED = {
    (DUMP, "GET clients", "clients[].owners is missing"): "people of the vendor's dashboard, which is not emulated",
    (DEPLOY, "PATCH clients/{id}", "owners is missing"): "people of the vendor's dashboard, which is not emulated",
    (DEPLOY, "PATCH tenants/settings", "universal_login.identifier_first is missing"): (
        "repeats what /prompts says, in answers to changes alone"
    ),
    (DEPLOY, "POST clients", "signing_keys[].key is missing"): "the tenant's private key, which nobody needs",
}
# What a recorded client shows that no request can set.
GIVEN_BY_TENANT = frozenset(
    {
        "callback_url_template",
        "client_id",
        "client_secret",
        "cross_origin_auth",
        "encrypted",
        "global",
        "owners",
        "signing_keys",
        "tenant",
    }
)


# The database whose change was recorded: it is the one database of the empty tenant.
CHANGED_CONNECTION = {"id": "con_zXAdAJ7zaBMcTUlE"}


@pytest.fixture
def player(tenant: Tenant, http: httpx.Client, token: str) -> Player:
    """A player on a tenant that is where the recorded one was."""
    http.headers["authorization"] = f"Bearer {token}"
    prepared = Player(http, tenant.domain)
    prepare(prepared)
    return prepared


@pytest.mark.parametrize("name", [DUMP, DEPLOY])
def test_recorded_requests_get_answers_of_the_recorded_keys_and_types(player: Player, name: str) -> None:
    exchanges = recorded(name)

    found = {(name, one.endpoint, difference) for one in exchanges for difference in player.play(one)}

    assert len(exchanges) > 50
    assert found == {place for place in JUSTIFIED if place[0] == name}


def test_recorded_refusals_are_the_same_word_for_word(player: Player) -> None:
    refused = [one for one in recorded(DUMP) if one.status >= 400]

    answers = [player.send(one.method, one.path).json() for one in refused]

    assert [one.status for one in refused] == [403, 403]
    assert answers == [one.response for one in refused]


def test_a_comparison_sees_what_is_missing_more_or_of_another_type() -> None:
    wanted = {"id": "a", "items": [{"name": "x", "size": 1.5}, {"name": "y"}], "gone": True}
    found = {"id": 7, "items": [{"name": "x", "size": None}], "new": []}

    assert list(differences(wanted, found)) == [
        "gone is missing",
        "id is number for string",
        "items[].size is null for number",
        "items[] has no y",
        "new is more",
    ]


def prepare(player: Player) -> None:
    """Bring an empty tenant to where the recorded one was."""
    prepare_clients(player)
    connections = player.make("GET", "connections", None)
    for one in (*listed("connections", "connections?include_totals=true&take=50"), CHANGED_CONNECTION):
        player.ids[one["id"]] = connections[0]["id"]
    clients = listed("clients", "connections/con_GCIw7tDhSMeiCyeZ/clients?take=100")
    enabled = [{"client_id": one["client_id"], "status": True} for one in clients]
    player.make("PATCH", f"connections/{connections[0]['id']}/clients", enabled)
    for kind, path in (
        ("client_grants", "client-grants?include_totals=true&take=50"),
        ("self_service_profiles", "self-service-profiles?page=0&per_page=100&include_totals=true"),
        ("user_attribute_profiles", "user-attribute-profiles?take=10"),
    ):
        for one in listed(kind, path):
            body = {name: value for name, value in one.items() if name not in {"id", "created_at", "updated_at"}}
            player.ids[one["id"]] = player.make("POST", path.partition("?")[0], body)["id"]
    for one in listed("eventStreams", "event-streams?take=50"):
        body = {name: one[name] for name in ("name", "subscriptions", "destination")}
        body["destination"]["configuration"]["webhook_authorization"]["token"] = "a-token"
        player.ids[one["id"]] = player.make("POST", "event-streams", {**body, "status": "disabled"})["id"]
    settings = answer("tenants/settings")
    player.make("PATCH", "tenants/settings", {n: v for n, v in settings.items() if n != "sandbox_versions_available"})


def prepare_clients(player: Player) -> None:
    """Make the recorded applications, and those that only the requests name."""
    (everything,) = player.make("GET", "clients?is_global=true", None)
    page = {"custom_login_page": "<html></html>", "custom_login_page_on": True}
    player.make("PATCH", f"clients/{everything['client_id']}", page)
    for one in listed("clients", "clients?page=0&per_page=100&include_totals=true&is_global=true"):
        player.ids[one["client_id"]] = everything["client_id"]
    for one in listed("clients", "clients?page=0&per_page=100&include_totals=true&is_global=false"):
        body = {name: value for name, value in one.items() if name not in GIVEN_BY_TENANT}
        player.ids[one["client_id"]] = player.make("POST", "clients", body)["client_id"]
    for client_id in (
        "HW2hCxrqP6OD4cUBkiDtB3TI95L9ckf7",
        "O2IjFqR3ICEZHXWQDnLB9UBtHtxzxf8i",
        "ueTajUntFwiMC0BIZUHBdv0GHUQFLM1k",
    ):
        player.ids[client_id] = player.make("POST", "clients", {"name": client_id})["client_id"]


def answer(path: str) -> Any:
    """Return what the dump recorded for a path."""
    return next(one.response for one in recorded(DUMP) if one.path == f"/api/v2/{path}")


def listed(name: str, path: str) -> list[dict[str, Any]]:
    """Return the items of a recorded list."""
    items: list[dict[str, Any]] = answer(path)[name]
    return items
