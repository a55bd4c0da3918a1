"""Logins of all processes, one at a time: one that is refused pauses its tenant or org at once, and nobody tries again.

Wrong credentials that are tried again and again lock their user out. So whoever needs a token asks here, whether it is
a lane, a source or a command: while the tenant or org pauses for its credentials there is no login, but one when it is
time to look, or with credentials that were not tried since. The first that succeeds ends the pause.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TypeVar

import psycopg
import structlog

from crosswalk.connectors.errors import CallWithheld, CredentialsRefused, LoginWithheld
from crosswalk.connectors.logins import LoginGate
from crosswalk.domain.budget import TOKEN
from crosswalk.domain.pause import PROBE, Cause, Pause, PauseKind
from crosswalk.store import pauses
from crosswalk.store.database import Connection, Database

log = structlog.get_logger()

T = TypeVar("T")

LOGIN_LOCK_CLASS = 0x6C6F6769
"""Keeps the locks of logins apart from any other session locks."""

ANSWER_WITHIN_S = 10.0
"""How long the database may take to say whether a login may be tried."""

TURN_WITHIN = "5s"
"""Whoever holds the lock for longer is frozen: better one login too many than none."""

WAIT_FOR_TURN = "SELECT set_config('lock_timeout', %s, false)"
TAKE_TURN = "SELECT pg_advisory_lock(%s, hashtext(%s))"

AGAIN_S = 2.0


class PausingGate(LoginGate):
    """The logins of one tenant or org.

    Parameters
    ----------
    database
        Where pauses are.
    kind, name
        Whose logins.
    login
        What tells the credentials from others.
    """

    def __init__(self, database: Database, kind: PauseKind, name: str, login: str) -> None:
        self._database = database
        self._kind = kind
        self._name = name
        self._login = login
        self._untold: CredentialsRefused | None = None
        """A refusal that the database did not take yet: nobody of this process tries again before it did."""

    async def through(self, log_in: Callable[[], Awaitable[T]]) -> T:
        """Return what the login returns, if it may be tried.

        Raises
        ------
        LoginWithheld
            The tenant or org pauses for its credentials.
        CallWithheld
            The database does not say whether it does.
        CredentialsRefused
            They are refused now: it pauses from here on.
        """
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    session = await stack.enter_async_context(self._turn())
                    pause = await self._admit(session)
            except (psycopg.OperationalError, TimeoutError) as error:
                words = "the database does not say whether the credentials were refused before"
                raise CallWithheld(self._what, TOKEN, "BUDGET_UNKNOWN", words, AGAIN_S) from error
            try:
                given = await log_in()
            except CredentialsRefused as error:
                self._untold = error
                with self._unless_away():
                    await self._tell(error, session)
                raise
            if pause is not None:
                with self._unless_away():
                    if await pauses.end(session, pause, PROBE):
                        log.info("resumed", kind=self._kind, name=self._name, by=PROBE)
            return given

    @property
    def _what(self) -> str:
        return f"{self._kind.value} {self._name}"

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[Connection]:
        """A session in which nobody else logs in."""
        async with self._database.session() as session:
            await session.execute(WAIT_FOR_TURN, (TURN_WITHIN,))
            try:
                await session.execute(TAKE_TURN, (LOGIN_LOCK_CLASS, self._what))
            except psycopg.errors.LockNotAvailable:
                log.warning("login_out_of_turn", kind=self._kind, name=self._name, waited=TURN_WITHIN)
            yield session

    async def _admit(self, session: Connection) -> Pause | None:
        """Return the pause that a login may end, if there is one; raise where none may be tried."""
        if self._untold is not None:
            await self._tell(self._untold, session)
        pause = await pauses.standing_of(session, self._kind, self._name)
        if pause is not None and not await pauses.take_login(session, pause, self._login):
            raise LoginWithheld(self._what, pause.message)
        return pause

    @contextmanager
    def _unless_away(self) -> Iterator[None]:
        """What came of a login is known, whether the database takes it or not."""
        try:
            yield
        except psycopg.OperationalError as error:
            log.warning("login_not_noted", kind=self._kind, name=self._name, error=str(error).splitlines()[0])

    async def _tell(self, refused: CredentialsRefused, session: Connection) -> None:
        """Pause because of a refusal, or note that the pause is not over."""
        cause = Cause(refused.code, "", str(refused))
        is_new = await pauses.start(session, self._kind, self._name, cause, login=self._login)
        self._untold = None
        if is_new:
            log.error(
                "paused", kind=self._kind, name=self._name, code=refused.code, because=str(refused), fix=refused.hint
            )
