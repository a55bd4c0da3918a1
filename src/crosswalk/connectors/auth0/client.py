"""The Auth0 tenant as the engine sees it: a small facade over the resources of this package."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Self
from urllib.parse import urlsplit

from auth0.management import AsyncManagementClient

from crosswalk.connectors.allowance import UNLIMITED, Allowance
from crosswalk.connectors.auth0 import subscription
from crosswalk.connectors.auth0.access import Access
from crosswalk.connectors.auth0.export import export_users
from crosswalk.connectors.auth0.logs import LogReader
from crosswalk.connectors.auth0.settings import Auth0Settings
from crosswalk.connectors.auth0.streams import StreamSetup, read_event_streams, read_log_streams
from crosswalk.connectors.auth0.token import TokenEndpoint
from crosswalk.connectors.auth0.transport import Transport
from crosswalk.connectors.auth0.user_writes import UserWriter
from crosswalk.connectors.auth0.users import UserReader
from crosswalk.connectors.base import (
    ChangesAccess,
    Done,
    Failure,
    ReadsLogs,
    ReadsUsers,
    SubscribesToEvents,
    SubscriptionItem,
    UserWriteResult,
    UserWritten,
    WritesUsers,
)
from crosswalk.connectors.http import open_http
from crosswalk.connectors.logins import OPEN, LoginGate
from crosswalk.connectors.shared_token import SharedToken, permitted
from crosswalk.connectors.whole_side import ExportsUsers
from crosswalk.domain.event import Event
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import UserId
from crosswalk.domain.user_writes import MembershipChange, RoleChange, UserCreate
from crosswalk.domain.write import UserWrite


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Auth0Client(ReadsUsers, WritesUsers, ChangesAccess, ReadsLogs, SubscribesToEvents, ExportsUsers):
    """One tenant.

    An asynchronous context manager; leaving it closes the connections.

    Parameters
    ----------
    settings
        The tenant and how to get in.
    now
        The time in UTC.
    allowance
        Asked before each call; without one, calls are made at once.
    logins
        Decides whether a token may be asked for; without one, it may.
    """

    def __init__(
        self,
        settings: Auth0Settings,
        now: Callable[[], datetime] = _utc_now,
        allowance: Allowance = UNLIMITED,
        logins: LoginGate = OPEN,
    ) -> None:
        self._settings = settings
        self._now = now
        self._http = open_http(settings.ca_file, settings.timeouts)
        fetch = TokenEndpoint(settings, self._http, time.monotonic).fetch
        self._tokens = SharedToken(permitted(fetch, allowance), time.monotonic, logins)
        # Jitter needs no secrecy.
        self._transport = Transport(settings, self._http, self._tokens, time.time, random.random, allowance)
        gate = asyncio.Semaphore(settings.parallel_reads)
        self._users = UserReader(self._transport, gate, now)
        self._writer = UserWriter(self._transport, gate, now)
        self._access = Access(self._transport, self._users, now)
        self._logs = LogReader(self._transport, now)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    @property
    def calls(self) -> int:
        """How many calls of the Management API this client has made itself."""
        return self._transport.calls

    async def authenticate(self) -> None:
        """Get an access token if there is none, to find out early whether the credentials are good.

        Raises
        ------
        CredentialsRefused, Unreachable, CallRefused, MalformedAnswer
            Why there is none.
        """
        await self._tokens.get()

    async def scopes(self) -> frozenset[str]:
        """What the application may do in the Management API. Raises what `authenticate` does."""
        return frozenset((await self._tokens.get()).scope.split())

    @property
    def login(self) -> str:
        """What tells the credentials of this client from others."""
        return self._settings.login

    async def renew_token(self) -> None:
        """Get a new token, to see whether the credentials are good by now. Raises what `authenticate` does."""
        await self._tokens.renew()

    async def management(self) -> AsyncManagementClient:
        """Return the official client for everything else of the Management API, on the same connections.

        Its access token is the current one: ask again for each piece of work rather than keeping the client.
        """
        token = await self._tokens.get()
        return AsyncManagementClient(
            domain=urlsplit(self._settings.root_url).netloc,
            token=token.value.reveal(),
            httpx_client=self._http,
        )

    async def read_users(self, user_ids: Sequence[UserId]) -> dict[UserId, Identity | None]:
        """Return the current state of each user, its profile as Auth0 sent it; `None` for those that are gone."""
        return await self._users.read(user_ids)

    def list_users(self, query: str | None = None) -> AsyncGenerator[Identity, None]:
        """Yield all users, or those that match `query` (search syntax v3), oldest first.

        The search of Auth0 lags some seconds behind; `read_users` does not.
        """
        return self._users.search(query)

    def export_users(self) -> AsyncIterator[list[bytes]]:
        """Yield all users as JSON texts, 2,000 at a time, by an export job of Auth0's: a handful of calls in all."""
        return export_users(self._transport, self._http)

    async def find_users_by_email(self, email: str) -> list[Identity]:
        """Return the users with this e-mail address; several connections may each have one."""
        return await self._users.find_by_email(email)

    async def write_users(self, writes: Sequence[UserWrite]) -> list[UserWriteResult]:
        """Change users and return what became of each write, in order: the new state, or why there is none."""
        return await self._writer.write(writes)

    async def create_user(self, write: UserCreate) -> UserWritten | Failure:
        """Return the user that there has to be, made now if it was missing."""
        return await self._access.create_user(write)

    async def change_role(self, write: RoleChange) -> Done | Failure:
        """Grant a role or revoke it."""
        return await self._access.change_role(write)

    async def change_membership(self, write: MembershipChange) -> Done | Failure:
        """Make a user a member of an organization, or none."""
        return await self._access.change_membership(write)

    async def issue_ticket(self, user_id: UserId, ttl_s: int) -> str | Failure:
        """Return the address of an invitation: a ticket to choose a password."""
        return await self._access.issue_ticket(user_id, ttl_s)

    def subscribe(
        self, cursor: str | None, from_timestamp: str | None = None
    ) -> AsyncGenerator[SubscriptionItem, None]:
        """Yield events after `cursor` until the connection ends; reconnect with the last offset, after `backoff`.

        Close the iterator (`contextlib.aclosing`) when leaving it early, or its connection stays open.

        Raises
        ------
        CursorLost, SubscriptionEnded, Unreachable, CallRefused, CredentialsRefused
            Why it ended, while iterating.
        """
        return subscription.subscribe(self._transport, cursor, from_timestamp, self._now)

    async def read_logs(self, after: str | None, take: int = 100) -> list[Event]:
        """Return up to `take` log events that follow the log id `after`, oldest first.

        `None` returns the newest event alone: the place to start at when there is no checkpoint yet.
        """
        return await self._logs.read(after, take)

    async def event_streams(self) -> list[StreamSetup]:
        """Return the tenant's event streams that send to a webhook. Raises what `read_event_streams` does."""
        return await read_event_streams(self._transport)

    async def log_streams(self) -> list[StreamSetup]:
        """Return the tenant's log streams that send to a web address. Raises what `read_log_streams` does."""
        return await read_log_streams(self._transport)

    async def newest_log_id(self) -> str:
        """Return the position from which `read_logs` gives only what happens from now on."""
        return await self._logs.newest_id()
