"""A browser without scripts that signs people in, and an application that sends them there."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet

from crosswalk_sandbox.auth0 import Tenant

MakeApplication = Callable[..., "Application"]
CALLBACK = "https://shop.example/callback"
PASSWORD = "Difference-Engine-1"


def claims_of(http: httpx.Client, token: str) -> dict[str, Any]:
    """Return the claims of a token, its signature checked against the tenant's published key."""
    keys = KeySet.import_key_set(http.get("/.well-known/jwks.json").json())
    return dict(jwt.decode(token, keys, algorithms=["RS256"]).claims)


def header_of(token: str) -> dict[str, Any]:
    """Return the header of a token."""
    encoded = token.partition(".")[0]
    return dict(json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))))


def s256(verifier: str) -> str:
    """Return the PKCE challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


@dataclass
class Application:
    """A client of the tenant with its settings, and the requests it makes."""

    tenant: Tenant
    client: dict[str, Any]
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def authorize_url(self, **changes: str | None) -> str:
        """Return the address of a login; None takes a parameter out."""
        wanted: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client["client_id"],
            "redirect_uri": CALLBACK,
            "scope": "openid profile email",
            "state": "the-state",
            "nonce": "the-nonce",
            "code_challenge": s256(self.verifier),
            "code_challenge_method": "S256",
            **changes,
        }
        return f"/authorize?{urlencode({name: value for name, value in wanted.items() if value is not None})}"

    def token_request(self, **changes: str) -> dict[str, str]:
        """Return the parameters of a token request with this client's credentials."""
        wanted = {"client_id": self.client["client_id"], **changes}
        if self.client.get("token_endpoint_auth_method") != "none":
            wanted["client_secret"] = self.client["client_secret"]
        return wanted

    def exchange(self, http: httpx.Client, code: str, **changes: str) -> httpx.Response:
        """Send a code to the token endpoint."""
        wanted = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        return http.post("/oauth/token", data=self.token_request(**wanted, code_verifier=self.verifier) | changes)

    def refresh(self, http: httpx.Client, refresh_token: str, **changes: str) -> httpx.Response:
        """Send a refresh token to the token endpoint."""
        wanted = self.token_request(grant_type="refresh_token", refresh_token=refresh_token, **changes)
        return http.post("/oauth/token", data=wanted)


class Browser:
    """Follows redirects within the tenant, keeps cookies, and stops where the application would take over."""

    def __init__(self, tenant: Tenant, tls: ssl.SSLContext) -> None:
        self._host = tenant.domain
        self.client = httpx.Client(base_url=f"https://{tenant.domain}", verify=tls, timeout=10)
        self.page: httpx.Response | None = None

    def close(self) -> None:
        self.client.close()

    def open(self, url: str) -> httpx.Response:
        return self._follow(self.client.get(url))

    def submit(self, **fields: str) -> httpx.Response:
        """Fill in the form of the page, and press its first button unless `action` says another."""
        assert self.page is not None, "no page is open"
        action = re.search(r'<form method="post" action="([^"]+)"', self.page.text)
        assert action is not None, self.page.text
        hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', self.page.text))
        hidden = {name: html.unescape(value) for name, value in hidden.items()}
        return self._follow(
            self.client.post(html.unescape(action.group(1)), data={"action": "default", **hidden, **fields})
        )

    def log_in(self, email: str = "ada@example.com", password: str = PASSWORD) -> httpx.Response:
        return self.submit(username=email, password=password)

    def _follow(self, response: httpx.Response) -> httpx.Response:
        while response.is_redirect:
            target = response.headers["location"]
            if urlsplit(target).netloc not in {"", self._host}:
                break
            response = self.client.get(target)
        self.page = response
        return response


def returned(response: httpx.Response) -> dict[str, str]:
    """Return what the application is told at its callback."""
    assert response.is_redirect, f"expected a redirect, found {response.status_code}: {response.text}"
    location = urlsplit(response.headers["location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == CALLBACK
    return dict(parse_qsl(location.query))


def types_logged(tenant: Tenant) -> list[str]:
    return [entry["type"] for entry in tenant.logs.entries() if entry["type"] not in {"sapi", "seccft"}]


def code_of(browser: Browser, application: Application, **changes: str | None) -> str:
    """Log Ada in and return the code that the application gets."""
    browser.open(application.authorize_url(**changes))
    return returned(browser.log_in())["code"]
