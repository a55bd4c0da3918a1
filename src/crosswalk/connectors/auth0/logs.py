"""The tenant's log, read by checkpoint."""

from collections.abc import Callable
from datetime import datetime

import msgspec
from msgspec import Raw, Struct

from crosswalk.connectors.auth0.log_events import parse_log_item
from crosswalk.connectors.auth0.malformed import MalformedEvent
from crosswalk.connectors.auth0.not_understood import not_understood
from crosswalk.connectors.auth0.transport import Transport
from crosswalk.connectors.errors import MalformedAnswer
from crosswalk.domain.event import Event, Source

MAX_TAKE = 100
"""The most log events that Auth0 gives at once."""

BEGINNING = ""
"""The position before the first log event of a tenant."""


class _Identified(Struct):
    log_id: str


_decode_items = msgspec.json.Decoder(list[Raw]).decode
_decode_identified = msgspec.json.Decoder(_Identified).decode


class LogReader:
    """Reads the log of one tenant.

    Parameters
    ----------
    transport
        The tenant.
    now
        The time in UTC, for items whose own time cannot be read.
    """

    def __init__(self, transport: Transport, now: Callable[[], datetime]) -> None:
        self._transport = transport
        self._now = now

    async def read(self, after: str | None, take: int) -> list[Event]:
        """Return up to `take` (at most 100) log events, oldest first.

        Items that are no log events come as ignored ones with the reason.

        Parameters
        ----------
        after
            The id of the last event that was stored, or `BEGINNING`; the id of the last event returned is the next
            one. `None` returns the newest event alone, as the place to start at.
        take
            How many.

        Raises
        ------
        MalformedAnswer
            The answer is no list, or an item has no id, so that there would be no place to go on from.
        """
        count = min(take, MAX_TAKE)
        if after is None:
            return await self._read({"sort": "date:-1", "page": 0, "per_page": 1})
        if after == BEGINNING:
            return await self._read({"sort": "date:1", "page": 0, "per_page": count})
        return await self._read({"from": after, "take": count})

    async def newest_id(self) -> str:
        """Return the position from which `read` gives only what happens from now on."""
        newest = await self.read(None, 1)
        return newest[0].id if newest else BEGINNING

    async def _read(self, query: dict[str, str | int]) -> list[Event]:
        answer = await self._transport.get("logs", query)
        try:
            return [self._event(bytes(item)) for item in _decode_items(answer)]
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            expected = "a list of log events, each with a log_id"
            raise MalformedAnswer("Auth0", "GET /api/v2/logs", expected, "something else") from error

    def _event(self, item: bytes) -> Event:
        log_id = _decode_identified(item).log_id
        try:
            return parse_log_item(item, Source.LOG_POLL)
        except MalformedEvent as error:
            return not_understood(
                item, error, source=Source.LOG_POLL, event_type="unknown", at=self._now(), event_id=log_id
            )
