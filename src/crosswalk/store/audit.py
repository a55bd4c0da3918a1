"""The ledger of writes: append-only, one row for each field of each record that was written."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct
from psycopg.rows import class_row

from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.values import FieldValue
from crosswalk.store.database import Connection
from crosswalk.store.new_rows import blobs, copy_rows, numbers, rows_of, texts, words

_encode = msgspec.json.Encoder().encode

AUTH0_USER = "Auth0 user"
"""What stands in the place of the object's name for a write to a user: no object of Salesforce has a blank in it."""


class AuditEntry(Struct, frozen=True):
    """Who wrote which field of which record, why, because of which event, and what it replaced."""

    sync: str
    user_id: str
    object: str
    record_id: str
    action: str
    field: str
    old: FieldValue
    new: FieldValue
    reason: str
    place: str
    actor: str
    event_seq: int | None = None
    at: datetime | None = None
    id: int | None = None
    event_id: str | None = None
    event_type: str | None = None
    event_at: datetime | None = None


APPEND = """
COPY audit (actor, sync, user_id, object, record_id, action, field, old, new, reason, place, event_seq)
FROM STDIN (FORMAT binary)
"""

# The inbox is asked for one number at a time: only the part that holds it is looked into.
_COLUMNS = """
SELECT a.id, a.at, a.actor, a.sync, a.user_id, a.object, a.record_id, a.action, a.field, a.old, a.new, a.reason,
       a.place, a.event_seq, i.event_id, i.type AS event_type, i.occurred_at AS event_at
FROM audit AS a
LEFT JOIN LATERAL (SELECT * FROM inbox WHERE seq = a.event_seq LIMIT 1) AS i ON true
"""

# Relies on audit_by_user.
OF_IDENTITY = _COLUMNS + "WHERE a.sync = %s AND a.user_id = %s ORDER BY a.id DESC LIMIT %s"

# The history of one field. Relies on audit_by_record.
OF_FIELD = _COLUMNS + "WHERE a.record_id = %s AND a.field = %s ORDER BY a.id DESC LIMIT %s"

LATEST = _COLUMNS + "WHERE a.id > %s ORDER BY a.id DESC LIMIT %s"

# Relies on audit_by_user.
WRITTEN_SINCE = _COLUMNS + "WHERE a.sync = %s AND a.user_id = ANY(%s::text[]) AND a.event_seq >= %s ORDER BY a.id DESC"


async def append(connection: Connection, entries: Sequence[AuditEntry]) -> None:
    """Add entries by COPY."""
    if entries:
        await copy_rows(connection, APPEND, _rows(entries))


def _rows(entries: Sequence[AuditEntry]) -> bytes:
    """Entries in the order of the columns of `APPEND`."""
    return rows_of(
        words([e.actor for e in entries]),
        words([e.sync for e in entries]),
        texts([e.user_id for e in entries]),
        words([e.object for e in entries]),
        texts([e.record_id for e in entries]),
        words([e.action for e in entries]),
        words([e.field for e in entries]),
        blobs([_encode(e.old) for e in entries]),
        blobs([_encode(e.new) for e in entries]),
        words([e.reason for e in entries]),
        words([e.place for e in entries]),
        numbers([e.event_seq for e in entries], 8),
    )


async def of_identity(connection: Connection, sync: SyncName, user_id: UserId, limit: int = 200) -> list[AuditEntry]:
    """The newest entries about one identity, newest first."""
    async with connection.cursor(row_factory=class_row(AuditEntry)) as cursor:
        return await (await cursor.execute(OF_IDENTITY, (sync, user_id, limit))).fetchall()


async def of_field(connection: Connection, record_id: str, field: str, limit: int = 50) -> list[AuditEntry]:
    """The newest entries about one field of one record, newest first."""
    async with connection.cursor(row_factory=class_row(AuditEntry)) as cursor:
        return await (await cursor.execute(OF_FIELD, (record_id, field, limit))).fetchall()


async def latest(connection: Connection, after_id: int = 0, limit: int = 50) -> list[AuditEntry]:
    """The newest entries of all, newest first, that are younger than entry `after_id`."""
    async with connection.cursor(row_factory=class_row(AuditEntry)) as cursor:
        return await (await cursor.execute(LATEST, (after_id, limit))).fetchall()
