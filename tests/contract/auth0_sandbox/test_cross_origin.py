"""What browsers are told about calls from the pages of other origins."""

from __future__ import annotations

import httpx
import pytest

from .signing_in import MakeApplication

PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "auth0-client"}


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://shop.example", "https://shop.example"),
        ("https://listed.example", "https://listed.example"),
        ("https://evil.example", None),
        ("null", None),
    ],
)
def test_only_pages_of_registered_origins_may_exchange_codes(
    http: httpx.Client, make_application: MakeApplication, origin: str, allowed: str | None
) -> None:
    make_application(app_type="spa", web_origins=["https://listed.example"])

    asked = http.options("/oauth/token", headers={"origin": origin, **PREFLIGHT})
    called = http.post("/oauth/token", json={}, headers={"origin": origin})

    assert asked.headers.get("access-control-allow-origin") == allowed
    assert called.headers.get("access-control-allow-origin") == allowed
    assert asked.status_code == (204 if allowed else 405)
    assert "access-control-allow-credentials" not in asked.headers


def test_any_page_may_read_what_is_public(http: httpx.Client) -> None:
    for path in ("/.well-known/openid-configuration", "/.well-known/jwks.json"):
        answer = http.get(path, headers={"origin": "https://anybody.example"})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "https://anybody.example")


def test_the_management_api_is_for_servers(http: httpx.Client, make_application: MakeApplication) -> None:
    make_application(app_type="spa")

    answer = http.get("/api/v2/users", headers={"origin": "https://shop.example"})

    assert "access-control-allow-origin" not in answer.headers
