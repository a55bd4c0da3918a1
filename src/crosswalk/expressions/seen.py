"""Which members of the user expressions can see, and a user with no more than these."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import msgspec
from msgspec import UNSET, Raw, UnsetType

# Reading a property by its name is all that is looked through; anything else that is done with `user` may see all.
_PROPERTY = re.compile(r"\buser\s*\??\.\s*([A-Za-z_$][\w$]*+)(?![^\0-\x7f])", re.ASCII)
_WORD = re.compile(r"\buser\b", re.ASCII)


ReadMembers: TypeAlias = Callable[[bytes], tuple[Raw | UnsetType, ...]]
"""Takes members out of a user (JSON text), each as it stands there; raises `msgspec.DecodeError`."""


def seen_members(texts: Iterable[str]) -> tuple[str, ...] | None:
    """The members of `user` that the expressions read, sorted; `None` where one of them may see all."""
    seen: set[str] = set()
    for text in texts:
        found = _PROPERTY.findall(text)
        # A name may be written with an escape: `us\u0065r` is `user`.
        if "\\u" in text or len(found) != len(_WORD.findall(text)):
            return None
        seen.update(found)
    return tuple(sorted(seen))


def reader_of(members: Sequence[str]) -> ReadMembers:
    """Reads some members, in this order; what is left out costs little."""
    names = {f"m{position}": member for position, member in enumerate(members)}
    user = msgspec.defstruct("User", [(name, Raw | UnsetType, UNSET) for name in names], rename=names)
    decode, values = msgspec.json.Decoder(user).decode, msgspec.structs.astuple
    return lambda profile: values(decode(profile))


class Excerpt:
    """Users with the members alone that some expressions can see.

    Parameters
    ----------
    texts
        The expressions.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        members = seen_members(texts)
        self._read = None if members is None else reader_of(members)
        self._labels = [msgspec.json.encode(member) + b":" for member in members or ()]

    def of(self, profile: bytes) -> bytes:
        """The excerpt of a user, one JSON object like the user itself."""
        if self._read is None:
            return profile
        members = zip(self._labels, self._read(profile), strict=True)
        return b"{%b}" % b",".join([label + bytes(value) for label, value in members if value is not UNSET])
