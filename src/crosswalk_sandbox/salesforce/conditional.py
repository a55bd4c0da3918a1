"""Replies that a client need not get twice: `If-Modified-Since` is answered 304 when nothing changed after it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from crosswalk_sandbox.salesforce.http import json_reply


class DescribeTimes:
    """When each describe result changed last, as far as it was ever shown.

    Parameters
    ----------
    clock
        Current time in UTC.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._started = clock()
        self._seen: dict[str, tuple[int, datetime]] = {}

    def of(self, address: str, describe: Any) -> datetime:
        """The time of the last change of what is shown under an address; the next whole second when it is new."""
        mark = hash(msgspec.json.encode(describe))
        known = self._seen.get(address)
        if known is None:
            known = self._seen[address] = (mark, self._started)
        elif known[0] != mark:
            known = self._seen[address] = (mark, self._clock() + timedelta(seconds=1))
        return known[1]


def reply_if_changed(request: Request, modified: datetime, make_body: Callable[[], Any]) -> Response:
    """The reply with its `Last-Modified` time, or 304 without a body.

    Parameters
    ----------
    request
        The call; only its `If-Modified-Since` header matters, and one that is no HTTP date is passed over.
    modified
        When what is shown changed last; HTTP knows whole seconds.
    make_body
        Makes the JSON body, called only when it is needed.
    """
    whole = modified.astimezone(UTC).replace(microsecond=0)
    since = _read_date(request.headers.get("if-modified-since"))
    reply = Response(status_code=304) if since is not None and whole <= since else json_reply(make_body())
    reply.headers["Last-Modified"] = format_datetime(whole, usegmt=True)
    return reply


def _read_date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
