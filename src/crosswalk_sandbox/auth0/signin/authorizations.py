"""What a person has allowed an application, and the codes and refresh tokens that stand for it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crosswalk_sandbox.auth0.events import new_id

CODE_LIFETIME = timedelta(seconds=60)
# How long a used code is remembered, so that its second use takes back what the first one gave.
CODE_MEMORY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Authorization:
    """What tokens are made from.

    Attributes
    ----------
    scopes : tuple of str
        What was granted.
    audience : str
        Identifier of an API, or empty.
    sid : str
        The session's public id; empty for logins without a browser.
    shows_auth_time : bool
        Whether the application asked for a largest age of the login, and so is told its time.
    connection : str
        Name of the connection with which the person logged in.
    id_claims, access_claims : dict
        What Actions have added to the tokens.
    scope_changes : tuple of pairs
        Scopes that Actions have added (True) and taken out (False), whatever else would be granted.
    """

    client_id: str
    user_id: str
    scopes: tuple[str, ...]
    audience: str
    organization_id: str | None
    sid: str
    nonce: str | None
    auth_time: datetime
    methods: tuple[str, ...]
    shows_auth_time: bool = False
    grant_type: str = ""
    connection: str = ""
    id_claims: dict[str, Any] = field(default_factory=dict)
    access_claims: dict[str, Any] = field(default_factory=dict)
    scope_changes: tuple[tuple[str, bool], ...] = ()


@dataclass(slots=True)
class Code:
    """One authorization code."""

    authorization: Authorization
    redirect_uri: str
    needs_redirect_uri: bool
    code_challenge: str
    code_challenge_method: str
    issued: datetime
    used: bool = False
    family: Family | None = None
    access_token: str = field(default="", repr=False)


class Codes:
    """The authorization codes of the last minutes."""

    def __init__(self) -> None:
        self._codes: dict[str, Code] = {}

    def issue(self, code: Code, now: datetime) -> str:
        """Keep `code` and return the text that stands for it."""
        for old in [text for text, kept in self._codes.items() if now - kept.issued > CODE_MEMORY]:
            del self._codes[old]
        text = secrets.token_urlsafe(36)
        self._codes[text] = code
        return text

    def find(self, text: str) -> Code | None:
        """Return what `text` stands for, used or not; None for an unknown one."""
        return self._codes.get(text)


def is_expired(code: Code, now: datetime) -> bool:
    """Tell whether a code is older than the vendor lets it be."""
    return now - code.issued > CODE_LIFETIME


def verifies(code: Code, verifier: str) -> bool:
    """Tell whether `verifier` is what the code's challenge was made from; without challenge there must be none."""
    if not code.code_challenge:
        return not verifier
    expected = verifier
    if code.code_challenge_method == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        expected = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return hmac.compare_digest(expected.encode(), code.code_challenge.encode())


class Reused(Exception):
    """A refresh token was used again after it had been exchanged for another one. Carries what it had allowed."""

    def __init__(self, authorization: Authorization) -> None:
        super().__init__("reused refresh token detected")
        self.authorization = authorization


@dataclass(slots=True, eq=False)
class Family:
    """The refresh tokens that descend from one login; they live and die together.

    Attributes
    ----------
    current : str
        The newest token.
    issued : list of str
        All of its tokens.
    exchanged : dict
        When each earlier token was exchanged for its follower.
    id : str
        By which the Management API names it.
    metadata : dict
        What applications have noted about it.
    """

    authorization: Authorization
    started: datetime
    seen: datetime
    current: str = field(repr=False)
    issued: list[str] = field(repr=False)
    exchanged: dict[str, datetime] = field(default_factory=dict, repr=False)
    id: str = field(default_factory=lambda: new_id("rt"))
    metadata: dict[str, Any] = field(default_factory=dict)


class RefreshTokens:
    """All refresh tokens of the tenant."""

    def __init__(self) -> None:
        self._families: dict[str, Family] = {}

    def start(self, authorization: Authorization, now: datetime) -> Family:
        """Begin a family with its first token."""
        token = new_refresh_token()
        family = Family(authorization, now, now, token, [token])
        self._families[token] = family
        return family

    def use(self, token: str, client: dict[str, Any], now: datetime) -> tuple[Family, str | None]:
        """Return the family of a token, and the new token that takes its place when the client's tokens rotate.

        Raises
        ------
        KeyError
            For a token that is unknown, revoked, expired, or another client's.
        Reused
            For one that had been exchanged before; its whole family is revoked by then.
        """
        family = self._families[token]
        settings = client["refresh_token"]
        if family.authorization.client_id != client["client_id"] or has_expired(family, settings, now):
            raise KeyError("refresh token")
        exchanged = family.exchanged.get(token)
        if exchanged is not None and (now - exchanged).total_seconds() > settings.get("leeway", 0):
            self.revoke(family)
            raise Reused(family.authorization)
        family.seen = now
        if settings["rotation_type"] != "rotating":
            return family, None
        family.exchanged.setdefault(token, now)
        family.current = new_refresh_token()
        family.issued.append(family.current)
        self._families[family.current] = family
        return family, family.current

    def find(self, token: str) -> Family | None:
        """Return the family of a token that is not revoked, or None."""
        return self._families.get(token)

    def all(self) -> list[Family]:
        """Return all families in the order of their beginning."""
        return list(dict.fromkeys(self._families.values()))

    def of_user(self, user_id: str) -> list[Family]:
        """Return the families of a user."""
        return [family for family in self.all() if family.authorization.user_id == user_id]

    def revoke(self, family: Family) -> None:
        """Make all tokens of a family worthless."""
        for token in family.issued:
            self._families.pop(token, None)

    def revoke_of_session(self, user_id: str, sid: str) -> None:
        """Revoke what came of one session of a user."""
        for family in set(self._families.values()):
            if (family.authorization.user_id, family.authorization.sid) == (user_id, sid):
                self.revoke(family)

    def revoke_of(self, *, user_id: str = "", client_id: str = "") -> None:
        """Revoke what belongs to a user or a client that is gone."""
        for family in set(self._families.values()):
            if user_id == family.authorization.user_id or client_id == family.authorization.client_id:
                self.revoke(family)


def has_expired(family: Family, settings: dict[str, Any], now: datetime) -> bool:
    """Tell whether a family is too old, or was not used for too long, by the client's settings."""
    if settings["expiration_type"] != "expiring":
        return False
    age, idle = (now - family.started).total_seconds(), (now - family.seen).total_seconds()
    too_old = not settings["infinite_token_lifetime"] and age > settings["token_lifetime"]
    return too_old or (not settings["infinite_idle_token_lifetime"] and idle > settings["idle_token_lifetime"])


def new_refresh_token() -> str:
    """Return a refresh token, recognisable by its first letters as the vendor's newer ones are."""
    return f"v1.{secrets.token_urlsafe(48)}"
