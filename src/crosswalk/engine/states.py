"""From events to states: what a batch of hints says about each identity.

An event is never replayed as an instruction. Many events of one user fold into the newest state they know, or into
"read the user", so that ten changes cost one reconcile.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta

import msgspec
from msgspec import Struct

from crosswalk.connectors.auth0.events import profile_of
from crosswalk.connectors.auth0.log_clients import is_own_write
from crosswalk.connectors.auth0.timestamps import format_time
from crosswalk.connectors.base import ReadsUsers
from crosswalk.connectors.errors import ConnectorError
from crosswalk.connectors.salesforce.changes import change_of
from crosswalk.domain.change import RecordChange
from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import TenantName, UserId
from crosswalk.store import identities
from crosswalk.store.database import Database
from crosswalk.store.due import DueEvent

NO_PROFILE = b"{}"

READ_TOGETHER = 16
"""Users read before what came of it is kept: one call that Auth0 refuses must not undo hundreds of others."""


LOGGED_WITHIN = timedelta(seconds=2)
"""How long after the hub's change of a user Auth0 may log it; both times are Auth0's."""


class States(Struct, frozen=True):
    """The newest states of a batch's identities, and why those of the others could not be had.

    `read` are those of users who were read just now.
    """

    identities: Mapping[UserId, Identity]
    waiting: Mapping[UserId, ConnectorError]
    read: Collection[UserId] = ()


class Hint(Struct, frozen=True):
    """What the events of one batch say about one identity.

    Parameters
    ----------
    newest
        The newest state that an event carried, if any did.
    changed_at
        When the user last changed according to events that carry no state; `None` without such events.
    changed_by_hub_at
        As of when the state that the hub's own last change left is known at least; the hub's log entries say so.
    changes
        What happened to records that are the identity's, or may become it.
    seq
        The inbox's number of the identity's newest event: the one that writes are attributed to.
    """

    user_id: UserId
    newest: Identity | None
    changed_at: str | None
    seq: int
    changes: tuple[RecordChange, ...] = ()
    changed_by_hub_at: str | None = None

    @property
    def must_read(self) -> bool:
        """Whether the user changed after the newest state that is known, and so has to be read."""
        return self.changed_at is not None and (self.newest is None or self.newest.version.updated_at < self.changed_at)


def fold(due: Iterable[DueEvent], own_client: str = "") -> dict[UserId, Hint]:
    """The hint of each identity in a batch; the order of the events does not matter.

    `own_client` is the application that the hub is in the tenant: what the log says that this one changed is known
    already, from the answer to the change.
    """
    by_hub: dict[UserId, str] = {}
    newest: dict[UserId, Identity] = {}
    changed_at: dict[UserId, str] = {}
    last_seq: dict[UserId, int] = {}
    changes: dict[UserId, list[RecordChange]] = {}
    for item in due:
        event, user_id = item.event, item.event.user_id
        if user_id is None:
            continue
        last_seq[user_id] = max(item.seq, last_seq.get(user_id, 0))
        if event.disposition is Disposition.CHANGED:
            if _is_own(event, own_client):
                known_since = format_time(event.occurred_at - LOGGED_WITHIN)
                by_hub[user_id] = max(known_since, by_hub.get(user_id, ""))
                continue
            changed_at[user_id] = max(format_time(event.occurred_at), changed_at.get(user_id, ""))
            continue
        if event.disposition is Disposition.RECORD:
            changes.setdefault(user_id, []).append(change_of(event))
            continue
        state = carried_state(event, user_id)
        known = newest.get(user_id)
        if known is None or state.version > known.version:
            newest[user_id] = state
    return {
        user_id: Hint(
            user_id=user_id,
            newest=newest.get(user_id),
            changed_at=changed_at.get(user_id),
            seq=seq,
            changes=tuple(changes.get(user_id, ())),
            changed_by_hub_at=by_hub.get(user_id),
        )
        for user_id, seq in last_seq.items()
    }


def _is_own(event: Event, own_client: str) -> bool:
    """Whether the tenant's log says that the hub itself made this change."""
    return event.source in (Source.LOG_STREAM, Source.LOG_POLL) and is_own_write(event.raw, own_client)


def carried_state(event: Event, user_id: UserId) -> Identity:
    """The state that an event carries; for a deletion, that the user is gone since then."""
    observed_at = format_time(event.occurred_at)
    if event.disposition is Disposition.DELETED:
        deleted_at = event.updated_at or observed_at
        return Identity(user_id, NO_PROFILE, StateVersion(deleted_at, observed_at, event.id), deleted=True)
    return Identity(user_id, profile_of(event), StateVersion(event.updated_at or observed_at, observed_at, event.id))


async def newest_states(
    database: Database, tenant: TenantName, users: ReadsUsers, hints: Mapping[UserId, Hint]
) -> States:
    """The newest state of each identity: stored, carried by an event, or read where an event only hints at it."""
    async with database.transaction() as connection:
        newest = await identities.read(connection, tenant, list(hints))
    for user_id, hint in hints.items():
        if hint.newest is not None:
            newest[user_id] = newer(newest.get(user_id), hint.newest)
    to_read = {
        user_id: hint.changed_at or hint.changed_by_hub_at or ""
        for user_id, hint in hints.items()
        if hint.must_read or user_id not in newest or _is_older(newest[user_id], hint.changed_by_hub_at)
    }
    read, waiting = await _read(users, list(to_read))
    for user_id, state in read.items():
        newest[user_id] = newer(newest.get(user_id), gone(user_id, to_read[user_id]) if state is None else state)
    return States({user_id: state for user_id, state in newest.items() if user_id not in waiting}, waiting, read.keys())


async def read_again(users: ReadsUsers, states: States, user_ids: Collection[UserId]) -> States:
    """Read users of whom a newer value would be overwritten: of a change, the event may be on its way.

    Returns the states that are newer than those known, and why the others could not be had. Of a user who is gone, the
    event tells.
    """
    read, waiting = await _read(users, [user_id for user_id in user_ids if user_id not in states.read])
    known = states.identities
    found = {u: state for u, state in read.items() if state is not None and state.version > known[u].version}
    return States({u: state for u, state in found.items() if state.profile != known[u].profile}, waiting, read.keys())


async def _read(
    users: ReadsUsers, unread: Sequence[UserId]
) -> tuple[dict[UserId, Identity | None], dict[UserId, ConnectorError]]:
    """Users as they are, as far as the tenant answers, and why the others could not be read."""
    read: dict[UserId, Identity | None] = {}
    for start in range(0, len(unread), READ_TOGETHER):
        try:
            read |= await users.read_users(unread[start : start + READ_TOGETHER])
        except ConnectorError as error:
            return read, dict.fromkeys(unread[start:], error)
    return read, {}


def _is_older(state: Identity, than: str | None) -> bool:
    return than is not None and state.version.updated_at < than


def newer(stored: Identity | None, given: Identity) -> Identity:
    """Whichever state is newer. A deletion carries no profile and keeps the last one known."""
    if stored is None:
        return given
    if stored.version >= given.version:
        return stored
    if given.deleted and given.profile == NO_PROFILE:
        return msgspec.structs.replace(given, profile=stored.profile)
    return given


def gone(user_id: UserId, since: str) -> Identity:
    """The state of a user that Auth0 does not have any more, as of the event that made us look.

    On Auth0's clock like every other version: by ours, a user who is signed up again soon could seem to be the older.
    """
    return Identity(user_id, NO_PROFILE, StateVersion(since, since), deleted=True)
