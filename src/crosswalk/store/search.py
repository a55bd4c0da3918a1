"""Find identities by what a person has at hand: a user id, an e-mail address, a record id."""

from collections.abc import Sequence
from datetime import datetime

import psycopg
from msgspec import Struct
from psycopg.rows import class_row

from crosswalk.domain.ids import SyncName, TenantName
from crosswalk.store.database import Connection
from crosswalk.store.errors import DatabaseUnavailable

SEARCH_TIMEOUT_MS = 5_000


class SearchTooSlow(DatabaseUnavailable):
    """The search took longer than five seconds: give a whole user id or record id, which are found by an index."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


class FoundIdentity(Struct, frozen=True):
    """One identity as one sync sees it; without a link, what belongs to the record is `None`."""

    sync: str
    user_id: str
    profile: bytes
    deleted: bool
    object: str | None
    record_id: str | None
    evidence: str | None
    changed_at: datetime


# An identity is found by its whole id, by the 15 or 18 characters of its record's id, or by any part of its profile or
# base. The first two rely on the primary key and on the unique index of links; a part of the profile or base reads them
# all, which is why there is a time limit. The profile is compared in PostgreSQL's escape format, as is the part: unlike
# decoding, that cannot fail.
FIND = """
SELECT s.sync, i.user_id, i.profile, i.deleted, l.object, l.record_id, l.evidence,
       greatest(i.seen_at, l.changed_at) AS changed_at
FROM unnest(%(syncs)s::text[], %(tenants)s::text[]) AS s (sync, tenant)
JOIN identities AS i ON i.tenant = s.tenant
LEFT JOIN links AS l ON l.sync = s.sync AND l.user_id = i.user_id
WHERE %(exact)s = ''
    OR i.user_id = %(exact)s
    OR left(l.record_id, 15) = left(%(exact)s, 15) AND length(%(exact)s) IN (15, 18)
    OR i.user_id ILIKE %(part)s
    OR encode(i.profile, 'escape') ILIKE %(escaped_part)s
    OR l.base::text ILIKE %(part)s
ORDER BY greatest(i.seen_at, l.changed_at) DESC, i.user_id, s.sync
LIMIT %(limit)s OFFSET %(offset)s
"""


async def find(
    connection: Connection, syncs: Sequence[tuple[SyncName, TenantName]], text: str, limit: int, offset: int = 0
) -> list[FoundIdentity]:
    """The identities that `text` finds in these syncs (all when it is empty), the most recently changed first.

    Must be called inside a transaction: the time limit holds until its end.

    Raises
    ------
    SearchTooSlow
        No answer within five seconds.
    """
    text = text.strip().replace("\0", "")
    part = _like(text)
    parameters = {
        "syncs": [sync for sync, _ in syncs],
        "tenants": [tenant for _, tenant in syncs],
        "exact": text,
        "part": f"%{part}%",
        "escaped_part": f"%{_like(_escape_format(text))}%",
        "limit": limit,
        "offset": offset,
    }
    await connection.execute("SELECT set_config('statement_timeout', %s, true)", (str(SEARCH_TIMEOUT_MS),))
    try:
        async with connection.cursor(row_factory=class_row(FoundIdentity)) as cursor:
            return await (await cursor.execute(FIND, parameters)).fetchall()
    except psycopg.errors.QueryCanceled as error:
        raise SearchTooSlow from error


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _escape_format(text: str) -> str:
    """`text` as PostgreSQL's `encode(…, 'escape')` shows its bytes: high bytes in octal, backslashes doubled."""
    return "".join(
        chr(byte) if byte < 0x80 and byte != 0x5C else ("\\\\" if byte == 0x5C else f"\\{byte:03o}")
        for byte in text.encode("utf-8", "replace")
    )
