"""What of a user the mappings could see, as a short digest: where that did not change, nothing has to be evaluated.

Most events change nothing that is mapped: a login moves `last_login`, `last_ip` and `updated_at`. Evaluating all
expressions to find that out costs many times what the digest does.
"""

import re
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

import msgspec

from crosswalk.domain.definition import SyncDefinition

_DIGEST_BYTES: Final = 16

# Reading a property by its name is all that is looked through; anything else that is done with `user` may see all.
_PROPERTY = re.compile(r"\buser\s*\??\.\s*([A-Za-z_$][\w$]*)", re.ASCII)
_WORD = re.compile(r"\buser\b", re.ASCII)

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Fingerprint:
    """Digests users for one sync.

    Parameters
    ----------
    definition
        The sync; with another definition every digest is another, so that nothing that was settled before counts.
    """

    def __init__(self, definition: SyncDefinition) -> None:
        self._seen = seen_members(expressions_of(definition))
        self._start = blake2b(msgspec.json.encode(definition), digest_size=_DIGEST_BYTES)

    def of(self, profile: bytes) -> str:
        """The digest of a user (JSON text): equal where nothing that the sync's expressions can see differs.

        Raises
        ------
        msgspec.DecodeError
            The text is no JSON object.
        """
        members = _members(profile)
        # Names and values are JSON, in which no byte is 0: so no two lists of members look alike.
        parts: list[bytes] = []
        for name in sorted(members) if self._seen is None else self._seen:
            value = members.get(name)
            if value is not None:
                parts += (name.encode(), bytes(value))
        digest = self._start.copy()
        digest.update(b"\0".join((*parts, b"")) if parts else b"")
        return digest.hexdigest()


def seen_members(texts: Iterable[str]) -> tuple[str, ...] | None:
    """The members of `user` that the expressions read, sorted; `None` where one of them may see all."""
    seen: set[str] = set()
    for text in texts:
        found = _PROPERTY.findall(text)
        if len(found) != len(_WORD.findall(text)):
            return None
        seen.update(found)
    return tuple(sorted(seen))


def expressions_of(definition: SyncDefinition) -> Iterable[str]:
    """All expressions of a sync that see the user."""
    if definition.filter is not None:
        yield definition.filter
    if definition.flows.deactivation is not None:
        yield definition.flows.deactivation.when
    for target in definition.targets:
        yield from (field.expression for field in target.fields)
        for rule in target.match:
            yield from (part.expression for part in rule.parts)
            yield from (text for text in (rule.condition, rule.where) if text is not None)
