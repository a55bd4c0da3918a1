"""Values as PostgreSQL takes them in binary form: each with its length before it."""

from collections.abc import Iterable, Sequence
from itertools import repeat
from struct import Struct

_length = Struct("!i").pack
_SHORT = [_length(length) for length in range(2_048)]
"""The lengths that nearly all values have."""

_FORMS = {2: Struct("!ih").pack, 4: Struct("!ii").pack, 8: Struct("!iq").pack}
"""A whole number with its length, by how many bytes it takes."""

NONE = b"\xff\xff\xff\xff"


def lengths(values: Sequence[bytes]) -> list[bytes]:
    """What stands before each of these values."""
    counts = list(map(len, values))
    return list(map(_SHORT.__getitem__ if max(counts, default=0) < len(_SHORT) else _length, counts))


def with_length(value: bytes) -> bytes:
    """One value with its length."""
    return _length(len(value)) + value


def numbers_of(values: Iterable[int | None], size: int) -> list[bytes]:
    """Whole numbers of `size` bytes (2, 4 or 8), each with its length; nothing for `None`."""
    form = _FORMS[size]
    return [NONE if value is None else form(size, value) for value in values]


def long_numbers(values: Iterable[int]) -> list[bytes]:
    """Whole numbers of eight bytes, each with its length."""
    return list(map(_FORMS[8], repeat(8), values))
