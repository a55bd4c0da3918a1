"""Texts that are not expressions are found before anything runs, all of them, with their places."""

import pytest

from crosswalk.expressions.errors import ExpressionSyntaxError
from crosswalk.expressions.program import Program
from crosswalk.expressions.results import Raw
from crosswalk.expressions.sandbox import Expression
from tests.core_builders import a_place


def refuse(*texts: str) -> ExpressionSyntaxError:
    with pytest.raises(ExpressionSyntaxError) as caught:
        Program([Expression(text, a_place(line)) for line, text in enumerate(texts, 1)])
    return caught.value


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("user.a b", 1, 8, "Unexpected identifier 'b'"),
        ("1 +", 1, 4, "it ends too early"),
        ("", 1, 1, "it ends too early"),
        ("user.a ||\n  * 2", 2, 3, "unexpected token in expression: '*'"),
        ("return user.a", 1, 1, "unexpected token in expression: 'return'"),
        ("10n", 1, 1, "`10n` is a BigInt; write a plain number"),
        ("user.a +\n 0xFFn", 2, 2, "`0xFFn` is a BigInt; write a plain number"),
        ("user.a\0", 1, 7, "it contains U+0000"),
    ],
)
def test_mistake_is_located(text: str, line: int, column: int, message: str) -> None:
    (problem,) = refuse(text).problems

    assert (problem.line, problem.column, problem.message) == (line, column, message)


@pytest.mark.parametrize(
    "text",
    [
        "1); globalThis.leak = (2",
        "1]; globalThis.leak = [2",
        "1); while (true) {} (2",
        "1]; while (true) {} [2",
        "1) => (2",
        "user.a; user.b",
        "user.a }",
        "'open",
        "`open",
        "/* open",
        "let x = 1",
        "if (user.a) 1",
        "import.meta",
        "new.target",
        "await 1",
        "yield 1",
        "super.x",
        "...user.a",
        "user.a,",
        "(" * 100_000,
    ],
)
def test_what_is_not_one_expression_is_refused_and_not_run(text: str) -> None:
    assert len(refuse(text).problems) == 1


def test_every_mistake_is_reported_at_once() -> None:
    error = refuse("1 +", "user.ok", "user.a b")

    assert [problem.place.line for problem in error.problems] == [1, 3]
    assert str(error) == (
        "mapping.yaml:1: not a JavaScript expression: it ends too early (at column 4 of `1 +`)\n"
        "mapping.yaml:3: not a JavaScript expression: Unexpected identifier 'b' (at column 8 of `user.a b`)"
    )
    assert (error.place, error.message, error.column) == (a_place(1), "it ends too early", 4)


def test_mistake_in_a_condition_is_reported_too() -> None:
    with pytest.raises(ExpressionSyntaxError, match="ends too early"):
        Program([Expression("user.a", a_place(), condition="user.b &&")])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{a: 1}.a", 1),
        ("user.x10n", 7),
        ("'a) b]'", "a) b]"),
        ("/[)]/.test(user.a)", True),
        ("user.a // (", "x)"),
        ("`${user.a}`", "x)"),
    ],
)
def test_unusual_expressions_are_accepted_and_mean_what_they_say(text: str, value: Raw) -> None:
    program = Program([Expression(text, a_place())])

    assert program.run([b'{"a": "x)", "x10n": 7}']) == [[value]]
