"""Changes of users: one PATCH each, and what became of it."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import quote

from crosswalk.connectors.auth0.transport import Transport
from crosswalk.connectors.auth0.users import identity_of
from crosswalk.connectors.base import (
    ConfigurationWrong,
    ConflictFound,
    Failure,
    LinkLost,
    Rejected,
    RetryLater,
    UserWriteResult,
    UserWritten,
)
from crosswalk.connectors.errors import CallRefused, ConnectorError, CredentialsRefused
from crosswalk.connectors.parallel import map_parallel
from crosswalk.domain.write import UserWrite

BUSY_S = 2.0
CREDENTIALS_S = 300.0


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


def failure_of(error: ConnectorError) -> Failure:
    """What it means for one user that a call failed.

    Source: the responses that the vendor documents for `PATCH /api/v2/users/{id}` and its neighbours: 400 for a body or
    an operation that the user's connection does not support, 403 for a missing scope, 404 for a user that is gone, 409
    for an e-mail address, username or phone number that another user of the connection has.
    """
    if not isinstance(error, CallRefused):
        wait_s = CREDENTIALS_S if error.code == CredentialsRefused.code else BUSY_S
        return RetryLater(error.code, str(error), wait_s)
    code, message = error.code, error.message
    if error.status in (401, 408, 429) or error.status >= 500:
        return RetryLater(code, message, error.after_s or BUSY_S)
    refusals: dict[int, Failure] = {
        403: ConfigurationWrong(code, f"{message} (give the hub's application the scope for {error.call})"),
        404: LinkLost(code, message),
        409: ConflictFound(code, message),
    }
    return refusals.get(error.status, Rejected(code, message))
