"""What both vendors' token endpoints answer: a token, a refusal in the vendor's words, or nothing for now."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from crosswalk.connectors.auth0 import token as auth0
from crosswalk.connectors.auth0.settings import Auth0Settings
from crosswalk.connectors.errors import CallRefused, CredentialsRefused, MalformedAnswer, Unreachable
from crosswalk.connectors.salesforce import auth as salesforce
from crosswalk.connectors.salesforce.settings import ClientCredentials, SalesforceSettings
from crosswalk.connectors.secret import Secret
from crosswalk.connectors.shared_token import Token

TENANT = Auth0Settings("shop.example.com", "id", Secret("hunter2"))
ORG = SalesforceSettings("https://login.example.com", ClientCredentials("id", Secret("hunter2")))

Fetch = Callable[[httpx.Response | Exception], Awaitable[Token]]


async def from_tenant(answer: httpx.Response | Exception) -> Token:
    return await auth0.TokenEndpoint(TENANT, answering(answer), lambda: 1000.0).fetch()


async def from_org(answer: httpx.Response | Exception) -> Token:
    return await salesforce.TokenEndpoint(ORG, answering(answer)).fetch()


def answering(answer: httpx.Response | Exception) -> httpx.AsyncClient:
    def handle(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return httpx.AsyncClient(transport=httpx.MockTransport(handle))


async def test_a_tenants_token_is_replaced_a_minute_before_it_ends():
    answer = httpx.Response(200, json={"access_token": "good", "expires_in": 3600, "scope": "read:users"})

    token = await from_tenant(answer)

    assert (token.value.reveal(), token.expires_at, token.scope) == ("good", 4540.0, "read:users")


async def test_an_orgs_token_says_where_the_api_is_and_whose_it_is():
    url, identity = "https://acme.example.com", "https://login.example.com/id/00D1/0051"
    answer = httpx.Response(200, json={"access_token": "good", "instance_url": url, "id": identity})

    token = await from_org(answer)

    assert (token.value.reveal(), token.expires_at, token.base_url) == ("good", None, url)
    assert (token.organization_id, token.user_id) == ("00D1", "0051")


@pytest.mark.parametrize("fetch", [from_tenant, from_org])
@pytest.mark.parametrize("status", [429, 500, 503])
async def test_an_endpoint_that_is_busy_or_out_of_order_refuses_nobody(fetch: Fetch, status: int):
    with pytest.raises(CallRefused, match=f"answered {status} to POST /") as caught:
        await fetch(httpx.Response(status, json={"error": "invalid_client"}))

    assert caught.value.status == status


@pytest.mark.parametrize("fetch", [from_tenant, from_org])
async def test_a_refusal_that_is_no_json_is_one_all_the_same(fetch: Fetch):
    with pytest.raises(CredentialsRefused, match=r"refused the credentials \(http_403: the answer was not JSON\)"):
        await fetch(httpx.Response(403, text="<h1>Forbidden by a proxy</h1>"))


@pytest.mark.parametrize("fetch", [from_tenant, from_org])
async def test_a_refusal_that_quotes_the_secret_is_told_without_it(fetch: Fetch):
    with pytest.raises(CredentialsRefused, match="invalid_client") as caught:
        await fetch(httpx.Response(401, json={"error": "invalid_client", "error_description": "not hunter2"}))

    assert "hunter2" not in f"{caught.value!r} {caught.value}"


@pytest.mark.parametrize(
    ("fetch", "expected"),
    [(from_tenant, "access_token and expires_in as JSON"), (from_org, "access_token and instance_url as JSON")],
)
@pytest.mark.parametrize("text", ["", "<html>", '{"access_token": "secret-token"}'])
async def test_an_answer_that_is_no_token_says_what_was_expected_and_not_what_came(
    fetch: Fetch, expected: str, text: str
):
    with pytest.raises(MalformedAnswer, match=expected) as caught:
        await fetch(httpx.Response(200, text=text))

    assert "secret-token" not in f"{caught.value!r} {caught.value}"


@pytest.mark.parametrize("fetch", [from_tenant, from_org])
async def test_no_answer_is_no_refusal(fetch: Fetch):
    with pytest.raises(Unreachable, match="ConnectTimeout"):
        await fetch(httpx.ConnectTimeout(""))
