"""What people decided: which record is an identity's, and whose value a field gets."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from crosswalk.domain.decision import NO_DECISIONS, Decided, Decisions, FieldDecision
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.store.batches import worth_asking
from crosswalk.store.database import Connection

DONE = "done"
"""A decision about a field ends when both sides have the value."""
REPLACED = "replaced"
"""Somebody decided anew."""
FORGOTTEN = "forgotten"
"""The link that it led to was forgotten."""
REOPENED = "reopened"
"""Somebody took it back: the rules decide again."""

# What stands for the identities of a batch. Relies on decisions_standing.
STANDING = """
SELECT user_id, field, decision::text
FROM decisions
WHERE sync = %s AND user_id = ANY(%b::text[]) AND ended_at IS NULL
"""

# Mostly none does. Relies on decisions_standing.
ANY_STANDS = "SELECT EXISTS (SELECT FROM decisions WHERE sync = %s AND ended_at IS NULL)"

# Ends what stands about these identities and fields.
END = """
UPDATE decisions AS d
SET ended_at = clock_timestamp(), ended_as = %s
FROM unnest(%b::text[], %b::text[]) AS e (user_id, field)
WHERE d.sync = %s AND d.user_id = e.user_id AND d.field = e.field AND d.ended_at IS NULL
"""

DECIDE = """
INSERT INTO decisions (sync, user_id, field, decision, decided_by, decided_at)
VALUES (%s, %s, %s, %s, %s, %s)
RETURNING id
"""

# Relies on decisions_by_user.
OF_IDENTITY = """
SELECT id, field, decision, decided_by, decided_at, ended_at, ended_as
FROM decisions
WHERE sync = %s AND user_id = %s
ORDER BY id DESC
LIMIT %s
"""

_decode_match = msgspec.json.Decoder(Decided).decode
_decode_field = msgspec.json.Decoder(FieldDecision).decode


class PastDecision(Struct, frozen=True):
    """A decision that was made about an identity, and what became of it; `field` is empty for which record it has."""

    id: int
    field: str
    decision: Decided | FieldDecision
    decided_by: str
    decided_at: datetime
    ended_at: datetime | None
    ended_as: str | None


async def standing(connection: Connection, sync: SyncName, user_ids: Sequence[UserId]) -> Decisions:
    """What people decided about these identities and is not carried out or replaced."""
    if not await worth_asking(connection, ANY_STANDS, sync, user_ids):
        return NO_DECISIONS
    matches: dict[UserId, Decided] = {}
    fields: dict[UserId, dict[str, FieldDecision]] = {}
    for user_id, field, decision in await (await connection.execute(STANDING, (sync, list(user_ids)))).fetchall():
        if field:
            fields.setdefault(UserId(user_id), {})[field] = _decode_field(decision)
        else:
            matches[UserId(user_id)] = _decode_match(decision)
    return Decisions(matches, fields)


async def decide(
    connection: Connection, sync: SyncName, user_id: UserId, field: str, decision: Decided | FieldDecision
) -> int:
    """Note a decision, in place of any that stands about the same; returns its number."""
    await end(connection, sync, [(user_id, field)], REPLACED)
    encoded = msgspec.json.encode(decision).decode()
    cursor = await connection.execute(DECIDE, (sync, user_id, field, encoded, decision.by, decision.at))
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def end(connection: Connection, sync: SyncName, which: Sequence[tuple[UserId, str]], how: str) -> None:
    """End what stands about these identities and fields."""
    if which:
        await connection.execute(END, (how, [user_id for user_id, _ in which], [field for _, field in which], sync))


async def of_identity(connection: Connection, sync: SyncName, user_id: UserId, limit: int = 20) -> list[PastDecision]:
    """The newest decisions about one identity, newest first."""
    rows = await (await connection.execute(OF_IDENTITY, (sync, user_id, limit))).fetchall()
    return [
        PastDecision(
            id_,
            field,
            msgspec.convert(decision, FieldDecision) if field else msgspec.convert(decision, Decided),
            decided_by,
            decided_at,
            ended_at,
            ended_as,
        )
        for id_, field, decision, decided_by, decided_at, ended_at, ended_as in rows
    ]
