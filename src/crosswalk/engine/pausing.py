"""Pausing: what cannot work until somebody puts something right stands still, instead of failing for everybody.

A configuration that is wrong (a field that the org does not have, a right that is missing) pauses the sync, or the flow
whose steps fail; credentials that are refused pause the tenant or org (`crosswalk.engine.pause_watch`). What is due
stays due meanwhile, untried. From time to time one identity is let through: when what failed works for it, the pause is
over. A person may end it before; what fails for the same reason afterwards becomes a dead letter.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import Enum, auto

import structlog
from msgspec import Struct
from msgspec.structs import replace

from crosswalk.connectors.reactions import Reaction, fix_for, reaction_to
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.pause import PROBE, Cause, Misconfigured, Pause, PauseKind, stops
from crosswalk.domain.plan import Plan
from crosswalk.engine.books import Booking
from crosswalk.engine.causes import without_values
from crosswalk.store import pauses
from crosswalk.store.database import Connection, Database
from crosswalk.store.due import ROUTING, Lane
from crosswalk.store.problems import ProblemKind
from crosswalk.store.refusals import Kind, refused_in_a_row

log = structlog.get_logger()

SEVERAL = 5
"""So many identities in a row have to be refused, and none to succeed, where a refusal may concern single records only:
in one batch, or one after the other."""

IN_A_ROW_WITHIN_S = 7 * 86_400.0
"""In a tenant of few changes a week may pass until so many of them were refused."""


class Permit(Enum):
    """What of a sync may be worked on."""

    ALL = auto()
    ONE = auto()
    """One identity, to see whether the pause is over."""
    NOTHING = auto()


class HeldBack(Struct, frozen=True):
    """Plans without the steps of flows that pause.

    Parameters
    ----------
    plans
        What is left of each.
    parked
        Whose steps were left out: their events wait for the flow.
    """

    plans: Mapping[UserId, Plan]
    parked: frozenset[UserId] = frozenset()


async def permit(database: Database, definition: SyncDefinition, lane: Lane) -> Permit:
    """What of a sync's lane may be worked on now; a look that is due is taken by the caller.

    Finding out whom an event concerns writes nothing, so it goes on while only the sync pauses, and shows nothing.
    """
    async with database.transaction() as connection:
        standing = await pauses.standing(connection)
        stopping = [pause for pause in standing if stops(pause, definition)]
        if not stopping:
            return Permit.ALL
        if any(pause.kind is not PauseKind.SYNC for pause in stopping):
            return Permit.NOTHING
        if lane.number == ROUTING:
            return Permit.ALL
        return Permit.ONE if await pauses.take_probe(connection, stopping[0]) else Permit.NOTHING


async def hold_back(database: Database, sync: SyncName, plans: Mapping[UserId, Plan]) -> HeldBack:
    """Take the steps of flows that pause out of plans, but for one subject where it is time to look."""
    wanted = {_flow_name(sync, step.flow) for plan in plans.values() for step in plan.effects}
    if not wanted:
        return HeldBack(plans)
    async with database.transaction() as connection:
        standing = await pauses.standing(connection)
        resting = {p.name: p for p in standing if p.kind is PauseKind.FLOW and p.name in wanted}
        looking = {name for name, pause in resting.items() if await pauses.take_probe(connection, pause)}
    left: dict[UserId, Plan] = {}
    for user_id, plan in plans.items():
        held = {name for step in plan.effects if (name := _flow_name(sync, step.flow)) in resting}
        held -= looking
        looking -= {_flow_name(sync, step.flow) for step in plan.effects}
        if held:
            kept = tuple(step for step in plan.effects if _flow_name(sync, step.flow) not in held)
            left[user_id] = replace(plan, effects=kept, settled="")
    return HeldBack({**plans, **left}, frozenset(left))


class Settled(Struct, frozen=True):
    """What pausing makes of a batch: its bookings, and whose events wait for a flow."""

    bookings: Sequence[Booking]
    parked: Sequence[UserId]


async def settle(
    connection: Connection, sync: SyncName, bookings: Sequence[Booking], parked: frozenset[UserId] = frozenset()
) -> Settled:
    """Pause what proved to be misconfigured, and end pauses that proved to be over, in the caller's transaction.

    Identities that were refused because of what pauses now wait, and are no dead letters.
    """
    standing = [p for p in await pauses.standing(connection) if p.kind in (PauseKind.SYNC, PauseKind.FLOW)]
    found = [(booking.user_id, wrong) for booking in bookings for wrong in booking.misconfigured]
    stopped = await _start(connection, sync, found, bookings, standing) if found else {}
    for pause in standing:
        if pause.name not in stopped and pauses.sync_of(pause) == sync:
            await _judge(connection, pause, bookings)
    if not stopped:
        return Settled([_waiting(each) if each.user_id in parked else each for each in bookings], sorted(parked))
    changed: list[Booking] = []
    waiting = set(parked)
    for booking in bookings:
        names = {_name(sync, wrong.flow) for wrong in booking.misconfigured} & stopped.keys()
        waiting |= {booking.user_id} if names - {sync} else set()
        changed.append(_waiting(booking) if names or booking.user_id in parked else booking)
    return Settled(changed, sorted(waiting))


async def _start(
    connection: Connection,
    sync: SyncName,
    found: Sequence[tuple[UserId, Misconfigured]],
    bookings: Sequence[Booking],
    standing: Sequence[Pause],
) -> dict[str, Cause]:
    """Pause what is misconfigured for all; returns what, by name."""
    stopped: dict[str, Cause] = {}
    wanted = causes_to_pause(found, bookings, await _known(connection, sync, found, bookings, standing))
    for flow, cause in wanted.items():
        kind, name = (PauseKind.FLOW if flow else PauseKind.SYNC), _name(sync, flow)
        if (name, cause.code, cause.object) in await pauses.insisted(connection, kind, [name]):
            continue
        if await pauses.start(connection, kind, name, cause):
            log.error("paused", kind=kind, name=name, code=cause.code, because=cause.message, fix=fix_for(cause.code))
        stopped[name] = cause
    return stopped


async def _known(
    connection: Connection,
    sync: SyncName,
    found: Sequence[tuple[UserId, Misconfigured]],
    bookings: Sequence[Booking],
    standing: Sequence[Pause],
) -> set[tuple[str, str, str]]:
    """Flows, objects and codes of which it is known from before that everybody is refused.

    A pause stands because of them, and whoever was let through was refused, too; or the last few identities were
    refused one after the other, each in a batch of its own, and none succeeded since.
    """
    paused = {(pause.name, pause.object, pause.code) for pause in standing}
    known: set[tuple[str, str, str]] = set()
    users: dict[tuple[str, str, str], set[UserId]] = {}
    for user_id, wrong in found:
        if not wrong.of_all and not _works(wrong.flow, wrong.object, bookings):
            users.setdefault((wrong.flow, wrong.object, wrong.code), set()).add(user_id)
    for (flow, object_name, code), refused in users.items():
        name = _name(sync, flow)
        if (name, object_name, code) in paused:
            known.add((flow, object_name, code))
            continue
        kind = Kind(sync, flow, object_name, code)
        paused_as = (PauseKind.FLOW if flow else PauseKind.SYNC, name)
        missing = SEVERAL - len(refused)
        if missing > 0 and await refused_in_a_row(
            connection, kind, missing, but=refused, paused_as=paused_as, within_s=IN_A_ROW_WITHIN_S
        ):
            known.add((flow, object_name, code))
    return known


def causes_to_pause(
    found: Sequence[tuple[UserId, Misconfigured]],
    bookings: Sequence[Booking],
    known: Collection[tuple[str, str, str]] = (),
) -> dict[str, Cause]:
    """Which flows (the sync itself is "") have to pause, and why.

    A batch in which something of the kind was written shows that not everybody is concerned. Where a refusal may be
    about one record only, several have to have met it, here or before.

    Parameters
    ----------
    known
        Flows, objects and codes of which it is known from before that everybody is refused.
    """
    wanted: dict[str, Cause] = {}
    for _, wrong in found:
        alike = {user_id for user_id, each in found if (each.flow, each.object) == (wrong.flow, wrong.object)}
        of_all = wrong.of_all or len(alike) >= SEVERAL or (wrong.flow, wrong.object, wrong.code) in known
        if not of_all or _works(wrong.flow, wrong.object, bookings):
            continue
        # What pauses is shown to everybody, and an org quotes the query that it refused.
        wanted.setdefault(wrong.flow, Cause(wrong.code, wrong.object, without_values(wrong.message, ())))
    return wanted


async def _judge(connection: Connection, pause: Pause, bookings: Sequence[Booking]) -> None:
    """End a pause if the batch shows that it is over; where it shows nothing, the next one may look at once."""
    flow = pause.name.partition("/")[2]
    if _works(flow, pause.object, bookings) and await pauses.end(connection, pause, PROBE):
        log.info("resumed", kind=pause.kind, name=pause.name, by=PROBE)
    elif pause.kind is PauseKind.SYNC:
        await pauses.probe_now(connection, pause)


def _works(flow: str, object_name: str, bookings: Sequence[Booking]) -> bool:
    """Whether the bookings show that records of an object, or steps of a flow, can be written."""
    if flow:
        return any(taken.step.flow == flow for booking in bookings for taken in booking.steps)
    if not object_name:
        return any(not booking.misconfigured for booking in bookings)
    return any(entry.object == object_name for booking in bookings for entry in booking.audit)


def _waiting(booking: Booking) -> Booking:
    """A booking whose events wait, and whose refusals are no dead letters."""
    codes = {wrong.code for wrong in booking.misconfigured}
    problems = tuple(
        replace(problem, kind=ProblemKind.RETRYING, cause="")
        if problem.kind is ProblemKind.DEAD_LETTER and problem.code in codes
        else problem
        for problem in booking.problems
    )
    return replace(booking, outcome=None, problems=problems)


def misconfigured_by(code: str, message: str) -> tuple[Misconfigured, ...]:
    """What a look-up or a read that was refused says about the configuration."""
    if reaction_to(code) is not Reaction.CONFIGURATION:
        return ()
    return (Misconfigured("", "", code, message, of_all=True),)


def _flow_name(sync: SyncName, flow: str) -> str:
    return f"{sync}/{flow}"


def _name(sync: SyncName, flow: str) -> str:
    return _flow_name(sync, flow) if flow else sync
