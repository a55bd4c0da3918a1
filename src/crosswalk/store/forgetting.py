"""What comes about somebody who was erased is not kept: the event is, without its content and without its ids."""

from collections.abc import Sequence

from msgspec.structs import replace

from crosswalk.domain.erasure import (
    CREATIONS,
    digest_of_record,
    digest_of_user,
    pseudonym_of,
    pseudonym_of_event,
)
from crosswalk.domain.event import Disposition, Event, RecordRef
from crosswalk.domain.ids import OrgName, RecordId, TenantName, UserId
from crosswalk.store import erased
from crosswalk.store.database import Connection

ERASED = "erased"

# Relies on links_by_short_record_id.
LINKED = """
SELECT DISTINCT record_id
FROM links
WHERE left(record_id, 15) = ANY(%b::text[])
"""


async def forget_users(
    connection: Connection, events: Sequence[tuple[TenantName, Event]]
) -> Sequence[tuple[TenantName, Event]]:
    """The events, those about erased users without content; a user who was made anew is nobody erased any more."""
    by_user = {(t, e.user_id): digest_of_user(t, e.user_id) for t, e in events if e.user_id is not None}
    standing = await erased.standing(connection, set(by_user.values()))
    if not standing:
        return events
    anew = {
        digest
        for tenant, event in events
        if event.user_id is not None
        and event.type in CREATIONS
        and (digest := by_user[tenant, event.user_id]) in standing
        and event.occurred_at > standing[digest]
    }
    if anew:
        await erased.lift(connection, anew)
    gone = {key: digest for key, digest in by_user.items() if digest in standing and digest not in anew}
    return [
        (tenant, _emptied(event, user_id=UserId(pseudonym_of(gone[tenant, event.user_id]))))
        if event.user_id is not None and (tenant, event.user_id) in gone
        else (tenant, event)
        for tenant, event in events
    ]


async def forget_records(connection: Connection, org: OrgName, events: Sequence[Event]) -> Sequence[Event]:
    """The events, those about records of erased people without content, unless somebody has the record by now."""
    by_record = {e.record.id: digest_of_record(org, e.record.id) for e in events if e.record is not None}
    standing = await erased.standing(connection, set(by_record.values()))
    if not standing:
        return events
    asked = [record_id[:15] for record_id, digest in by_record.items() if digest in standing]
    linked = {RecordId(row[0]) for row in await (await connection.execute(LINKED, (asked,))).fetchall()}
    if linked:
        await erased.lift(connection, [by_record[record_id] for record_id in linked if record_id in by_record])
    gone = {record_id: d for record_id, d in by_record.items() if d in standing and record_id not in linked}
    return [
        _emptied(event, record=RecordRef(event.record.object, RecordId(pseudonym_of(gone[event.record.id]))))
        if event.record is not None and event.record.id in gone
        else event
        for event in events
    ]


def _emptied(event: Event, user_id: UserId | None = None, record: RecordRef | None = None) -> Event:
    return replace(
        event,
        id=pseudonym_of_event(event.id),
        disposition=Disposition.IGNORED,
        note=ERASED,
        raw=b"{}",
        user_id=user_id,
        record=record,
    )
