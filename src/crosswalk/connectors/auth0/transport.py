"""One small layer that every call of the Management API goes through: leave to call, token, retry, errors.

The official SDK gives its own reading of each answer, not the answer; the hub keeps users and events exactly as Auth0
sent them, so its reads ask for the same documented endpoints themselves, and wait as the SDK does.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx

from crosswalk.connectors.allowance import UNLIMITED, Allowance
from crosswalk.connectors.auth0.errors import refusal
from crosswalk.connectors.auth0.rates import endpoint_of, read_answer
from crosswalk.connectors.auth0.settings import Auth0Settings
from crosswalk.connectors.backoff import backoff
from crosswalk.connectors.errors import CallRefused, Unreachable
from crosswalk.connectors.http import describe_failure
from crosswalk.connectors.shared_token import SharedToken, Token
from crosswalk.connectors.vendor_clock import told_time

_DONE = (200, 201, 204)


class Transport:
    """Reads from one tenant, and writes to it.

    Parameters
    ----------
    settings
        The tenant.
    http
        The client to read with; not closed here.
    tokens
        Where access tokens come from.
    unix_now, random
        Unix time in seconds, where an answer does not say it, and a number in [0, 1): for waiting as long as Auth0
        asks, with jitter.
    allowance
        Asked before each call.
    """

    def __init__(
        self,
        settings: Auth0Settings,
        http: httpx.AsyncClient,
        tokens: SharedToken,
        unix_now: Callable[[], float],
        random: Callable[[], float],
        allowance: Allowance = UNLIMITED,
    ) -> None:
        self._settings = settings
        self._http = http
        self._tokens = tokens
        self._unix_now = unix_now
        self._random = random
        self._allowance = allowance
        self._service = urlsplit(settings.root_url).netloc
        self._root = settings.root_url + "/api/v2/"
        self.calls = 0

    async def get(self, path: str, query: Mapping[str, str | int] | None = None) -> bytes:
        """Return the body that Auth0 answers to `GET /api/v2/{path}`.

        Busy answers (429, 5xx) and lost connections are tried again, after the time that Auth0 asks for.

        Raises
        ------
        CallRefused
            Auth0 answered with an error (404 for a user that is gone).
        Unreachable
            No attempt got an answer.
        CallWithheld
            There is no leave for it now.
        CredentialsRefused
            No token could be had.
        """
        return await self._repeat("GET", path, query, None)

    async def patch(self, path: str, body: bytes) -> bytes:
        """Return the body that Auth0 answers to `PATCH /api/v2/{path}` with a JSON body.

        Tried again like a read: a PATCH that was applied already changes nothing the second time.

        Raises
        ------
        CallRefused, Unreachable, CredentialsRefused
            As `get` does.
        """
        return await self._repeat("PATCH", path, None, body)

    async def post(self, path: str, body: bytes) -> bytes:
        """Return the body that Auth0 answers to `POST /api/v2/{path}`.

        Tried again like a read, so it is for calls only that may be executed twice. Raises what `get` raises.
        """
        return await self._repeat("POST", path, None, body)

    async def delete(self, path: str, body: bytes) -> bytes:
        """Return the body that Auth0 answers to `DELETE /api/v2/{path}`, tried again and raising as `get` does."""
        return await self._repeat("DELETE", path, None, body)

    async def _repeat(self, method: str, path: str, query: Mapping[str, str | int] | None, body: bytes | None) -> bytes:
        attempt = 1
        while True:
            try:
                return await self._call_once(method, path, query, body)
            except (CallRefused, Unreachable) as error:
                if attempt >= self._settings.attempts or not _may_pass(error):
                    raise
                await asyncio.sleep(self._wait(error, attempt))
            attempt += 1

    @asynccontextmanager
    async def stream(self, path: str, query: Mapping[str, str]) -> AsyncIterator[httpx.Response]:
        """Open a stream of server-sent events; yields the answer once its status is known to be good.

        Raises
        ------
        CallRefused, Unreachable, CredentialsRefused
            The stream could not be opened.
        """
        token = await self._tokens.get()
        answer = await self._open(token, path, query)
        if answer.status_code == 401 and (newer := await self._tokens.replace(token)) is not token:
            await answer.aclose()
            answer = await self._open(newer, path, query)
        try:
            if answer.status_code != 200:
                await answer.aread()
                raise refusal(self._service, f"GET /api/v2/{path}", answer, self._time_of(answer))
            yield answer
        except httpx.TransportError as error:
            raise Unreachable(self._service, f"GET /api/v2/{path}", describe_failure(error)) from error
        finally:
            await answer.aclose()

    async def _open(self, token: Token, path: str, query: Mapping[str, str]) -> httpx.Response:
        request = self._http.build_request(
            "GET",
            self._root + path,
            params=dict(query),
            # A compressed stream would hold events back until a block of them is full.
            headers={**_authorization(token), "Accept": "text/event-stream", "Accept-Encoding": "identity"},
            timeout=self._settings.timeouts.for_httpx(read=self._settings.silence_s),
        )
        with await self._allowance.take(endpoint_of("GET", path)) as permit:
            self.calls += 1
            try:
                answer = await self._http.send(request, stream=True)
            except httpx.TransportError as error:
                raise Unreachable(self._service, f"GET /api/v2/{path}", describe_failure(error)) from error
            permit.answered(read_answer(answer, self._time_of(answer)))
        if answer.is_success:
            self._tokens.taken()
        return answer

    async def _call_once(
        self, method: str, path: str, query: Mapping[str, str | int] | None, body: bytes | None
    ) -> bytes:
        token = await self._tokens.get()
        answer = await self._send(token, method, path, query, body)
        if answer.status_code == 401 and (newer := await self._tokens.replace(token)) is not token:
            answer = await self._send(newer, method, path, query, body)
        if answer.status_code not in _DONE:
            raise refusal(self._service, f"{method} /api/v2/{path}", answer, self._time_of(answer))
        return answer.content

    async def _send(
        self, token: Token, method: str, path: str, query: Mapping[str, str | int] | None, body: bytes | None
    ) -> httpx.Response:
        headers = _authorization(token) | ({} if body is None else {"Content-Type": "application/json"})
        url = self._root + path
        with await self._allowance.take(endpoint_of(method, path)) as permit:
            self.calls += 1
            try:
                answer = await self._http.request(method, url, params=query, headers=headers, content=body)
            except httpx.TransportError as error:
                raise Unreachable(self._service, f"{method} /api/v2/{path}", describe_failure(error)) from error
            permit.answered(read_answer(answer, self._time_of(answer)))
        if answer.is_success:
            self._tokens.taken()
        return answer

    def _time_of(self, answer: httpx.Response) -> float:
        """When the tenant answered, by its own clock: by that it says when a limit opens."""
        told = told_time(answer.headers)
        return self._unix_now() if told is None else told

    def _wait(self, error: CallRefused | Unreachable, attempt: int) -> float:
        asked = error.after_s if isinstance(error, CallRefused) else None
        if asked is None:
            return backoff(attempt, self._random)
        # Somewhat later than asked, and not all at the same moment.
        return asked * (1.0 + 0.2 * self._random()) + 0.05


def _may_pass(error: CallRefused | Unreachable) -> bool:
    return isinstance(error, Unreachable) or error.status == 429 or error.status >= 500


def _authorization(token: Token) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.value.reveal()}"}
