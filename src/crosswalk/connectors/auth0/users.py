"""Users as they are now: one by one, all of them, by e-mail address."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

import msgspec
from msgspec import Raw, Struct

from crosswalk.connectors.auth0.timestamps import format_time, sortable
from crosswalk.connectors.auth0.transport import Transport
from crosswalk.connectors.errors import CallRefused, MalformedAnswer
from crosswalk.connectors.parallel import map_parallel
from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import UserId

PAGE = 100
"""The most users that Auth0 puts into one page."""

WINDOW = 1000
"""The most users that one search reaches, over all of its pages."""


class _User(Struct):
    user_id: str
    created_at: str | None = None
    updated_at: str | None = None


_format_moment = lru_cache(maxsize=8)(format_time)
"""Of when users were read: many at one moment."""

_decode_user = msgspec.json.Decoder(_User).decode
_decode_users = msgspec.json.Decoder(list[Raw]).decode


class UserReader:
    """Reads users of one tenant.

    Parameters
    ----------
    transport
        The tenant.
    gate
        How many users may be read at once.
    now
        The time in UTC: when a state was observed.
    """

    def __init__(self, transport: Transport, gate: asyncio.Semaphore, now: Callable[[], datetime]) -> None:
        self._transport = transport
        self._gate = gate
        self._now = now

    async def read(self, user_ids: Sequence[UserId]) -> dict[UserId, Identity | None]:
        """Return the current state of each user, `None` for those that do not exist (any longer)."""
        distinct = list(dict.fromkeys(user_ids))
        states = await map_parallel(self._read_one, distinct, self._gate)
        return dict(zip(distinct, states, strict=True))

    async def search(self, query: str | None) -> AsyncGenerator[Identity, None]:
        """Yield all users that match `query` (search syntax v3), oldest first.

        One search of Auth0 ends after 1,000 users, so the next one starts at the creation time of the last user.

        Raises
        ------
        MalformedAnswer
            More than 1,000 users have one creation time, which no search can page through.
        """
        since: str | None = None
        seen_at_border: set[UserId] = set()
        while True:
            window: list[tuple[Identity, str]] = []
            async for identity, created_at in self._window(query, since):
                window.append((identity, created_at))
                if identity.user_id not in seen_at_border:
                    yield identity
            if len(window) < WINDOW:
                return
            last = window[-1][1]
            if last == since:
                raise MalformedAnswer(
                    "Auth0",
                    "GET /api/v2/users",
                    f"at most {WINDOW} users with one creation time",
                    "more; use a query that tells them apart",
                )
            since = last
            seen_at_border = {identity.user_id for identity, created_at in window if created_at == last}

    async def find_by_email(self, email: str) -> list[Identity]:
        """Return the users with this e-mail address, whatever its case."""
        observed_at = self._now()
        # Auth0 stores addresses in lower case and compares them exactly.
        answer = await self._transport.get("users-by-email", {"email": email.lower()})
        return [identity_of(user, observed_at)[0] for user in _users("users-by-email", answer)]

    async def _window(self, query: str | None, since: str | None) -> AsyncIterator[tuple[Identity, str]]:
        asked: dict[str, str | int] = {
            "per_page": PAGE,
            "include_totals": "false",
            "sort": "created_at:1",
            "search_engine": "v3",
        }
        conditions = [f"({query})"] if query else []
        if since is not None:
            conditions.append(f'created_at:["{since}" TO *]')
        if conditions:
            asked["q"] = " AND ".join(conditions)
        for page in range(WINDOW // PAGE):
            observed_at = self._now()
            users = _users("users", await self._transport.get("users", {**asked, "page": page}))
            for user in users:
                yield identity_of(user, observed_at)
            if len(users) < PAGE:
                return

    async def _read_one(self, user_id: UserId) -> Identity | None:
        observed_at = self._now()
        try:
            answer = await self._transport.get(f"users/{quote(user_id, safe='')}")
        except CallRefused as error:
            # An id that Auth0 finds impossible belongs to nobody, like one that it does not know.
            if error.status == 404 or (error.status == 400 and error.code == "invalid_uri"):
                return None
            raise
        return identity_of(answer, observed_at)[0]


def identity_of(user: bytes | Raw, observed_at: datetime) -> tuple[Identity, str]:
    """Return the identity in a user's JSON text, and its creation time as Auth0 wrote it.

    Raises
    ------
    MalformedAnswer
        It is no user.
    """
    try:
        read = _decode_user(user)
        updated_at = read.updated_at or read.created_at
        observed = _format_moment(observed_at)
        version_time = sortable(updated_at) if updated_at else observed
    except (msgspec.DecodeError, ValueError) as error:
        expected = "users with user_id and times"
        raise MalformedAnswer("Auth0", "GET /api/v2/users", expected, "something else") from error
    version = StateVersion(updated_at=version_time, observed_at=observed)
    identity = Identity(user_id=UserId(read.user_id), profile=bytes(user), version=version)
    return identity, read.created_at or ""


def _users(path: str, answer: bytes) -> list[Raw]:
    try:
        return _decode_users(answer)
    except msgspec.DecodeError as error:
        raise MalformedAnswer("Auth0", f"GET /api/v2/{path}", "a list of users as JSON", "something else") from error
