"""From results to the ledger: what was done, what is agreed now, and what needs a person or another try."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct

from crosswalk.connectors.base import (
    ConfigurationWrong,
    ConflictFound,
    LinkLost,
    Rejected,
    RetryLater,
    WriteResult,
    Written,
)
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.link import Link
from crosswalk.domain.plan import Conflict, Plan, RecordWrite, Situation
from crosswalk.domain.record import Record
from crosswalk.store import audit, claims, inbox, links, problems
from crosswalk.store.audit import AuditEntry
from crosswalk.store.database import Connection
from crosswalk.store.problems import Problem, ProblemKind

ACTOR = "crosswalk"

Item = TypeVar("Item")


class Booking(Struct, frozen=True):
    """Everything that one identity's reconcile leaves behind.

    `outcome` is what became of its events; `None` when they wait for another try, at least `wait_s` seconds from now.
    """

    user_id: UserId
    outcome: str | None
    wait_s: float = 0.0
    link: Link | None = None
    audit: tuple[AuditEntry, ...] = ()
    problems: tuple[Problem, ...] = ()


class Books(Struct, frozen=True):
    """Books the results of one sync's batch.

    Parameters
    ----------
    sync
        Whose books.
    seqs
        The inbox's number of the event that each identity's writes are attributed to.
    """

    sync: SyncName
    seqs: Mapping[UserId, int]

    def book(self, plan: Plan, results: Sequence[WriteResult], link: Link | None) -> Booking:
        """Turn one identity's plan and the results of its writes into what is stored.

        `link` is the identity's link before; it is only stored again when something about it changed.
        """
        problems_found = [
            self._field_error(plan, error.field, error.message, str(error.place)) for error in plan.errors
        ]
        if plan.conflict is not None:
            problems_found.append(self._conflict(plan, plan.conflict))
            return Booking(plan.user_id, "conflict", problems=tuple(problems_found))
        entries: list[AuditEntry] = []
        record = plan.record
        for write, result in zip(plan.writes, results, strict=True):
            if not isinstance(result, Written):
                problem = self._failed(plan, write, result)
                wait_s = result.after_s or 0.0 if isinstance(result, RetryLater) else 0.0
                outcome = None if isinstance(result, RetryLater) else problem.kind.value
                return Booking(plan.user_id, outcome, wait_s, problems=(*problems_found, problem))
            record = _after(record, write, result)
            entries += self._audit(plan, write, result)
        agreed = None if record is None else Link(plan.user_id, record, plan.base, plan.evidence)
        return Booking(
            plan.user_id,
            _outcome(plan, entries),
            link=None if agreed == link else agreed,
            audit=tuple(entries),
            problems=tuple(problems_found),
        )

    def postponed(self, user_id: UserId, code: str, message: str, wait_s: float = 0.0) -> Booking:
        """Book an identity that could not be dealt with now."""
        return Booking(user_id, None, wait_s, problems=(self._problem(user_id, ProblemKind.RETRYING, code, message),))

    def failed(self, user_id: UserId, code: str, message: str) -> Booking:
        """Book an identity that the hub itself could not deal with; it needs a person."""
        return Booking(
            user_id,
            ProblemKind.DEAD_LETTER.value,
            problems=(self._problem(user_id, ProblemKind.DEAD_LETTER, code, message),),
        )

    def _audit(self, plan: Plan, write: RecordWrite, result: Written) -> list[AuditEntry]:
        return [
            AuditEntry(
                sync=self.sync,
                user_id=plan.user_id,
                object=write.object,
                record_id=result.record_id,
                action=write.action.value,
                field=field.field,
                old=field.old,
                new=field.new,
                reason=field.reason.value,
                place=str(field.place),
                actor=ACTOR,
                event_seq=self.seqs.get(plan.user_id),
            )
            for field in write.fields
        ]

    def _failed(self, plan: Plan, write: RecordWrite, result: WriteResult) -> Problem:
        match result:
            case RetryLater():
                kind = ProblemKind.RETRYING
            case ConflictFound() | LinkLost():
                kind = ProblemKind.CONFLICT
            case Rejected() | ConfigurationWrong():
                kind = ProblemKind.DEAD_LETTER
            case Written():
                raise AssertionError("a write that succeeded is no problem")
        return self._problem(
            plan.user_id,
            kind,
            result.code,
            result.message,
            object_name=write.object,
            detail={
                "action": write.action.value,
                "record_id": write.record_id,
                "fields": {field.field: field.new for field in write.fields},
                "at_fault": list(getattr(result, "fields", ())),
            },
        )

    def _conflict(self, plan: Plan, conflict: Conflict) -> Problem:
        return self._problem(
            plan.user_id,
            ProblemKind.CONFLICT,
            conflict.situation.value.upper(),
            conflict.message,
            object_name=plan.target or "",
            detail={
                "rule": conflict.rule,
                "candidates": [{"object": c.object, "id": c.id, "fields": dict(c.fields)} for c in conflict.candidates],
            },
        )

    def _field_error(self, plan: Plan, field: str, message: str, place: str) -> Problem:
        return self._problem(
            plan.user_id,
            ProblemKind.FIELD_ERROR,
            "FIELD_ERROR",
            message,
            object_name=plan.target or "",
            field=field,
            detail={"place": place},
        )

    def _problem(
        self,
        user_id: UserId,
        kind: ProblemKind,
        code: str,
        message: str,
        *,
        object_name: str = "",
        field: str = "",
        detail: dict[str, object] | None = None,
    ) -> Problem:
        return Problem(
            sync=self.sync,
            user_id=user_id,
            kind=kind,
            object=object_name,
            field=field,
            code=code,
            message=message,
            detail=detail or {},
            event_seq=self.seqs.get(user_id),
        )


def _outcome(plan: Plan, entries: Sequence[AuditEntry]) -> str:
    if entries:
        return "written"
    if plan.situation in {Situation.DELETED, Situation.FILTERED}:
        return plan.situation.value
    return "unchanged" if plan.record is not None else plan.situation.value


def _after(record: Record | None, write: RecordWrite, result: Written) -> Record:
    """The record as it is once the write is done."""
    before = {} if record is None else dict(record.fields)
    field, value = write.external_id
    return Record(write.object, result.record_id, before | {field: value} | {f.field: f.new for f in write.fields})


async def store(connection: Connection, sync: SyncName, bookings: Sequence[Booking], up_to_seq: int) -> None:
    """Store a batch's bookings in the caller's transaction, a statement per table."""
    saved = await links.save(connection, sync, [b.link for b in bookings if b.link is not None])
    lost = {b.user_id for b in bookings if b.link is not None and b.link.user_id not in saved}
    await audit.append(connection, _all(b.audit for b in bookings))
    await problems.settle(connection, sync, [b.user_id for b in bookings], _all(b.problems for b in bookings))
    await claims.release(connection, sync, [b.user_id for b in bookings])
    # Another identity linked the record first: reconciled again, this one will find that out and become a conflict.
    waits = [(b.user_id, b.wait_s) for b in bookings if b.outcome is None or b.user_id in lost]
    await inbox.postpone(connection, sync, waits, up_to_seq)
    outcomes = [(b.user_id, b.outcome) for b in bookings if b.outcome is not None and b.user_id not in lost]
    await inbox.finish(connection, sync, outcomes, up_to_seq)


def _all(groups: Iterable[Sequence[Item]]) -> list[Item]:
    return [item for group in groups for item in group]
