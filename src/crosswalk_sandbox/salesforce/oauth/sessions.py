"""Access tokens: the sessions that they open, until they end."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crosswalk_sandbox.salesforce.oauth.refresh_tokens import Family
from crosswalk_sandbox.salesforce.oauth.secrecy import digest

TOKEN_LIFETIME = timedelta(hours=2)
_FIRST_ROOM = 1_000
_REST_SCOPES = frozenset({"api", "full", "web"})


@dataclass(frozen=True, slots=True)
class Session:
    """What one access token stands for.

    Attributes
    ----------
    family
        The refresh tokens that it belongs to; it ends with them.
    """

    user_id: str
    consumer_key: str
    scopes: tuple[str, ...]
    issued: datetime
    expires: datetime
    family: Family | None = None

    @property
    def opens_rest(self) -> bool:
        """Whether the token's scopes reach the data API."""
        return not _REST_SCOPES.isdisjoint(self.scopes)


class Sessions:
    """The access tokens in force; of each only a digest is kept.

    Parameters
    ----------
    organization_id
        The org's 18-character id, which opaque tokens begin with.
    clock
        Current time in UTC.
    is_active
        Whether the user with this id may use the org now.
    """

    def __init__(self, organization_id: str, clock: Callable[[], datetime], is_active: Callable[[str], bool]) -> None:
        self.lifetime = TOKEN_LIFETIME
        self._organization_id = organization_id
        self._clock = clock
        self._is_active = is_active
        self._sessions: dict[bytes, Session] = {}
        self._room = _FIRST_ROOM

    def __repr__(self) -> str:
        return f"Sessions({len(self._sessions)})"

    def start(self, session: Session, token: str | None = None) -> str:
        """Put a session into force and return its access token: the given one, or a new opaque one."""
        token = token or f"{self._organization_id[:15]}!AQ{secrets.token_urlsafe(72).replace('-', '.')}"
        if len(self._sessions) >= self._room:
            self._forget_ended()
        self._sessions[digest(token)] = session
        return token

    def find(self, token: str) -> Session | None:
        """The session that an access token stands for; None when there is none, or it has ended."""
        key = digest(token)
        session = self._sessions.get(key)
        if session is None:
            return None
        is_revoked = session.family is not None and session.family.is_revoked
        if is_revoked or self._clock() >= session.expires or not self._is_active(session.user_id):
            del self._sessions[key]
            return None
        return session

    def is_valid(self, token: str) -> bool:
        """Whether the token is good for anything now."""
        return self.find(token) is not None

    def extend(self, token: str) -> None:
        """Let a session that is in use last for its whole time from now on; nothing for a token without one."""
        session = self._sessions.get(digest(token))
        if session is not None:
            expires = max(session.expires, self._clock() + self.lifetime)
            self._sessions[digest(token)] = replace(session, expires=expires)

    def end(self, token: str) -> None:
        """End one session."""
        self._sessions.pop(digest(token), None)

    def end_user(self, user_id: str) -> None:
        """End the sessions of a user."""
        self._sessions = {key: each for key, each in self._sessions.items() if each.user_id != user_id}

    def revoke_all(self) -> None:
        """End every session."""
        self._sessions.clear()

    def _forget_ended(self) -> None:
        """Drop what has expired; as seldom as the sessions double, so that logging in stays cheap."""
        now = self._clock()
        self._sessions = {key: each for key, each in self._sessions.items() if now < each.expires}
        self._room = max(2 * len(self._sessions), _FIRST_ROOM)
