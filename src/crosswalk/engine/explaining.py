"""Why a field has its value: both sides, the base, the rule behind it, and the writes that led there."""

import asyncio

from msgspec import Struct
from msgspec.structs import replace

from crosswalk.config.nearest import nearest_name
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.evaluation import Evaluation, TargetEvaluation
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.link import Link
from crosswalk.engine.hub import Hub
from crosswalk.engine.tracking import tracked_fields
from crosswalk.mapping.compiled import CompiledTarget
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.explain import FieldExplanation, explain_field
from crosswalk.reconcile.merge import NO_AGES
from crosswalk.reconcile.planner import ages_of
from crosswalk.store import audit, identities, links
from crosswalk.store.audit import AuditEntry
from crosswalk.store.database import Connection

_NOTHING = TargetEvaluation({}, (), ())


class UnknownField(CrosswalkError):
    """The sync does not map this field."""


class FieldReport(Struct, frozen=True):
    """One field of a record: what decides about it now, and its writes so far, newest first."""

    now: FieldExplanation
    history: tuple[AuditEntry, ...]


class RecordReport(Struct, frozen=True):
    """One linked record with its fields."""

    sync: str
    user_id: str
    object: str
    record_id: str
    evidence: str
    fields: tuple[FieldReport, ...]


async def explain_record(hub: Hub, record_or_user: str, field: str | None, *, live: bool = False) -> list[RecordReport]:
    """Explain every link of a record or of a user, in whichever syncs it has one.

    Parameters
    ----------
    field
        Only this one: the Salesforce field, or the place in the user that it goes to.
    live
        Whether both sides are read now, instead of taking what the hub last knew.

    Raises
    ------
    UnknownField
        The sync maps no such field; the message has the nearest name.
    crosswalk.connectors.errors.ConnectorError
        With `live`: one of the sides could not be read.
    """
    found = await _links(hub, record_or_user)
    return [await _report(hub, sync, link, field, live=live) for sync, link in found if sync in hub.compiled]


async def _links(hub: Hub, record_or_user: str) -> list[tuple[SyncName, Link]]:
    async with hub.database.transaction() as connection:
        if "|" not in record_or_user:
            return await links.by_record(connection, record_or_user)
        user_id = UserId(record_or_user)
        found = [(sync, (await links.read(connection, sync, [user_id])).get(user_id)) for sync in hub.compiled]
    return [(sync, link) for sync, link in found if link is not None]


async def _report(hub: Hub, sync: SyncName, link: Link, only: str | None, *, live: bool) -> RecordReport:
    compiled = hub.compiled[sync]
    target = compiled.targets[compiled.target_indexes[link.record.object]]
    names = _wanted(compiled, target, only)
    async with hub.database.transaction() as connection:
        stored = await identities.read(connection, compiled.definition.tenant, [link.user_id])
        histories = {name: await _history(connection, target, link, name) for name in names}
    identity = stored.get(link.user_id)
    if live:
        identity, link = await _read_now(hub, compiled, identity, link)
    evaluation = await asyncio.to_thread(_evaluate, compiled, identity)
    evaluated = evaluation.targets[compiled.target_indexes[link.record.object]] if evaluation else _NOTHING
    ages = ages_of(evaluation, link.record) if evaluation else NO_AGES
    explained = [explain_field(target, name, evaluated, link, ages) for name in names]
    return RecordReport(
        sync=sync,
        user_id=link.user_id,
        object=target.target.object,
        record_id=link.record.id,
        evidence=link.evidence,
        fields=tuple(FieldReport(each, histories[each.field]) for each in explained),
    )


def _wanted(compiled: CompiledSync, target: CompiledTarget, only: str | None) -> list[str]:
    """The fields to explain: all, or the one that is named by itself or by its place in the user."""
    places = {field.name: ".".join(field.to or ()) for field in target.fields}
    if only is None:
        return list(places)
    wanted = only.lower()
    names = [name for name, place in places.items() if wanted in (name.lower(), place.lower())]
    if not names:
        near = nearest_name(only, [*places, *filter(None, places.values())])
        hint = f"; did you mean {near}?" if near else ""
        raise UnknownField(f"sync {compiled.definition.name} maps no field {only} of {target.target.object}{hint}")
    return names


async def _history(connection: Connection, target: CompiledTarget, link: Link, name: str) -> tuple[AuditEntry, ...]:
    """The writes of a field to either side, newest first."""
    entries = await audit.of_field(connection, link.record.id, name)
    place = target.by_name[name].to
    if place is not None:
        entries += await audit.of_field(connection, link.user_id, ".".join(place))
    return tuple(sorted(entries, key=lambda entry: entry.id or 0, reverse=True))


async def _read_now(
    hub: Hub, compiled: CompiledSync, identity: Identity | None, link: Link
) -> tuple[Identity | None, Link]:
    """The identity and its link as both sides are now; what is gone stays as it was last known."""
    definition = compiled.definition
    fields = tracked_fields(definition.targets[compiled.target_indexes[link.record.object]], definition.flows)
    user = (await hub.tenants[definition.tenant].read_users([link.user_id]))[link.user_id]
    found = await hub.orgs[definition.org].find_candidates(link.record.object, fields, "Id", [link.record.id])
    return user or identity, replace(link, record=found[0]) if found else link


def _evaluate(compiled: CompiledSync, identity: Identity | None) -> Evaluation | None:
    """What the mappings say about the identity; nothing, where its state is not known."""
    return None if identity is None else compiled.evaluate([identity])[0]
