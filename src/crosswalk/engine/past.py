"""The states from before some writes: the ledger read backwards from what is stored now. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.link import Link
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue
from crosswalk.domain.write import Action, Reason
from crosswalk.store.audit import AUTH0_USER, AuditEntry

_FLOWS = (Reason.FLOW.value, Reason.UNDONE.value)


class Before(Struct, frozen=True):
    """How an identity stood before some writes.

    Parameters
    ----------
    link
        Its link, as far as it had one.
    found
        The record that it was then linked with, as that record was.
    profile
        The user without what was written to it since; `None` where no state of it is known.
    """

    link: Link | None
    found: Record | None
    profile: Mapping[str, Any] | None


def before_writes(
    link: Link | None, profile: bytes | None, written: Iterable[AuditEntry], definition: SyncDefinition
) -> Before:
    """Take writes back, in thought.

    What people changed meanwhile stays as it is: the ledger holds the hub's own writes only.

    Parameters
    ----------
    written
        The entries about the identity that are to be taken back, newest first.
    """
    user: dict[str, Any] | None = None if profile is None else msgspec.json.decode(profile)
    found: Record | None = None
    for entry in written:
        if entry.object == AUTH0_USER:
            if user is not None and entry.action == Action.UPDATE.value:
                _put(user, entry.field.split("."), entry.old)
            link = _agreed_before(link, entry, definition)
        elif link is not None and entry.record_id == link.record.id:
            if entry.action == Action.CREATE.value:
                link = None
                continue
            link = _record_before(link, entry)
            if entry.reason == Reason.LINKED.value:
                found, link = link.record, None
        elif found is not None and entry.record_id == found.id:
            found = Record(found.object, found.id, {**found.fields, entry.field: entry.old})
    return Before(link, found, user)


def _record_before(link: Link, entry: AuditEntry) -> Link:
    record = Record(link.record.object, link.record.id, {**link.record.fields, entry.field: entry.old})
    if entry.reason in _FLOWS:
        return replace(link, record=record)
    # What was restored had been agreed on before; in all other cases the base was what the record had.
    base = entry.new if entry.reason == Reason.RESTORED.value else entry.old
    return replace(link, record=record, base={**link.base, entry.field: base})


def _agreed_before(link: Link | None, entry: AuditEntry, definition: SyncDefinition) -> Link | None:
    """The link before a write to the user: the base of the field behind it was what the user had."""
    if link is None or entry.reason == Reason.RESTORED.value:
        return link
    behind = [
        field.field
        for target in definition.targets
        if target.object == link.record.object
        for field in target.fields
        if field.to is not None and ".".join(field.to) == entry.field
    ]
    base: dict[str, FieldValue] = {**link.base, **dict.fromkeys(behind, entry.old)}
    return replace(link, base=base)


def _put(user: dict[str, Any], path: list[str], value: FieldValue) -> None:
    *parents, last = path
    at = user
    for name in parents:
        inner = at.get(name)
        if not isinstance(inner, dict):
            inner = at[name] = {}
        at = inner
    if value is None:
        at.pop(last, None)
    else:
        at[last] = value
