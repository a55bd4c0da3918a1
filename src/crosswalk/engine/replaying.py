"""What a changed configuration would have made of events that were dealt with already. Nothing is written."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from crosswalk.cases.observing import Observation, observe, places
from crosswalk.cases.running import Runner
from crosswalk.config.config import SyncDefinitions
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.write import Reason
from crosswalk.engine.given_states import Stood, look_up_candidates, states_before
from crosswalk.engine.hub import Hub
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.store import past
from crosswalk.store.audit import AUTH0_USER, AuditEntry
from crosswalk.store.past import Span

TOGETHER = 500
"""Identities whose states are held at once."""

_FLOWS = (Reason.FLOW.value, Reason.UNDONE.value)


class NoSuchSync(CrosswalkError):
    """The changed configuration does not have the sync."""


class FieldDifference(Struct, frozen=True):
    """One field, or one other part of a plan, that would have come out differently.

    Parameters
    ----------
    what
        `record.Email`, `user.app_metadata.tier`, `situation`, `effects`.
    before, after
        What was, and what would have been; `None` with the flag of the same name false: nothing.
    before_written, after_written
        Whether there is anything at all.
    place
        The line of the changed configuration behind it, where there is one.
    """

    what: str
    before: Any
    after: Any
    before_written: bool
    after_written: bool
    place: str = ""


class Replayed(Struct, frozen=True):
    """One identity, with all of its events in the span.

    Parameters
    ----------
    events
        The vendor's ids of its events, oldest first.
    differences
        In what it would have come out differently.
    skipped
        Why it could not be replayed; empty otherwise.
    """

    user_id: str
    events: tuple[str, ...]
    differences: tuple[FieldDifference, ...] = ()
    skipped: str = ""


class ReplayReport(Struct, frozen=True):
    """What came of a replay; `fields` counts the differences of each field."""

    sync: str
    events: int
    identities: tuple[Replayed, ...]
    fields: Mapping[str, int]


def runner_of(syncs: SyncDefinitions, sync: SyncName) -> Runner:
    """The sync as a configuration has it, ready to plan.

    Raises
    ------
    NoSuchSync
        It does not have it.
    """
    if sync not in syncs.definitions:
        known = ", ".join(syncs.definitions)
        raise NoSuchSync(
            f"{syncs.path} has no sync {sync} (expected one of: {known}), so nothing can be replayed with it"
        )
    return Runner(CompiledSync(syncs.definitions[sync], default_region=syncs.regions[sync]))


async def replay(
    hub: Hub, sync: SyncName, span: Span, changed: Runner, former: Runner | None, *, live: bool = False
) -> ReplayReport:
    """Replay the events of a span, all those of one identity together.

    Parameters
    ----------
    changed
        The configuration to try.
    former
        What its plans are compared with; `None` for what was really written.
    live
        Whether the org is asked for the records of identities that had no link; without, they are skipped.

    Raises
    ------
    crosswalk.connectors.errors.ConnectorError
        With `live`: the org did not answer.
    """
    async with hub.database.transaction() as connection:
        events = await past.events(connection, hub.config.definition(sync), span)
    of_user: dict[UserId, list[str]] = {}
    for item in events:
        if item.event.user_id is not None:
            of_user.setdefault(item.event.user_id, []).append(item.event.id)
    found: list[Replayed] = []
    waiting = iter(of_user)
    while users := set(islice(waiting, TOGETHER)):
        stood = await states_before(hub, sync, [item for item in events if item.event.user_id in users])
        if live:
            stood = await _with_candidates(hub, sync, changed.compiled, stood)
        found += await asyncio.to_thread(_compare_all, changed, former, stood, live=live)
        found += [Replayed(user, (), skipped="no state of the user is known") for user in users - stood.keys()]
    ordered = {each.user_id: replace(each, events=tuple(of_user[UserId(each.user_id)])) for each in found}
    counts = Counter(each.what for one in found for each in one.differences)
    identities = tuple(ordered[user] for user in of_user)
    return ReplayReport(sync, len(events), identities, dict(counts.most_common()))


async def _with_candidates(
    hub: Hub, sync: SyncName, compiled: CompiledSync, stood: Mapping[UserId, Stood]
) -> dict[UserId, Stood]:
    unlinked = {user: each for user, each in stood.items() if each.must_look_up}
    candidates = await look_up_candidates(hub, sync, compiled, [each.given for each in unlinked.values()])
    complete = dict(stood)
    for user, each in unlinked.items():
        own = {candidate.record.id for candidate in each.given.candidates}
        # A record that was made or linked because of these events was not there, or not this identity's, before.
        others = [c for c in candidates if c.record.id not in own and c.linked_to != user]
        given = replace(each.given, candidates=(*each.given.candidates, *others))
        complete[user] = Stood(given, False, each.written)
    return complete


def _compare_all(
    changed: Runner, former: Runner | None, stood: Mapping[UserId, Stood], *, live: bool
) -> list[Replayed]:
    return [_compare(user, changed, former, each, live=live) for user, each in stood.items()]


def _compare(user: UserId, changed: Runner, former: Runner | None, stood: Stood, *, live: bool) -> Replayed:
    known = stood.given.candidates or _was_created(stood.written)
    if stood.must_look_up and not known and not live:
        return Replayed(user, (), skipped="it had no link: --live asks the org for its record")
    plan = changed.plan(changed.as_known(stood.given)).plan
    after, lines = observe(plan), {name: str(place) for name, place in places(plan).items()}
    before = _as_written(stood.written) if former is None else observe(former.plan(former.as_known(stood.given)).plan)
    parts = ("record", "user") if former is None else ("record", "user", "disputed", "errors")
    differences = [each for part in parts for each in _fields(part, before.get(part), after.get(part), lines)]
    if former is not None:
        whole = ("situation", "creates", "links", "conflict", "waits", "effects", "quarantined")
        differences += [_difference(name, before, after, name) for name in whole if before.get(name) != after.get(name)]
    return Replayed(user, (), tuple(differences))


def _was_created(written: Iterable[AuditEntry]) -> bool:
    return any(entry.action == "create" and entry.reason not in _FLOWS for entry in written)


def _as_written(written: Sequence[AuditEntry]) -> Observation:
    """The last value of each field that was written, to either side."""
    parts: dict[str, dict[str, Any]] = {"record": {}, "user": {}}
    for entry in reversed(written):
        if entry.reason in _FLOWS:
            continue
        if entry.object == AUTH0_USER:
            parts["user"][entry.field] = entry.new
        else:
            parts["record"][entry.field] = entry.new
    return parts


def _fields(
    part: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, lines: Mapping[tuple[str, str], str]
) -> list[FieldDifference]:
    was = {name: _value(value) for name, value in (before or {}).items()}
    is_ = {name: _value(value) for name, value in (after or {}).items()}
    names = [name for name in {**was, **is_} if name not in was or name not in is_ or was[name] != is_[name]]
    return [_difference(f"{part}.{name}", was, is_, name, lines.get((part, name), "")) for name in names]


def _difference(
    what: str, before: Mapping[str, Any], after: Mapping[str, Any], name: str, place: str = ""
) -> FieldDifference:
    return FieldDifference(what, before.get(name), after.get(name), name in before, name in after, place)


def _value(observed: Any) -> Any:
    return observed["new"] if isinstance(observed, Mapping) and "new" in observed else observed
