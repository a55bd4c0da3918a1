"""A field that the hub leaves alone for a while, because somebody else keeps writing it back."""

from datetime import datetime

from msgspec import Struct

from crosswalk.domain.values import FieldValue, Side


class LoopLimits(Struct, frozen=True):
    """When a field counts as one that flips, and for how long it is then left alone.

    Parameters
    ----------
    writes_per_hour
        How often an hour one field of one identity may be written back.
    release_after_s
        After how many seconds the hub tries again by itself.
    """

    writes_per_hour: int = 6
    release_after_s: float = 24 * 3600.0


class LastWriter(Struct, frozen=True):
    """Who changed a record last, as the org says: the user's name, when, and whether that is the user the hub is."""

    name: str
    at: str
    is_hub: bool


class Quarantine(Struct, frozen=True):
    """One field of one identity that is left alone.

    Parameters
    ----------
    object, record_id, field
        The field, by its Salesforce name, and the record.
    side
        Where the hub would have written next: there somebody else writes, too.
    writes
        How often the hub wrote the field back within the hour before.
    hub_value, other_value
        What the hub would have written next, and what it would have replaced: between these the field flips.
    writers
        Who else writes the field, as far as the two sides say, a phrase each.
    since, until
        From when to when it is left alone, UTC.
    unnamed
        Whether nobody could be named so far.
    """

    object: str
    record_id: str
    field: str
    side: Side
    writes: int
    hub_value: FieldValue
    other_value: FieldValue
    writers: tuple[str, ...]
    since: datetime
    until: datetime
    unnamed: bool = False
