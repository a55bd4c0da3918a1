"""What was injected, in order."""

from collections import deque
from typing import Any

import msgspec

_KEPT = 100_000


class InjectedFault(msgspec.Struct, frozen=True):
    """One fault that happened.

    `number` counts from 1; `rule` and `effect` name the rule and the kind of its effect; `call` is the rule's own count
    of matching calls, records or events; `target` is what was hit: method and path, object and id, or an event's type;
    `details` are what was drawn, such as `ms`; `at` is the sandbox's time in ISO 8601.
    """

    number: int
    rule: str
    effect: str
    call: int
    target: str
    details: dict[str, Any]
    at: str


class FaultLog:
    """The injected faults since the last reset, the oldest dropped beyond 100,000."""

    def __init__(self) -> None:
        self._entries: deque[InjectedFault] = deque(maxlen=_KEPT)
        self._written = 0

    def write(self, *, rule: str, effect: str, call: int, target: str, details: dict[str, Any], at: str) -> None:
        self._written += 1
        self._entries.append(InjectedFault(self._written, rule, effect, call, target, details, at))

    def after(self, number: int = 0) -> list[InjectedFault]:
        """The entries that follow the given number."""
        return [entry for entry in self._entries if entry.number > number]
