"""Which sides have to be read before a plan is made or carried out: what the hub has stored of them may be old."""

from collections.abc import Collection, Mapping, Sequence

from crosswalk.domain.change import ChangeKind, RecordChange
from crosswalk.domain.link import Link
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.record import CONVERTED_FIELD, MODIFIED_FIELD
from crosswalk.domain.values import FieldValue, Owner
from crosswalk.reconcile.compiled import CompiledSync

_HANGING = frozenset({Owner.INITIAL, Owner.LATEST, Owner.MANUAL})


def have_news(changes: Sequence[RecordChange], link: Link, tracked: Mapping[str, Collection[str]]) -> bool:
    """Whether what the org told differs from the replica, so that the record has to be read.

    An echo of the hub's own write tells what the replica has already. An older value differs, and the read then finds
    the newest. Whatever does not say what it changed has to be looked at; and where another record has the identity's
    id, the link's own may have become that one. Of a record that the hub just made, the replica has what was written:
    what the org gave it by itself is told first by its event.

    `tracked` are the names of the fields that the replica holds, by object.
    """
    replica, names = link.record.fields, tracked.get(link.record.object, ())
    for change in changes:
        if change.id != link.record.id or change.fields.get(CONVERTED_FIELD) is True:
            return True
        if change.untold or (change.kind is not ChangeKind.UPDATED and change.kind is not ChangeKind.CREATED):
            return True
        told = {name: value for name, value in change.fields.items() if name in names and name != MODIFIED_FIELD}
        if any(name not in replica or _filled(replica[name]) != _filled(value) for name, value in told.items()):
            return True
    return False


def _filled(value: FieldValue) -> FieldValue:
    """The value with an empty text as no value, which is how Salesforce keeps it."""
    return None if value == "" else value


def hangs_on_the_record(plan: Plan, compiled: CompiledSync) -> bool:
    """Whether another value in the record would have led to another plan: then it has to be read before.

    What Auth0 owns is written whatever the record holds, and what Salesforce owns was changed there already. But a
    person may have filled a field that is only to be filled, or changed one whose newest value wins.
    """
    if plan.situation is not Situation.LINKED or not (plan.writes or plan.disputed):
        return False
    if plan.disputed:
        return True
    fields = compiled.targets[compiled.target_indexes[plan.target]].by_name if plan.target else {}
    written = [f.field for w in plan.record_writes for f in w.fields] + [f for w in plan.user_writes for f in w.mapped]
    return any(fields[name].owner in _HANGING for name in written if name in fields)


def hangs_on_the_user(plan: Plan, compiled: CompiledSync) -> bool:
    """Whether a newer value of the user's would have led to another plan, which overwrites it unseen otherwise."""
    if not plan.user_writes or plan.target is None:
        return False
    fields = compiled.targets[compiled.target_indexes[plan.target]].by_name
    return any(fields[name].owner in _HANGING for write in plan.user_writes for name in write.mapped)
