"""CSV as a bulk query streams it, in pieces that end where a row ends."""

from collections.abc import AsyncIterable, AsyncIterator

PARSED_AT_ONCE = 1 << 21
"""Bytes of CSV that are taken apart together, off the event loop."""


async def whole_rows(pieces: AsyncIterable[bytes], at_once: int = PARSED_AT_ONCE) -> AsyncIterator[bytes]:
    """CSV in larger pieces that end where a row ends; a line break inside quotation marks ends none."""
    waiting: list[bytes] = []
    size = 0
    async for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size < at_once:
            continue
        text = b"".join(waiting)
        end = _end_of_rows(text)
        if end:
            yield text[:end]
        waiting, size = [text[end:]], len(text) - end
    if rest := b"".join(waiting):
        yield rest


def _end_of_rows(text: bytes) -> int:
    """Where the last whole row ends; 0 where none does. Up to there, quotation marks are even in number."""
    end = text.rfind(b"\n") + 1
    odd = text.count(b'"', 0, end) % 2 == 1
    while end and odd:
        before = text.rfind(b"\n", 0, end - 1) + 1
        odd = odd != (text.count(b'"', before, end) % 2 == 1)
        end = before
    return end
