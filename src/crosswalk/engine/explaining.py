"""Why a field has its value: both sides, the base, the rule behind it, and the writes that led there."""


from msgspec import Struct

from crosswalk.config.nearest import nearest_name
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.link import Link
from crosswalk.domain.values import FieldValue
from crosswalk.engine.hub import Hub
from crosswalk.store import audit, identities, links
from crosswalk.store.audit import AuditEntry


class UnknownField(CrosswalkError):
    """The sync does not map this field."""


class FieldReport(Struct, frozen=True):
    """One field of a record; `verdict` says what reconcile makes of it now, `history` holds its writes, newest first."""

    field: str
    owner: str
    expression: str
    place: str
    identity_value: FieldValue
    error: str | None
    record_value: FieldValue
    base: FieldValue
    verdict: str
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
    definition = hub.compiled[sync].definition
    index, target = next((i, t) for i, t in enumerate(definition.targets) if t.object == link.record.object)
    maps = [each for each in target.fields if only is None or each.field.lower() == only.lower()]
    if not maps:
        near = nearest_name(only or "", [each.field for each in target.fields])
        raise UnknownField(
            f"sync {sync} maps no field {only} of {target.object}" + (f"; did you mean {near}?" if near else "")
        )
    async with hub.database.transaction() as connection:
        stored = (await identities.read(connection, definition.tenant, [link.user_id])).get(link.user_id)
        histories = {each.field: await audit.of_field(connection, link.record.id, each.field) for each in maps}
    return RecordReport(
        sync=sync,
        user_id=link.user_id,
        object=target.object,
        record_id=link.record.id,
        evidence=link.evidence,
        fields=tuple(
            [await _field(hub, sync, index, each, link, stored, tuple(histories[each.field])) for each in maps]
        ),
    )
