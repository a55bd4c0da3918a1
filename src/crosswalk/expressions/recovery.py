"""Finds the one expression that runs wild, so that everything beside it keeps its value.

A call over many users either ends within its limits, or is stopped. Then the users that it finished keep their rows,
the user at which it stopped is evaluated expression by expression, and the call goes on behind that user. Every stop
ends in a new context. An expression that runs wild for `STRIKES` users is left out for the rest of the batch, so the
time that a batch can lose is bounded: per expression, `STRIKES` times one call and one evaluation.
"""

import time
from collections.abc import Callable, Sequence

import msgspec

from crosswalk.expressions import limits
from crosswalk.expressions.results import BadProfile, Raw, Row, failure
from crosswalk.expressions.sandbox import Sandbox, Stopped, StopReason, Unreadable

_MEGABYTE = 1024 * 1024


class Recovery:
    """The evaluation of one batch, with what it learned about its expressions.

    Parameters
    ----------
    sandbox
        Gives the current sandbox.
    renew
        Throws the current sandbox away, so that the next call of `sandbox` gives a new one.
    total
        How many of the expressions, from the first, are evaluated.
    """

    def __init__(self, sandbox: Callable[[], Sandbox], renew: Callable[[], None], total: int) -> None:
        self._sandbox = sandbox
        self._renew = renew
        self._total = total
        self._strikes = [0] * total
        self._off: str | None = None

    def evaluate(self, profiles: Sequence[bytes]) -> list[Row | BadProfile]:
        """Evaluate every expression over every profile (each one JSON object); rows in the order of the profiles."""
        rows: list[Row | BadProfile] = []
        while len(rows) < len(profiles):
            rest = profiles[len(rows) :]
            try:
                rows += self._call(rest)
            except Stopped as stopped:
                self._renew()
                rows += stopped.rows
                if len(rows) < len(profiles):
                    rows.append(self._one_by_one(profiles[len(rows)]))
            except Unreadable as unreadable:
                self._renew()
                if len(rest) == 1:
                    rows.append(BadProfile(f"expected a user as JSON, but it cannot be read: {unreadable}"))
                else:
                    half = len(rest) // 2
                    rows += self.evaluate(rest[:half])
                    rows += self.evaluate(rest[half:])
        return rows

    def _call(self, profiles: Sequence[bytes]) -> list[Row]:
        users = (b"[" + b",".join(profiles) + b"]").decode()
        rows = self._sandbox().call(users, 0, self._total, self._off, limits.CALL_SECONDS)
        if self._off is not None:
            for k in self._left_out():
                for row in rows:
                    row[k] = _left_out_failure()
        return rows

    def _one_by_one(self, profile: bytes) -> Row | BadProfile:
        row: Row = []
        slowest, longest, stopped_any = 0, 0.0, False
        for k in range(self._total):
            if self._strikes[k] >= limits.STRIKES:
                row.append(_left_out_failure())
                continue
            started = time.thread_time()
            try:
                ((value,),) = self._sandbox().call(f"[{profile.decode()}]", k, k + 1, None, limits.EXPRESSION_SECONDS)
                row.append(value)
            except Stopped as stopped:
                self._renew()
                stopped_any = True
                row.append(_stop_failure(stopped.reason))
                self._strike(k)
            except Unreadable as unreadable:
                self._renew()
                return BadProfile(f"expected a user as JSON, but it cannot be read: {unreadable}")
            taken = time.thread_time() - started
            if taken > longest:
                slowest, longest = k, taken
        if not stopped_any and longest > limits.SLOW_SECONDS:
            self._strike(slowest)
        return row

    def _strike(self, k: int) -> None:
        self._strikes[k] += 1
        off = [strikes >= limits.STRIKES for strikes in self._strikes]
        self._off = msgspec.json.encode(off).decode() if any(off) else None

    def _left_out(self) -> list[int]:
        return [k for k, strikes in enumerate(self._strikes) if strikes >= limits.STRIKES]


def _stop_failure(reason: StopReason) -> Raw:
    if reason is StopReason.TIME:
        return failure(f"took longer than {limits.EXPRESSION_SECONDS * 1000:.0f} ms and was stopped; simplify it")
    return failure(f"used more than {limits.MEMORY_BYTES // _MEGABYTE} MB and was stopped; simplify it")


def _left_out_failure() -> Raw:
    return failure(
        "left out for the rest of this batch, because it took too much time or memory for "
        f"{limits.STRIKES} identities; simplify it"
    )
