"""Changes of users: one PATCH each, and what became of it."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import quote

from crosswalk.connectors.auth0.errors import failure_of
from crosswalk.connectors.auth0.transport import Transport
from crosswalk.connectors.auth0.users import identity_of
from crosswalk.connectors.base import UserWriteResult, UserWritten
from crosswalk.connectors.errors import ConnectorError
from crosswalk.connectors.parallel import map_parallel
from crosswalk.domain.write import UserWrite


class UserWriter:
    """Writes to users of one tenant.

    Parameters
    ----------
    transport
        The tenant.
    gate
        How many users may be written at once; shared with the reads.
    now
        The time in UTC: when a state was observed.
    """

    def __init__(self, transport: Transport, gate: asyncio.Semaphore, now: Callable[[], datetime]) -> None:
        self._transport = transport
        self._gate = gate
        self._now = now

    async def write(self, writes: Sequence[UserWrite]) -> list[UserWriteResult]:
        """Send each PATCH and return what became of it, in order; never raises for what the vendor does."""
        return await map_parallel(self._write_one, writes, self._gate)

    async def _write_one(self, write: UserWrite) -> UserWriteResult:
        observed_at = self._now()
        try:
            answer = await self._transport.patch(f"users/{quote(write.user_id, safe='')}", write.patch)
            return UserWritten(identity_of(answer, observed_at)[0])
        except ConnectorError as error:
            return failure_of(error)
