"""Which fields of an object a sync has to know: what it reads, keeps in the replica and compares."""

from crosswalk.domain.definition import Target
from crosswalk.domain.flow import Flows
from crosswalk.domain.record import CONVERTED_FIELD, MODIFIED_FIELD
from crosswalk.domain.values import Owner
from crosswalk.matching.where import fields_of_record

NO_FLOWS = Flows()


def tracked_fields(target: Target, flows: Flows = NO_FLOWS) -> tuple[str, ...]:
    """All that is read of a record, each field once, in a stable order.

    That is the external id, the mapped fields, those that match rules compare, and those that flows mark.
    """
    names = [target.external_id_field, *(field.field for field in target.fields)]
    for rule in target.match:
        names += [*rule.fields, *fields_of_record(rule.where or "")]
    if flows.deactivation is not None:
        names += flows.deactivation.fields.get(target.object, {})
    if any(field.owner is Owner.LATEST for field in target.fields):
        names.append(MODIFIED_FIELD)
    return tuple(name for name in dict.fromkeys(names) if name != "Id")


def watched_fields(target: Target, flows: Flows = NO_FLOWS) -> tuple[str, ...]:
    """What the org is asked to tell of: what is tracked, and what says that a record became another."""
    tracked = tracked_fields(target, flows)
    return (*tracked, CONVERTED_FIELD) if target.object == "Lead" and CONVERTED_FIELD not in tracked else tracked
