"""One access token for all callers, fetched once at a time."""

import asyncio
from collections.abc import Awaitable, Callable

from msgspec import Struct

from crosswalk.connectors.allowance import Allowance, Answer
from crosswalk.connectors.errors import CallRefused, ConnectorError, Unreachable
from crosswalk.connectors.logins import OPEN, LoginGate
from crosswalk.connectors.secret import Secret
from crosswalk.domain.budget import TOKEN


class Token(Struct, frozen=True):
    """An access token.

    Parameters
    ----------
    value
        The token itself.
    expires_at
        When to stop using it, on the monotonic clock (seconds); `None` when only a refusal tells.
    base_url
        Where the vendor says that the API is, if it says so.
    user_id, organization_id
        Whom it was given to, and the organization it opens, where the vendor says so.
    instance_url
        Where the vendor itself says that the API is: the same as `base_url` unless another way there is configured.
    scope
        What it allows, in the vendor's words, where the vendor says so.
    """

    value: Secret
    expires_at: float | None = None
    base_url: str | None = None
    user_id: str = ""
    organization_id: str = ""
    instance_url: str = ""
    scope: str = ""


class SharedToken:
    """Holds the current token and renews it; however many callers need a new one, the vendor is asked once.

    Parameters
    ----------
    fetch
        Asks the vendor for a new token.
    clock
        Monotonic seconds.
    gate
        Decides whether the vendor may be asked.
    """

    def __init__(
        self, fetch: Callable[[], Awaitable[Token]], clock: Callable[[], float], gate: LoginGate = OPEN
    ) -> None:
        self._fetch = fetch
        self._gate = gate
        self._clock = clock
        self._token: Token | None = None
        self._fetching: asyncio.Task[Token] | None = None

    async def get(self) -> Token:
        """Return a token that is believed to be good; fetch one if there is none or it is about to expire."""
        token = self._token
        if token is not None and (token.expires_at is None or self._clock() < token.expires_at):
            return token
        return await self._renewed()

    async def replace(self, refused: Token) -> Token:
        """Return a newer token than `refused`, which the vendor no longer takes."""
        if self._token is not None and self._token is not refused:
            return self._token
        return await self._renewed()

    async def _renewed(self) -> Token:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch_and_keep())
            self._fetching.add_done_callback(self._forget)
        # Shielded: a caller that is cancelled must not take the token away from the others who wait for it.
        return await asyncio.shield(self._fetching)

    async def renew(self) -> Token:
        """Return a token that was fetched just now, which shows whether the credentials are good."""
        return await self._renewed()

    async def _fetch_and_keep(self) -> Token:
        self._token = await self._gate.through(self._fetch)
        return self._token

    def _forget(self, task: asyncio.Task[Token]) -> None:
        self._fetching = None
        if not task.cancelled():
            # Marks the error as seen, in case every caller has gone meanwhile.
            task.exception()


def permitted(fetch: Callable[[], Awaitable[Token]], allowance: Allowance) -> Callable[[], Awaitable[Token]]:
    """Return `fetch` with leave taken before: tokens count against no limit, but an outage is left alone."""

    async def fetch_with_leave() -> Token:
        with await allowance.take(TOKEN) as permit:
            try:
                token = await fetch()
            except ConnectorError as error:
                is_down = isinstance(error, Unreachable) or (isinstance(error, CallRefused) and error.status >= 500)
                permit.answered(Answer(healthy=not is_down))
                raise
            permit.answered(Answer())
        return token

    return fetch_with_leave
