"""What a back-fill is: everybody at once, in chunks; how far it is; what would come of it, in numbers."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

from crosswalk.domain.ids import SyncName
from crosswalk.domain.purpose import Purpose
from crosswalk.domain.threshold import Thresholds, WriteKind

PATIENCE_S = 10.0
"""Live work that never ends must not keep a back-fill from ever going on, as long as it keeps up; nor must work that
nobody does, as where no worker runs."""


class Direction(StrEnum):
    """Of which side everybody is gone through."""

    USERS = "users"
    """Every user: whoever has no record gets one, where the sync makes records."""
    RECORDS = "records"
    """Every record: the users to whom they belong; nobody gets a new record."""
    BOTH = "both"
    """Every user, and the records that belong to none are told of."""


class Stage(StrEnum):
    """How far a back-fill is."""

    READING = "reading"
    """Both sides are read whole."""
    MATCHING = "matching"
    """It is found out what would be done, and nothing is written."""
    MATCHED = "matched"
    """The report is there; somebody has to order that it is written."""
    WRITING = "writing"
    DONE = "done"
    CANCELLED = "cancelled"


AT_WORK = frozenset({Stage.READING, Stage.MATCHING, Stage.WRITING})
"""The stages in which workers have something to do."""


class Outlook(StrEnum):
    """What would be done about an identity."""

    LINK = "link"
    """A record that is there is linked."""
    CREATE = "create"
    """A record is made."""
    UPDATE = "update"
    """It is linked, and one of the sides is written."""
    SAME = "same"
    """It is linked, and there is nothing to write."""
    CONFLICT = "conflict"
    """A person has to decide."""
    WAIT = "wait"
    """The rules want something of the user first, such as a verified address."""
    NO_RECORD = "no_record"
    """No record is the user's, and none is made."""
    LEFT_ALONE = "left_alone"
    """The sync's filter, or a person, leaves it alone; or the user is gone."""
    FAILED = "failed"
    """The hub stumbled over it."""
    DEAL = "deal"
    """No identity, but a deal that is won, and of which its flow did not hear yet."""


class Outcome(StrEnum):
    """What became of an identity when the back-fill wrote."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    OPEN = "open"
    """A conflict, a wait, or one that is left alone: told of in the report and on the pages of problems."""
    HANDED_OVER = "handed_over"
    """It was not done at once, and the workers go on with it like with any event."""


class Tally(Struct):
    """How many identities would have what done, or had."""

    outlooks: dict[Outlook, int] = {}
    kinds: dict[WriteKind, int] = {}
    outcomes: dict[Outcome, int] = {}

    def count(self, outlook: Outlook, kinds: Collection[WriteKind]) -> None:
        """Count what would be done about one identity."""
        self.outlooks[outlook] = self.outlooks.get(outlook, 0) + 1
        for kind in kinds:
            self.kinds[kind] = self.kinds.get(kind, 0) + 1

    def became(self, outcome: Outcome, identities: int = 1) -> None:
        """Count what became of identities."""
        if identities:
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + identities

    def add(self, other: "Tally") -> None:
        """Add what was counted elsewhere."""
        for mine, theirs in (
            (self.outlooks, other.outlooks),
            (self.kinds, other.kinds),
            (self.outcomes, other.outcomes),
        ):
            _add(mine, theirs)


def _add(mine: dict[Any, int], theirs: Mapping[Any, int]) -> None:
    for name, number in theirs.items():
        mine[name] = mine.get(name, 0) + number


class TooMuch(Struct, frozen=True):
    """A kind of write of which there would be more than a threshold allows."""

    kind: WriteKind
    identities: int
    allowed: int


class Report(Struct, frozen=True):
    """What would come of a back-fill.

    Parameters
    ----------
    users, records
        How many were read.
    outlooks, kinds
        How many identities would have what done, and by kind of write.
    unclaimed
        How many records of each object belong to nobody.
    contested
        How many users would have to give way to another one who matches the same record; among the conflicts.
    too_much
        What is more than a threshold allows, and is written only once somebody approves.
    """

    users: int
    records: int
    outlooks: Mapping[Outlook, int]
    kinds: Mapping[WriteKind, int]
    unclaimed: Mapping[str, int]
    contested: int
    too_much: tuple[TooMuch, ...] = ()


class Finding(Struct, frozen=True):
    """One identity of the report: what would be done about it, and why."""

    user_id: str
    outlook: Outlook
    situation: str = ""
    rule: str = ""
    object: str = ""
    record_ids: str = ""
    words: str = ""


class Backfill(Struct, frozen=True):
    """A back-fill as it stands.

    Parameters
    ----------
    stage, paused
        How far it is, and whether somebody wants it to rest.
    write
        Whether it was ordered to write once it is matched.
    approved_by
        Who approved that it writes more than the thresholds allow.
    users, records
        How many were read so far.
    done
        How many users the chunks that are finished in this stage have.
    lately, lately_s
        How many of them were finished in the last so many seconds of this stage.
    error
        What keeps it from going on at the moment, as far as known.
    deals
        Whether deals that were won before are told to their flow.
    """

    id: int
    sync: SyncName
    direction: Direction
    stage: Stage
    paused: bool
    write: bool
    ordered_by: str
    approved_by: str | None
    lanes: int
    definition: str
    started_at: datetime
    finished_at: datetime | None
    users: int
    records: int
    report: Report | None
    outcomes: Mapping[Outcome, int]
    error: str
    done: int = 0
    lately: int = 0
    lately_s: float = 0.0
    deals: bool = False

    @property
    def works(self) -> bool:
        """Whether workers have something to do."""
        return self.stage in AT_WORK and not self.paused

    @property
    def progress(self) -> "Progress":
        """How far the stage is."""
        if self.stage is Stage.READING:
            return Progress(self.users, None, None, None)
        return progress_of(self.done, self.users, self.lately, self.lately_s if self.works else 0.0)

    @property
    def needs_approval(self) -> bool:
        """Whether it writes only once somebody approved the report."""
        return self.report is not None and bool(self.report.too_much) and self.approved_by is None


class Progress(Struct, frozen=True):
    """How far a stage is: users, users a second, and seconds left, as far as known."""

    done: int
    total: int | None
    rate: float | None
    left_s: float | None


def progress_of(done: int, total: int, lately: int, lately_s: float) -> Progress:
    """The progress of a stage that has finished `done` of `total`, `lately` of them within the last `lately_s` seconds.

    The rate is that of lately alone: what went before a rest, or before live traffic came, says nothing about now.
    """
    if done >= total:
        return Progress(total, total, None, 0.0)
    if lately <= 0 or lately_s <= 0:
        return Progress(done, total, None, None)
    rate = lately / lately_s
    return Progress(done, total, rate, (total - done) / rate)


def too_much(kinds: Mapping[WriteKind, int], thresholds: Thresholds, linked: int) -> tuple[TooMuch, ...]:
    """The kinds of which there would be more than is allowed with so many identities linked, the gravest first."""
    return tuple(
        TooMuch(kind, kinds[kind], allowed)
        for kind in WriteKind
        if kind in kinds and kind in thresholds.limits
        if kinds[kind] > (allowed := thresholds.limits[kind].allows(linked))
    )


def gives_way(waiting: int, oldest_s: float, unmoved_s: float, patient_for_s: float) -> bool:
    """Whether a back-fill lets live work go first.

    Parameters
    ----------
    waiting, oldest_s
        How many events of the sync are due, and for how many seconds the oldest has been.
    unmoved_s
        For how many seconds it has been the same event that is the oldest: nobody deals with it then.
    patient_for_s
        How long the back-fill gave way already. Where events never cease but are dealt with in time, it then goes on.
    """
    if not waiting or unmoved_s >= PATIENCE_S:
        return False
    return oldest_s >= PATIENCE_S or patient_for_s < PATIENCE_S


def spends_too_much(used: int, limit: int) -> bool:
    """Whether a back-fill waits because so many of the day's calls are used, by whomever: the rest is not for it."""
    return used >= limit * (1.0 - Purpose.BACKFILL.floor)


def key_hash(normal: str) -> int:
    """The 64 bits by which a normalised match key is looked for among the records that were read."""
    digest = hashlib.blake2b(normal.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
