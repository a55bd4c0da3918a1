"""A question to an org: which records hold one of these keys?"""

from msgspec import Struct


class SearchedPart(Struct, frozen=True):
    """One part of the key.

    Parameters
    ----------
    fields
        The fields of which any may hold it.
    quoted
        Whether its values are texts; numbers, dates and true/false stand in a query as they are.
    """

    fields: tuple[str, ...]
    quoted: bool = True


class LookUp(Struct, frozen=True):
    """The records of one object that hold, in all parts, a written form of the same key.

    The answer may hold other records too (those that mix the parts of two keys): whoever asks compares again.

    Parameters
    ----------
    object
        API name of the object.
    select
        The fields that each record is to come with.
    parts
        Where the parts of a key may stand.
    keys
        Key → for each part the written forms that are looked for: `(212) 555-0100` and `+12125550100` are one number.
    """

    object: str
    select: tuple[str, ...]
    parts: tuple[SearchedPart, ...]
    keys: tuple[tuple[tuple[str, ...], ...], ...]
