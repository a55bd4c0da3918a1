"""Many expressions over many users in one call of QuickJS."""

import threading
from collections.abc import Iterator, Sequence

import msgspec

from crosswalk.expressions import limits
from crosswalk.expressions.errors import ExpressionSyntaxError
from crosswalk.expressions.picks import Picks
from crosswalk.expressions.recovery import Recovery
from crosswalk.expressions.results import BadProfile, Row
from crosswalk.expressions.sandbox import Expression, Sandbox, find_syntax_problems
from crosswalk.expressions.seen import Excerpt

_json = msgspec.json.Decoder(msgspec.Raw)


class Program:
    """Compiled expressions. May be used from any thread: each gets contexts of its own when it first needs them.

    Raises
    ------
    ExpressionSyntaxError
        With every expression that cannot be compiled.
    """

    def __init__(self, expressions: Sequence[Expression]) -> None:
        problems = find_syntax_problems(expressions)
        if problems:
            raise ExpressionSyntaxError(problems)
        self._total = len(expressions)
        self._picks = Picks(expressions)
        self._all = _InQuickJS(expressions)
        self._others = _InQuickJS([expressions[position] for position in self._picks.others])

    def run(self, profiles: Sequence[bytes], count: int | None = None) -> list[Row | BadProfile]:
        """Evaluate all expressions, or the first `count`, over each profile (a user as JSON text).

        Returns
        -------
        list
            In the order of the profiles: the results in the order of the expressions, or why the profile is bad.
        """
        total = self._total if count is None else count
        others = [position for position in self._picks.others if position < total]
        rows = [self._picks.row(profile, total) or _read(profile) for profile in profiles]
        unsure = iter(self._all.run([row for row in rows if isinstance(row, bytes)], total))
        sure = [profile for profile, row in zip(profiles, rows, strict=True) if isinstance(row, list)]
        rest = iter(self._others.run(sure, len(others)) if others else ())
        return [
            next(unsure)
            if isinstance(row, bytes)
            else _filled(row, others, next(rest))
            if others and isinstance(row, list)
            else row
            for row in rows
        ]


def _filled(row: Row, positions: Sequence[int], results: Row | BadProfile) -> Row | BadProfile:
    """The row with results in these places."""
    if isinstance(results, BadProfile):
        return results
    for position, result in zip(positions, results, strict=True):
        row[position] = result
    return row


class _InQuickJS:
    """Expressions evaluated by QuickJS, which is given no more of a user than they can see."""

    def __init__(self, expressions: Sequence[Expression]) -> None:
        self._expressions = tuple(expressions)
        self._threads = threading.local()
        texts = [text for each in expressions for text in (each.text, each.condition) if text is not None]
        self._excerpt = Excerpt(texts if all(each.scope == "user" for each in expressions) else ("user",))

    def run(self, profiles: Sequence[bytes], count: int) -> list[Row | BadProfile]:
        """Evaluate the first `count` expressions over each profile, which is certainly one JSON object."""
        recovery = Recovery(self._sandbox, self._renew, count)
        excerpts = [self._excerpt.of(profile) for profile in profiles]
        return [row for chunk in _chunks(excerpts) for row in recovery.evaluate(chunk)]

    def _sandbox(self) -> Sandbox:
        sandbox: Sandbox | None = getattr(self._threads, "sandbox", None)
        if sandbox is None:
            sandbox = self._threads.sandbox = Sandbox(self._expressions)
        return sandbox

    def _renew(self) -> None:
        self._threads.sandbox = None


def _read(profile: bytes) -> bytes | BadProfile:
    """The profile, once it is certain that it is one JSON object in UTF-8: it goes into a list beside others."""
    try:
        _json.decode(profile)
        if not profile.isascii():
            profile.decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return BadProfile(f"expected a user as a JSON object: {error}")
    if profile[:1] != b"{" and profile.lstrip()[:1] != b"{":
        return BadProfile("expected a user as a JSON object, but it is another kind of JSON")
    return profile


def _chunks(profiles: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    start, size = 0, 0
    for position, profile in enumerate(profiles):
        if position > start and (
            position - start >= limits.CHUNK_IDENTITIES or size + len(profile) > limits.CHUNK_BYTES
        ):
            yield profiles[start:position]
            start, size = position, 0
        size += len(profile)
    if start < len(profiles):
        yield profiles[start:]
