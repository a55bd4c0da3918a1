"""Saved plans are carried out: exactly what they say, or, where the world has moved since, not at all.

All lanes of the sync are held meanwhile, by the same session locks that keep workers apart: nobody else reconciles its
identities, and what comes in waits for the end. Each identity is planned anew right before it is written, and left
alone unless that comes to the same writes from the same state. A person stands behind a saved plan: thresholds do not
stop it.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from crosswalk.connectors.errors import ConnectorError
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import UserId
from crosswalk.domain.plan import Plan
from crosswalk.engine import ledger
from crosswalk.engine.books import Booking, Books
from crosswalk.engine.held_lanes import held, lanes_of
from crosswalk.engine.hub import Hub
from crosswalk.engine.planned import Planned
from crosswalk.engine.planning import Planner
from crosswalk.engine.previewing import replica_planner
from crosswalk.engine.saved_plans import (
    Basis,
    SavedPlan,
    definition_digest,
    link_digest,
    read_header,
    read_plans,
)
from crosswalk.reconcile.kinds import fingerprint_of
from crosswalk.store import holds, identities
from crosswalk.store.problems import ProblemKind

NO_EVENTS = ()
"""No event of the inbox is dealt with: what came meanwhile is reconciled afterwards."""


class CannotApply(CrosswalkError):
    """A saved plan cannot be carried out."""


class Moved(Struct, frozen=True):
    """An identity for which something else would be done by now, and why."""

    user_id: UserId
    because: str


class Applied(Struct, frozen=True):
    """What became of one identity's plan: `written`, or why not, in the vendor's words."""

    user_id: UserId
    outcome: str
    message: str = ""


class _Checked(Struct, frozen=True):
    """A part of a file that was planned anew: what still holds, and what moved."""

    planned: Planned
    states: Mapping[UserId, Identity]
    going: Mapping[UserId, Plan]
    moved: tuple[Moved, ...]


class Application:
    """Carries out one file of plans.

    Parameters
    ----------
    hub
        Where.
    path
        The file.
    actor
        Who stands behind it: the actor in the audit trail.
    """

    def __init__(self, hub: Hub, path: Path, actor: str) -> None:
        self._hub = hub
        self._path = path
        self._actor = actor
        self._header = read_header(path)
        definition = hub.config.definition(self._header.sync)
        if definition_digest(definition) != self._header.definition:
            raise CannotApply(
                f"the definition of sync {definition.name} is not the one that {path} was planned with; plan again"
            )
        self._definition: SyncDefinition = definition
        self._reconciler = hub.reconcilers[definition.name]

    async def run(self, *, only_unmoved: bool) -> AsyncIterator[Moved | Applied]:
        """Carry the plans out, and tell of each identity what became of it.

        Where one has moved, nothing is written, unless `only_unmoved`; those that moved are told first then, too.

        Raises
        ------
        crosswalk.engine.held_lanes.LanesBusy
            The lanes stay busy, or were lost meanwhile: those told so far are as they were told.
        ConnectorError
            A side did not answer before anything was written.
        """
        async with AsyncExitStack() as stack:
            lanes = await stack.enter_async_context(held(self._hub.database, lanes_of(self._definition)))
            planner = self._hub.planners[self._definition.name]
            if self._header.basis is Basis.REPLICA:
                compiled = self._hub.compiled[self._definition.name]
                planner = stack.enter_context(replica_planner(self._hub, compiled))
            known: set[UserId] = set()
            for batch in read_plans(self._path):
                for moved in (await lanes.do(self._check(planner, batch))).moved:
                    known.add(moved.user_id)
                    yield moved
            if known and not only_unmoved:
                return
            for batch in read_plans(self._path):
                unmoved = [each for each in batch if each.plan.user_id not in known]
                for applied in await lanes.do(self._apply(planner, unmoved)):
                    yield applied

    async def _check(self, planner: Planner, batch: Sequence[SavedPlan]) -> _Checked:
        saved = {each.plan.user_id: each for each in batch}
        states = await self._states(list(saved))
        planned = await planner.plan(self._hub.database, list(states.values()))
        for error in planned.waiting.values():
            raise error
        moved = {
            user_id: because
            for user_id, each in saved.items()
            if (because := _moved(each, states.get(user_id), planned)) is not None
        }
        going = {user_id: planned.plans[user_id] for user_id in saved if user_id not in moved}
        return _Checked(planned, states, going, tuple(Moved(u, because) for u, because in moved.items()))

    async def _states(self, user_ids: Sequence[UserId]) -> dict[UserId, Identity]:
        """The users in the state of now, from where the plans took it."""
        if self._header.basis is Basis.LIVE:
            read = await self._hub.tenants[self._definition.tenant].read_users(user_ids)
            return {user_id: state for user_id, state in read.items() if state is not None}
        async with self._hub.database.transaction() as connection:
            return await identities.read(connection, self._definition.tenant, user_ids)

    async def _apply(self, planner: Planner, batch: Sequence[SavedPlan]) -> list[Applied]:
        try:
            checked = await self._check(planner, batch)
        except ConnectorError as error:
            return [Applied(each.plan.user_id, "not_written", str(error)) for each in batch]
        books = Books(self._definition.name, {}, self._actor)
        carried = await self._reconciler.carry_out(checked.planned, checked.going, books)
        bookings = [_without_retry(booking) for booking in carried.bookings]
        users = [booking.user_id for booking in bookings]
        tenant, sync = self._definition.tenant, self._definition.name
        async with self._hub.database.transaction() as connection:
            await holds.leave(connection, sync, users)
            await identities.save(connection, tenant, [checked.states[user_id] for user_id in users])
            await identities.save(connection, tenant, carried.users)
            await ledger.store(connection, sync, bookings, NO_EVENTS)
            await self._reconciler.awaiting.settle(connection, checked.planned)
        moved = [Applied(each.user_id, "not_written", each.because) for each in checked.moved]
        return [*moved, *(_applied(booking) for booking in carried.bookings)]


def _moved(saved: SavedPlan, state: Identity | None, planned: Planned) -> str | None:
    """Why a plan does not hold any more, if so."""
    user_id = saved.plan.user_id
    if state is None:
        return "the user is gone"
    if state.version.updated_at != saved.version:
        return "the user changed"
    if link_digest(planned.links.get(user_id)) != saved.link:
        return "the record, or what both sides agree on, changed"
    if fingerprint_of(planned.plans[user_id]) != saved.fingerprint:
        return "something else would be written by now"
    return None


def _without_retry(booking: Booking) -> Booking:
    """A booking for which nobody will try again: no event waits for it."""
    return replace(booking, problems=tuple(p for p in booking.problems if p.kind is not ProblemKind.RETRYING))


def _applied(booking: Booking) -> Applied:
    failed = [p for p in booking.problems if p.kind is not ProblemKind.FIELD_ERROR]
    if failed:
        return Applied(booking.user_id, "not_written", f"{failed[0].code}: {failed[0].message}")
    return Applied(booking.user_id, booking.outcome or "written")
