"""Links between identities and records, with the record's replica and the base of the merge."""

from collections.abc import Sequence
from typing import Any

import msgspec

from crosswalk.domain.ids import RecordId, SyncName, UserId
from crosswalk.domain.link import Link, Standing
from crosswalk.domain.record import Record
from crosswalk.store.database import Connection
from crosswalk.store.new_rows import MANY, a_few, add_rows, blobs, rows_of, same, texts, words

_encode = msgspec.json.Encoder().encode
_values = msgspec.json.Decoder(dict[str, str | int | float | bool | None]).decode

# Relies on the primary key (sync, user_id).
READ = """
SELECT user_id, object, record_id, evidence, record::text, base::text, standing, settled
FROM links
WHERE sync = %s AND user_id = ANY(%b::text[])
"""

# Relies on the unique index (sync, record_id).
OWNERS = """
SELECT record_id, user_id
FROM links
WHERE sync = %s AND record_id = ANY(%b::text[])
"""

# A record that another identity took meanwhile is not taken from it: that row is left out and missing in the answer.
SAVE = """
INSERT INTO links (sync, user_id, object, record_id, evidence, record, base, standing, settled)
SELECT %s, user_id, object, record_id, evidence, record::json, base::json, standing, settled
FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[])
     AS given (user_id, object, record_id, evidence, record, base, standing, settled)
WHERE NOT EXISTS (
    SELECT FROM links AS other
    WHERE other.sync = %s AND other.record_id = given.record_id AND other.user_id <> given.user_id
)
ORDER BY given.user_id
ON CONFLICT (sync, user_id) DO UPDATE
SET object = excluded.object, record_id = excluded.record_id, evidence = excluded.evidence,
    record = excluded.record, base = excluded.base, standing = excluded.standing, settled = excluded.settled,
    changed_at = now()
RETURNING user_id
"""

# Who of these has a link, and which of these records are linked. Relies on the two unique indexes. How many are asked
# for is kept from the planner, which takes them for ten then: it looks each up in the index, however small the table
# was when it planned, and does not weigh each of thousands.
TAKEN = """
WITH given AS MATERIALIZED (SELECT %b::text[] AS users, %b::text[] AS records)
SELECT user_id FROM links WHERE sync = %b AND user_id = ANY((SELECT users FROM given)::text[])
UNION ALL
SELECT record_id FROM links WHERE sync = %b AND record_id = ANY((SELECT records FROM given)::text[])
"""
ADD = """
COPY links (sync, user_id, object, record_id, evidence, record, base, standing, settled) FROM STDIN (FORMAT binary)
"""

# Relies on links_by_short_record_id.
BY_RECORD = """
SELECT sync, user_id, object, record_id, evidence, record::text, base::text, standing, settled
FROM links
WHERE left(record_id, 15) = left(%s, 15)
"""


async def read(connection: Connection, sync: SyncName, user_ids: Sequence[UserId]) -> dict[UserId, Link]:
    """The links of these identities; unlinked ones are absent."""
    rows = await (await connection.execute(READ, (sync, list(user_ids)))).fetchall()
    return {row[0]: _link(row) for row in rows}


async def owners(connection: Connection, sync: SyncName, record_ids: Sequence[RecordId]) -> dict[RecordId, UserId]:
    """Which of these records are linked already, and to whom."""
    rows = await (await connection.execute(OWNERS, (sync, list(record_ids)))).fetchall()
    return dict(rows)


async def save(connection: Connection, sync: SyncName, links: Sequence[Link]) -> set[UserId]:
    """Store links; returns whose were stored. Missing: those whose record another identity holds."""
    added: set[UserId] = set()
    if len(links) >= MANY:
        added = await _add(connection, sync, links)
    links = [link for link in links if link.user_id not in added]
    if not links:
        return added
    rows = await (
        await connection.execute(
            SAVE,
            (
                sync,
                [link.user_id for link in links],
                [link.record.object for link in links],
                [link.record.id for link in links],
                [link.evidence for link in links],
                [_encode(link.record.fields).decode() for link in links],
                [_encode(link.base).decode() for link in links],
                [link.standing.value for link in links],
                [link.settled for link in links],
                sync,
            ),
        )
    ).fetchall()
    return added | {row[0] for row in rows}


async def _add(connection: Connection, sync: SyncName, links: Sequence[Link]) -> set[UserId]:
    """Store links of identities and records that have none, where most do not; returns whose were stored."""
    some = a_few(links)
    new_of_some = len(await _not_there(connection, sync, some))
    if new_of_some == len(some) and await add_rows(connection, (ADD, _rows(sync, links))):
        return {link.user_id for link in links}
    if 2 * new_of_some < len(some):
        return set()
    new = await _not_there(connection, sync, links)
    if MANY <= len(new) < len(links) and await add_rows(connection, (ADD, _rows(sync, new))):
        return {link.user_id for link in new}
    return set()


async def _not_there(connection: Connection, sync: SyncName, links: Sequence[Link]) -> list[Link]:
    """Of these links, those whose identity has none and whose record is nobody's."""
    of_users, of_records = [link.user_id for link in links], [link.record.id for link in links]
    rows = await (await connection.execute(TAKEN, (of_users, of_records, sync, sync))).fetchall()
    taken = {row[0] for row in rows}
    return [link for link in links if link.user_id not in taken and link.record.id not in taken]


def _rows(sync: SyncName, links: Sequence[Link]) -> bytes:
    links = sorted(links, key=lambda link: link.user_id)
    return rows_of(
        same(sync, len(links)),
        texts([link.user_id for link in links]),
        words([link.record.object for link in links]),
        texts([link.record.id for link in links]),
        words([link.evidence for link in links]),
        blobs([_encode(link.record.fields) for link in links]),
        blobs([_encode(link.base) for link in links]),
        words([link.standing.value for link in links]),
        texts([link.settled for link in links]),
    )


async def by_record(connection: Connection, record_id: str) -> list[tuple[SyncName, Link]]:
    """The links to one record in any sync, by its 15- or 18-character id."""
    rows = await (await connection.execute(BY_RECORD, (record_id,))).fetchall()
    return [(SyncName(row[0]), _link(row[1:])) for row in rows]


def _link(row: tuple[Any, ...]) -> Link:
    user_id, object_, record_id, evidence, record, base, standing, settled = row
    replica = Record(object_, RecordId(record_id), _values(record))
    return Link(UserId(user_id), replica, _values(base), evidence, Standing(standing), settled)
