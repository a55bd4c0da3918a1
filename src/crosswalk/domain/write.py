"""The changes that a plan may consist of, each to one thing on one side."""

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.place import Place
from crosswalk.domain.record_writes import EventPublish, RecordDelete
from crosswalk.domain.user_writes import MembershipChange, RoleChange, TicketIssue, UserCreate
from crosswalk.domain.values import FieldValue


class Reason(StrEnum):
    """Why one field is written."""

    CREATED = "created"
    """The record is new, and this is its first value."""
    LINKED = "linked"
    """The record was just matched to the identity, and gets its external id."""
    CHANGED = "changed"
    """The value changed on the other side, and that side's value wins."""
    RESTORED = "restored"
    """The value was edited here, but the other side owns it."""
    FILLED = "filled"
    """The field was empty here, and may be filled from the other side."""
    NEWER = "newer"
    """The value changed on both sides, and the other side's change is the newer one."""
    DECIDED = "decided"
    """A person decided for the other side's value."""
    FLOW = "flow"
    """A flow wants it while something holds, such as a blocked user."""
    UNDONE = "undone"
    """What a flow wanted does not hold any more."""
    RELEASED = "released"
    """The record carries the id of a user who has another record."""
    ERASED = "erased"
    """The person is erased on request."""


class FieldWrite(Struct, frozen=True):
    """One field of a record, or of a user, gets a new value because of the mapping at `place`.

    In a user, `field` is the path (`app_metadata.tier`); both values are given as the record has or would have them.
    `by` is the person who decided for the value, where one did.
    """

    field: str
    old: FieldValue
    new: FieldValue
    reason: Reason
    place: Place
    by: str = ""


class Action(StrEnum):
    """What is done to a record."""

    CREATE = "create"
    UPDATE = "update"


class RecordWrite(Struct, frozen=True, tag="record"):
    """All field writes for one record: a create (upsert by external id) or an update by record id."""

    action: Action
    object: str
    record_id: RecordId | None
    external_id: tuple[str, str]
    """The external-id field and the value that ties the record to the identity."""
    fields: tuple[FieldWrite, ...]


class UserWrite(Struct, frozen=True, tag="user"):
    """All field writes for one Auth0 user: one PATCH.

    Parameters
    ----------
    user_id
        The user.
    fields
        What changes, for people and the audit trail.
    mapped
        The Salesforce field that each of `fields` comes from.
    patch
        The body of the PATCH, JSON text: the least that the vendor's merge rules allow, which merge the first level of
        the metadata and replace everything below.
    """

    user_id: UserId
    fields: tuple[FieldWrite, ...]
    mapped: tuple[str, ...]
    patch: bytes


FieldsWrite: TypeAlias = RecordWrite | UserWrite
"""New values for fields of one record or one user."""

Write: TypeAlias = (
    RecordWrite | UserWrite | UserCreate | RoleChange | MembershipChange | TicketIssue | RecordDelete | EventPublish
)
"""One change to one thing on one side."""
