"""The hub's own changes of users come back as events, and cost no call."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from crosswalk.connectors.base import ReadsUsers
from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import TenantName, UserId
from crosswalk.engine.states import fold, newest_states
from crosswalk.store import identities
from crosswalk.store.database import Database
from crosswalk.store.due import DueEvent

ADA, TENANT = UserId("auth0|ada"), TenantName("tenant")
PATCHED = datetime(2026, 2, 1, 12, 0, 0, 250_000, tzinfo=UTC)
"""What Auth0 answered as `updated_at` when the hub changed the user."""


class CountedUsers:
    """The tenant, with a count of the users that were read."""

    def __init__(self) -> None:
        self.read: list[UserId] = []

    async def read_users(self, user_ids: Sequence[UserId]) -> dict[UserId, Identity | None]:
        self.read += user_ids
        return dict.fromkeys(user_ids)


@pytest.fixture
async def patched(database: Database) -> Database:
    """The hub has changed the user, and kept what Auth0 answered."""
    state = Identity(ADA, b'{"user_id": "auth0|ada"}', StateVersion(PATCHED.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "2026"))
    async with database.transaction() as connection:
        await identities.save(connection, TENANT, [state])
    return database


def an_echo() -> DueEvent:
    """The event stream's `user.updated` of the change."""
    user = {"user_id": ADA, "updated_at": "2026-02-01T12:00:00.250Z"}
    raw = json.dumps({"data": {"object": user}}).encode()
    event = Event(
        "evt_1",
        Source.EVENT_STREAM,
        "user.updated",
        PATCHED,
        Disposition.STATE,
        raw,
        ADA,
        "2026-02-01T12:00:00.250000Z",
    )
    return DueEvent(1, event, 0.0)


def a_log(client_id: str, after_s: float, agent: str = "crosswalk/0.1.0") -> DueEvent:
    """The log's entry of a change by an application."""
    details = {"request": {"method": "patch", "userAgent": agent}}
    raw = json.dumps({"log_id": "1", "data": {"type": "sapi", "client_id": client_id, "details": details}}).encode()
    at = PATCHED + timedelta(seconds=after_s)
    return DueEvent(2, Event("1", Source.LOG_STREAM, "sapi", at, Disposition.CHANGED, raw, ADA), 0.0)


@pytest.mark.parametrize(
    ("event", "reads"),
    [
        (an_echo(), []),
        (a_log("hub", 0.1), []),
        (a_log("hub", 1.9), []),
        # A change of the hub whose answer was lost: the stored state is older than it.
        (a_log("hub", 60), [ADA]),
        (a_log("somebody else", 0.1), [ADA]),
        (a_log("hub", 0.1, agent="curl/8.5"), [ADA]),
    ],
)
async def test_an_echo_is_known_already_and_what_is_not_is_read(
    patched: Database, event: DueEvent, reads: list[UserId]
) -> None:
    users = CountedUsers()

    await newest_states(patched, TENANT, cast("ReadsUsers", users), fold([event], "hub"))

    assert users.read == reads


async def test_somebody_elses_change_is_read_beside_the_hubs_own(patched: Database) -> None:
    users = CountedUsers()

    await newest_states(
        patched, TENANT, cast("ReadsUsers", users), fold([a_log("hub", 0.1), a_log("somebody else", 0.2)], "hub")
    )

    assert users.read == [ADA]
