"""One small layer that every Salesforce call goes through: leave to call, token, headers, errors, usage."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from urllib.parse import urlsplit

import httpx
import msgspec
from msgspec import Struct

from crosswalk.connectors.allowance import UNLIMITED, Allowance, Permit
from crosswalk.connectors.base import ApiUsage
from crosswalk.connectors.errors import CallRefused, Unreachable
from crosswalk.connectors.http import describe_failure
from crosswalk.connectors.salesforce.limits import endpoint_of, parse_usage, read_answer, retry_after, usage_in_limits
from crosswalk.connectors.salesforce.settings import SalesforceSettings
from crosswalk.connectors.shared_token import SharedToken, Token
from crosswalk.connectors.vendor_clock import VendorClock

JSON = "application/json; charset=UTF-8"


class _ErrorItem(Struct):
    message: str = ""
    errorCode: str = ""  # noqa: N815  the vendor's name
    fields: tuple[str, ...] = ()


_decode_errors = msgspec.json.Decoder(tuple[_ErrorItem, ...]).decode


class Transport:
    """Sends calls to one org.

    Parameters
    ----------
    settings
        The org.
    http
        The client to send with; not closed here.
    tokens
        Where access tokens come from.
    now
        The time in UTC, for `usage`.
    on_usage
        Called with every usage figure that the org reports.
    allowance
        Asked before each call.
    clock
        The org's; told the time of every answer.
    """

    def __init__(
        self,
        settings: SalesforceSettings,
        http: httpx.AsyncClient,
        tokens: SharedToken,
        now: Callable[[], datetime],
        on_usage: Callable[[ApiUsage], None] | None,
        allowance: Allowance = UNLIMITED,
        clock: VendorClock | None = None,
    ) -> None:
        self._settings = settings
        self._http = http
        self._tokens = tokens
        self._now = now
        self._on_usage = on_usage
        self._allowance = allowance
        self._clock = VendorClock() if clock is None else clock
        self._root = f"/services/data/v{settings.api_version}/"
        self.usage: ApiUsage | None = None
        self.calls = 0

    async def authenticate(self) -> None:
        """Make sure that there is a token.

        Raises
        ------
        CredentialsRefused, Unreachable, CallRefused, MalformedAnswer
            There is none, and none could be had.
        """
        await self._tokens.get()

    async def own_user(self) -> str:
        """Return the id of the user that the calls are made as; empty where the org did not say. Raises the same."""
        return (await self._tokens.get()).user_id

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        content: bytes | None = None,
        content_type: str = JSON,
    ) -> bytes:
        """Return the body of the answer to one call.

        Parameters
        ----------
        method
            The HTTP method.
        path
            Relative to the data API of the configured version, or absolute when it starts with `/`.
        query
            Query parameters, not encoded yet.
        content, content_type
            The body, and what it is.

        Raises
        ------
        CallRefused
            The org answered with an error.
        Unreachable
            It did not answer.
        CallWithheld
            There is no leave for it now.
        CredentialsRefused
            The token was refused, and no new one could be had.
        """
        token = await self._tokens.get()
        answer = await self._send_with(token, method, path, query, content, content_type)
        if answer.status_code == 401 and (newer := await self._tokens.replace(token)) is not token:
            token = newer
            answer = await self._send_with(token, method, path, query, content, content_type)
        if answer.status_code >= 300:
            raise self._refusal(method, path, token, answer)
        return answer.content

    @asynccontextmanager
    async def stream(self, method: str, path: str, *, query: dict[str, str]) -> AsyncIterator[httpx.Response]:
        """Open the answer to one call, to read its body as it comes; parameters and errors as in `send`.

        What goes wrong while the body is read is httpx's to raise.
        """
        token = await self._tokens.get()
        answer = await self._open(token, method, path, query)
        if answer.status_code == 401 and (newer := await self._tokens.replace(token)) is not token:
            await answer.aclose()
            token = newer
            answer = await self._open(token, method, path, query)
        try:
            if answer.status_code >= 300:
                await answer.aread()
                raise self._refusal(method, path, token, answer)
            yield answer
        finally:
            await answer.aclose()

    async def _open(self, token: Token, method: str, path: str, query: dict[str, str]) -> httpx.Response:
        request = self._http.build_request(method, self._url(token, path), params=query, headers=self._headers(token))
        with await self._allowance.take(endpoint_of(path)) as permit:
            self.calls += 1
            try:
                answer = await self._http.send(request, stream=True)
            except httpx.TransportError as error:
                raise Unreachable(_service(token), f"{method} {path}", describe_failure(error)) from error
            self._note_usage(answer, permit, b"")
        return answer

    def _url(self, token: Token, path: str) -> str:
        return _base_url(token) + (path if path.startswith("/") else self._root + path)

    def _headers(self, token: Token) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {token.value.reveal()}",
            "Sforce-Call-Options": f"client={self._settings.client_name}",
        }

    async def _send_with(
        self,
        token: Token,
        method: str,
        path: str,
        query: dict[str, str] | None,
        content: bytes | None,
        content_type: str,
    ) -> httpx.Response:
        url = self._url(token, path)
        headers = self._headers(token) | {"Accept": "application/json"}
        if content is not None:
            headers["Content-Type"] = content_type
        with await self._allowance.take(endpoint_of(path)) as permit:
            self.calls += 1
            try:
                answer = await self._http.request(method, url, params=query, content=content, headers=headers)
            except httpx.TransportError as error:
                raise Unreachable(_service(token), f"{method} {path}", describe_failure(error)) from error
            self._note_usage(answer, permit, answer.content)
        return answer

    def _note_usage(self, answer: httpx.Response, permit: Permit, content: bytes) -> None:
        usage = parse_usage(answer.headers.get("Sforce-Limit-Info"), self._now())
        if usage is None and answer.status_code == 200 and answer.url.path == f"{self._root}limits":
            usage = usage_in_limits(content, self._now())
        self._clock.hear(answer.headers)
        if answer.is_success:
            self._tokens.taken()
        permit.answered(read_answer(answer.status_code, usage, retry_after(answer.headers), content))
        if usage is not None:
            self.usage = usage
            if self._on_usage is not None:
                self._on_usage(usage)

    def _refusal(self, method: str, path: str, token: Token, answer: httpx.Response) -> CallRefused:
        try:
            items = _decode_errors(answer.content)
        except msgspec.DecodeError:
            items = ()
        first = items[0] if items else _ErrorItem()
        return CallRefused(
            service=_service(token),
            call=f"{method} {path}",
            status=answer.status_code,
            code=first.errorCode or f"HTTP_{answer.status_code}",
            message="; ".join(item.message for item in items) or "the answer carried no Salesforce error",
            fields=tuple(field for item in items for field in item.fields),
            after_s=retry_after(answer.headers),
        )


def _base_url(token: Token) -> str:
    return (token.base_url or "").rstrip("/")


def _service(token: Token) -> str:
    return urlsplit(_base_url(token)).netloc
