"""What a person decided about an identity that the match rules could not."""

from datetime import datetime
from typing import TypeAlias

from msgspec import Struct

from crosswalk.domain.ids import RecordId


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
