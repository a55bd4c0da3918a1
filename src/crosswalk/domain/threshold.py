"""How many writes of one kind a sync may make within a while before it asks a person."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct


class WriteKind(StrEnum):
    """What a plan does to one identity, by what people fear; the gravest first."""

    DELETE = "delete"
    """A record goes to the recycle bin."""
    DEACTIVATE = "deactivate"
    """The deactivation flow marks a record."""
    REVOKE = "revoke"
    """A role or a membership is taken away."""
    CLEAR = "clear"
    """A field that has a value, of a record or a user, becomes empty."""
    INVITE = "invite"
    """A person gets an invitation."""
    USER_CREATE = "user_create"
    """An Auth0 user is made."""
    GRANT = "grant"
    """A role or a membership is given."""
    CREATE = "create"
    """A record is made."""
    LINK = "link"
    """A record that was there already is linked."""
    PUBLISH = "publish"
    """A platform event is published."""
    USER_UPDATE = "user_update"
    """An Auth0 user is changed."""
    UPDATE = "update"
    """A record is changed."""


class Threshold(Struct, frozen=True):
    """More than this is too much.

    Parameters
    ----------
    count
        So many identities may have a write of the kind within the window.
    percent
        Or so many per cent of the linked identities, where that is more; `None` leaves it at `count`.
    """

    count: int
    percent: float | None = None

    def allows(self, linked: int) -> int:
        """How many identities may have a write of the kind, with so many linked."""
        share = 0 if self.percent is None else int(linked * self.percent / 100)
        return max(self.count, share)


class Thresholds(Struct, frozen=True):
    """The thresholds of a sync; kinds that are absent have none."""

    window_s: float = 3600.0
    limits: Mapping[WriteKind, Threshold] = {}
