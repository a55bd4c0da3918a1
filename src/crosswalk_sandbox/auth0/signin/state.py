"""Everything that signing in remembers between requests, as one thing that a reset replaces."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crosswalk_sandbox.auth0.signin.attempts import AddressFailures, Attempts
from crosswalk_sandbox.auth0.signin.authorizations import Authorization, Codes, RefreshTokens
from crosswalk_sandbox.auth0.signin.otp import Enrollments
from crosswalk_sandbox.auth0.signin.sessions import Sessions
from crosswalk_sandbox.auth0.signin.transactions import Transactions

# Beyond so many tokens the oldest are forgotten, as if they had expired.
MOST_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class OpaqueToken:
    """An access token that only ``/userinfo`` understands."""

    authorization: Authorization
    expires: datetime


@dataclass(slots=True)
class SignInState:
    """What the sign-in of one tenant remembers.

    Attributes
    ----------
    consents : dict
        The scopes that a person has allowed an application, by user, client and audience.
    mfa_policies : list of str
        When a second factor is asked for: empty for never, or ``all-applications``.
    mfa_tokens : dict
        Password logins outside a browser that still need their second factor.
    userinfo_claims : dict
        What Actions let ``/userinfo`` tell beside the profile, by the id of an API's access token.
    """

    address_failures: AddressFailures = field(default_factory=AddressFailures)
    attempts: Attempts = field(default_factory=Attempts)
    codes: Codes = field(default_factory=Codes)
    consents: dict[tuple[str, str, str], set[str]] = field(default_factory=dict)
    enrollments: Enrollments = field(default_factory=Enrollments)
    mfa_policies: list[str] = field(default_factory=list)
    mfa_tokens: dict[str, OpaqueToken] = field(default_factory=dict, repr=False)
    opaque_tokens: dict[str, OpaqueToken] = field(default_factory=dict, repr=False)
    userinfo_claims: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    refresh_tokens: RefreshTokens = field(default_factory=RefreshTokens)
    sessions: Sessions = field(default_factory=Sessions)
    transactions: Transactions = field(default_factory=Transactions)

    def forget_user(self, user_id: str) -> None:
        """End whatever a user had who is gone."""
        self.sessions.end_of_user(user_id)
        self.refresh_tokens.revoke_of(user_id=user_id)
        self.enrollments.remove(user_id)
        for key in [key for key in self.consents if key[0] == user_id]:
            del self.consents[key]

    def forget_client(self, client_id: str) -> None:
        """End whatever a client had that is gone."""
        self.refresh_tokens.revoke_of(client_id=client_id)
        for key in [key for key in self.consents if key[1] == client_id]:
            del self.consents[key]

    def remember_claims(self, token_id: str, claims: dict[str, Any]) -> None:
        """Let ``/userinfo`` tell `claims` to whoever has this access token."""
        if len(self.userinfo_claims) >= MOST_KEPT:
            del self.userinfo_claims[next(iter(self.userinfo_claims))]
        self.userinfo_claims[token_id] = claims

    def opaque(self, store: dict[str, OpaqueToken], authorization: Authorization, expires: datetime) -> str:
        """Keep an authorization in `store` under a new token, and return the token."""
        if len(store) >= MOST_KEPT:
            del store[next(iter(store))]
        token = secrets.token_urlsafe(32)
        store[token] = OpaqueToken(authorization, expires)
        return token
