"""Whether the hub's user may do with an object and its fields what a target asks for. Pure."""

from collections.abc import Iterator

from crosswalk.connectors.base import FieldDescription, ObjectDescription
from crosswalk.domain.definition import FieldMap, Target
from crosswalk.domain.values import Owner
from crosswalk.engine.diagnosis.finding import Finding, fault, good

_PERMISSION_SET = "in the permission set of the hub's user"


def check_target(subject: str, target: Target, described: ObjectDescription) -> list[Finding]:
    """What a target would run into; one good finding where there is nothing."""
    found = [
        *_of_object(subject, target, described),
        *_of_external_id(subject, target, described),
        *(finding for mapped in target.fields for finding in _of_field(subject, target, mapped, described)),
        *_of_match_fields(subject, target, described),
    ]
    return found or [good(subject, f"{target.object}: its {len(target.fields)} mapped fields can be read and written")]


def _of_object(subject: str, target: Target, described: ObjectDescription) -> Iterator[Finding]:
    wanted = [("read", described.queryable), ("edit", described.updateable)]
    if target.create:
        wanted.append(("create", described.createable))
    for right, has in wanted:
        if not has:
            yield fault(
                subject,
                f"{target.object}: the hub's user may not {right} records",
                f"give the object permission {right.capitalize()} on {target.object} {_PERMISSION_SET}",
            )


def _of_external_id(subject: str, target: Target, described: ObjectDescription) -> Iterator[Finding]:
    name = target.external_id_field
    field = described.field(name)
    if field is None:
        yield _missing(subject, target.object, name)
        return
    if not field.external_id or not field.unique:
        yield fault(
            subject,
            f"{target.object}.{name}: it is no unique external id, so nothing keeps a person from getting two records",
            f"in Setup > Object Manager > {target.object} > Fields, mark {name} as External ID and as Unique",
        )
    yield from _of_rights(subject, target, field)


def _of_field(subject: str, target: Target, mapped: FieldMap, described: ObjectDescription) -> Iterator[Finding]:
    field = described.field(mapped.field)
    if field is None:
        yield _missing(subject, target.object, mapped.field)
    elif mapped.owner is not Owner.SALESFORCE:
        yield from _of_rights(subject, target, field)


def _of_rights(subject: str, target: Target, field: FieldDescription) -> Iterator[Finding]:
    name = f"{target.object}.{field.name}"
    wanted = [("changed", field.updateable)]
    if target.create:
        wanted.append(("set when a record is made", field.createable))
    for words, may in wanted:
        if not may:
            yield fault(
                subject,
                f"{name}: it cannot be {words} by the hub's user",
                f"tick Edit Access for {name} {_PERMISSION_SET}; if the org computes it, give it the owner salesforce",
            )


def _of_match_fields(subject: str, target: Target, described: ObjectDescription) -> Iterator[Finding]:
    names = dict.fromkeys(name for rule in target.match for part in rule.parts for name in part.fields)
    for name in names:
        field = described.field(name)
        if field is None:
            yield _missing(subject, target.object, name)
        elif not field.filterable:
            yield fault(
                subject,
                f"{target.object}.{name}: records cannot be looked for by it",
                "match by a field that can stand in a WHERE clause",
            )


def _missing(subject: str, object_name: str, name: str) -> Finding:
    return fault(
        subject,
        f"{object_name}.{name}: there is no such field, or the hub's user may not see it",
        f"create it, correct its name, or tick Read Access for {object_name}.{name} {_PERMISSION_SET}",
    )
