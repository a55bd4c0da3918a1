"""The keys that sign tokens: their list, rotation and revocation, through the vendor's management client."""

from __future__ import annotations

from typing import Any

import httpx
import jwt
import pytest
from auth0.management import ManagementClient
from auth0.management.core.api_error import ApiError
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from crosswalk_sandbox.auth0 import Tenant

from .signing_in import Application, Browser, claims_of, code_of


def kids(http: httpx.Client) -> list[str]:
    return [key["kid"] for key in http.get("/.well-known/jwks.json").json()["keys"]]


def signed_by(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def test_a_rotated_key_signs_what_comes_and_the_former_stays_good_until_it_is_revoked(
    auth0: ManagementClient, http: httpx.Client, browser: Browser, shop: Application, ada_id: str, token: str
) -> None:
    keys: dict[str, Any] = {
        name: next(key for key in auth0.keys.signing.list() if getattr(key, name)) for name in ("current", "next")
    }
    before = shop.exchange(http, code_of(browser, shop)).json()["id_token"]
    assert signed_by(before) == signed_by(token) == keys["current"].kid
    assert kids(http)[:2] == [keys["current"].kid, keys["next"].kid]

    rotated = auth0.keys.signing.rotate()

    code = str(browser.open(shop.authorize_url()).headers["location"]).partition("code=")[2].partition("&")[0]
    after = shop.exchange(http, code).json()["id_token"]
    assert signed_by(after) == keys["next"].kid
    assert kids(http)[:3] == [keys["next"].kid, rotated.kid, keys["current"].kid]
    assert claims_of(http, before)["sub"] == claims_of(http, after)["sub"] == ada_id
    former = auth0.keys.signing.get(keys["current"].kid)
    assert (former.previous, former.revoked, former.current_until is not None) == (True, False, True)

    with pytest.raises(ApiError, match="Only a previous signing key can be revoked"):
        auth0.keys.signing.revoke(keys["next"].kid)
    assert auth0.keys.signing.revoke(former.kid).kid == former.kid

    assert former.kid not in kids(http)
    refused = http.get("/api/v2/users", headers={"authorization": f"Bearer {token}"})
    assert (refused.status_code, refused.json()["message"]) == (401, "Invalid token")


def test_a_key_comes_with_its_certificate_which_applications_show(
    auth0: ManagementClient, tenant: Tenant, shop: Application
) -> None:
    current = next(key for key in auth0.keys.signing.list() if key.current)
    certificate = x509.load_pem_x509_certificate(current.cert.encode())

    shown = auth0.clients.get(shop.client["client_id"]).signing_keys or []

    assert current.thumbprint == certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - the vendor's name
    assert current.fingerprint.replace(":", "") == current.thumbprint
    assert [one.cert for one in shown] == [current.cert]
