"""What a plan does, by kind of write, and a fingerprint that tells whether two plans write the same."""

import hashlib
from collections.abc import Iterator

import msgspec

from crosswalk.domain.effect import EffectStep, Step
from crosswalk.domain.flow import DEACTIVATION
from crosswalk.domain.place import Place
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.record_writes import EventPublish, RecordDelete
from crosswalk.domain.threshold import WriteKind
from crosswalk.domain.user_writes import MembershipChange, RoleChange, TicketIssue, UserCreate
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite, UserWrite, Write
from crosswalk.reconcile.effects import write_of

_MATCHED, _UPDATE, _LINK = Situation.MATCHED, WriteKind.UPDATE, WriteKind.LINK


def kinds_of(plan: Plan) -> frozenset[WriteKind]:
    """The kinds of write that carrying the plan out comes to; none where there is nothing to write."""
    if not (plan.writes or plan.effects):
        return frozenset()
    kinds = {kind for write in plan.writes for kind in _kinds_of_write(write)}
    if plan.situation is _MATCHED and _UPDATE in kinds:
        kinds = kinds - {_UPDATE} | {_LINK}
    return frozenset(kinds.union(*map(_kinds_of_step, plan.effects)) if plan.effects else kinds)


def writes_of_plan(plan: Plan) -> list[Write]:
    """Everything that carrying the plan out comes to, what flows want included."""
    return [*plan.writes, *(write for step in plan.effects if (write := write_of(step)) is not None)]


def is_clearing(field: FieldWrite) -> bool:
    """Whether a field that has a value becomes empty."""
    return field.new in (None, "") and field.old not in (None, "")


def fingerprint_of(plan: Plan) -> str:
    """Sixteen bytes, in hexadecimal, that are the same for two plans that write the same.

    The lines of mappings and the reasons are left out: what is written does not depend on them.
    """
    canonical = [_without_causes(write) for write in writes_of_plan(plan)]
    text = msgspec.json.encode((plan.user_id, [step.step for step in plan.effects], canonical), order="sorted")
    return hashlib.blake2b(text, digest_size=16).hexdigest()


_NOWHERE = Place("", 0)


def _without_causes(write: Write) -> Write:
    if not isinstance(write, RecordWrite | UserWrite):
        return write
    fields = tuple(FieldWrite(each.field, each.old, each.new, Reason.CHANGED, _NOWHERE) for each in write.fields)
    return msgspec.structs.replace(write, fields=fields)


def _kinds_of_step(step: EffectStep) -> set[WriteKind]:
    write = write_of(step)
    if write is None:
        return set()
    if step.flow == DEACTIVATION and step.step is Step.DO:
        return {WriteKind.DEACTIVATE}
    return set(_kinds_of_write(write))


def _kinds_of_write(write: Write) -> Iterator[WriteKind]:
    match write:
        case RecordWrite():
            yield WriteKind.CREATE if write.action is Action.CREATE else _UPDATE
            if any(map(is_clearing, write.fields)):
                yield WriteKind.CLEAR
        case UserWrite():
            yield WriteKind.USER_UPDATE
            if any(map(is_clearing, write.fields)):
                yield WriteKind.CLEAR
        case UserCreate():
            yield WriteKind.USER_CREATE
        case RoleChange():
            yield WriteKind.GRANT if write.granted else WriteKind.REVOKE
        case MembershipChange():
            yield WriteKind.GRANT if write.member else WriteKind.REVOKE
        case TicketIssue():
            yield WriteKind.INVITE
        case RecordDelete():
            yield WriteKind.DELETE
        case EventPublish():
            yield WriteKind.PUBLISH
