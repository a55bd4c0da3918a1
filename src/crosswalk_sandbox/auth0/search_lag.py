"""The search's delay: users as they were some seconds ago, because the vendor's search is eventually consistent."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

CHANGES_KEPT = 100_000


class SearchLag:
    """The changes of users that the search may not have seen yet; times are seconds of the sandbox's clock."""

    def __init__(self) -> None:
        self._changes: deque[tuple[float, str, dict[str, Any] | None]] = deque(maxlen=CHANGES_KEPT)

    def note(self, event_type: str, data: dict[str, Any], now: float) -> None:
        """Remember how a user was before the change that an event tells of."""
        match event_type:
            case "user.created":
                before = None
            case "user.updated":
                before = data["previous_object"]
            case "user.deleted":
                before = {name: value for name, value in data["object"].items() if name != "deleted_at"}
            case _:
                return
        self._changes.append((now, data["object"]["user_id"], before))

    def seen(self, users: Iterable[dict[str, Any]], since: float) -> Iterable[dict[str, Any]]:
        """Return the users as they were at the moment `since`."""
        while self._changes and self._changes[0][0] <= since:
            self._changes.popleft()
        if not self._changes:
            return users
        before: dict[str, dict[str, Any] | None] = {}
        for _, user_id, document in self._changes:
            # The first change since then tells how the user was then.
            before.setdefault(user_id, document)
        documents = {document["user_id"]: document for document in users}
        for user_id, was in before.items():
            if was is None:
                documents.pop(user_id, None)
            else:
                documents[user_id] = was
        return documents.values()
