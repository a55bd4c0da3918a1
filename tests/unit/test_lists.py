"""Lists as parameters: sent as psycopg itself sends them, byte for byte."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from psycopg import adapters
from psycopg.abc import AdaptContext
from psycopg.adapt import AdaptersMap, PyFormat, Transformer

from crosswalk.store.lists import send_lists_quickly


def sent(values: list[Any], transformer: Transformer, form: PyFormat) -> tuple[int, int, bytes]:
    dumper = transformer.get_dumper(values, form)
    return dumper.oid, dumper.format, bytes(dumper.dump(values) or b"")


@pytest.mark.parametrize("form", [PyFormat.BINARY, PyFormat.AUTO])
@pytest.mark.parametrize(
    "values",
    [
        ["auth0|1", "", "Zoë 🎈", "x" * 5_000],
        ["a", None],
        [2**31, -(2**63), 2**63 - 1, 0],
        [1, 2**31 - 1],
        [2**40, None],
        [2**63],
        [True, False],
        [b"digest", b""],
        [["a"], ["b"]],
        [],
    ],
)
def test_a_list_is_sent_as_psycopg_sends_it(values: list[Any], form: PyFormat) -> None:
    context = cast("AdaptContext", SimpleNamespace(adapters=AdaptersMap(adapters), connection=None))
    send_lists_quickly(context)

    assert sent(values, Transformer(context), form) == sent(values, Transformer(), form)


def test_lists_of_two_kinds_in_one_statement_are_each_sent_as_what_they_are() -> None:
    context = cast("AdaptContext", SimpleNamespace(adapters=AdaptersMap(adapters), connection=None))
    send_lists_quickly(context)
    values = [["a", "b"], [2**40], ["c", None], [1]]
    forms = [PyFormat.BINARY] * 4
    ours, theirs = Transformer(context), Transformer()

    assert list(ours.dump_sequence(values, forms)) == list(theirs.dump_sequence(values, forms))
    assert ours.types == theirs.types == (1009, 1016, 1009, 1005)
