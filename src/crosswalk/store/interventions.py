"""What people did by hand: dead letters that were shown, replayed or discarded, pauses that were ended. Append-only."""

from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec import Struct
from psycopg.rows import dict_row

from crosswalk.store.database import Connection


class Deed(StrEnum):
    """What was done."""

    REVEAL = "reveal"
    """Values of a person were shown that are masked otherwise."""
    REPLAY = "replay"
    DISCARD = "discard"
    EXPIRE = "expire"
    RESUME = "resume"
    FORGET_LINK = "forget_link"
    """A link was ended, so that its user is matched anew."""


class Intervention(Struct, frozen=True):
    """Who did what, about what, and why; `number` is how many dead letters it concerned."""

    by: str
    deed: Deed
    sync: str
    about: str
    reason: str = ""
    number: int = 1
    at: datetime | None = None
    id: int | None = None


APPEND = """
INSERT INTO interventions (by, deed, sync, about, reason, number)
VALUES (%s, %s, %s, %s, %s, %s)
"""

NEWEST = """
SELECT id, at, by, deed, sync, about, reason, number
FROM interventions
ORDER BY id DESC
LIMIT %s
"""


async def append(connection: Connection, done: Intervention) -> None:
    """Note what somebody did, in the transaction that does it."""
    await connection.execute(APPEND, (done.by, done.deed, done.sync, done.about, done.reason, done.number))


async def newest(connection: Connection, limit: int) -> list[Intervention]:
    """The newest of them, newest first."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        return msgspec.convert(await (await cursor.execute(NEWEST, (limit,))).fetchall(), list[Intervention])
