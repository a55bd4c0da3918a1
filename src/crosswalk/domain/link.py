"""What ties an identity to a record."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue


class Standing(StrEnum):
    """How a link's record was found when it was last looked at. Unless it is `LIVE`, it is looked for before a plan."""

    LIVE = "live"
    LOST = "lost"
    """A write did not find it; what became of it is not known yet."""
    CONVERTED = "converted"
    """It is a converted lead, and what it became is no target of the sync."""
    DELETED = "deleted"
    """It is deleted, and the sync keeps such links."""


class LinkEnd(StrEnum):
    """Why a link ended."""

    CONVERTED = "converted"
    """The lead was converted; the link moved to what it became."""
    MERGED = "merged"
    """The record was merged into another; the link moved there, or the user's own record is the other one already."""
    DELETED = "deleted"
    """Somebody deleted the record in Salesforce."""
    USERS_LINKED = "users_linked"
    """The user became an account of another user, who has the record now."""
    USERS_UNLINKED = "users_unlinked"
    """The record came from a user who was an account of this one; that is a user of its own again, and took it back."""
    FORGOTTEN = "forgotten"
    """A person had it forgotten, so that the user is matched anew."""
    REPLACED = "replaced"
    """The user is gone from Auth0, and another user of the same person has the record now."""


class Link(Struct, frozen=True):
    """The correlation of one identity with one record, and what both sides last agreed on.

    Parameters
    ----------
    user_id
        The identity.
    record
        The record as last read or written: the hub's replica of the CRM side.
    base
        Field → value that both sides last agreed on; the common ancestor of the three-way merge.
    evidence
        Why the two were linked: the match rule's name, or `created`.
    standing
        How the record was found when it was last looked at.
    settled
        The digest of the identity with which nothing was left to do about this record and base; `""` for none.
    """

    user_id: UserId
    record: Record
    base: Mapping[str, FieldValue]
    evidence: str
    standing: Standing = Standing.LIVE
    settled: str = ""


class EndedLink(Struct, frozen=True):
    """A link that is no more.

    Parameters
    ----------
    user_id, object, record_id
        What was linked.
    reason
        Why it ended.
    evidence
        Why the two had been linked.
    base
        What both sides last agreed on: where the merge goes on from if the record comes back.
    successor
        The user who has the record now; `None` where nobody took it over.
    moved_to
        The record that the identity's link moved to; `None` where it moved nowhere.
    linked_at, ended_at
        From when to when, UTC; `None` before it is stored.
    """

    user_id: UserId
    object: str
    record_id: RecordId
    reason: LinkEnd
    evidence: str = ""
    base: Mapping[str, FieldValue] = {}
    successor: UserId | None = None
    moved_to: RecordId | None = None
    linked_at: datetime | None = None
    ended_at: datetime | None = None

    @classmethod
    def of(
        cls, link: Link, reason: LinkEnd, *, successor: UserId | None = None, moved_to: RecordId | None = None
    ) -> "EndedLink":
        """The end of a link."""
        record = link.record
        return cls(link.user_id, record.object, record.id, reason, link.evidence, link.base, successor, moved_to)
