"""The tenant's log, read by checkpoint."""

import msgspec
from msgspec import Raw

from crosswalk.connectors.auth0.log_events import parse_log_item
from crosswalk.connectors.auth0.transport import Transport
from crosswalk.connectors.errors import MalformedAnswer
from crosswalk.domain.event import Event, Source

MAX_TAKE = 100
"""The most log events that Auth0 gives at once."""

BEGINNING = ""
"""The position before the first log event of a tenant."""

_decode_items = msgspec.json.Decoder(list[Raw]).decode


async def read_logs(transport: Transport, after: str | None, take: int) -> list[Event]:
    """Return up to `take` (at most 100) log events, oldest first.

    Parameters
    ----------
    transport
        The tenant.
    after
        The id of the last event that was stored, or `BEGINNING`; the id of the last event returned is the next one.
        `None` returns the newest event alone, as the place to start at.
    take
        How many.

    Raises
    ------
    MalformedEvent
        An item is no log event.
    """
    count = min(take, MAX_TAKE)
    if after is None:
        return await _read(transport, {"sort": "date:-1", "page": 0, "per_page": 1})
    if after == BEGINNING:
        return await _read(transport, {"sort": "date:1", "page": 0, "per_page": count})
    return await _read(transport, {"from": after, "take": count})


async def newest_log_id(transport: Transport) -> str:
    """Return the position from which `read_logs` gives only what happens from now on."""
    newest = await read_logs(transport, None, 1)
    return newest[0].id if newest else BEGINNING


async def _read(transport: Transport, query: dict[str, str | int]) -> list[Event]:
    answer = await transport.get("logs", query)
    try:
        items = _decode_items(answer)
    except msgspec.DecodeError as error:
        raise MalformedAnswer("Auth0", "GET /api/v2/logs", "a list of log events as JSON", "something else") from error
    return [parse_log_item(bytes(item), Source.LOG_POLL, number) for number, item in enumerate(items, start=1)]
