"""What a connector can do to read a whole side in few calls: everything that there is, not what somebody asks for."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Protocol

FIRST_LOOK_S = 0.25
LONGEST_LOOK_S = 15.0
SLOWER = 1.6
"""Looking ever more rarely at a job of the vendor's keeps the calls few when it takes long."""


class ExportsUsers(Protocol):
    """Gives every user of a tenant by a job of the vendor's."""

    def export_users(self) -> AsyncIterator[list[bytes]]:
        """Yield all users as JSON texts, some thousand at a time."""
        ...


class ExportsRecords(Protocol):
    """Gives every record of an object by a job of the vendor's."""

    def bulk_query(
        self, object_name: str, fields: Sequence[str], condition: str | None = None
    ) -> AsyncIterator[tuple[tuple[str, ...], AsyncIterator[bytes]]]:
        """Yield page by page the columns and then the rows as CSV text without a header, in pieces of any size."""
        ...


def waits(first_s: float = FIRST_LOOK_S) -> Iterator[float]:
    """How many seconds to wait before each look at a job: ever more, up to a bound, without end."""
    wait_s = first_s
    while True:
        yield wait_s
        wait_s = min(LONGEST_LOOK_S, wait_s * SLOWER)
