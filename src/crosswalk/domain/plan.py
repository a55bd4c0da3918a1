"""What reconcile decided: writes, each with its reason, and what went wrong on the way."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.place import Place
from crosswalk.domain.record import Record
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


class FieldWrite(Struct, frozen=True):
    """One field of a record, or of a user, gets a new value because of the mapping at `place`.

    In a user, `field` is the path (`app_metadata.tier`); both values are given as the record has or would have them.
    """

    field: str
    old: FieldValue
    new: FieldValue
    reason: Reason
    place: Place


class Action(StrEnum):
    """What is done to a record."""

    CREATE = "create"
    UPDATE = "update"


class RecordWrite(Struct, frozen=True):
    """All field writes for one record: a create (upsert by external id) or an update by record id."""

    action: Action
    object: str
    record_id: RecordId | None
    external_id: tuple[str, str]
    """The external-id field and the value that ties the record to the identity."""
    fields: tuple[FieldWrite, ...]


class UserWrite(Struct, frozen=True):
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


Write: TypeAlias = RecordWrite | UserWrite
"""One call's worth of change to one thing on one side."""


class FieldConflict(Struct, frozen=True):
    """A field whose two sides differ and that only a person may settle."""

    field: str
    identity_value: FieldValue
    record_value: FieldValue
    place: Place


class FieldError(Struct, frozen=True):
    """A mapped field whose value could not be computed; the rest of the record proceeds without it."""

    user_id: UserId
    object: str
    field: str
    place: Place
    message: str


class Situation(StrEnum):
    """How an identity stands to the records of the org."""

    LINKED = "linked"
    MATCHED = "matched"
    NO_MATCH = "no_match"
    AMBIGUOUS = "ambiguous"
    ALREADY_LINKED = "already_linked"
    DELETED = "deleted"
    FILTERED = "filtered"


class Conflict(Struct, frozen=True):
    """A match that the rules cannot decide, with the candidates as evidence; a person has to."""

    situation: Situation
    rule: str
    candidates: tuple[Record, ...]
    message: str


class Plan(Struct, frozen=True):
    """What has to happen for one identity so that both sides agree.

    Parameters
    ----------
    user_id, situation
        Whose plan, and how the identity stands to the org's records.
    target
        The Salesforce object that the identity's record belongs to, where one is decided.
    writes
        Minimal: empty when the two sides agree already.
    record
        The record before the writes, where there is one.
    base
        What both sides agree on once the writes are done.
    evidence
        Why identity and record are linked: the match rule's name or `created`.
    errors, conflict, disputed
        Fields without a value, a match that needs a person, and fields that do.
    """

    user_id: UserId
    situation: Situation
    target: str | None = None
    writes: tuple[Write, ...] = ()
    record: Record | None = None
    base: Mapping[str, FieldValue] = {}
    evidence: str = ""
    errors: tuple[FieldError, ...] = ()
    conflict: Conflict | None = None
    disputed: tuple[FieldConflict, ...] = ()

    @property
    def record_writes(self) -> tuple[RecordWrite, ...]:
        """The writes to Salesforce."""
        return tuple(write for write in self.writes if isinstance(write, RecordWrite))

    @property
    def user_writes(self) -> tuple[UserWrite, ...]:
        """The writes to Auth0."""
        return tuple(write for write in self.writes if isinstance(write, UserWrite))
