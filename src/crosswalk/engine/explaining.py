"""Why a field has its value: both sides, the base, the rule behind it, and the writes that led there."""

import asyncio

from msgspec import Struct

from crosswalk.config.nearest import nearest_name
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.evaluation import TargetEvaluation
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.link import Link
from crosswalk.engine.hub import Hub
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.explain import FieldExplanation, explain_field
from crosswalk.store import audit, identities, links
from crosswalk.store.audit import AuditEntry


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


async def explain_record(hub: Hub, record_or_user: str, field: str | None) -> list[RecordReport]:
    """Explain every link of a record or of a user, in whichever syncs it has one.

    Raises
    ------
    UnknownField
        The sync maps no such field; the message has the nearest name.
    """
    found = await _links(hub, record_or_user)
    return [await _report(hub, sync, link, field) for sync, link in found if sync in hub.compiled]


async def _links(hub: Hub, record_or_user: str) -> list[tuple[SyncName, Link]]:
    async with hub.database.transaction() as connection:
        if "|" not in record_or_user:
            return await links.by_record(connection, record_or_user)
        user_id = UserId(record_or_user)
        found = [(sync, (await links.read(connection, sync, [user_id])).get(user_id)) for sync in hub.compiled]
    return [(sync, link) for sync, link in found if link is not None]


async def _report(hub: Hub, sync: SyncName, link: Link, only: str | None) -> RecordReport:
    compiled = hub.compiled[sync]
    target = compiled.targets[compiled.target_indexes[link.record.object]]
    names = [each.field for each in target.target.fields if only is None or each.field.lower() == only.lower()]
    if not names:
        near = nearest_name(only or "", [each.field for each in target.target.fields])
        hint = f"; did you mean {near}?" if near else ""
        raise UnknownField(f"sync {sync} maps no field {only} of {target.target.object}{hint}")
    async with hub.database.transaction() as connection:
        stored = await identities.read(connection, compiled.definition.tenant, [link.user_id])
        histories = {name: await audit.of_field(connection, link.record.id, name) for name in names}
    evaluation = await asyncio.to_thread(_evaluate, compiled, stored.get(link.user_id), link)
    explained = [explain_field(target, name, evaluation, link) for name in names]
    return RecordReport(
        sync=sync,
        user_id=link.user_id,
        object=target.target.object,
        record_id=link.record.id,
        evidence=link.evidence,
        fields=tuple(FieldReport(each, tuple(histories[each.field])) for each in explained),
    )


def _evaluate(compiled: CompiledSync, identity: Identity | None, link: Link) -> TargetEvaluation:
    """What the mappings say about the identity now; nothing, where its state is not known."""
    if identity is None:
        return TargetEvaluation({}, (), ())
    return compiled.evaluate([identity])[0].targets[compiled.target_indexes[link.record.object]]
