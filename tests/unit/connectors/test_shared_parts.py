"""Secrets, tokens, backoff and parallel calls: what both connectors build on."""

import asyncio

import httpx
import pytest

from crosswalk.connectors.auth0.errors import asked_wait
from crosswalk.connectors.auth0.settings import Auth0Settings
from crosswalk.connectors.backoff import backoff
from crosswalk.connectors.errors import CallRefused, CredentialsRefused
from crosswalk.connectors.parallel import map_parallel
from crosswalk.connectors.salesforce.auth import TokenEndpoint
from crosswalk.connectors.salesforce.settings import ClientCredentials, JwtBearer, SalesforceSettings
from crosswalk.connectors.secret import Secret
from crosswalk.connectors.shared_token import SharedToken, Token


def test_a_secret_does_not_show_in_any_text():
    settings = Auth0Settings(domain="example.auth0.com", client_id="abc", client_secret=Secret("hunter2"))
    credentials = ClientCredentials("id", Secret("hunter2"))

    texts = [repr(settings), str(credentials), f"{credentials.client_secret}", repr(Token(Secret("hunter2")))]

    assert not any("hunter2" in text for text in texts)
    assert credentials.client_secret.reveal() == "hunter2"


def test_backoff_grows_to_its_bound_with_full_jitter():
    assert [backoff(attempt, lambda: 0.5) for attempt in (1, 2, 3, 8, 5000)] == [0.25, 0.5, 1.0, 30.0, 30.0]
    assert backoff(4, lambda: 0.0) == 0.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-reset": "1007"}, 7.0),
        ({"x-ratelimit-reset": "900"}, 0.0),
        ({"x-ratelimit-reset": "9000"}, 60.0),
        ({"retry-after": "3", "x-ratelimit-reset": "1007"}, 3.0),
        ({}, None),
    ],
)
def test_the_wait_that_auth0_asks_for(headers: dict[str, str], seconds: float | None):
    assert asked_wait(httpx.Headers(headers), now=1000.0) == seconds


async def test_many_callers_share_one_token_request():
    fetched = 0

    async def fetch() -> Token:
        nonlocal fetched
        fetched += 1
        await asyncio.sleep(0)
        return Token(Secret(f"token {fetched}"))

    tokens = SharedToken(fetch, lambda: 0.0)

    first = await asyncio.gather(*(tokens.get() for _ in range(20)))
    second = await asyncio.gather(*(tokens.replace(first[0]) for _ in range(20)))
    late = await tokens.replace(first[0])

    assert fetched == 2
    assert {token.value.reveal() for token in first} == {"token 1"}
    assert {token.value.reveal() for token in [*second, late]} == {"token 2"}


async def test_a_token_is_replaced_when_its_time_is_over():
    now = 0.0

    async def fetch() -> Token:
        return Token(Secret(f"at {now}"), expires_at=now + 10)

    tokens = SharedToken(fetch, lambda: now)

    assert (await tokens.get()).value.reveal() == "at 0.0"
    now = 9.9
    assert (await tokens.get()).value.reveal() == "at 0.0"
    now = 10.0
    assert (await tokens.get()).value.reveal() == "at 10.0"


async def test_a_refused_token_request_reaches_every_caller_and_is_tried_anew_later():
    answers = iter([CredentialsRefused("host", "invalid_client", "", "Check it."), Token(Secret("good"))])

    async def fetch() -> Token:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    tokens = SharedToken(fetch, lambda: 0.0)

    refused = await asyncio.gather(tokens.get(), tokens.get(), return_exceptions=True)

    assert [type(error) for error in refused] == [CredentialsRefused, CredentialsRefused]
    assert (await tokens.get()).value.reveal() == "good"


async def test_tokens_that_the_vendor_does_not_take_are_asked_for_ever_more_rarely():
    now, fetched = 0.0, 0

    async def fetch() -> Token:
        nonlocal fetched
        fetched += 1
        return Token(Secret(f"token {fetched}"))

    tokens = SharedToken(fetch, lambda: now)

    async def logins_within(seconds: int) -> int:
        nonlocal now
        before = fetched
        for _ in range(seconds):
            now += 1.0
            await tokens.replace(await tokens.get())  # refused as soon as it is used
        return fetched - before

    in_minutes = [await logins_within(60) for _ in range(4)]
    tokens.taken()
    afterwards = await logins_within(1)

    # The first ones, then after 5, 10, 20, 40, 80 and 160 s.
    assert in_minutes == [6, 1, 1, 0]
    assert afterwards == 1


async def test_a_caller_that_gives_up_leaves_the_token_to_the_others():
    go_on = asyncio.Event()

    async def fetch() -> Token:
        await go_on.wait()
        return Token(Secret("good"))

    tokens = SharedToken(fetch, lambda: 0.0)
    impatient, patient = asyncio.create_task(tokens.get()), asyncio.create_task(tokens.get())
    await asyncio.sleep(0)

    impatient.cancel()
    go_on.set()

    assert (await patient).value.reveal() == "good"


async def test_the_first_error_of_parallel_calls_is_raised_as_it_is():
    async def call(number: int) -> int:
        if number == 3:
            raise CallRefused(service="host", call="GET x", status=500, code="oops", message="no")
        await asyncio.sleep(0)
        return number

    assert await map_parallel(call, [1, 2], asyncio.Semaphore(1)) == [1, 2]
    with pytest.raises(CallRefused, match="host answered 500 to GET x"):
        await map_parallel(call, [1, 2, 3, 4], asyncio.Semaphore(2))


@pytest.mark.parametrize(
    ("error", "description", "hint"),
    [
        ("invalid_grant", "user hasn't approved this consumer", "Pre-authorize the app"),
        ("invalid_grant", "audience is invalid", "Set the audience"),
        ("invalid_grant", "something new", "login history"),
        ("invalid_client", "invalid client credentials for hunter2", "was the secret rotated?"),
        ("brand_new_error", "", "Check login URL"),
    ],
)
async def test_refused_credentials_say_what_to_check_and_not_the_secret(error: str, description: str, hint: str):
    answer = httpx.Response(400, json={"error": error, "error_description": description})
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda request: answer))
    settings = SalesforceSettings("https://login.example.com", ClientCredentials("id", Secret("hunter2")))

    with pytest.raises(CredentialsRefused) as caught:
        await TokenEndpoint(settings, http).fetch()

    assert str(caught.value).startswith(f"login.example.com refused the credentials ({error}")
    assert hint in str(caught.value)
    assert "hunter2" not in str(caught.value)


async def test_a_key_that_is_no_key_is_refused_without_showing_it():
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda request: httpx.Response(500)))
    settings = SalesforceSettings("https://login.example.com", JwtBearer("id", "user", Secret("not a hunter2 key")))

    with pytest.raises(CredentialsRefused, match="not an RSA key in PEM form") as caught:
        await TokenEndpoint(settings, http).fetch()

    assert "hunter2" not in str(caught.value)
