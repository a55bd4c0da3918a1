"""From results to bookings: what was done, what is agreed now, and what needs a person or another try."""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from crosswalk.connectors.base import (
    ConfigurationWrong,
    Done,
    Failure,
    LinkLost,
    RetryLater,
    UserWritten,
    Written,
)
from crosswalk.domain.begun import BegunWrites
from crosswalk.domain.effect import EffectStep
from crosswalk.domain.ids import UserId
from crosswalk.domain.link import EndedLink, Link, Standing
from crosswalk.domain.pause import Misconfigured
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.domain.write import Action, FieldsWrite, FieldWrite, Reason, RecordWrite, UserWrite, Write
from crosswalk.engine.effect_books import StepsBooked, book_steps
from crosswalk.engine.problem_books import ProblemBooks, kind_of
from crosswalk.engine.writing import Result
from crosswalk.reconcile.effects import write_of
from crosswalk.reconcile.planner import keep_base
from crosswalk.store.audit import AUTH0_USER, AuditEntry
from crosswalk.store.effects import StepTaken
from crosswalk.store.problems import Problem, ProblemKind

ACTOR = "crosswalk"

_SUCCESS = (Written, UserWritten, Done)
_NO_STEPS = StepsBooked()
_DECIDED = Reason.DECIDED


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
    steps: tuple[StepTaken, ...] = ()
    ends: tuple[EndedLink, ...] = ()
    wakes: tuple[UserId, ...] = ()
    decided: tuple[str, ...] = ()
    """The fields that both sides now have as a person decided."""
    misconfigured: tuple[Misconfigured, ...] = ()
    """What was refused because of the configuration."""
    begun: BegunWrites | UnsetType | None = UNSET
    """What is still not known of what was begun; unset where nothing was, or nothing more is known of it now."""


class _Done(NamedTuple):
    """What became of the writes of a plan: the record afterwards, the audit trail, what was decided, what failed."""

    record: Record | None
    audit: list[AuditEntry]
    decided: list[str]
    failures: list[tuple[FieldsWrite, Failure]]


class Books(ProblemBooks, frozen=True):
    """Books the results of one sync's batch.

    Parameters
    ----------
    actor
        Who writes, for the audit trail.
    """

    actor: str = ACTOR

    def book(
        self, plan: Plan, results: Sequence[Result], link: Link | None, begun: BegunWrites | None = None
    ) -> Booking:
        """Turn one identity's plan and the results of its writes into what is stored.

        `link` is the identity's link before; it is only stored again when something about it changed. `begun` is what
        was noted before anything was written.
        """
        seq = self.seqs.get(plan.user_id)
        done = self._done(plan, results, seq)
        failures, steps = done.failures, _NO_STEPS
        if plan.effects:
            rest = results[len(plan.writes) :]
            steps = book_steps(self.sync, self.actor, plan.user_id, plan.episode, plan.effects, rest, seq)
        lost = _lost(link, [*failures, *((write_of(step), failure) for step, failure in steps.failures)])
        record = _after_steps(done.record, steps.taken) if steps.taken else done.record
        agreed, ends = _links_after(plan, record, link, failures)
        entries = [*done.audit, *steps.audit]
        if agreed is not None and plan.unbooked:
            entries = [*self._unbooked(plan, agreed.record, seq), *entries]
        if lost and agreed is not None:
            agreed = replace(agreed, standing=Standing.LOST)
        all_failures = [failure for _, failure in (*failures, *steps.failures)]
        waits = [failure.after_s or 0.0 for failure in all_failures if isinstance(failure, RetryLater)]
        return Booking(
            plan.user_id,
            None if waits or lost or (plan.unfinished and not all_failures) else _outcome(plan, entries, all_failures),
            max(waits) if waits else 0.0,
            link=None if agreed == link else agreed,
            audit=tuple(entries),
            problems=(*self._wrong(plan), *self._refused(plan, failures, steps, lost=lost)),
            steps=steps.taken,
            decided=tuple(done.decided),
            ends=ends,
            wakes=plan.wakes if ends == plan.ends else (),
            begun=UNSET if begun is None else _left_of(begun, plan, agreed, failures),
            misconfigured=_misconfigured_by(failures, steps) if all_failures else (),
        )

    def _done(self, plan: Plan, results: Sequence[Result], seq: int | None) -> _Done:
        """What became of the plan's own writes."""
        record, entries, decided = plan.record, list[AuditEntry](), list[str]()
        failures: list[tuple[FieldsWrite, Failure]] = []
        for write, result in zip(plan.writes, results[: len(plan.writes)], strict=True):
            if isinstance(write, RecordWrite) and isinstance(result, Written):
                if write.record_id is None or record is None or write.record_id == record.id:
                    record = _after(record, write, result)
                entries += self._audit(plan, write.object, result.record_id, write.action, write.fields, seq)
                decided += _decided(write)
            elif isinstance(write, UserWrite) and isinstance(result, UserWritten):
                entries += self._audit(plan, AUTH0_USER, write.user_id, Action.UPDATE, write.fields, seq)
                decided += _decided(write)
            elif not isinstance(result, _SUCCESS):
                failures.append((write, result))
        return _Done(record, entries, decided, failures)

    def _wrong(self, plan: Plan) -> list[Problem]:
        """What the plan itself leaves to a person."""
        problems = [self.field_error(plan, error.field, error.message, str(error.place)) for error in plan.errors]
        if plan.conflict is not None:
            problems.append(self.conflict(plan, plan.conflict))
        if plan.disputed or plan.quarantined:
            problems += [self.disputed(plan, dispute) for dispute in plan.disputed]
            problems += [self.quarantined(plan.user_id, each) for each in plan.quarantined]
        return problems

    def _refused(
        self, plan: Plan, failures: Sequence[tuple[FieldsWrite, Failure]], steps: StepsBooked, *, lost: bool
    ) -> list[Problem]:
        """What was not done: writes of the plan's own, and steps of flows."""
        if not failures and not steps.failures:
            return []
        problems = [
            self.problem(plan.user_id, ProblemKind.RETRYING, failure.code, "the record is gone; it is looked for")
            if lost and isinstance(failure, LinkLost)
            else self.write_failed(plan, write, failure)
            for write, failure in failures
        ]
        return problems + [self.step_failed(plan.user_id, step, failure) for step, failure in steps.failures]

    def postponed(self, user_id: UserId, code: str, message: str, wait_s: float = 0.0) -> Booking:
        """Book an identity that could not be dealt with now."""
        return Booking(user_id, None, wait_s, problems=(self.problem(user_id, ProblemKind.RETRYING, code, message),))

    def failed(self, user_id: UserId, code: str, message: str) -> Booking:
        """Book an identity that the hub itself could not deal with; it needs a person."""
        return Booking(
            user_id,
            ProblemKind.DEAD_LETTER.value,
            problems=(self.problem(user_id, ProblemKind.DEAD_LETTER, code, message),),
        )

    def _unbooked(self, plan: Plan, record: Record, seq: int | None) -> list[AuditEntry]:
        return [
            entry
            for write in plan.unbooked
            for entry in self._audit(plan, write.object, record.id, write.action, write.fields, seq)
        ]

    def _audit(
        self,
        plan: Plan,
        object_name: str,
        record_id: str,
        action: Action,
        fields: Sequence[FieldWrite],
        seq: int | None,
    ) -> list[AuditEntry]:
        by, of = plan.decided_by or self.actor, (self.sync, plan.user_id, object_name, record_id, action.value)
        return [AuditEntry(*of, f.field, f.old, f.new, str(f.reason), str(f.place), f.by or by, seq) for f in fields]


def misconfigured_steps(failures: Sequence[tuple[EffectStep, Failure]]) -> tuple[Misconfigured, ...]:
    """What the steps of flows were refused for that is wrong in the configuration."""
    return tuple(wrong for step, failure in failures if (wrong := _misconfigured(step.flow, "", failure)))


def _misconfigured_by(failures: Sequence[tuple[FieldsWrite, Failure]], steps: StepsBooked) -> tuple[Misconfigured, ...]:
    of_writes = (_misconfigured("", _object(write), failure) for write, failure in failures)
    return (*filter(None, of_writes), *misconfigured_steps(steps.failures))


def _misconfigured(flow: str, object_name: str, failure: Failure) -> Misconfigured | None:
    if not isinstance(failure, ConfigurationWrong):
        return None
    return Misconfigured(flow, object_name, failure.code, failure.message, failure.of_all)


def _object(write: FieldsWrite) -> str:
    return write.object if isinstance(write, RecordWrite) else AUTH0_USER


def _agreed(
    plan: Plan, record: Record | None, link: Link | None, failures: Sequence[tuple[FieldsWrite, Failure]]
) -> Link | None:
    """The link after the writes: both sides agree on what was written, and on nothing that failed."""
    if record is None:
        return None
    if link is None and any(isinstance(write, RecordWrite) for write, _ in failures):
        return None  # the record does not carry the user's id yet
    if not failures:
        return Link(plan.user_id, record, plan.base, plan.evidence, plan.standing, plan.settled)
    failed = {field for write, _ in failures for field in _mapped(write)}
    before = {} if link is None else link.base
    base = keep_base(plan.base, before, failed) if failed else plan.base
    return Link(plan.user_id, record, base, plan.evidence, plan.standing)


def _left_of(
    begun: BegunWrites, plan: Plan, agreed: Link | None, failures: Sequence[tuple[FieldsWrite, Failure]]
) -> BegunWrites | UnsetType | None:
    """What is still not known of what was begun: what failed may have been written all the same."""
    if agreed is None:
        return None if plan.situation is Situation.DELETED else UNSET
    if not failures:
        return None
    failed = {field for write, _ in failures for field in _mapped(write)}
    left = tuple(each for each in begun.fields if each.field in failed)
    return replace(begun, fields=left) if left else None


def _links_after(
    plan: Plan, record: Record | None, link: Link | None, failures: Sequence[tuple[FieldsWrite, Failure]]
) -> tuple[Link | None, tuple[EndedLink, ...]]:
    """The link after the writes, and the links that end; while the record could not be written, nobody's link ends."""
    if not failures and not plan.ends:
        return _agreed(plan, record, link, failures), ()
    refused = any(isinstance(write, RecordWrite) for write, _ in failures)
    if any(end.user_id == plan.user_id for end in plan.ends):
        if not refused:
            return _agreed(plan, record, None, failures), plan.ends
        return (None if link is None else replace(link, standing=Standing.LOST)), ()
    return _agreed(plan, record, link, failures), () if refused else plan.ends


def _lost(link: Link | None, failures: Sequence[tuple[Write | None, Failure]]) -> bool:
    """Whether a write did not find the link's record, which has to be looked for, unless that was done just now."""
    if not failures or link is None or link.standing is Standing.LOST:
        return False
    return any(
        isinstance(failure, LinkLost) and isinstance(write, RecordWrite) and write.record_id == link.record.id
        for write, failure in failures
    )


def _mapped(write: FieldsWrite) -> Sequence[str]:
    """The Salesforce fields whose base depends on the write."""
    return write.mapped if isinstance(write, UserWrite) else [field.field for field in write.fields]


def _decided(write: FieldsWrite) -> list[str]:
    """The Salesforce fields that are written because a person decided it."""
    places = [place for place, field in enumerate(write.fields) if field.reason is _DECIDED]
    return [_mapped(write)[place] for place in places]


_TELLING = frozenset(
    {
        Situation.DELETED,
        Situation.FILTERED,
        Situation.CONVERTED,
        Situation.RECORD_DELETED,
        Situation.USERS_LINKED,
        Situation.REPLACED,
    }
)
"""The situations that say more than that nothing was written."""


def _outcome(plan: Plan, entries: Sequence[AuditEntry], failures: Sequence[Failure]) -> str:
    if failures:
        return kind_of(failures[0]).value
    if entries:
        return "written"
    if plan.disputed or plan.conflict:
        return ProblemKind.CONFLICT.value
    if plan.situation in _TELLING:
        return plan.situation.value
    return "unchanged" if plan.record is not None else plan.situation.value


def _after_steps(record: Record | None, steps: Sequence[StepTaken]) -> Record | None:
    """The record as it is once flows wrote to it."""
    for taken in steps:
        write = write_of(taken.step)
        if record is not None and isinstance(write, RecordWrite) and write.record_id == record.id:
            fields = {field.field: field.new for field in write.fields}
            record = Record(record.object, record.id, {**record.fields, **fields})
    return record


def _after(record: Record | None, write: RecordWrite, result: Written) -> Record:
    """The record as it is once the write is done."""
    fields = {} if record is None else dict(record.fields)
    name, user_id = write.external_id
    fields[name] = user_id
    for each in write.fields:
        fields[each.field] = each.new
    return Record(write.object, result.record_id, fields)
