"""Lists as parameters of statements: the ids of a whole batch at once, statement after statement.

psycopg asks of each value how it is to be sent. Of a list of nothing but texts, or large whole numbers, that is known
for all: they are sent as psycopg sends them, for a third of the time. Whatever else a list holds goes psycopg's way.
"""

from struct import Struct
from typing import Any

from psycopg.abc import AdaptContext, Buffer, DumperKey
from psycopg.adapt import PyFormat
from psycopg.postgres import types
from psycopg.types.array import BaseListDumper, ListBinaryDumper, ListDumper

from crosswalk.store.binary_values import lengths, long_numbers

_TEXT, _BIGINT = types["text"], types["int8"]

_head = Struct("!IIIII").pack
"""Of an array: how many dimensions, whether there are nulls, the type of its elements, how many, the first place."""

LARGE = range(1 << 31, 1 << 63)
"""Whole numbers that take a bigint; psycopg sends smaller ones as integers."""


class _Texts(ListBinaryDumper):
    """A list of texts, none of them `None`."""

    oid = _TEXT.array_oid

    def dump(self, obj: list[str]) -> Buffer:
        values = list(map(str.encode, obj))
        pieces = [b""] * (2 * len(values))
        pieces[::2], pieces[1::2] = lengths(values), values
        return b"".join((_head(1, 0, _TEXT.oid, len(values), 1), *pieces))


class _Bigints(ListBinaryDumper):
    """A list of whole numbers, none of them `None`, and at least one too large for an integer."""

    oid = _BIGINT.array_oid

    def dump(self, obj: list[int]) -> Buffer:
        return b"".join((_head(1, 0, _BIGINT.oid, len(obj), 1), *long_numbers(obj)))


class _Lists(ListBinaryDumper):
    """Any list, in binary form."""

    def get_key(self, obj: list[Any], format: PyFormat) -> DumperKey:
        of_all = _dumper_of(obj)
        return super().get_key(obj, format) if of_all is None else (self.cls, of_all)

    def upgrade(self, obj: list[Any], format: PyFormat) -> BaseListDumper:
        of_all = _dumper_of(obj)
        return super().upgrade(obj, format) if of_all is None else of_all(self.cls, self._tx)


def _dumper_of(values: list[Any]) -> type[ListBinaryDumper] | None:
    kinds = set(map(type, values))
    if kinds == {str}:
        return _Texts
    if kinds == {int} and max(values) in LARGE and min(values) >= -LARGE.stop:
        return _Bigints
    return None


def send_lists_quickly(context: AdaptContext) -> None:
    """Send the lists of a connection's statements so, where they ask for the binary form (`%b`)."""
    context.adapters.register_dumper(list, _Lists)
    # The last one that is registered is for statements that do not say which form.
    context.adapters.register_dumper(list, ListDumper)
