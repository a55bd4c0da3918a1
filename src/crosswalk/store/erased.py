"""Who was erased: receipts without personal data, and the digests by which somebody forgotten is known again."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from crosswalk.domain.erasure import digest_of_record, digest_of_user
from crosswalk.domain.ids import OrgName, RecordId, TenantName, UserId
from crosswalk.store.database import Connection, fetch_row


class Receipt(Struct, frozen=True):
    """That a person was erased.

    Parameters
    ----------
    id, at, by
        Its number, when (UTC), and who ordered it.
    tenant, subject
        The tenant, and the pseudonym that stands in the place of the person's id.
    rows
        Table → how many rows were deleted or blanked.
    salesforce
        What was done with the records, sync by sync.
    """

    id: int
    at: datetime
    by: str
    tenant: str
    subject: str
    rows: Mapping[str, int]
    salesforce: Sequence[Mapping[str, str]] = ()


# Mostly nobody was.
ANYBODY = "SELECT EXISTS (SELECT FROM erased_ids)"

# Relies on the primary key.
STANDING = "SELECT digest, erased_at FROM erased_ids WHERE digest = ANY(%b::bytea[])"

REMEMBER = """
INSERT INTO erased_ids (digest, erasure)
SELECT digest, %s
FROM unnest(%b::bytea[]) AS given (digest)
ON CONFLICT (digest) DO UPDATE
SET erasure = excluded.erasure, erased_at = excluded.erased_at
"""

LIFT = "DELETE FROM erased_ids WHERE digest = ANY(%b::bytea[])"

# Whoever looked here before has stored what it was about by then, and whoever comes later sees what is new.
CLOSE_DOORS = "SET LOCAL lock_timeout = '10s'; LOCK TABLE erased_ids IN ACCESS EXCLUSIVE MODE"

FORGET_IDS = "DELETE FROM erased_ids WHERE erasure = %s"
FORGET_RECEIPT = "DELETE FROM erasures WHERE id = %s"

OPEN_RECEIPT = "INSERT INTO erasures (by, tenant, subject) VALUES (%s, %s, %s) RETURNING id"
FILL_RECEIPT = (
    "UPDATE erasures SET rows = %s::json, salesforce = %s::json WHERE id = %s RETURNING at, by, tenant, subject"
)

NEWEST = """
SELECT id, at, by, tenant, subject, rows, salesforce
FROM erasures
ORDER BY id DESC
LIMIT %s
"""


async def standing(connection: Connection, digests: Collection[bytes]) -> dict[bytes, datetime]:
    """Which of these were erased, and when (UTC)."""
    if not digests:
        return {}
    return dict(await (await connection.execute(STANDING, (list(digests),))).fetchall())


async def users(connection: Connection, tenant: TenantName, user_ids: Sequence[UserId]) -> set[UserId]:
    """Which of these users were erased, and not made anew since."""
    if not user_ids or not (await fetch_row(connection, ANYBODY))[0]:
        return set()
    by_digest = {digest_of_user(tenant, user_id): user_id for user_id in user_ids}
    return {by_digest[digest] for digest in await standing(connection, by_digest)}


async def close_doors(connection: Connection) -> None:
    """Wait for everything under way that may bring somebody in, and let others wait until this transaction ends."""
    await connection.execute(CLOSE_DOORS)


async def withdraw(connection: Connection, erasure: int) -> None:
    """Undo what a receipt began: nobody was erased."""
    await connection.execute(FORGET_IDS, (erasure,))
    await connection.execute(FORGET_RECEIPT, (erasure,))


async def records(connection: Connection, org: OrgName, record_ids: Sequence[RecordId]) -> set[RecordId]:
    """Which of these records were an erased person's."""
    by_digest = {digest_of_record(org, record_id): record_id for record_id in record_ids}
    return {by_digest[digest] for digest in await standing(connection, by_digest)}


async def remember(connection: Connection, erasure: int, digests: Collection[bytes]) -> None:
    """Know these again: what comes about them from now on is not kept."""
    await connection.execute(REMEMBER, (erasure, list(digests)))


async def lift(connection: Connection, digests: Collection[bytes]) -> None:
    """Treat these as anybody: they were made anew."""
    await connection.execute(LIFT, (list(digests),))


async def open_receipt(connection: Connection, by: str, tenant: TenantName, subject: str) -> int:
    """Begin a receipt; returns its number."""
    row = await fetch_row(connection, OPEN_RECEIPT, (by, tenant, subject))
    return int(row[0])


async def fill_receipt(
    connection: Connection, number: int, rows: Mapping[str, int], salesforce: Sequence[Mapping[str, str]]
) -> Receipt:
    """Complete a receipt with what was done."""
    encode = msgspec.json.encode
    at, by, tenant, subject = await fetch_row(
        connection, FILL_RECEIPT, (encode(rows).decode(), encode(salesforce).decode(), number)
    )
    return Receipt(number, at, by, tenant, subject, rows, salesforce)


async def newest(connection: Connection, limit: int) -> list[Receipt]:
    """The newest receipts, newest first."""
    rows: list[tuple[Any, ...]] = await (await connection.execute(NEWEST, (limit,))).fetchall()
    return [Receipt(*row) for row in rows]
