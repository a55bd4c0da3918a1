"""Expressions that are evaluated without QuickJS give what QuickJS gives."""

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from crosswalk.expressions.picks import Picks
from crosswalk.expressions.program import Program
from crosswalk.expressions.results import BadProfile
from crosswalk.expressions.sandbox import Expression
from tests.core_builders import a_place

TEXTS = (
    "user.a",
    "user . b",
    "user?.a?.b",
    "user.a.b",
    "user.a?.b.length",
    "user.b?.a ?? user.a ?? 'none'",
    "user.a?.b ?? null",
    "user.b ?? undefined",
    "user.a ?? 7",
    "false ?? user.a",
    "null ?? user.b",
    '"plain"',
    "user.a.slice(0, 2)",
    "user.a?.b . slice( 1,4 )",
    "user.b.slice(3, 1)",
)
CONDITIONS = (None, "user.b", "user.a?.b ?? true")
PICKS = [Expression(text, a_place(), condition) for text in TEXTS for condition in CONDITIONS]
# Parentheses change nothing, but make it more than a pick.
WHOLE = [
    Expression(f"({text})", a_place(), condition and f"({condition})") for text in TEXTS for condition in CONDITIONS
]

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=6)
    | st.sampled_from([2**53, 2**53 - 1, -(2**53), 2**64, 10**400, -0.0, 1.0, "x" * 300, "\0", "é🦀"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=5,
)
USERS = st.dictionaries(st.sampled_from(["a", "b", "c", "__proto__"]), VALUES, max_size=4)


def test_all_of_them_are_picks() -> None:
    assert Picks(PICKS).others == ()
    assert len(Picks(WHOLE).others) == len(PICKS)


# Each by itself: where one of several is not sure, QuickJS evaluates all of them.
PROGRAMS, QUICKJS = [Program([pick]) for pick in PICKS], Program(WHOLE)


@settings(max_examples=100, deadline=None)
@given(st.lists(USERS.map(lambda user: json.dumps(user).encode()) | st.binary(max_size=6), max_size=4))
@example([b'{"a": "\\ud800", "b": true}', b'{"a": "\\ud83e\\udd80"}', b'{"a": 1, "a": 2, "\\u0062": 3}'])
@example(
    [
        b'{"a": -0, "b": 1e3}',
        b'{"a": 9007199254740993, "b": -9007199254740993}',
        b'{"a": 1e400}',
        b'{"a": {"b": {"length": 3}}}',
        b'{"a": {"b": "four"}}',
    ]
)
@example([b'{"a": "2026-01-31", "b": "abcdef"}', b'{"a": {"b": "abcdef"}, "b": true}', b'{"a": "\xf0\x9f\xa6\x80abc"}'])
@example([b'{"a": ["x", "y"], "b": []}', b'{"a": ["x", 1]}', b'{"a": "\xff"}', b'{"c": "\xff"}', b'{"a": 1} {}', b"[]"])
@example([json.dumps({"a": "x" * 70_000, "b": "x" * 140_000}).encode(), json.dumps({"a": ["x"] * 501}).encode()])
def test_picks_give_what_quickjs_gives(profiles: list[bytes]) -> None:
    whole = QUICKJS.run(profiles)

    for position, program in enumerate(PROGRAMS):
        expected = [row if isinstance(row, BadProfile) else [row[position]] for row in whole]
        assert program.run(profiles) == expected, PICKS[position]


def test_a_text_that_only_looks_like_a_pick_is_none() -> None:
    texts = (
        "user",
        "user.constructor",
        "user.a.toString",
        "user.__proto__",
        "user['a']",
        "user.a ?? b",
        "user.a ??",
        "user.a || 'x'",
        "users.a",
        "user.a.b()",
        "user.slice(0, 1)",
        "user.a.slice(-1, 2)",
        "user.a.slice(0, 010)",
        "user.a.slice(0, 1).b",
        "user.a?.slice(0, 1)",
        "user.a ?? user.b.slice(0, 1)",
        "user.ä",
        "user.a // b",
        "'it\\'s'",
        "1.5",
        "user.a, 1",
    )

    others = Picks([Expression(text, a_place()) for text in texts]).others

    assert others == tuple(range(len(texts)))
