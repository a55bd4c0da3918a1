"""Many expressions over many users in one call of QuickJS."""

import threading
from collections.abc import Iterator, Sequence

import msgspec

from crosswalk.expressions import limits
from crosswalk.expressions.errors import ExpressionSyntaxError
from crosswalk.expressions.recovery import Recovery
from crosswalk.expressions.results import BadProfile, Row
from crosswalk.expressions.sandbox import Expression, Sandbox, find_syntax_problems

_json = msgspec.json.Decoder(msgspec.Raw)


class Program:
    """Compiled expressions. May be used from any thread: each gets a context of its own when it first asks.

    Raises
    ------
    ExpressionSyntaxError
        With every expression that cannot be compiled.
    """

    def __init__(self, expressions: Sequence[Expression]) -> None:
        problems = find_syntax_problems(expressions)
        if problems:
            raise ExpressionSyntaxError(problems)
        self._expressions = tuple(expressions)
        self._threads = threading.local()

    def run(self, profiles: Sequence[bytes], count: int | None = None) -> list[Row | BadProfile]:
        """Evaluate all expressions, or the first `count`, over each profile (a user as JSON text).

        Returns
        -------
        list
            In the order of the profiles: the results in the order of the expressions, or why the profile is bad.
        """
        rows: list[Row | BadProfile | None] = []
        good: list[bytes] = []
        for profile in profiles:
            checked = _read(profile)
            if isinstance(checked, BadProfile):
                rows.append(checked)
            else:
                rows.append(None)
                good.append(checked)
        total = len(self._expressions) if count is None else count
        recovery = Recovery(self._sandbox, self._renew, total)
        results = (row for chunk in _chunks(good) for row in recovery.evaluate(chunk))
        return [next(results) if row is None else row for row in rows]

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
