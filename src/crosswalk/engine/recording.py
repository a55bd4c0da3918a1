"""Cases of what really happened: an identity as it stands, or as an event found it."""

from random import Random, SystemRandom

from msgspec.structs import replace

from crosswalk.cases.recorded import RecordedCase, record_case
from crosswalk.cases.running import Runner
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.engine.given_states import Stood, look_up_candidates, states_before, stored_states
from crosswalk.engine.hub import Hub
from crosswalk.store import past
from crosswalk.store.past import Span


class NothingToRecord(CrosswalkError):
    """The hub does not know the event or the user."""


async def record_from(hub: Hub, sync: SyncName, event_or_user: str) -> RecordedCase:
    """Make a case of an identity: as it was when an event came (by the event's id), or as it is (by the user's id).

    The org is only asked where the identity had no link, and the hub did not make or find its record then.

    Raises
    ------
    NothingToRecord
        The sync had nothing to do with it.
    crosswalk.connectors.errors.ConnectorError
        The org did not answer.
    """
    stood = await _stood(hub, sync, event_or_user)
    compiled = hub.compiled[sync]
    given = stood.given
    made = any(entry.action == "create" for entry in stood.written)
    if stood.must_look_up and not given.candidates and not made:
        given = replace(given, candidates=tuple(await look_up_candidates(hub, sync, compiled, [given])))
    runner = Runner(compiled)
    return record_case(runner, runner.as_known(given), Random(SystemRandom().getrandbits(128)))  # noqa: S311


async def _stood(hub: Hub, sync: SyncName, event_or_user: str) -> Stood:
    if "|" in event_or_user:
        user_id = UserId(event_or_user)
        stored = await stored_states(hub, sync, [user_id])
        if user_id not in stored:
            raise NothingToRecord(
                f"the hub has no state of {user_id} for sync {sync}: give the id of a user that it has heard of"
            )
        return stored[user_id]
    async with hub.database.transaction() as connection:
        events = await past.events(connection, hub.config.definition(sync), Span(event_id=event_or_user))
    states = await states_before(hub, sync, events)
    if not states:
        raise NothingToRecord(
            f"sync {sync} has dealt with no event {event_or_user}: give the id of an event as the console shows it, or "
            "of an Auth0 user"
        )
    return next(iter(states.values()))
