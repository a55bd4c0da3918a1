"""What happened in the org: every write in order, and every call."""

from collections import Counter, deque
from typing import Any

import msgspec

_KEPT_CALLS = 10_000


class WriteEntry(msgspec.Struct, frozen=True):
    """One applied write.

    `fields` are the values that were sent, as stored; `changed` names those that were new. `number` counts from 1,
    `time` is UTC in ISO 8601 with milliseconds, `source` is `api`, `page` or `sandbox`.
    """

    number: int
    time: str
    operation: str
    object: str
    id: str
    fields: dict[str, Any]
    changed: list[str]
    source: str


class WriteLog:
    """The ordered list of writes since the last reset."""

    def __init__(self) -> None:
        self._entries: list[WriteEntry] = []

    def __len__(self) -> int:
        return len(self._entries)

    def append(
        self,
        *,
        time: str,
        operation: str,
        object: str,
        id: str,
        fields: dict[str, Any],
        changed: list[str],
        source: str,
    ) -> None:
        number = len(self._entries) + 1
        self._entries.append(WriteEntry(number, time, operation, object, id, fields, changed, source))

    def after(self, number: int) -> list[WriteEntry]:
        """The writes that follow the given number."""
        return self._entries[max(number, 0) :]

    def mark(self) -> int:
        """Where the log ends now, for `cut`."""
        return len(self._entries)

    def cut(self, mark: int) -> None:
        """Forget the writes after a mark, because they were rolled back."""
        del self._entries[mark:]


class CallEntry(msgspec.Struct, frozen=True):
    """One HTTP call: `path` is a template such as `/services/data/{version}/query`, `ms` its duration."""

    method: str
    path: str
    status: int
    ms: float


class CallLog:
    """Counts of calls by method and path template, and the last few thousand in full."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._recent: deque[CallEntry] = deque(maxlen=_KEPT_CALLS)

    def append(self, entry: CallEntry) -> None:
        self._counts[f"{entry.method} {entry.path}"] += 1
        self._recent.append(entry)

    def summary(self) -> dict[str, Any]:
        """`total`, and `by_path` with one count for each method and template."""
        return {"total": sum(self._counts.values()), "by_path": dict(sorted(self._counts.items()))}

    def recent(self) -> list[CallEntry]:
        return list(self._recent)
