"""Who may look: the admin token, the console's signed cookie sessions, CSRF tokens and the throttle on wrong guesses.

Sessions need no storage: a cookie holds its expiry and a random number, signed with a key that is derived from the
admin token. Changing the admin token therefore ends every session.
"""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from msgspec import Struct

from crosswalk.connectors.secret import Secret
from crosswalk.domain.errors import CrosswalkError

SESSION_S = 12 * 3600
"""How long a log-in lasts, seconds."""
WRONG_GUESSES = 10
"""How many wrong tokens one address may send within `THROTTLE_S`."""
THROTTLE_S = 60.0
SHORTEST_TOKEN = 16
MOST_ADDRESSES = 10_000
"""How many addresses the throttle remembers; the ones that were quiet longest are forgotten first."""

SESSION_COOKIE = "crosswalk_session"
LOGIN_COOKIE = "crosswalk_login"


class WeakAdminToken(CrosswalkError):
    """The admin token is too short to be safe."""


class Session(Struct, frozen=True):
    """A signed-in browser: `nonce` names the session, `expires_at` is in Unix seconds."""

    nonce: str
    expires_at: int


class Throttle:
    """Counts wrong guesses for each address over a sliding window.

    Parameters
    ----------
    allowed
        How many are let through within the window.
    window_s
        The window, seconds.
    clock
        Monotonic seconds.
    """

    def __init__(self, allowed: int, window_s: float, clock: Callable[[], float]) -> None:
        self._allowed = allowed
        self._window_s = window_s
        self._clock = clock
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Seconds until this address may try again; 0 when it may now."""
        times = self._wrong.get(address)
        if times is None:
            return 0.0
        oldest_counted = self._clock() - self._window_s
        while times and times[0] <= oldest_counted:
            times.popleft()
        if not times:
            del self._wrong[address]
            return 0.0
        return times[0] - oldest_counted if len(times) >= self._allowed else 0.0

    def count_wrong(self, address: str) -> None:
        """Remember a wrong guess."""
        self._wrong.setdefault(address, deque(maxlen=self._allowed)).append(self._clock())
        self._wrong.move_to_end(address)
        while len(self._wrong) > MOST_ADDRESSES:
            self._wrong.popitem(last=False)


class AdminAccess:
    """Decides who is an administrator.

    Parameters
    ----------
    token
        The admin token, at least 16 characters.
    clock
        Unix seconds, for the expiry of sessions.
    monotonic
        Monotonic seconds, for the throttle.

    Raises
    ------
    WeakAdminToken
        The token is shorter than 16 characters.
    """

    def __init__(
        self,
        token: Secret,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        text = token.reveal()
        if len(text) < SHORTEST_TOKEN:
            raise WeakAdminToken(
                f"the admin token has {len(text)} characters, at least {SHORTEST_TOKEN} are needed: generate one with "
                "`openssl rand -hex 32`"
            )
        self._digest = hashlib.sha256(text.encode()).digest()
        self._key = hmac.digest(text.encode(), b"crosswalk console sessions", "sha256")
        self._clock = clock
        self._logged_out: dict[str, int] = {}
        self.throttle = Throttle(WRONG_GUESSES, THROTTLE_S, monotonic)

    def is_admin_token(self, given: str) -> bool:
        """Whether this is the admin token; takes as long for any wrong one, whatever its length or first letters."""
        # Digests are compared, so that neither the length nor non-ASCII text of the guess matters.
        return hmac.compare_digest(hashlib.sha256(given.encode("utf-8", "surrogatepass")).digest(), self._digest)

    def open_session(self) -> tuple[Session, str]:
        """Return a new session and the cookie value that proves it."""
        session = Session(secrets.token_urlsafe(18), int(self._clock()) + SESSION_S)
        return session, f"{session.expires_at}.{session.nonce}.{self._sign('session', _content(session))}"

    def session(self, cookie: str | None) -> Session | None:
        """Return the session that a cookie value proves; `None` when it is missing, forged, expired or logged out."""
        parts = (cookie or "").split(".")
        if len(parts) != 3 or not (parts[0].isascii() and parts[0].isdecimal()) or len(parts[0]) > 12:
            return None
        session = Session(parts[1], int(parts[0]))
        if not _equal(parts[2], self._sign("session", _content(session))):
            return None
        if session.expires_at <= self._clock() or session.nonce in self._logged_out:
            return None
        return session

    def close_session(self, session: Session) -> None:
        """Refuse this session's cookie from now on (in this process; elsewhere it ends with its expiry)."""
        now = self._clock()
        self._logged_out = {nonce: expiry for nonce, expiry in self._logged_out.items() if expiry > now}
        self._logged_out[session.nonce] = session.expires_at

    def csrf_token(self, binding: str) -> str:
        """Return the token that forms of one session (or of one log-in page) carry."""
        return self._sign("csrf", binding)

    def is_csrf_token(self, binding: str, given: str) -> bool:
        """Whether a form came from our own page for this session or log-in page."""
        return bool(binding) and _equal(given, self.csrf_token(binding))

    def _sign(self, purpose: str, content: str) -> str:
        message = f"{purpose}\0{content}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, message, "sha256").hexdigest()


def _content(session: Session) -> str:
    return f"{session.expires_at}.{session.nonce}"


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
