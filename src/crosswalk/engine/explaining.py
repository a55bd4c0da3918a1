"""Why a field has its value: both sides, the base, the rule behind it, and the writes that led there."""

import asyncio

from msgspec import Struct
from msgspec.structs import replace

from crosswalk.config.nearest import nearest_name
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.evaluation import Evaluation, TargetEvaluation
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.link import EndedLink, Link, Standing
from crosswalk.engine.hub import Hub
from crosswalk.mapping.compiled import CompiledTarget
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.explain import FieldExplanation, explain_field
from crosswalk.reconcile.merge import NO_AGES
from crosswalk.reconcile.planner import ages_of
from crosswalk.reconcile.tracking import tracked_fields
from crosswalk.store import audit, former_links, identities, links
from crosswalk.store.audit import AuditEntry
from crosswalk.store.database import Connection

_NOTHING = TargetEvaluation({}, (), ())

ENDED = "ended"
"""What stands in the place of a link's standing where there is no link any more."""


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
    standing: str = Standing.LIVE.value
    """How the record was found when it was last looked at; `ended` where there is no link any more."""
    former: tuple[EndedLink, ...] = ()
    """The links that the user and the record had before, the last one first."""


async def explain_record(hub: Hub, record_or_user: str, field: str | None, *, live: bool = False) -> list[RecordReport]:
    """Explain every link of a record or of a user, in whichever syncs it has one; without one, what it was before.

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
    reports = [await _report(hub, sync, link, field, live=live) for sync, link in found if sync in hub.compiled]
    return reports or await _ended_reports(hub, record_or_user)


async def _ended_reports(hub: Hub, record_or_user: str) -> list[RecordReport]:
    """What a user or a record without a link was linked to before."""
    async with hub.database.transaction() as connection:
        if "|" not in record_or_user:
            found = await former_links.of_record(connection, record_or_user)
        else:
            user_id = UserId(record_or_user)
            found = [
                (sync, each)
                for sync in hub.compiled
                for each in await former_links.of_identity(connection, sync, user_id)
            ]
    by_sync: dict[SyncName, list[EndedLink]] = {}
    for sync, each in found:
        by_sync.setdefault(sync, []).append(each)
    return [
        RecordReport(sync, last.user_id, last.object, last.record_id, last.evidence, (), ENDED, (last, *others))
        for sync, (last, *others) in by_sync.items()
    ]


async def _former(connection: Connection, sync: SyncName, link: Link) -> tuple[EndedLink, ...]:
    """What a link's two ends were linked to before."""
    of_user = await former_links.of_identity(connection, sync, link.user_id)
    of_record = await former_links.of_record(connection, link.record.id)
    found = {each.ended_at: each for each in of_user}
    found |= {each.ended_at: each for owner, each in of_record if owner == sync and each.user_id != link.user_id}
    return tuple(each for _, each in sorted(found.items(), key=lambda item: str(item[0]), reverse=True))


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
        former = await _former(connection, sync, link)
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
        standing=link.standing.value,
        former=former,
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
