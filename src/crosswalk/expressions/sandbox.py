"""One QuickJS context that can compute and do nothing else: no clock, no randomness, no memory between two calls."""

import re
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from importlib.resources import files

import msgspec
import quickjs
from msgspec import Struct

from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.place import Place
from crosswalk.expressions import limits
from crosswalk.expressions.errors import SyntaxProblem
from crosswalk.expressions.plain import is_plain
from crosswalk.expressions.results import Row

_HARDEN = files(__package__).joinpath("harden.js").read_text(encoding="utf-8")
_DRIVER = files(__package__).joinpath("driver.js").read_text(encoding="utf-8")
_rows = msgspec.json.Decoder(list[Row])
_state = msgspec.json.Decoder(dict[str, list[Row] | None])

# Multiplying or printing a long integer takes seconds in one native step, which no time limit can stop. With the BigInt
# global gone, a literal is the only way to one.
_BIG_INTEGER = re.compile(r"(?<![\w$.])(?:0[xXoObB][\da-fA-F_]+|\d[\d_]*)n\b")
_AT = re.compile(r"at <input>:(\d+):(\d+)")


class Expression(Struct, frozen=True):
    """A JavaScript expression; under a condition, it is evaluated only where that is true.

    `scope` is the parameter under which it sees what it is evaluated over: `user`, or the names that it picks from an
    object, as in `{value, record}`.
    """

    text: str
    place: Place
    condition: str | None = None
    scope: str = "user"


class StopReason(StrEnum):
    """Which limit ended a call."""

    TIME = "time"
    MEMORY = "memory"


class Stopped(CrosswalkError):
    """A call met a limit. `rows` are the users it had finished before; the context must not be used again."""

    def __init__(self, reason: StopReason, rows: list[Row]) -> None:
        self.reason = reason
        self.rows = rows
        super().__init__(f"the expressions met the limit of {reason}")


class Unreadable(CrosswalkError):
    """The users cannot be read as JSON at all, for example because they are nested thousands deep."""


class Sandbox:
    """The expressions of a sync, compiled in one context. Belongs to the thread that made it.

    Every expression is a function of its own at the top level: it sees `user` and frozen globals, never another
    expression or the loop that calls it.
    """

    def __init__(self, expressions: Sequence[Expression]) -> None:
        context = _hardened_context()
        functions = [_function(context, expression.text, expression.scope) for expression in expressions]
        guards = [_function(context, e.condition, e.scope) if e.condition is not None else None for e in expressions]
        texts = [text for e in expressions for text in (e.text, e.condition) if text is not None]
        settings = msgspec.json.encode([limits.TEXT_CHARACTERS, limits.LIST_ITEMS, all(map(is_plain, texts))])
        self._context = context
        self._state = context.eval("({rows: null})")
        self._run: Callable[[str, int, int, str | None], str] = context.eval(_DRIVER)(
            self._state, settings.decode(), *functions, *guards
        )

    def call(self, users: str, first: int, last: int, off: str | None, seconds: float) -> list[Row]:
        """Evaluate expressions `first` up to before `last` over a JSON list of users; one row per user.

        `off` is a JSON list of true/false for each expression that is left out, or None.

        Raises
        ------
        Stopped
            When `seconds` of CPU time or the memory limit were used up.
        Unreadable
            When the users cannot be parsed.
        """
        limit = seconds
        while True:
            started = time.thread_time()
            self._context.set_time_limit(limit)
            try:
                return _rows.decode(self._run(users, first, last, off))
            except quickjs.StackOverflow:
                raise Unreadable("the profile is nested too deeply") from None
            except quickjs.JSException as error:
                message = str(error)
                if message.startswith("InternalError: interrupted"):
                    # QuickJS counts the CPU time of the whole process. Where others used it, try again with more.
                    if time.thread_time() - started < seconds:
                        limit *= 2
                        continue
                    raise Stopped(StopReason.TIME, self._finished()) from None
                if message.startswith(("InternalError: out of memory", "(Failed", "null")):
                    raise Stopped(StopReason.MEMORY, self._finished()) from None
                raise Unreadable(message.partition("\n")[0]) from None

    def _finished(self) -> list[Row]:
        try:
            return _state.decode(self._state.json())["rows"] or []
        except (quickjs.JSException, msgspec.DecodeError):
            return []


def _hardened_context() -> quickjs.Context:
    context = quickjs.Context()
    context.set_max_stack_size(limits.STACK_BYTES)
    context.set_memory_limit(limits.MEMORY_BYTES)
    context.eval(_HARDEN)
    return context


def _function(context: quickjs.Context, text: str, scope: str) -> object:
    return context.eval(f'"use strict"; ({scope}) => (\n{text}\n)')


def find_syntax_problems(expressions: Sequence[Expression]) -> tuple[SyntaxProblem, ...]:
    """Everything that keeps the expressions from being compiled, in their order."""
    context = _hardened_context()
    problems = []
    for expression in expressions:
        for text in (expression.text, expression.condition):
            problem = None if text is None else _problem(context, text, expression.place)
            if problem is not None:
                problems.append(problem)
    return tuple(problems)


def _problem(context: quickjs.Context, text: str, place: Place) -> SyntaxProblem | None:
    if big := _BIG_INTEGER.search(text):
        return _located(text, place, f"`{big.group()}` is a BigInt; write a plain number", big.start())
    if "\0" in text:
        return _located(text, place, "it contains U+0000", text.index("\0"))
    # Text such as `a); (b` closes the parentheses around it; in brackets it cannot, so both have to be whole.
    for opening, closing in ("[]", "()"):
        try:
            context.eval(f'"use strict"; throw 0; (user) => {opening}\n{text}\n{closing}')
        except (quickjs.JSException, quickjs.StackOverflow) as error:
            message = str(error).partition("\n")[0]
            if message == "0":  # It was parsed, and nothing of it ran.
                continue
            at = _AT.search(str(error))
            line, column = (int(at.group(1)) - 1, int(at.group(2))) if at else (1, 1)
            if line > len(text.splitlines()):
                return _located(text, place, "it ends too early", len(text.rstrip()))
            return SyntaxProblem(place, text, message.removeprefix("SyntaxError: "), max(line, 1), column)
    return None


def _located(text: str, place: Place, message: str, offset: int) -> SyntaxProblem:
    before = text[:offset].split("\n")
    return SyntaxProblem(place, text, message, len(before), len(before[-1]) + 1)
