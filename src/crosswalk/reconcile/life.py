"""What becomes of a link when its record, or its user, is no more what it was. Pure.

A record may have been converted, merged, deleted or brought back, by people who never heard of the hub; a user may have
become an account of another, or have come back with a new id. None of that is replayed from events: whoever looks at an
identity asks what became of its record, and the link goes where the record went.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from crosswalk.domain.candidate import Candidate
from crosswalk.domain.definition import SyncDefinition, Target
from crosswalk.domain.evaluation import Evaluation
from crosswalk.domain.fate import Alive, Converted, Deleted, Fate, Merged, Vanished
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.life import RecordDeleted
from crosswalk.domain.link import EndedLink, Link, LinkEnd, Standing
from crosswalk.domain.plan import Conflict, Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.planner import plan_linked, plan_matched


class Onward(Struct, frozen=True):
    """The record became this one."""

    object: str
    record_id: RecordId
    reason: LinkEnd


class Rest(Struct, frozen=True):
    """The link stays as it is, and nothing is written."""

    situation: Situation
    standing: Standing


class End(Struct, frozen=True):
    """There is no record any more, and the link ends."""

    reason: LinkEnd


Course: TypeAlias = Alive | Onward | Rest | End


def course_of(record: Record, fate: Fate, definition: SyncDefinition) -> Course:
    """Where a link goes whose record, last known as `record`, had this fate."""
    match fate:
        case Alive():
            return fate
        case Merged(into):
            return Onward(record.object, into, LinkEnd.MERGED)
        case Converted():
            return _after_conversion(fate, definition)
        case Deleted() | Vanished():
            if definition.on_record_deleted is RecordDeleted.KEEP:
                return Rest(Situation.RECORD_DELETED, Standing.DELETED)
            return End(LinkEnd.DELETED)


def _after_conversion(fate: Converted, definition: SyncDefinition) -> Course:
    """The contact, or the account where that is a person's; the target that comes first has it."""
    for target in definition.targets:
        if target.object == "Contact" and fate.contact_id is not None:
            return Onward("Contact", fate.contact_id, LinkEnd.CONVERTED)
        if target.object == "Account" and fate.account_id is not None and _of_people(target):
            return Onward("Account", fate.account_id, LinkEnd.CONVERTED)
    return Rest(Situation.CONVERTED, Standing.CONVERTED)


def _of_people(target: Target) -> bool:
    """Whether an account is mapped as a person: it then has fields of the person's contact."""
    names = [field.field for field in target.fields] + [name for rule in target.match for name in rule.fields]
    return any(name.startswith("Person") or name.endswith("__pc") for name in names)


class Move(Struct, frozen=True):
    """A link that goes to another record, or a record that goes to another user.

    Parameters
    ----------
    link
        The link as it was; it is another user's where that one's record is taken over.
    record
        The record that the identity is linked to from now on.
    reason
        Why.
    also_ends
        Links of other users to the same record, who have to let it go.
    """

    link: Link
    record: Record
    reason: LinkEnd
    also_ends: tuple[EndedLink, ...] = ()


_EVIDENCE: Mapping[LinkEnd, str] = {
    LinkEnd.CONVERTED: "converted from {object} {id}",
    LinkEnd.MERGED: "merged from {object} {id}",
    LinkEnd.USERS_LINKED: "record of the linked user {user}",
    LinkEnd.USERS_UNLINKED: "own record, from {user} after unlinking",
}


def plan_moved(compiled: CompiledSync, evaluation: Evaluation, move: Move) -> Plan:
    """What to write for an identity whose link moves: the new record is merged with it, and gets its id.

    Conversions and merges are edits of people in Salesforce, so the base stands: what the new record has instead counts
    as their change. Of a record that was another user's, nothing was agreed on.
    """
    before = move.link
    own = before.user_id == evaluation.user_id
    if evaluation.filtered:
        kept = before if own else None
        return plan_linked(compiled, evaluation, kept) if kept else Plan(evaluation.user_id, Situation.FILTERED)
    index = compiled.target_indexes[move.record.object]
    words = _EVIDENCE.get(move.reason, move.reason.value)
    evidence = words.format(object=before.record.object, id=before.record.id, user=before.user_id)
    base = _base_of(compiled, move) if own else None
    plan = plan_matched(compiled, evaluation, index, move.record, evidence, base)
    ended = (
        EndedLink.of(before, move.reason, moved_to=move.record.id)
        if own
        else EndedLink.of(before, move.reason, successor=evaluation.user_id)
    )
    others = tuple(each.user_id for each in (ended, *move.also_ends) if each.user_id != evaluation.user_id)
    return replace(plan, situation=Situation.FOLLOWED, ends=(ended, *move.also_ends), wakes=others)


def _base_of(compiled: CompiledSync, move: Move) -> dict[str, FieldValue]:
    """The base, as far as the new record's object has the same fields."""
    fields = compiled.targets[compiled.target_indexes[move.record.object]].by_name
    return {name: value for name, value in move.link.base.items() if name in fields}


def plan_moved_of_deleted(compiled: CompiledSync, user_id: UserId, move: Move) -> Plan:
    """The link of a user who is gone follows its record too, but nothing is written."""
    base = _base_of(compiled, move)
    return Plan(
        user_id,
        Situation.DELETED,
        target=move.record.object,
        record=move.record,
        base=base,
        evidence=move.link.evidence,
        ends=(EndedLink.of(move.link, move.reason, moved_to=move.record.id), *move.also_ends),
    )


def plan_releasing(compiled: CompiledSync, plan: Plan, records: Iterable[Record]) -> Plan:
    """The plan of a user who has a record, and whose id other records are to lose."""
    writes = []
    for record in records:
        if plan.record is None or record.id == plan.record.id:
            continue
        target = compiled.targets[compiled.target_indexes[record.object]].target
        name, user_id = target.external_id_field, str(plan.user_id)
        field = FieldWrite(name, user_id, None, Reason.RELEASED, target.place)
        writes.append(RecordWrite(Action.UPDATE, record.object, record.id, (name, user_id), (field,)))
    return replace(plan, writes=(*plan.writes, *writes))


def plan_resting(user_id: UserId, link: Link, rest: Rest) -> Plan:
    """A link whose record cannot be written stays as it is."""
    words = (
        "The lead was converted, and what it became is no target of this sync."
        if rest.standing is Standing.CONVERTED
        else "The record was deleted in Salesforce; nothing is written until it comes back."
    )
    return Plan(
        user_id,
        rest.situation,
        target=link.record.object,
        record=link.record,
        base=link.base,
        evidence=link.evidence,
        standing=rest.standing,
        waits_for=words,
    )


_HAPPENED: Mapping[LinkEnd, str] = {
    LinkEnd.CONVERTED: "was converted into",
    LinkEnd.MERGED: "was merged into",
}


def plan_taken(user_id: UserId, move: Move, candidate: Candidate) -> Plan:
    """The record became one that another user has: a person decides whose it is."""
    before, owner = move.link.record, candidate.linked_to
    happened = _HAPPENED.get(move.reason, "became")
    message = (
        f"{before.object} {before.id} of {user_id} {happened} {move.record.object} {move.record.id}, "
        f"which belongs to {owner}. Link the two Auth0 users if they are one person, or give one another record."
    )
    return Plan(
        user_id,
        Situation.ALREADY_LINKED,
        target=move.record.object,
        record=before,
        base=move.link.base,
        evidence=move.link.evidence,
        conflict=Conflict(Situation.ALREADY_LINKED, move.reason.value, (candidate,), message),
        standing=Standing.LOST,
    )


def plan_account(user_id: UserId, link: Link, primary: UserId, others: Link | None) -> Plan:
    """A user who became an account of `primary` has a record, and so has that one: people have to merge the two.

    Where the primary has none (`others`), it takes this record over, and is woken for that.
    """
    kept = Plan(
        user_id,
        Situation.USERS_LINKED,
        target=link.record.object,
        record=link.record,
        base=link.base,
        evidence=link.evidence,
    )
    if others is None:
        return replace(kept, wakes=(primary,))
    mine, theirs = link.record, others.record
    message = (
        f"{user_id} was linked to {primary} in Auth0, so {mine.object} {mine.id} and {theirs.object} {theirs.id} are "
        f"one person's. Merge them in Salesforce; the link then follows by itself."
    )
    candidates = (Candidate(theirs, 1.0, linked_to=primary), Candidate(mine, 1.0, linked_to=user_id))
    return replace(kept, conflict=Conflict(Situation.USERS_LINKED, "", candidates, message))


def without_recreating(plan: Plan, former: EndedLink) -> Plan:
    """The plan, but for a new record in place of one that somebody deleted."""
    if not any(write.action is Action.CREATE for write in plan.record_writes):
        return plan
    words = (
        f"{former.object} {former.record_id} was deleted in Salesforce, and no new record is made in its place "
        "(on_record_deleted: unlink). Bring it back from the recycle bin, or decide that a new one is made."
    )
    return Plan(plan.user_id, Situation.RECORD_DELETED, errors=plan.errors, waits_for=words)
