"""Connected apps: what their administrator has set for each, and the registry of an org's apps."""

import secrets
from datetime import timedelta
from typing import Any, Literal

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

FLOWS = ("authorization_code", "client_credentials", "jwt_bearer", "password")
SCOPES = [
    "address",
    "api",
    "chatter_api",
    "content",
    "custom_permissions",
    "email",
    "full",
    "id",
    "lightning",
    "offline_access",
    "openid",
    "phone",
    "profile",
    "refresh_token",
    "visualforce",
    "wave_api",
    "web",
]
REFRESH_SCOPES = frozenset({"refresh_token", "offline_access"})
_DEFAULT_SCOPES = ["api", "id", "web", "openid", "profile", "email", "refresh_token"]
_UNITS = {"HOURS": timedelta(hours=1), "DAYS": timedelta(days=1), "MONTHS": timedelta(days=30)}


class ConnectedApp(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One connected app as the org's administrator has set it up.

    Parameters
    ----------
    name
        What people see on the approval page.
    consumer_key, consumer_secret
        Made when left empty.
    callbacks
        Addresses that codes are sent to; a request must name one of them exactly.
    logout_urls
        Addresses that a browser may be sent to after logout.
    flows
        Of `FLOWS`; refresh tokens follow from the scopes.
    scopes
        Of `SCOPES`; what a request may ask for, and what it gets when it asks for nothing.
    permitted_users
        `self_authorize`: everyone, after an approval page. `admin_approved`: those in `approved_users`, without one.
    approved_users
        User names.
    run_as
        User name behind client credentials.
    certificate
        X.509 certificate or public key in PEM that assertions are checked with.
    require_pkce, require_secret, require_secret_for_refresh
        What the web server flow and the refresh insist on.
    rotate_refresh_tokens
        Whether each use of a refresh token brings a new one, and reuse ends all of them.
    refresh_token_policy
        The vendor's text: `infinite`, `zero`, `specific_lifetime:30:DAYS` or `specific_inactivity:12:HOURS`.
    token_lifetime_s
        Lifetime of access tokens in seconds; the org's when None.
    jwt_tokens
        Whether access tokens are JSON Web Tokens.
    introspect_all_tokens
        Whether the app may look into tokens of other apps.
    """

    name: str
    consumer_key: str = ""
    consumer_secret: str = ""
    callbacks: list[str] = []
    logout_urls: list[str] = []
    flows: list[str] = msgspec.field(default_factory=lambda: ["authorization_code"])
    scopes: list[str] = msgspec.field(default_factory=lambda: list(_DEFAULT_SCOPES))
    permitted_users: Literal["self_authorize", "admin_approved"] = "self_authorize"
    approved_users: list[str] = []
    run_as: str | None = None
    certificate: str | None = None
    require_pkce: bool = False
    require_secret: bool = True
    require_secret_for_refresh: bool = True
    rotate_refresh_tokens: bool = False
    refresh_token_policy: str = "infinite"  # noqa: S105 - a policy
    token_lifetime_s: float | None = None
    jwt_tokens: bool = False
    introspect_all_tokens: bool = False

    def __post_init__(self) -> None:
        self.consumer_key = self.consumer_key or f"3MVG9{secrets.token_urlsafe(40)}"
        self.consumer_secret = self.consumer_secret or secrets.token_hex(32).upper()
        for kind, given, known in (("flow", self.flows, FLOWS), ("scope", self.scopes, SCOPES)):
            for each in given:
                if each not in known:
                    raise ValueError(f"expected as {kind} one of {', '.join(known)}, found {each!r}")
        self.refresh_limits()
        if self.certificate:
            self.certificate_key()

    def __repr__(self) -> str:
        return f"ConnectedApp(name={self.name!r})"

    def permits(self, username: str) -> bool:
        """Whether the administrator has approved the app for a user."""
        return username.lower() in (each.lower() for each in self.approved_users)

    def certificate_key(self) -> RSAKey | None:
        """The key that assertions are checked with; ValueError for a text that is none."""
        if not self.certificate:
            return None
        try:
            return RSAKey.import_key(self.certificate)
        except (JoseError, ValueError):
            raise ValueError("expected as certificate an RSA certificate or public key in PEM") from None

    def refresh_limits(self) -> tuple[timedelta | None, timedelta | None]:
        """How old a refresh token may get, and how long it may go unused; ValueError for an unknown policy."""
        kind, _, rest = self.refresh_token_policy.partition(":")
        amount, _, unit = rest.partition(":")
        if kind == "infinite" and not rest:
            return None, None
        if kind == "zero" and not rest:
            return timedelta(0), None
        if amount.isdecimal() and unit in _UNITS:
            limit = int(amount) * _UNITS[unit]
            if kind == "specific_lifetime":
                return limit, None
            if kind == "specific_inactivity":
                return None, limit
        raise ValueError(
            "expected as refresh_token_policy infinite, zero, specific_lifetime:N:UNIT or specific_inactivity:N:UNIT "
            f"with HOURS, DAYS or MONTHS, found {self.refresh_token_policy!r}"
        )


class ConnectedApps:
    """The apps of one org.

    Parameters
    ----------
    first
        The app that a new org comes with.
    """

    def __init__(self, first: ConnectedApp) -> None:
        self._first = first
        self._apps: dict[str, ConnectedApp] = {}
        self.reset()

    def reset(self) -> None:
        """Back to the app that the org came with."""
        self._apps = {self._first.consumer_key: msgspec.structs.replace(self._first)}

    def find(self, consumer_key: str) -> ConnectedApp | None:
        return self._apps.get(consumer_key)

    def all(self) -> list[ConnectedApp]:
        return list(self._apps.values())

    def save(self, order: dict[str, Any]) -> ConnectedApp:
        """Create an app, or change what is named of the one that has the order's `consumer_key`.

        Raises
        ------
        msgspec.ValidationError
            For unknown keys and values.
        """
        known = self._apps.get(order.get("consumer_key", ""))
        before = msgspec.to_builtins(known) if known is not None else {}
        app = msgspec.convert({**before, **order}, ConnectedApp)
        self._apps[app.consumer_key] = app
        return app
