"""Many rows that nobody stored before: by COPY into the table itself, for half of what INSERT … ON CONFLICT costs.

That writes a page at a time instead of a row, and looks for nobody else's row beforehand. Where one of the rows is
there already, or somebody stores it at that moment, nothing is added, and the caller goes the way that can deal with
it. What was written in vain has to be cleared away; so the caller asks for a few of the rows first, which tell whether
the batch is new.
"""

from collections.abc import Iterable, Sequence
from typing import LiteralString, TypeAlias, TypeVar

from psycopg.errors import UniqueViolation
from psycopg.sql import Composed

from crosswalk.store.binary_values import lengths, numbers_of, with_length
from crosswalk.store.database import Connection

Item = TypeVar("Item")

MANY = 100
"""As many rows make up for the question whether some are there, and for the savepoint."""

ASKED_FIRST = 50
"""Of a batch, so many tell whether it is new: mostly none of it is, or all."""

_BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_TRUE, _FALSE = b"\0\0\0\1\1", b"\0\0\0\1\0"

Column: TypeAlias = tuple[Sequence[bytes], ...]
"""The values of a column in one part, or in two where the lengths stand apart: so no value is copied on its way."""


def a_few(batch: Sequence[Item]) -> Sequence[Item]:
    """Those of a batch that are asked for first."""
    return batch[:: max(1, len(batch) // ASKED_FIRST)]


async def add_rows(connection: Connection, *tables: tuple[LiteralString, bytes]) -> bool:
    """Add rows that are thought to be new; `False` where one was there, and nothing was added.

    Parameters
    ----------
    connection
        Inside a transaction.
    tables
        For each table a `COPY … FROM STDIN (FORMAT binary)` and its rows, as `rows_of` makes them. Rows that somebody
        else may store at the same time have to be sorted as they sort them, lest the two wait for each other.
    """
    try:
        async with connection.transaction():
            for statement, rows in tables:
                await copy_rows(connection, statement, rows)
    except UniqueViolation:
        return False
    return True


async def copy_rows(connection: Connection, statement: LiteralString | Composed, rows: bytes) -> None:
    """Add rows to a table that refuses none: a `COPY … FROM STDIN (FORMAT binary)`, and what `rows_of` makes."""
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        await copy.write(rows)


def rows_of(*columns: Column) -> bytes:
    """Rows in COPY's binary form, of columns whose values are `texts`, `words`, `blobs`, `numbers` or `flags`."""
    parts = [part for column in columns for part in column]
    pieces = [len(columns).to_bytes(2, "big")] * (len(parts[0]) * (1 + len(parts)))
    for place, part in enumerate(parts, 1):
        pieces[place :: 1 + len(parts)] = part
    return b"".join((_BEGIN, *pieces, _END))


def texts(values: Iterable[str]) -> Column:
    """Values of a column of text.

    Raises
    ------
    UnicodeEncodeError
        One is no text that can be stored, as where psycopg sends it.
    """
    return blobs(map(str.encode, values))


def words(values: Sequence[str]) -> Column:
    """Values of a column of text in which the same few come again and again."""
    made = {value: with_length(value.encode()) for value in set(values)}
    return ([made[value] for value in values],)


def same(value: str, count: int) -> Column:
    """The values of a column of text that are all the same."""
    return ([with_length(value.encode())] * count,)


def blobs(values: Iterable[bytes]) -> Column:
    """Values of a column of bytes, or of JSON."""
    all_values = list(values)
    return lengths(all_values), all_values


def numbers(values: Iterable[int | None], size: int) -> Column:
    """Values of a column of whole numbers of `size` bytes: 2 for smallint, 4 for integer, 8 for bigint."""
    return (numbers_of(values, size),)


def flags(values: Iterable[bool]) -> Column:
    """Values of a boolean column."""
    return ([_TRUE if value else _FALSE for value in values],)
