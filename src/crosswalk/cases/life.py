"""What becomes of a case's link when its record, or its user, is no more what it was."""

from crosswalk.cases.case import Given
from crosswalk.domain.evaluation import Evaluation
from crosswalk.domain.fate import Alive
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.link import EndedLink, Link, LinkEnd
from crosswalk.domain.plan import Plan
from crosswalk.domain.record import Record
from crosswalk.matching.similarity import judge
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.life import (
    Move,
    Onward,
    Rest,
    course_of,
    plan_account,
    plan_moved,
    plan_resting,
    plan_taken,
)


def plan_as_account(given: Given, link: Link) -> Plan | None:
    """The plan for a user who became an account of another one; `None` for anybody else."""
    primary = given.account_of
    if primary is None:
        return None
    others = None if primary.record is None else Link(primary.user_id, primary.record, {}, "")
    return plan_account(link.user_id, link, primary.user_id, others)


def plan_with_accounts(compiled: CompiledSync, evaluation: Evaluation, given: Given) -> Plan | None:
    """The plan for a user without a link who takes over the record of an account; `None` where there is none."""
    account = next((each for each in given.accounts if each.record is not None), None)
    if account is None or account.record is None:
        return None
    link = Link(account.user_id, account.record, {}, "")
    return plan_moved(compiled, evaluation, Move(link, account.record, LinkEnd.USERS_LINKED))


def follow(compiled: CompiledSync, evaluation: Evaluation, given: Given, link: Link) -> Plan | EndedLink | None:
    """What comes of the fate of the linked record: a plan, the end of the link, or nothing where it has none.

    The record that it became is one of the case's candidates.
    """
    if given.became is None:
        return None
    course = course_of(link.record, given.became, compiled.definition)
    match course:
        case Rest():
            return plan_resting(link.user_id, link, course)
        case Onward(_, record_id, reason):
            return _onward(compiled, evaluation, given, link, record_id, reason)
        case Alive():
            return None
        case _:
            return EndedLink.of(link, course.reason)


def _onward(
    compiled: CompiledSync, evaluation: Evaluation, given: Given, link: Link, record_id: RecordId, reason: LinkEnd
) -> Plan | EndedLink:
    found = next((each for each in given.candidates if each.record.id == record_id), None)
    if found is None:
        return EndedLink.of(link, LinkEnd.DELETED)
    record, index = found.record, compiled.target_indexes[found.record.object]
    owner = found.linked_to or _written_owner(record, compiled.targets[index].target.external_id_field)
    if owner is None or owner == link.user_id:
        return plan_moved(compiled, evaluation, Move(link, record, reason))
    if owner in given.gone:
        ended = EndedLink(owner, record.object, record.id, LinkEnd.REPLACED, successor=link.user_id)
        return plan_moved(compiled, evaluation, Move(link, record, reason, (ended,)))
    candidate = judge(compiled.targets[index].target, evaluation.targets[index], record, owner)
    return plan_taken(link.user_id, Move(link, record, reason), candidate)


def _written_owner(record: Record, external_id_field: str) -> UserId | None:
    written = record.fields.get(external_id_field)
    return UserId(written) if isinstance(written, str) and written else None
