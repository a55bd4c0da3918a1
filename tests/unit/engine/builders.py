"""Events as they come out of the inbox."""

import json
from datetime import UTC, datetime, timedelta

from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.ids import UserId
from crosswalk.store.due import DueEvent

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


def a_state(seq: int, user: str = "auth0|1", *, at_s: int = 0, company: str = "Acme", age_s: float = 0.0) -> DueEvent:
    """An event that carries the user's state as of `at_s` seconds after noon."""
    at = NOON + timedelta(seconds=at_s)
    updated_at = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    raw = json.dumps({"data": {"object": {"user_id": user, "user_metadata": {"company": company}}}}).encode()
    event = Event(
        f"evt_{seq}", Source.EVENT_STREAM, "user.updated", at, Disposition.STATE, raw, UserId(user), updated_at
    )
    return DueEvent(seq, event, age_s)


def a_hint(seq: int, disposition: Disposition, user: str = "auth0|1", *, at_s: int = 0) -> DueEvent:
    """A log event that only says that something happened."""
    at = NOON + timedelta(seconds=at_s)
    event = Event(f"log_{seq}", Source.LOG_STREAM, "ss", at, disposition, b"{}", UserId(user))
    return DueEvent(seq, event, 0.0)
