"""Whether to ask for each identity of a batch."""

from collections.abc import Sized
from typing import LiteralString

from crosswalk.domain.ids import SyncName
from crosswalk.store.database import Connection, fetch_row

THOUSANDS = 1_000
"""To send so many ids, and look for each, costs several times what the question beforehand does."""


async def worth_asking(connection: Connection, any_at_all: LiteralString, sync: SyncName, batch: Sized) -> bool:
    """Whether a table may have rows of a batch: asked beforehand where thousands of ids would be sent in vain.

    Parameters
    ----------
    any_at_all
        Whether there are such rows of any identity of the sync; relies on an index that begins with the sync.
    """
    return len(batch) < THOUSANDS or bool((await fetch_row(connection, any_at_all, (sync,)))[0])
