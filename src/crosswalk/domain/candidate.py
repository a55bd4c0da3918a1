"""A record that may belong to an identity, and what speaks for it."""

from msgspec import Struct

from crosswalk.domain.ids import UserId
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue


class FieldEvidence(Struct, frozen=True):
    """One field in which an identity and a record were compared.

    Parameters
    ----------
    field
        The Salesforce field.
    identity_value, record_value
        What each side has.
    similarity
        From 0 (nothing in common) to 1 (the same); `None` where the record's field is empty.
    weight
        How much the field counts beside the others.
    """

    field: str
    identity_value: FieldValue
    record_value: FieldValue
    similarity: float | None
    weight: float


class Candidate(Struct, frozen=True):
    """A record that may belong to an identity.

    Parameters
    ----------
    record
        The record.
    score
        The weighted mean of the similarities, from 0 to 1; an empty field of the record counts half.
    evidence
        The fields behind the score, the weightiest first.
    linked_to
        The identity that the record belongs to already, if it does.
    """

    record: Record
    score: float
    evidence: tuple[FieldEvidence, ...] = ()
    linked_to: UserId | None = None
