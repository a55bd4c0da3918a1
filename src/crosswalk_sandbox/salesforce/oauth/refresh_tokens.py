"""Refresh tokens, in families: what one authorization brought, and what came of it by rotation."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from crosswalk_sandbox.salesforce.oauth.apps import ConnectedApp
from crosswalk_sandbox.salesforce.oauth.codes import Authorization
from crosswalk_sandbox.salesforce.oauth.refusals import refusal
from crosswalk_sandbox.salesforce.oauth.secrecy import digest

MOST_PER_USER = 5
"""How often a user may have authorized one app; the sixth time ends the first, as the vendor documents."""


@dataclass(slots=True, eq=False)
class Family:
    """The refresh tokens that descend from one authorization; they live and die together."""

    authorization: Authorization
    started: datetime
    used: datetime
    current: bytes = field(repr=False)
    rotated: set[bytes] = field(default_factory=set, repr=False)
    is_revoked: bool = False

    def has_expired(self, app: ConnectedApp, now: datetime) -> bool:
        """Whether the app's policy has ended the family by now."""
        oldest, idlest = app.refresh_limits()
        return (oldest is not None and now - self.started >= oldest) or (
            idlest is not None and now - self.used >= idlest
        )


class RefreshTokens:
    """All refresh tokens of an org.

    Parameters
    ----------
    on_revoked
        Called with each family that is revoked.
    """

    def __init__(self, on_revoked: Callable[[Family], None] | None = None) -> None:
        self._on_revoked = on_revoked
        self._families: dict[bytes, Family] = {}
        self._at_work: set[bytes] = set()

    def __repr__(self) -> str:
        return f"RefreshTokens({len(self._families)})"

    def clear(self) -> None:
        """Forget all of them."""
        self._families.clear()

    def start(self, authorization: Authorization, now: datetime) -> tuple[Family, str]:
        """Begin a family; returns it with its first token."""
        known = self.families_of(authorization.user_id, authorization.consumer_key)
        for oldest in known[: max(len(known) - MOST_PER_USER + 1, 0)]:
            self.revoke(oldest)
        token = _new_token()
        family = Family(authorization, now, now, digest(token))
        self._families[family.current] = family
        return family, token

    def families_of(self, user_id: str, consumer_key: str) -> list[Family]:
        """The families that a user has with an app, oldest first."""
        unique = {id(family): family for family in self._families.values()}
        return [
            family
            for family in unique.values()
            if (family.authorization.user_id, family.authorization.consumer_key) == (user_id, consumer_key)
        ]

    def find(self, token: str) -> Family | None:
        """The family whose newest token this is, unless it is revoked."""
        family = self._families.get(digest(token))
        return family if family is not None and digest(token) == family.current else None

    def use(self, token: str, app: ConnectedApp, now: datetime) -> tuple[Family, str | None]:
        """The family of a token, and the token that takes its place when the app's tokens rotate.

        Raises
        ------
        TokenRefused
            For a token that is unknown, revoked, expired or another app's; and for one that was rotated out, whose
            whole family is revoked by then.
        """
        key = digest(token)
        family = self._families.get(key)
        if family is None or family.authorization.consumer_key != app.consumer_key:
            raise refusal("expired_token")
        if key in family.rotated or family.has_expired(app, now):
            self.revoke(family)
            raise refusal("expired_token")
        family.used = now
        if not app.rotate_refresh_tokens:
            return family, None
        follower = _new_token()
        family.rotated.add(key)
        family.current = digest(follower)
        self._families[family.current] = family
        return family, follower

    def revoke(self, family: Family) -> None:
        """Make all tokens of a family worthless."""
        family.is_revoked = True
        for key in (family.current, *family.rotated):
            self._families.pop(key, None)
        if self._on_revoked is not None:
            self._on_revoked(family)

    @contextmanager
    def at_work(self, token: str) -> Iterator[None]:
        """Hold a token while a request with it is answered; `TokenRefused` when another request holds it."""
        key = digest(token)
        if key in self._at_work:
            raise refusal("already_processed")
        self._at_work.add(key)
        try:
            yield
        finally:
            self._at_work.discard(key)


def _new_token() -> str:
    return f"5Aep{secrets.token_urlsafe(62).replace('-', '.')}"
