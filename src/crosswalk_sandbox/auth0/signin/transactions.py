"""Logins on their way: from the authorization request to its outcome, one browser each."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from crosswalk_sandbox.auth0.actions.progress import LoginActions
from crosswalk_sandbox.auth0.signin.errors import ReturnAddress

OrganizationPrompt = Literal["never", "before", "after", "after, or none"]
LIFETIME = timedelta(hours=1)
MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """One checked request for a code.

    Attributes
    ----------
    address : ReturnAddress
        Where the outcome goes.
    sent_redirect_uri : bool
        Whether the application named it; the token request must then name it as well.
    scopes : tuple of str
        What was asked for, not yet what is granted.
    audience : str
        Identifier of an API; empty for a token that is only good for ``/userinfo``.
    max_age : int or None
        Seconds after which a person has to enter the password again.
    connection : str
        Name of the connection that the application wants the login to be done with; empty for any.
    organization_prompt : {'never', 'before', 'after', 'after, or none'}
        When the person is asked for an organization, as long as there is none.
    """

    client_id: str
    address: ReturnAddress
    sent_redirect_uri: bool
    scopes: tuple[str, ...]
    audience: str
    nonce: str | None
    code_challenge: str
    code_challenge_method: str
    prompts: frozenset[str]
    max_age: int | None
    login_hint: str
    screen_hint: str
    organization_id: str | None
    invitation: str
    connection: str = ""
    organization_prompt: OrganizationPrompt = "never"


@dataclass(slots=True)
class Transaction:
    """One login on its way.

    Attributes
    ----------
    state : str
        Its key, which the pages carry.
    browser : str
        The value of the cookie of the browser that began it; nobody else may go on with it.
    user_id : str or None
        Who it is, once the password was right or a session told.
    methods : list of str
        How that was proven: ``pwd``, ``mfa``.
    auth_time : datetime or None
        When the password was entered.
    fresh : bool
        Whether the password was entered in this transaction, not in an earlier one of the session.
    otp_secret : str
        The secret of an enrolment that is not confirmed yet.
    consented : bool
        Whether the person has just accepted what the application asks for.
    connection : str
        Name of the connection with which it was proven who it is.
    provider : str
        Name of the social or enterprise connection whose provider is asked now; empty for none.
    query : dict
        The parameters of the authorization request as they came.
    actions : LoginActions
        How far its Actions have come.
    """

    state: str
    browser: str
    request: AuthorizationRequest
    started: datetime
    user_id: str | None = None
    methods: list[str] = field(default_factory=list)
    auth_time: datetime | None = None
    fresh: bool = False
    otp_secret: str = field(default="", repr=False)
    consented: bool = False
    connection: str = ""
    provider: str = ""
    query: dict[str, str] = field(default_factory=dict, repr=False)
    actions: LoginActions = field(default_factory=LoginActions)


class Transactions:
    """The logins on their way by their state."""

    def __init__(self) -> None:
        self._open: dict[str, Transaction] = {}

    def begin(self, request: AuthorizationRequest, browser: str, now: datetime) -> Transaction:
        """Start a login in one browser."""
        if len(self._open) >= MOST_KEPT:
            del self._open[next(iter(self._open))]
        transaction = Transaction(secrets.token_urlsafe(24), browser, request, now)
        self._open[transaction.state] = transaction
        return transaction

    def find(self, state: str, browser: str, now: datetime) -> Transaction | None:
        """Return the login that a page of this browser belongs to; None when it is over, or is another browser's."""
        transaction = self._open.get(state)
        if transaction is None or now - transaction.started > LIFETIME:
            return None
        same_browser = hmac.compare_digest(transaction.browser.encode(), browser.encode())
        return transaction if same_browser else None

    def is_open(self, transaction: Transaction) -> bool:
        """Tell whether a login still waits for its outcome."""
        return self._open.get(transaction.state) is transaction

    def end(self, transaction: Transaction) -> None:
        """Forget a login that has its outcome."""
        self._open.pop(transaction.state, None)
