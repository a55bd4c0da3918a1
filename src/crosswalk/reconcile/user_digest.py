"""A digest of what expressions could see of a user, the same for every form in which Auth0 gives the user.

An export, an event and a read of one user order the members differently, and one leaves out what another gives as null.
"""

from hashlib import blake2b
from typing import Any, Final

import msgspec

from crosswalk.domain.definition import SyncDefinition
from crosswalk.expressions.seen import seen_members
from crosswalk.reconcile.fingerprint import expressions_of

_DIGEST_BYTES: Final = 16

VOLATILE: Final = frozenset({"last_login", "logins_count", "last_ip", "updated_at", "last_password_reset"})
"""What a login changes, or any change at all: it counts only where an expression mentions it."""

ALWAYS: Final = ("blocked", "email", "email_verified", "identities")
"""What the hub itself goes by: who is active, who waits for a record, and which users are accounts of others."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder(order="sorted").encode


class Digested(msgspec.Struct, frozen=True):
    """A user in short: who, since when, and the digest; with the e-mail address in lower case, if it is verified."""

    user_id: str
    updated_at: str
    digest: str
    email: str | None


class UserDigest:
    """Digests users for one sync.

    Parameters
    ----------
    definition
        The sync, whose expressions say what counts.
    """

    def __init__(self, definition: SyncDefinition) -> None:
        texts = tuple(expressions_of(definition))
        seen = seen_members(texts)
        self._seen = None if seen is None else frozenset(seen).union(ALWAYS, _written_back(definition))
        self._unseen = frozenset(name for name in VOLATILE if not any(name in text for text in texts))

    def of(self, profile: bytes) -> Digested:
        """Digest a user.

        Raises
        ------
        msgspec.DecodeError
            The text is no JSON object.
        """
        user = _decode(profile)
        seen = self._seen
        kept = {
            name: value
            for name, value in user.items()
            if value is not None and value != {} and (name not in self._unseen if seen is None else name in seen)
        }
        email = user.get("email") if user.get("email_verified") is True else None
        return Digested(
            user_id=str(user.get("user_id", "")),
            updated_at=str(user.get("updated_at") or user.get("created_at") or ""),
            digest=blake2b(_encode(kept), digest_size=_DIGEST_BYTES).hexdigest(),
            email=email.lower() if isinstance(email, str) else None,
        )


def _written_back(definition: SyncDefinition) -> set[str]:
    """The members of the user that Salesforce's values go to."""
    return {field.to[0] for target in definition.targets for field in target.fields if field.to}
