"""Which fields of an object a sync has to know: what it reads, keeps in the replica and compares."""

from crosswalk.domain.definition import Target
from crosswalk.domain.record import MODIFIED_FIELD
from crosswalk.domain.values import Owner
from crosswalk.matching.where import fields_of_record


def tracked_fields(target: Target) -> tuple[str, ...]:
    """The mapped fields, those that match rules look at, and the external id; each once, in a stable order."""
    names = [target.external_id_field, *(field.field for field in target.fields)]
    for rule in target.match:
        names += [*rule.fields, *fields_of_record(rule.where or "")]
    if any(field.owner is Owner.LATEST for field in target.fields):
        names.append(MODIFIED_FIELD)
    return tuple(name for name in dict.fromkeys(names) if name != "Id")
