"""One access token for all callers, fetched once at a time."""

import asyncio
from collections.abc import Awaitable, Callable

from msgspec import Struct

from crosswalk.connectors.allowance import Allowance, Answer
from crosswalk.connectors.errors import CallRefused, ConnectorError, Unreachable
from crosswalk.connectors.logins import OPEN, LoginGate
from crosswalk.connectors.secret import Secret
from crosswalk.domain.budget import TOKEN

MOST_UNTAKEN = 2
"""So many tokens in a row may be refused before the vendor is asked more rarely: one may end on its way."""

FIRST_REST_S = 5.0
LONGEST_REST_S = 300.0


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
        self._untaken = 0
        """Tokens since the last one that the vendor took."""
        self._rests_until = float("-inf")

    async def get(self) -> Token:
        """Return a token that is believed to be good; fetch one if there is none or it is about to expire."""
        token = self._token
        if token is not None and (token.expires_at is None or self._clock() < token.expires_at):
            return token
        return await self._renewed()

    async def replace(self, refused: Token) -> Token:
        """Return a newer token than `refused`, which the vendor no longer takes.

        Where it took none of the last ones either, a new one will not help: then this is `refused` itself for a while,
        each time for twice as long, up to five minutes.
        """
        if self._token is not None and self._token is not refused:
            return self._token
        if self._clock() < self._rests_until:
            return refused
        return await self._renewed()

    def taken(self) -> None:
        """The vendor took the token."""
        self._untaken = 0
        self._rests_until = float("-inf")

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
        self._untaken += 1
        if self._untaken > MOST_UNTAKEN:
            rest_s = min(LONGEST_REST_S, FIRST_REST_S * 2.0 ** min(self._untaken - MOST_UNTAKEN - 1, 20))
            self._rests_until = self._clock() + rest_s
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
