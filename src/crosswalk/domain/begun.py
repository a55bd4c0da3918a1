"""What was about to be written for an identity, kept until it is known what became of it."""

from msgspec import UNSET, Struct, UnsetType

from crosswalk.domain.ids import RecordId
from crosswalk.domain.values import FieldValue, Side


class BegunField(Struct, frozen=True, omit_defaults=True):
    """One field, of which the newest value wins, that was about to be written to one side.

    Parameters
    ----------
    field
        The Salesforce field.
    side
        The side that was about to be written to.
    value
        What both sides have once it is written, as the record has it.
    old
        What the side had before; unset where the record was about to be made.
    base
        What both sides agreed on before; unset where that was nothing.
    """

    field: str
    side: Side
    value: FieldValue
    old: FieldValue | UnsetType = UNSET
    base: FieldValue | UnsetType = UNSET


class BegunWrites(Struct, frozen=True, omit_defaults=True):
    """What was about to be written for one identity.

    Parameters
    ----------
    object
        The object of its record.
    record_id
        Its record; `None` where it was about to be made.
    evidence
        Why the record is the identity's.
    fields
        Those whose base tells whose change is the newer one.
    """

    object: str
    record_id: RecordId | None
    evidence: str
    fields: tuple[BegunField, ...] = ()
