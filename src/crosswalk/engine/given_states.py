"""The states of identities as cases give them: as they are stored, or as they were before some events."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from crosswalk.cases.case import CandidateGiven, DecidedGiven, Given, SideDecided
from crosswalk.cases.running import identity_of
from crosswalk.domain.decision import FieldDecision
from crosswalk.domain.event import Disposition
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import RecordId, SyncName, UserId
from crosswalk.domain.record import Record
from crosswalk.engine.hub import Hub
from crosswalk.engine.past import Before, before_writes
from crosswalk.engine.states import Hint, fold, newer
from crosswalk.flows.deactivation import NAME as DEACTIVATION
from crosswalk.matching.look_ups import look_ups
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.tracking import tracked_fields
from crosswalk.store import decisions, effects, identities, links, past, quarantines
from crosswalk.store.audit import AuditEntry
from crosswalk.store.due import DueEvent
from crosswalk.store.effects import Holding


class Stood(Struct, frozen=True):
    """How an identity stood.

    Parameters
    ----------
    given
        Its states, without candidates that have to be looked up.
    must_look_up
        Whether it had no link, so that the org would have been asked for its record.
    written
        What was written because of the events, newest first. Where a later event outside of them was dealt with at the
        same time, the writes are that one's.
    """

    given: Given
    must_look_up: bool = False
    written: tuple[AuditEntry, ...] = ()


async def stored_states(hub: Hub, sync: SyncName, user_ids: Sequence[UserId]) -> dict[UserId, Stood]:
    """The states of these identities now; those that the hub never heard of are absent."""
    return await _states(hub, sync, user_ids, {}, {})


async def states_before(hub: Hub, sync: SyncName, events: Sequence[DueEvent]) -> dict[UserId, Stood]:
    """The states in which these events found their identities: the user as the newest event says, the rest as before.

    What people decided, and what is left alone, is as it is now.
    """
    hints = fold(events)
    if not hints:
        return {}
    async with hub.database.transaction() as connection:
        written = await past.written_since(connection, sync, list(hints), min(item.seq for item in events))
    return await _states(hub, sync, list(hints), hints, _from_first(events, written))


def _from_first(
    events: Sequence[DueEvent], written: Mapping[UserId, Sequence[AuditEntry]]
) -> dict[UserId, Sequence[AuditEntry]]:
    """Of each identity, what was written since its own first event."""
    first: dict[str, int] = {}
    for item in events:
        if item.event.user_id is not None and item.event.disposition is not Disposition.IGNORED:
            first[item.event.user_id] = min(item.seq, first.get(item.event.user_id, item.seq))
    return {
        user_id: [entry for entry in entries if entry.event_seq is not None and entry.event_seq >= first[user_id]]
        for user_id, entries in written.items()
        if user_id in first
    }


async def _states(
    hub: Hub,
    sync: SyncName,
    user_ids: Sequence[UserId],
    hints: Mapping[UserId, Hint],
    written: Mapping[UserId, Sequence[AuditEntry]],
) -> dict[UserId, Stood]:
    definition = hub.compiled[sync].definition
    async with hub.database.transaction() as connection:
        stored = await identities.read(connection, definition.tenant, user_ids)
        known = await links.read(connection, sync, user_ids)
        decided = await decisions.standing(connection, sync, user_ids)
        resting = await quarantines.standing(connection, sync, user_ids)
        holding = await effects.read(connection, sync, DEACTIVATION, user_ids)
    found: dict[UserId, Stood] = {}
    for user_id in user_ids:
        carried = hints[user_id].newest if user_id in hints else None
        state = carried if carried is not None and not carried.deleted else stored.get(user_id, carried)
        if carried is not None and carried.deleted and state is not None:
            state = newer(state, carried)
        if state is None:
            continue
        entries = written.get(user_id, ())
        before = before_writes(known.get(user_id), state.profile, entries, definition)
        profile = state.profile if carried is not None else msgspec.json.encode(before.profile)
        given = _given(hub.compiled[sync], replace(state, profile=profile), before, holding.get(user_id, Holding()))
        fields = decided.fields.get(user_id, {})
        match = decided.matches.get(user_id)
        given = replace(
            given,
            record=_after(given.record, hints.get(user_id)),
            decided=DecidedGiven(None if match is None else match.choice, _sides(fields)),
            quarantined=tuple(each.field for each in resting.get(user_id, ())),
        )
        last = hints[user_id].seq if user_id in hints else 0
        because = tuple(entry for entry in entries if entry.event_seq is not None and entry.event_seq <= last)
        found[user_id] = Stood(given, given.record is None and not given.deleted, because)
    return found


def _given(compiled: CompiledSync, state: Identity, before: Before, holding: Holding) -> Given:
    user = {"user_id": str(state.user_id), **msgspec.json.decode(state.profile)}
    user.setdefault("updated_at", state.version.updated_at)
    candidates = () if before.found is None else (CandidateGiven(before.found),)
    given = Given(user=user, deleted=state.deleted, candidates=candidates, held=holding.held, episode=holding.episode)
    if before.link is None:
        return given
    link = before.link
    base = {name: value for name, value in link.base.items() if link.record.fields.get(name) != value}
    given = replace(given, record=link.record, base=base, evidence=link.evidence)
    index = compiled.target_indexes.get(link.record.object)
    if index is None:
        return given
    fields = link.record.fields
    mapped = compiled.targets[index].by_name
    return replace(given, unagreed=tuple(name for name in mapped if name in fields and name not in link.base))


def _after(record: Record | None, hint: Hint | None) -> Record | None:
    """The record with what the org told of it."""
    if record is None or hint is None:
        return record
    fields = dict(record.fields)
    for change in hint.changes:
        if change.id == record.id:
            fields |= {name: value for name, value in change.fields.items() if name in fields}
    return Record(record.object, record.id, fields)


def _sides(fields: Mapping[str, FieldDecision]) -> dict[str, SideDecided]:
    return {
        name: SideDecided(each.side, each.identity_value, each.record_value, of_now=False)
        for name, each in fields.items()
    }


async def look_up_candidates(
    hub: Hub, sync: SyncName, compiled: CompiledSync, evaluated: Sequence[Given]
) -> list[CandidateGiven]:
    """The records that the org holds for these states by the rules of `compiled`, each with whom it is linked to.

    Raises
    ------
    crosswalk.connectors.errors.ConnectorError
        The org did not answer.
    """
    definition = compiled.definition
    evaluations = compiled.evaluate([identity_of(each.user) for each in evaluated if each.user is not None])
    select = {target.object: tracked_fields(target, definition.flows) for target in definition.targets}
    wanted = list(look_ups(evaluations, compiled.rules, select, {}).values())
    answers = await hub.orgs[hub.compiled[sync].definition.org].look_up(wanted) if wanted else []
    records: dict[RecordId, Record] = {record.id: record for records in answers for record in records}
    async with hub.database.transaction() as connection:
        owners = await links.owners(connection, sync, list(records))
    return [CandidateGiven(record, owners.get(record_id)) for record_id, record in records.items()]
