"""Users are packed into chunks and come out as they were; CSV is cut where rows end, whatever pieces it comes in."""

from collections.abc import AsyncIterator

import pytest

from crosswalk.engine.backfill.csv_pieces import whole_rows
from crosswalk.engine.backfill.reading import pack, unpack

ROWS = b'1,"Ada ""the Countess"" Lovelace",a@example.com\n2,"Two\nlines, one\n""row""",b@example.com\n3,,\n4,"last",x'


async def pieces(text: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(text), size):
        yield text[start : start + size]


def test_users_come_out_of_a_chunk_as_they_went_in():
    users = [b'{"user_id":"auth0|1"}', '{"user_id":"auth0|2","name":"Zoë\\n"}'.encode(), b"{\n}"]

    assert unpack(pack(users)) == users


@pytest.mark.parametrize("size", [1, 7, 20, 1_000])
@pytest.mark.parametrize("at_once", [1, 16, 60])
async def test_rows_are_never_cut_apart(size: int, at_once: int) -> None:
    cut = [part async for part in whole_rows(pieces(ROWS, size), at_once)]

    assert b"".join(cut) == ROWS
    ends = {ROWS.index(b"\n2,") + 1, ROWS.index(b"\n3,") + 1, ROWS.index(b"\n4,") + 1, len(ROWS)}
    position, found = 0, set()
    for part in cut:
        position += len(part)
        found.add(position)
    assert found <= ends
