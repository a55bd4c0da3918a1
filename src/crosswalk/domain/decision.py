"""What a person decided that the rules could not: which record is an identity's, or whose value a field gets."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias

from msgspec import Struct

from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.values import FieldValue, Side


class LinkTo(Struct, frozen=True, tag="link"):
    """The identity belongs to this record."""

    object: str
    record_id: RecordId


class CreateNew(Struct, frozen=True, tag="create"):
    """The identity belongs to no record that there is: it gets a new one of this object."""

    object: str


class LeaveAlone(Struct, frozen=True, tag="leave"):
    """The identity gets no record."""


Choice: TypeAlias = LinkTo | CreateNew | LeaveAlone


class Decided(Struct, frozen=True):
    """A decision about one identity; it goes before all match rules for as long as the identity has no link.

    Parameters
    ----------
    choice
        What was decided.
    by
        Who decided.
    at
        When, UTC.
    """

    choice: Choice
    by: str
    at: datetime


class FieldDecision(Struct, frozen=True):
    """A decision about one field. It counts only while both sides hold the values that it was made about.

    Parameters
    ----------
    side
        Whose value both sides get.
    identity_value, record_value
        What the two sides had, in the form of the record's field.
    by, at
        Who decided, and when (UTC).
    """

    side: Side
    identity_value: FieldValue
    record_value: FieldValue
    by: str
    at: datetime


class Decisions(Struct, frozen=True):
    """What people decided about a batch of identities.

    Parameters
    ----------
    matches
        Which record is theirs.
    fields
        By identity: field → whose value it gets.
    """

    matches: Mapping[UserId, Decided] = {}
    fields: Mapping[UserId, Mapping[str, FieldDecision]] = {}


NO_DECISIONS = Decisions()
