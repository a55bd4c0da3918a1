"""One identity and its record next to each other, field by field, with how each stands."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from crosswalk.domain.definition import FieldMap, SyncDefinition, Target
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import UserId
from crosswalk.domain.link import Link
from crosswalk.domain.values import FieldValue, Owner
from crosswalk.store.overview import ReceivedEvent, WrittenRecord
from crosswalk.store.problems import Problem


class MappedValue(Struct, frozen=True):
    """What a field's expression gives for an identity: a value, or the error that there is instead."""

    value: FieldValue = None
    error: str | None = None


class FieldStatus(StrEnum):
    """How the two sides of one field stand."""

    IN_SYNC = "in_sync"
    """Both sides hold the same value."""
    DIFFERS = "differs"
    """The sides differ, and Auth0 owns the field: the next reconcile writes it."""
    KEPT = "kept"
    """The sides differ, and the record's value stands, because Salesforce owns the field (or it was filled once)."""
    ERROR = "error"
    """The expression gives no usable value."""
    NO_RECORD = "no_record"
    """There is no record yet."""


class FieldView(Struct, frozen=True):
    """One mapped field on both sides."""

    mapping: FieldMap
    identity_value: FieldValue
    error: str | None
    record_value: FieldValue
    base: FieldValue
    has_base: bool
    status: FieldStatus
    last_write: WrittenRecord | None
    """The last write of this field, with this field alone."""


class IdentityView(Struct, frozen=True):
    """One identity as one sync sees it."""

    definition: SyncDefinition
    user_id: UserId
    identity: Identity | None
    link: Link | None
    object: str
    record_url: str
    fields: tuple[FieldView, ...]
    events: tuple[ReceivedEvent, ...]
    writes: tuple[WrittenRecord, ...]
    problems: tuple[Problem, ...]


def view_fields(
    target: Target | None,
    mapped: Mapping[str, MappedValue],
    link: Link | None,
    last_writes: Mapping[str, WrittenRecord],
) -> tuple[FieldView, ...]:
    """Put the two sides of every mapped field next to each other."""
    if target is None:
        return ()
    views = []
    for mapping in target.fields:
        ours = mapped.get(mapping.field, MappedValue())
        theirs = link.record.fields.get(mapping.field) if link else None
        views.append(
            FieldView(
                mapping=mapping,
                identity_value=ours.value,
                error=ours.error,
                record_value=theirs,
                base=link.base.get(mapping.field) if link else None,
                has_base=link is not None and mapping.field in link.base,
                status=_status(mapping.owner, ours, theirs, linked=link is not None),
                last_write=last_writes.get(mapping.field),
            )
        )
    return tuple(views)


def _status(owner: Owner, ours: MappedValue, theirs: FieldValue, *, linked: bool) -> FieldStatus:
    if ours.error is not None:
        return FieldStatus.ERROR
    if not linked:
        return FieldStatus.NO_RECORD
    if _same(ours.value, theirs):
        return FieldStatus.IN_SYNC
    if owner is Owner.SALESFORCE or (owner is Owner.INITIAL and theirs not in {None, ""}):
        return FieldStatus.KEPT
    return FieldStatus.DIFFERS


def _same(ours: FieldValue, theirs: FieldValue) -> bool:
    """Whether both sides hold the same: an empty text is an empty field, and `1` is not `true`."""
    ours, theirs = (None if value == "" else value for value in (ours, theirs))
    return ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool)
