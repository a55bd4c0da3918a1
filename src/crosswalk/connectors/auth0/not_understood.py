"""Events that came by a way with a cursor and do not have the documented shape. Pure.

A webhook answers 400 to them and goes on; a reader that raised would meet them again at the same place for ever. So
they are stored, and shown as ignored with the reason.
"""

import hashlib
from datetime import datetime

from crosswalk.connectors.auth0.malformed import MalformedEvent
from crosswalk.domain.event import Disposition, Event, Source


def not_understood(
    raw: bytes, error: MalformedEvent, *, source: Source, event_type: str, at: datetime, event_id: str | None = None
) -> Event:
    """Return the ignored event for `raw`.

    Parameters
    ----------
    raw, error
        What came, and what is wrong with it.
    source, event_type
        The way it came, and its type as far as that can be told.
    at
        When it was received (UTC), as its own time may not be readable.
    event_id
        Its id; without one it gets one from its content.
    """
    return Event(
        id=event_id or f"sha256:{hashlib.sha256(raw).hexdigest()}",
        source=source,
        type=event_type,
        occurred_at=at,
        disposition=Disposition.IGNORED,
        raw=raw,
        note=f"not understood: {error}",
    )
