"""Browsers at the org's login: requests that wait for a person, and who is logged in where."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crosswalk_sandbox.salesforce.oauth.secrecy import digest

LOGIN_LIFETIME = timedelta(minutes=15)
BROWSER_LIFETIME = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """An authorization request that was found right.

    Attributes
    ----------
    scopes
        What the app will get: what it asked for, or all that it is set to.
    challenge
        The S256 challenge, or empty.
    prompts
        What the person must be asked, whether known or not: `login`, `consent`, `select_account`.
    is_silent
        Whether no page may be shown.
    """

    consumer_key: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    nonce: str | None
    challenge: str
    prompts: frozenset[str]
    is_silent: bool
    login_hint: str = ""


@dataclass(slots=True)
class PendingLogin:
    """A request that waits for its person, in the browser that brought it.

    Attributes
    ----------
    browser
        Digest of the cookie of that browser; no other one may go on.
    user_id
        Who has logged in for it.
    """

    request: AuthorizationRequest
    started: datetime
    browser: bytes = field(repr=False)
    user_id: str | None = None


class PendingLogins:
    """The requests that wait.

    Parameters
    ----------
    clock
        Current time in UTC.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._pending: dict[bytes, PendingLogin] = {}

    def __repr__(self) -> str:
        return f"PendingLogins({len(self._pending)})"

    def clear(self) -> None:
        """Forget all of them."""
        self._pending.clear()

    def start(self, request: AuthorizationRequest, browser: str) -> str:
        """Let a request wait; returns the text that its pages are addressed with."""
        now = self._clock()
        self._pending = {key: each for key, each in self._pending.items() if now - each.started < LOGIN_LIFETIME}
        source = secrets.token_urlsafe(24)
        self._pending[digest(source)] = PendingLogin(request, now, digest(browser))
        return source

    def find(self, source: str, browser: str) -> PendingLogin | None:
        """The request that a page is about, when this browser brought it and it is not too old."""
        pending = self._pending.get(digest(source))
        if pending is None or pending.browser != digest(browser):
            return None
        return pending if self._clock() - pending.started < LOGIN_LIFETIME else None

    def end(self, source: str) -> None:
        """A request that was answered waits no longer."""
        self._pending.pop(digest(source), None)


class BrowserSessions:
    """Who is logged in in which browser.

    Parameters
    ----------
    clock
        Current time in UTC.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._sessions: dict[bytes, tuple[str, datetime]] = {}

    def __repr__(self) -> str:
        return f"BrowserSessions({len(self._sessions)})"

    def clear(self) -> None:
        """Log everyone out."""
        self._sessions.clear()

    def start(self, user_id: str) -> str:
        """Log a user in; returns the cookie's value, a new one each time."""
        cookie = secrets.token_urlsafe(48)
        self._sessions[digest(cookie)] = (user_id, self._clock() + BROWSER_LIFETIME)
        return cookie

    def user(self, cookie: str) -> str | None:
        """The id of the user who is logged in with this cookie, or None."""
        user_id, expires = self._sessions.get(digest(cookie), (None, None))
        return user_id if expires is not None and self._clock() < expires else None

    def end(self, cookie: str) -> None:
        """Log a browser out."""
        self._sessions.pop(digest(cookie), None)
