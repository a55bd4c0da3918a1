"""Links that ended: what an identity or a record was linked to before, and why it is not any more."""

from collections.abc import Sequence
from typing import Any

import msgspec

from crosswalk.domain.ids import RecordId, SyncName, UserId
from crosswalk.domain.link import EndedLink, LinkEnd
from crosswalk.store.database import Connection

_values = msgspec.json.Decoder(dict[str, str | int | float | bool | None]).decode

# Moves links to the history. A link that is not there any more, because another worker ended it, is left out.
END = """
WITH given AS (
    SELECT *
    FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::text[])
         AS g (user_id, record_id, reason, successor, moved_to)
), ended AS (
    DELETE FROM links AS l
    USING given AS g
    WHERE l.sync = %b AND l.user_id = g.user_id AND l.record_id = g.record_id
    RETURNING l.sync, l.user_id, l.object, l.record_id, g.reason, l.evidence, l.base, g.successor, g.moved_to,
              l.linked_at
)
INSERT INTO former_links
    (sync, user_id, object, record_id, reason, evidence, base, successor, moved_to, linked_at)
SELECT *
FROM ended
ORDER BY user_id
"""

_COLUMNS = """
user_id, object, record_id, reason, evidence, base::text, successor, moved_to, linked_at, ended_at
FROM former_links
"""

# Relies on former_links_by_user.
LATEST = (
    "SELECT DISTINCT ON (user_id)"
    + _COLUMNS
    + "WHERE sync = %s AND user_id = ANY(%b::text[]) ORDER BY user_id, id DESC"
)

# Relies on former_links_by_user.
OF_IDENTITY = "SELECT" + _COLUMNS + "WHERE sync = %s AND user_id = %s ORDER BY id DESC LIMIT %s"

# Relies on former_links_by_short_record_id.
OF_RECORD = "SELECT sync," + _COLUMNS + "WHERE left(record_id, 15) = left(%s, 15) ORDER BY id DESC LIMIT %s"

# Whose last record each of these was, until somebody deleted it. Relies on former_links_by_short_record_id.
DELETED_FROM = """
SELECT DISTINCT ON (f.record_id) f.record_id, f.user_id
FROM former_links AS f
WHERE f.sync = %s AND left(f.record_id, 15) = ANY(%b::text[]) AND f.reason = 'deleted'
    AND NOT EXISTS (SELECT FROM links AS l WHERE l.sync = f.sync AND l.user_id = f.user_id)
    AND NOT EXISTS (
        SELECT FROM former_links AS later
        WHERE later.sync = f.sync AND later.user_id = f.user_id AND later.id > f.id
    )
ORDER BY f.record_id, f.id DESC
"""


async def end(connection: Connection, sync: SyncName, ended: Sequence[EndedLink]) -> None:
    """End links, and keep them in the history."""
    if not ended:
        return
    columns = (
        [each.user_id for each in ended],
        [each.record_id for each in ended],
        [each.reason.value for each in ended],
        [each.successor for each in ended],
        [each.moved_to for each in ended],
    )
    await connection.execute(END, (*columns, sync))


async def latest(connection: Connection, sync: SyncName, user_ids: Sequence[UserId]) -> dict[UserId, EndedLink]:
    """The link of each of these identities that ended last; those that never had another are absent."""
    rows = await (await connection.execute(LATEST, (sync, list(user_ids)))).fetchall()
    return {UserId(row[0]): _ended(row) for row in rows}


async def of_identity(connection: Connection, sync: SyncName, user_id: UserId, limit: int = 50) -> list[EndedLink]:
    """The links that an identity had before, the last one first."""
    rows = await (await connection.execute(OF_IDENTITY, (sync, user_id, limit))).fetchall()
    return [_ended(row) for row in rows]


async def of_record(connection: Connection, record_id: str, limit: int = 50) -> list[tuple[SyncName, EndedLink]]:
    """The links that a record had before in any sync, by its 15- or 18-character id, the last one first."""
    rows = await (await connection.execute(OF_RECORD, (record_id, limit))).fetchall()
    return [(SyncName(row[0]), _ended(row[1:])) for row in rows]


async def deleted_from(
    connection: Connection, sync: SyncName, record_ids: Sequence[RecordId]
) -> dict[RecordId, UserId]:
    """The identities that had one of these records until somebody deleted it, and none since."""
    short = [record_id[:15] for record_id in record_ids]
    rows = await (await connection.execute(DELETED_FROM, (sync, short))).fetchall()
    return {RecordId(record_id): UserId(user_id) for record_id, user_id in rows}


def _ended(row: tuple[Any, ...]) -> EndedLink:
    user_id, object_, record_id, reason, evidence, base, successor, moved_to, linked_at, ended_at = row
    return EndedLink(
        UserId(user_id),
        object_,
        RecordId(record_id),
        LinkEnd(reason),
        evidence,
        _values(base),
        None if successor is None else UserId(successor),
        None if moved_to is None else RecordId(moved_to),
        linked_at,
        ended_at,
    )
