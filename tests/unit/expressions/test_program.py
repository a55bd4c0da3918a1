"""What crosses the boundary between Python and JavaScript, in both directions."""

import pytest

from crosswalk.expressions import limits
from crosswalk.expressions.program import Program
from crosswalk.expressions.results import BadProfile, Raw
from crosswalk.expressions.sandbox import Expression
from tests.core_builders import a_place

USER = (
    b'{"name": "Ada", "roles": ["admin", "editor"], "age": 36, "ratio": 0.5, "gone": null, "nested": {"a": {"b": 1}}}'
)


def program(*texts: str) -> Program:
    return Program([Expression(text, a_place()) for text in texts])


def evaluate(text: str, user: bytes = USER) -> Raw:
    (row,) = program(text).run([user])
    assert not isinstance(row, BadProfile)
    return row[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("user.name", "Ada"),
        ("user.age", 36),
        ("user.ratio", 0.5),
        ("user.age > 18", True),
        ("user.name === 'Bob'", False),
        ("user.roles", ["admin", "editor"]),
        ("user.roles.map((role) => role.toUpperCase())", ["ADMIN", "EDITOR"]),
        ("user.nested.a.b", 1),
        ("`${user.name} (${user.age})`", "Ada (36)"),
        ("'Zoë 🦀'", "Zoë 🦀"),
        ("'quote \" backslash \\\\ newline \\n'", 'quote " backslash \\ newline \n'),
        ("user.name // the given name", "Ada"),
        ("user.name,\n user.age", 36),
        ("-0", 0),
    ],
)
def test_result_arrives_as_it_is(text: str, expected: Raw) -> None:
    assert evaluate(text) == expected


def test_undefined_null_and_empty_text_are_told_apart() -> None:
    (row,) = program("user.missing", "user.gone", "''", "[]").run([USER])

    assert row == [[], None, "", None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user.nested", "gave an object; expected text, a number, true or false, null or a list of texts"),
        ("() => 1", "gave a function; expected text, a number, true or false, null or a list of texts"),
        ("Symbol('x')", "gave a symbol; expected text, a number, true or false, null or a list of texts"),
        ("1 / 0", "gave Infinity; expected a finite number"),
        ("Number('x')", "gave NaN; expected a finite number"),
        ("['a', 1]", "gave a list with a number in it; expected texts only"),
        ("['a', ['b']]", "gave a list with a list in it; expected texts only"),
        ("new Date('2026-01-01')", "gave an object; expected text, a number, true or false, null or a list of texts"),
        ("user.missing.name", "TypeError: cannot read property 'name' of undefined"),
        ("usr.name", "ReferenceError: usr is not defined"),
        ("'\\ud800'", "gave a text with half a character (a lone surrogate)"),
        ("['\\udfff']", "gave a text with half a character (a lone surrogate)"),
        ("'x'.repeat(131073)", "gave a text of 131073 characters; the most is 131072"),
        ("Array(501).fill('x')", "gave a list of 501 items; the most is 500"),
        ("(() => { throw 'no plan' })()", "no plan"),
        ("(() => { throw { toString() { throw 1 } } })()", "threw a value that cannot be shown"),
    ],
)
def test_unusable_result_becomes_a_failure_that_says_why(text: str, message: str) -> None:
    assert evaluate(text) == {"message": message}


def test_failure_leaves_the_neighbours_alone() -> None:
    rows = program("user.a", "user.b.c", "user.d").run([b'{"a": 1, "d": 2}', b'{"a": 3, "b": {"c": 4}, "d": 5}'])

    assert rows == [[1, {"message": "TypeError: cannot read property 'c' of undefined"}, 2], [3, 4, 5]]


def test_expression_under_a_condition_runs_only_where_it_is_true() -> None:
    guarded = Program([Expression("user.email.toLowerCase()", a_place(), condition="user.verified")])

    rows = guarded.run([b'{"verified": true, "email": "A@B.C"}', b'{"verified": false}', b"{}"])

    assert rows == [["a@b.c"], [[]], [[]]]


def test_condition_that_is_neither_true_nor_false_is_a_failure() -> None:
    (row,) = Program([Expression("1", a_place(), condition="'yes'")]).run([b"{}"])

    assert row == [{"message": "TypeError: the condition gave text; expected true or false"}]


@pytest.mark.parametrize(
    "profile",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{} {}",
        b"{},{}",
        b'{"a": 1',
        b"{'a': 1}",
        b'{"a": "\xff"}',
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_profile_that_is_no_json_object_harms_nobody_else(profile: bytes) -> None:
    rows = program("user.a").run([b'{"a": 1}', profile, b'{"a": 2}'])

    assert rows[0] == [1]
    assert isinstance(rows[1], BadProfile)
    assert rows[2] == [2]


def test_profile_that_is_nested_too_deeply_to_be_frozen_harms_nobody_else() -> None:
    deep = b'{"a":' + b"[" * 900 + b"]" * 900 + b"}"

    rows = program("[user.a].map(String)").run([b'{"a": 1}', deep, b'{"a": 2}'])

    assert rows[0] == [["1"]]
    assert isinstance(rows[1], BadProfile)
    assert "nested too deeply" in rows[1].message
    assert rows[2] == [["2"]]


def test_profile_may_hold_anything_that_json_can() -> None:
    user = '  {"a": "\\u0000 \\ud83e\\udd80 Ω", "__proto__": {"b": 1}, "toString": 1, "a": "last", "n": 1e400}'.encode()

    (row,) = program("user.a", "user.b", "user.toString", "user.n > 1").run([user])

    assert row == ["last", [], 1, True]


def test_many_users_keep_their_order_over_several_calls() -> None:
    users = [b'{"n": %d}' % number for number in range(2 * limits.CHUNK_IDENTITIES + 7)]

    rows = program("user.n").run(users)

    assert rows == [[number] for number in range(519)]


def test_large_users_are_split_by_size() -> None:
    padding = b"x" * (limits.CHUNK_BYTES // 2)
    users = [b'{"n": %d, "pad": "%s"}' % (number, padding) for number in range(7)]

    assert program("user.n", "user.pad.length").run(users) == [[number, 524_288] for number in range(7)]
