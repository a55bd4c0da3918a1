"""What is compared with a vendor's times goes by the vendor's clock: this machine's may be hours off, and may jump."""

import base64
import json
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from urllib.parse import parse_qs

import httpx
import pytest
from joserfc.jwk import RSAKey

from crosswalk.connectors.auth0.settings import Auth0Settings
from crosswalk.connectors.auth0.transport import Transport as TenantTransport
from crosswalk.connectors.errors import CallRefused, CredentialsRefused
from crosswalk.connectors.salesforce.auth import TokenEndpoint
from crosswalk.connectors.salesforce.client import SalesforceClient
from crosswalk.connectors.salesforce.settings import ClientCredentials, JwtBearer, SalesforceSettings
from crosswalk.connectors.secret import Secret
from crosswalk.connectors.shared_token import SharedToken, Token
from crosswalk.connectors.vendor_clock import VendorClock

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
THEIRS = {"Date": format_datetime(NOON, usegmt=True)}
TWO_HOURS = 7200.0


@cache
def a_key() -> Secret:
    return Secret(RSAKey.generate_key(2048).as_pem(private=True).decode())


def test_the_clock_of_this_machine_is_believed_until_the_vendor_answers_and_never_again():
    wall, monotonic = NOON.timestamp() + TWO_HOURS, 10.0
    clock = VendorClock(lambda: wall, lambda: monotonic)
    before = clock.now()
    clock.hear(httpx.Headers(THEIRS))
    monotonic, wall = 13.5, 0.0
    clock.hear(httpx.Headers({"Date": "yesterday"}))

    assert before.isoformat() == "2026-05-04T14:00:00+00:00"
    assert clock.now().isoformat() == "2026-05-04T12:00:03.500000+00:00"


class Login:
    """An org's token endpoint, which takes assertions that end within five minutes of its noon."""

    def __init__(self) -> None:
        self.ends: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        claims = parse_qs(request.content.decode())["assertion"][0].split(".")[1]
        end = json.loads(base64.urlsafe_b64decode(claims + "=="))["exp"]
        self.ends.append(end - int(NOON.timestamp()))
        if 0 < self.ends[-1] <= 300:
            return httpx.Response(200, json={"access_token": "t", "instance_url": "https://org"}, headers=THEIRS)
        refused = {"error": "invalid_grant", "error_description": "assertion expired"}
        return httpx.Response(400, json=refused, headers=THEIRS)


@pytest.mark.parametrize("off_s", [TWO_HOURS, -TWO_HOURS])
async def test_an_assertion_is_made_by_the_clock_of_the_org(off_s: float):
    settings = SalesforceSettings("https://login.example.com", JwtBearer("id", "ada@example.com", a_key()))
    org = Login()
    http = httpx.AsyncClient(transport=httpx.MockTransport(org))
    endpoint = TokenEndpoint(settings, http, VendorClock(lambda: NOON.timestamp() + off_s, lambda: 0.0))

    first, second = await endpoint.fetch(), await endpoint.fetch()

    assert [first.value.reveal(), second.value.reveal()] == ["t", "t"]
    assert org.ends == [180 + int(off_s), 180, 180]


async def test_a_login_that_is_refused_by_a_clock_like_ours_is_not_repeated():
    logins = 0

    def refuse(_: httpx.Request) -> httpx.Response:
        nonlocal logins
        logins += 1
        return httpx.Response(400, json={"error": "invalid_grant"}, headers=THEIRS)

    settings = SalesforceSettings("https://login.example.com", JwtBearer("id", "ada@example.com", a_key()))
    http = httpx.AsyncClient(transport=httpx.MockTransport(refuse))

    with pytest.raises(CredentialsRefused):
        await TokenEndpoint(settings, http, VendorClock(lambda: NOON.timestamp() + 30, lambda: 0.0)).fetch()

    assert logins == 1


async def test_where_an_org_has_no_records_yet_its_own_time_is_where_reading_starts(monkeypatch: pytest.MonkeyPatch):
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "t", "instance_url": "https://org.example.com"})
        return httpx.Response(200, json={"totalSize": 0, "done": True, "records": []}, headers=THEIRS)

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    monkeypatch.setattr("crosswalk.connectors.salesforce.client.open_http", lambda *_: http)
    settings = SalesforceSettings("https://login.example.com", ClientCredentials("id", Secret("s3cret")))
    async with SalesforceClient(settings, now=lambda: datetime(2026, 5, 4, 14, 0, tzinfo=UTC)) as org:
        position = await org.newest_change("Contact")

    assert position.startswith("2026-05-04T12:00:0")


async def test_until_when_a_tenant_asks_to_wait_is_told_by_its_own_clock():
    async def fetch() -> Token:
        return Token(Secret("token"))

    limited = {**THEIRS, "x-ratelimit-reset": str(int(NOON.timestamp()) + 7)}
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(429, headers=limited)))
    settings = Auth0Settings("example.auth0.com", "id", Secret("s3cret"), attempts=1)
    tenant = TenantTransport(settings, http, SharedToken(fetch, lambda: 0.0), lambda: 0.0, lambda: 0.0)

    with pytest.raises(CallRefused) as caught:
        await tenant.get("users/auth0%7C1")

    assert caught.value.after_s == 7.0
