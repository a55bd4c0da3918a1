"""Plans about people who are erased: what becomes of their record, and that nothing is done about them afterwards."""

from collections.abc import Mapping

from crosswalk.domain.definition import SyncDefinition, Target
from crosswalk.domain.effect import Effect, EffectStep, Step
from crosswalk.domain.erasure import ErasurePolicy, RecordErasure
from crosswalk.domain.ids import UserId
from crosswalk.domain.link import Link
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.record_writes import RecordDelete
from crosswalk.domain.values import FieldValue
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite

ERASURE = "erasure"
"""What stands in the place of a flow's name."""

NEVER_EMPTY: Mapping[str, FieldValue] = {"LastName": "Erased", "Company": "Erased", "Name": "Erased"}
"""What fields get that Salesforce wants to have a value, unless the sync says otherwise."""

_BECAUSE = "The person is erased on request."


def plan_erased(user_id: UserId) -> Plan:
    """Nothing is done about a user who was erased, wherever the hub hears of it."""
    words = "The user was erased from the hub; nothing is kept or written until Auth0 tells that the user is made anew."
    return Plan(user_id, Situation.LEFT_ALONE, waits_for=words)


def plan_erasure(definition: SyncDefinition, link: Link) -> Plan:
    """What is done in Salesforce with the record of a person who is erased."""
    policy, record = definition.on_erasure, link.record
    target = next((each for each in definition.targets if each.object == record.object), None)
    plan = Plan(link.user_id, Situation.LINKED, record.object, record=record, base=link.base, evidence=link.evidence)
    if target is None:
        return plan
    match policy.record:
        case RecordErasure.LEAVE:
            return plan
        case RecordErasure.ANONYMISE:
            write = RecordWrite(
                Action.UPDATE, record.object, record.id, ("Id", record.id), _anonymous(policy, target, link)
            )
            return Plan(link.user_id, Situation.LINKED, record.object, (write,), record, link.base, link.evidence)
        case RecordErasure.DELETE:
            delete = RecordDelete(record.object, (target.external_id_field, link.user_id))
            # As something that is taken back: then a record that is gone already is as good as deleted.
            effect = Effect(f"{ERASURE}/{record.id}", delete, delete, _BECAUSE)
            step = EffectStep(Step.UNDO, ERASURE, effect, target.place)
            return Plan(
                link.user_id,
                Situation.LINKED,
                record.object,
                record=record,
                base=link.base,
                evidence=link.evidence,
                effects=(step,),
            )


def _anonymous(policy: ErasurePolicy, target: Target, link: Link) -> tuple[FieldWrite, ...]:
    """The fields as they are without the person; those that the sync keeps are left out."""
    before = link.record.fields
    values = {**NEVER_EMPTY, **policy.values}
    writes = [
        FieldWrite(each.field, before.get(each.field), values.get(each.field), Reason.ERASED, each.place)
        for each in target.fields
        if each.field not in policy.keep
    ]
    mapped = {each.field for each in target.fields}
    writes += [
        FieldWrite(name, before.get(name), value, Reason.ERASED, target.place)
        for name, value in policy.values.items()
        if name not in mapped
    ]
    name = target.external_id_field
    return (*writes, FieldWrite(name, before.get(name), None, Reason.ERASED, target.place))
