"""What a sync would write, without writing it: for given users, for a file of events, or for everybody."""

from collections.abc import AsyncIterator, Sequence
from itertools import count

import msgspec

from crosswalk.connectors.auth0.events import parse_event_stream_body
from crosswalk.connectors.auth0.log_events import parse_log_stream_body
from crosswalk.connectors.auth0.malformed import MalformedEvent
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.event import Disposition, Event
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.plan import Plan
from crosswalk.engine.hub import Hub
from crosswalk.engine.states import fold, newest_states
from crosswalk.store.due import DueEvent

IDENTITIES_AT_ONCE = 1_000


class UnknownUser(CrosswalkError):
    """The tenant has no such user."""


class BadEventFile(CrosswalkError):
    """A file of events cannot be read."""


async def preview_users(hub: Hub, sync: SyncName, user_ids: Sequence[UserId]) -> AsyncIterator[Plan]:
    """Plans for these users, as Auth0 has them now.

    Raises
    ------
    UnknownUser
        Auth0 does not have one of them.
    """
    definition = hub.compiled[sync].definition
    read = await hub.tenants[definition.tenant].read_users(user_ids)
    missing = [user_id for user_id, state in read.items() if state is None]
    if missing:
        raise UnknownUser(
            f"tenant {definition.tenant} has no user {', '.join(missing)}; ids look like auth0|65f1c0ffee"
        )
    async for plan in _plan(hub, sync, [state for state in read.values() if state is not None]):
        yield plan


async def preview_everybody(hub: Hub, sync: SyncName) -> AsyncIterator[Plan]:
    """Plans for every user of the tenant, a thousand at a time."""
    batch: list[Identity] = []
    async for identity in hub.tenants[hub.compiled[sync].definition.tenant].list_users():
        batch.append(identity)
        if len(batch) == IDENTITIES_AT_ONCE:
            async for plan in _plan(hub, sync, batch):
                yield plan
            batch = []
    async for plan in _plan(hub, sync, batch):
        yield plan


async def preview_events(hub: Hub, sync: SyncName, events: Sequence[Event]) -> AsyncIterator[Plan]:
    """Plans for the identities that these events are about, in the state that the events leave them in."""
    due = [
        DueEvent(seq, event, 0.0)
        for seq, event in zip(count(1), events, strict=False)
        if event.disposition is not Disposition.IGNORED
    ]
    definition = hub.compiled[sync].definition
    states = await newest_states(hub.database, definition.tenant, hub.tenants[definition.tenant], fold(due))
    for error in states.waiting.values():
        raise error
    async for plan in _plan(hub, sync, list(states.identities.values())):
        yield plan


async def _plan(hub: Hub, sync: SyncName, identities: Sequence[Identity]) -> AsyncIterator[Plan]:
    if not identities:
        return
    planned = await hub.planners[sync].plan(hub.database, identities)
    for error in planned.waiting.values():
        raise error
    for identity in identities:
        yield planned.plans[identity.user_id]


def read_events(body: bytes, name: str) -> list[Event]:
    """The events of a file: CloudEvents one per line or in an array, or tenant logs in any form a log stream has.

    Raises
    ------
    BadEventFile
        It holds something else; the message says where.
    """
    try:
        return parse_log_stream_body(body)
    except MalformedEvent as not_logs:
        if b'"specversion"' not in body:
            raise BadEventFile(f"{name}: {not_logs}") from not_logs
    events = []
    for number, line in enumerate(_cloud_events(body, name), 1):
        try:
            events.append(parse_event_stream_body(line))
        except MalformedEvent as error:
            raise BadEventFile(f"{name}: event {number}: {error}") from error
    return events


def _cloud_events(body: bytes, name: str) -> list[bytes]:
    text = body.strip()
    if text.startswith(b"["):
        try:
            return [bytes(item) for item in msgspec.json.decode(text, type=list[msgspec.Raw])]
        except msgspec.DecodeError as error:
            raise BadEventFile(f"{name}: expected an array of events: {error}") from error
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except msgspec.DecodeError:
        return [line for line in text.splitlines() if line.strip()]
    return [text]
