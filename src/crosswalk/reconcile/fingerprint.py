"""What of a user the mappings could see, as a short digest: where that did not change, nothing has to be evaluated.

Most events change nothing that is mapped: a login moves `last_login`, `last_ip` and `updated_at`. Evaluating all
expressions to find that out costs many times what the digest does.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec import UNSET

from crosswalk.domain.definition import SyncDefinition
from crosswalk.expressions.seen import reader_of, seen_members

_DIGEST_BYTES: Final = 16

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Fingerprint:
    """Digests users for one sync.

    Parameters
    ----------
    definition
        The sync; with another definition every digest is another, so that nothing that was settled before counts.
    """

    def __init__(self, definition: SyncDefinition) -> None:
        seen = seen_members(expressions_of(definition))
        self._names = None if seen is None else [name.encode() for name in seen]
        self._read = reader_of(seen or ())
        self._start = blake2b(msgspec.json.encode(definition), digest_size=_DIGEST_BYTES)

    def of(self, profile: bytes) -> str:
        """The digest of a user (JSON text): equal where nothing that the sync's expressions can see differs.

        Raises
        ------
        msgspec.DecodeError
            The text is no JSON object.
        """
        if self._names is None:
            members = _members(profile)
            parts = [part for name in sorted(members) for part in (name.encode(), members[name])]
        else:
            values = self._read(profile)
            pairs = zip(self._names, values, strict=True)
            parts = [part for name, value in pairs if value is not UNSET for part in (name, value)]
        # Names and values are JSON, in which no byte is 0: so no two lists of members look alike.
        digest = self._start.copy()
        digest.update(b"\0".join((*parts, b"")) if parts else b"")
        return digest.hexdigest()


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
