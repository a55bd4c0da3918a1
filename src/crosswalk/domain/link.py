"""What ties an identity to a record."""

from collections.abc import Mapping

from msgspec import Struct

from crosswalk.domain.ids import UserId
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue


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
    """

    user_id: UserId
    record: Record
    base: Mapping[str, FieldValue]
    evidence: str
