"""What a drift check finds: how the two sides differ from one another and from what the hub knows, and why."""

from enum import StrEnum

from msgspec import Struct

from crosswalk.domain.ids import UserId
from crosswalk.domain.values import FieldValue, Side


class Cause(StrEnum):
    """Why the two sides are not in step."""

    MISSED_EVENT = "missed_event"
    """A side changed, and no event of it came."""
    EDIT_OUTSIDE = "edit_outside"
    """Somebody edited what the other side owns, and no event of it came."""
    REJECTED_WRITE = "rejected_write"
    """The hub wanted to write it and was refused: a dead letter is open."""
    UNWRITTEN = "unwritten"
    """Neither side changed, and yet they differ: the mapping was changed since, or a write was lost."""
    RECORD_GONE = "record_gone"
    """The record is deleted, converted or merged, or was taken out of the hub's sight."""
    USER_GONE = "user_gone"
    """The user is not there any more."""
    UNLINKED = "unlinked"
    """A record matches an identity, and the two are not linked."""
    DUPLICATE = "duplicate"
    """Several records carry the id of one user."""


class Mark(StrEnum):
    """What the comparison of fingerprints says about an identity, before anybody looks closer."""

    USER_CHANGED = "user_changed"
    USER_UNKNOWN = "user_unknown"
    USER_GONE = "user_gone"
    RECORD_CHANGED = "record_changed"
    RECORD_GONE = "record_gone"
    REJECTED = "rejected"
    UNLINKED = "unlinked"


class Difference(Struct, frozen=True, omit_defaults=True):
    """One thing that is not in step.

    Parameters
    ----------
    cause
        Why.
    user_id, object, record_id
        Whose, and which record's; empty where there is none.
    side
        The side that changed, where it was a side.
    field
        The Salesforce field, where it is about one.
    auth0, salesforce
        The value that each side has for the field.
    detail
        What else a person has to know.
    """

    cause: Cause
    user_id: UserId
    object: str = ""
    record_id: str = ""
    side: Side | None = None
    field: str = ""
    auth0: FieldValue = None
    salesforce: FieldValue = None
    detail: str = ""


class Sample(Struct, frozen=True):
    """How many of the identities that the hub knows are checked: a number of them, or a share (0 to 1)."""

    count: int | None = None
    share: float | None = None

    @classmethod
    def parse(cls, text: str) -> "Sample | None":
        """Read `500` or `5%`; `None` where it is neither."""
        number, percent = text.strip().removesuffix("%"), text.strip().endswith("%")
        try:
            if percent:
                share = float(number) / 100
                return cls(share=share) if 0 < share <= 1 else None
            count = int(number)
        except ValueError:
            return None
        return cls(count=count) if count > 0 else None

    def __str__(self) -> str:
        return str(self.count) if self.count is not None else f"{(self.share or 0) * 100:g}%"

    @property
    def everybody(self) -> bool:
        """Whether nothing is left out."""
        return self.share == 1

    def size(self, known: int) -> int:
        """How many of so many identities that is."""
        return min(known, self.count if self.count is not None else round(known * (self.share or 0)))
