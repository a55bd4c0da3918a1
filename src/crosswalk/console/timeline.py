"""Everything that happened to one identity, in one list, newest first."""

from datetime import datetime

from msgspec import Struct

from crosswalk.api.identity_view import IdentityView
from crosswalk.store.overview import ReceivedEvent, WrittenRecord
from crosswalk.store.problems import Problem


class Happening(Struct, frozen=True):
    """One entry; exactly one of `event`, `write` and `problem` is set. `key` names it for as long as it is shown."""

    key: str
    at: datetime
    event: ReceivedEvent | None = None
    write: WrittenRecord | None = None
    problem: Problem | None = None


def timeline_of(view: IdentityView, most: int = 100) -> list[Happening]:
    """Merge events, writes and problems by time."""
    happenings = [Happening(f"event-{e.seq}", e.received_at, event=e) for e in view.events]
    happenings += [Happening(f"write-{w.id}", w.at, write=w) for w in view.writes]
    happenings += [Happening(f"problem-{p.id}", p.last_seen, problem=p) for p in view.problems if p.last_seen]
    return sorted(happenings, key=lambda happening: happening.at, reverse=True)[:most]
