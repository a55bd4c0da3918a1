"""Whether a text is one JavaScript expression, found out by compiling it, never by running it."""

import json
import re
from functools import lru_cache

import quickjs
from msgspec import Struct

LONGEST_EXPRESSION = 20_000
"""Characters; a longer one is a program, and belongs elsewhere."""

_MEMORY_BYTES = 32 * 1024 * 1024
_SECONDS = 1
_POSITION = re.compile(r"<input>:(\d+):(\d+)")

_LINES_BEFORE = 3
"""Lines that QuickJS counts before the source: the function's own head takes two, the opening bracket one."""

_BRACKETS = (("(", ")"), ("[", "]"))
"""An expression compiles inside either pair. A text such as `1); evil(` closes one pair, but never both."""


class SyntaxMistake(Struct, frozen=True):
    """Why a text is not an expression.

    Parameters
    ----------
    message
        What the compiler says.
    line, column
        Where in the text, counted from 1; `None` where the compiler does not say.
    """

    message: str
    line: int | None = None
    column: int | None = None


@lru_cache(maxsize=4096)
def check_syntax(source: str) -> SyntaxMistake | None:
    """Compile `source` as one expression over `user`, in strict mode; `None` when it is one."""
    if not source.strip():
        return SyntaxMistake("there is no expression", 1)
    if len(source) > LONGEST_EXPRESSION:
        return SyntaxMistake(f"this is longer than {LONGEST_EXPRESSION} characters", 1)
    for opening, closing in _BRACKETS:
        problem = _compile(source, opening, closing)
        if problem is not None:
            return problem
    return None


def _compile(source: str, opening: str, closing: str) -> SyntaxMistake | None:
    context = quickjs.Context()
    context.set_memory_limit(_MEMORY_BYTES)
    context.set_time_limit(_SECONDS)
    body = f'"use strict"; return {opening}\n{source}\n{closing};'
    try:
        context.eval(f"new Function('user', {json.dumps(body)})")
    except (quickjs.JSException, quickjs.StackOverflow) as error:
        return _explain(str(error), len(source.splitlines()))
    return None


def _explain(text: str, lines: int) -> SyntaxMistake:
    message = text.partition("\n")[0].removeprefix("SyntaxError: ")
    found = _POSITION.search(text)
    if found is None:
        return SyntaxMistake(message)
    line = int(found[1]) - _LINES_BEFORE
    if line > lines:  # the compiler stumbled over our own closing bracket
        return SyntaxMistake("the expression is not complete", lines)
    return SyntaxMistake(message, line, int(found[2]))
