"""Single sign-on sessions: what the cookie of a browser that has signed in stands for."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

# The vendor's defaults for a persistent session.
IDLE_LIFETIME = timedelta(days=3)
ABSOLUTE_LIFETIME = timedelta(days=7)


@dataclass(slots=True)
class Session:
    """One signed-in browser.

    Attributes
    ----------
    sid : str
        The public id, as ID tokens carry it.
    token : str
        The secret in the cookie.
    auth_time : datetime
        When the password was last entered.
    methods : list of str
        How the person proved who it is: ``pwd``, ``federated``, ``mfa``.
    connection : str
        Name of the connection with which that was done.
    metadata : dict
        What applications have noted about it.
    """

    sid: str
    token: str = field(repr=False)
    user_id: str
    created: datetime
    seen: datetime
    auth_time: datetime
    methods: list[str]
    connection: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


class Sessions:
    """The sessions by their cookie's value."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}

    def start(
        self, user_id: str, methods: list[str], auth_time: datetime, now: datetime, connection: str = "", sid: str = ""
    ) -> Session:
        """Begin a session with a new cookie value, and with a new public id unless one was given out already."""
        sid, token = sid or secrets.token_urlsafe(24), secrets.token_urlsafe(32)
        session = Session(sid, token, user_id, now, now, auth_time, list(methods), connection)
        self._sessions[session.token] = session
        return session

    def find(self, token: str, now: datetime) -> Session | None:
        """Return the live session of a cookie and note that it was used; None when there is none."""
        session = self._sessions.get(token)
        if session is None:
            return None
        if now - session.seen > IDLE_LIFETIME or now - session.created > ABSOLUTE_LIFETIME:
            del self._sessions[token]
            return None
        session.seen = now
        return session

    def by_sid(self, sid: str) -> Session | None:
        """Return the session with this public id, or None."""
        return next((session for session in self._sessions.values() if session.sid == sid), None)

    def of_user(self, user_id: str) -> list[Session]:
        """Return the sessions of a user in the order of their beginning."""
        return [session for session in self._sessions.values() if session.user_id == user_id]

    def end(self, session: Session) -> None:
        """End one session."""
        self._sessions.pop(session.token, None)

    def end_of_user(self, user_id: str) -> None:
        """End all sessions of a user."""
        for session in self.of_user(user_id):
            self.end(session)
