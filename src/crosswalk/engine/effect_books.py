"""From the results of a flow's steps to what is held, what the audit trail says, and what needs a person."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from crosswalk.connectors.base import (
    ConfigurationWrong,
    Done,
    Failure,
    LinkLost,
    RetryLater,
    UserWritten,
    Written,
)
from crosswalk.domain.effect import EffectStep, Step
from crosswalk.domain.ids import UserId
from crosswalk.domain.plan import Plan
from crosswalk.domain.record_writes import EventPublish, RecordDelete
from crosswalk.domain.user_writes import MembershipChange, RoleChange, TicketIssue, UserCreate
from crosswalk.domain.values import FieldValue
from crosswalk.domain.write import FieldWrite, Reason, RecordWrite, UserWrite, Write
from crosswalk.engine.writing import Result
from crosswalk.reconcile.effects import write_of
from crosswalk.store.audit import AUTH0_USER, AuditEntry
from crosswalk.store.claims import Claim
from crosswalk.store.effects import StepTaken


class Trace(Struct, frozen=True):
    """What was done to one field of one thing, in the words of the audit trail."""

    object: str
    record_id: str
    action: str
    field: str
    old: FieldValue
    new: FieldValue


class StepsBooked(Struct, frozen=True):
    """What carrying out a subject's steps leaves behind.

    Parameters
    ----------
    taken
        The steps that were carried out.
    audit
        What they wrote.
    failures
        The steps that were not, and why.
    """

    taken: tuple[StepTaken, ...] = ()
    audit: tuple[AuditEntry, ...] = ()
    failures: tuple[tuple[EffectStep, Failure], ...] = ()


def marked_by(plan: Plan) -> list[Claim]:
    """The records that flows are to mark, or to unmark: who has one changes only before that or after it."""
    return [
        Claim(plan.user_id, write.object, "Id", write.record_id)
        for write in writes_of(plan.effects)
        if isinstance(write, RecordWrite) and write.record_id is not None
    ]


def begun_steps(plans: Mapping[UserId, Plan]) -> list[StepTaken]:
    """What flows are about to do and undo, to be noted before it is done.

    Of what may have been done or undone nobody knows whether it is there: it is done again where it is wanted, and
    undone again where it is not.
    """
    return [
        StepTaken(user_id, step, _episode_of(step, plan.episode), None)
        for user_id, plan in plans.items()
        for step in plan.effects
        if step.step is not Step.RELEASE
    ]


def _episode_of(step: EffectStep, present: int) -> int:
    return present if step.episode is None else step.episode


def writes_of(steps: Sequence[EffectStep]) -> list[Write]:
    """The writes that the steps ask for, in their order."""
    return [write for step in steps if (write := write_of(step)) is not None]


def book_steps(
    sync: str,
    actor: str,
    subject: str,
    episode: int,
    steps: Sequence[EffectStep],
    results: Sequence[Result],
    event_seq: int | None,
) -> StepsBooked:
    """Turn the results of a subject's steps (one for each of `writes_of(steps)`) into what is stored."""
    left = iter(results)
    taken: list[StepTaken] = []
    entries: list[AuditEntry] = []
    failures: list[tuple[EffectStep, Failure]] = []
    for step in steps:
        write = write_of(step)
        if write is not None:
            result = next(left)
            if step.step is Step.UNDO and _is_gone(result):
                result = Done("")  # what it was done to is gone, and with it what was to be taken back
            if not isinstance(result, Written | UserWritten | Done):
                failures.append((step, result))
                continue
            reason = Reason.FLOW if step.step is Step.DO else Reason.UNDONE
            entries += [
                AuditEntry(
                    sync=sync,
                    user_id=subject,
                    object=each.object,
                    record_id=each.record_id,
                    action=each.action,
                    field=each.field,
                    old=each.old,
                    new=each.new,
                    reason=reason.value,
                    place=str(step.place),
                    actor=actor,
                    event_seq=event_seq,
                )
                for each in _described(write, result)
            ]
        taken.append(StepTaken(subject, step, _episode_of(step, episode), event_seq))
    return StepsBooked(tuple(taken), tuple(entries), tuple(failures))


def wait_of(failures: Sequence[tuple[EffectStep, Failure]]) -> float | None:
    """How long to wait before the steps that may succeed later, seconds; `None` when there are none."""
    waits = [failure.after_s or 0.0 for _, failure in failures if isinstance(failure, RetryLater)]
    return max(waits) if waits else None


def _is_gone(result: Result) -> bool:
    if isinstance(result, ConfigurationWrong):
        return result.code == "UNKNOWN_ROLE" or result.code.startswith("inexistent_")
    return isinstance(result, LinkLost)


def _described(write: Write, result: Written | UserWritten | Done) -> list[Trace]:
    """A write in the words of the audit trail."""
    match write:
        case RecordWrite():
            record_id = result.record_id if isinstance(result, Written) else ""
            return _fields(write.object, record_id, write.action.value, write.fields)
        case UserWrite():
            return _fields(AUTH0_USER, write.user_id, "update", write.fields)
        case RecordDelete():
            return [Trace(write.object, "", "delete", *write.external_id, None)]
        case EventPublish():
            return [Trace(write.event, "", "publish", name, None, value) for name, value in write.fields.items()]
        case _:
            return [_access(write, result)]


def _fields(object_name: str, record_id: str, action: str, fields: Sequence[FieldWrite]) -> list[Trace]:
    return [Trace(object_name, record_id, action, each.field, each.old, each.new) for each in fields]


def _access(write: UserCreate | RoleChange | MembershipChange | TicketIssue, result: object) -> Trace:
    match write:
        case UserCreate():
            user_id = result.identity.user_id if isinstance(result, UserWritten) else ""
            return Trace(AUTH0_USER, user_id, "create", "email", None, write.email)
        case RoleChange():
            old, new = (None, write.role) if write.granted else (write.role, None)
            return Trace(AUTH0_USER, write.user_id, "grant" if write.granted else "revoke", "role", old, new)
        case MembershipChange():
            old, new = (None, write.organization) if write.member else (write.organization, None)
            action = "add_member" if write.member else "remove_member"
            return Trace(AUTH0_USER, write.user_id, action, "organization", old, new)
        case TicketIssue():
            # The address is a credential: the trail says that it was issued, and where it went.
            return Trace(AUTH0_USER, write.user_id, "invite", "ticket", None, write.deliver_to.field)
