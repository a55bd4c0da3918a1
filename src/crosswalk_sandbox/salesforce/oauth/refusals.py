"""What a refused token request is answered, in the vendor's words, and refusals that were ordered."""

from collections import deque

import msgspec

REFUSALS: dict[str, tuple[str, str]] = {
    "already_processed": ("invalid_grant", "token request is already being processed"),
    "app_access": ("invalid_app_access", "user is not admin approved to access this app"),
    "audience": ("invalid_grant", "audience is invalid"),
    "audience_validation": ("invalid_grant", "Audience validation failed"),
    "authentication_failure": ("invalid_grant", "authentication failure"),
    "client_credentials_off": ("invalid_grant", "client credentials flow not enabled"),
    "code_verifier": ("invalid_grant", "invalid code verifier"),
    "expired_assertion": ("invalid_grant", "expired authorization code"),
    "expired_code": ("invalid_grant", "expired authorization code"),
    "expired_token": ("invalid_grant", "expired access/refresh token"),
    "inactive_org": ("inactive_org", "organization is locked, closed, or suspended"),
    "inactive_user": ("inactive_user", "user is inactive"),
    "invalid_assertion": ("invalid_grant", "invalid assertion"),
    "invalid_code": ("invalid_grant", "invalid authorization code"),
    "invalid_scope": ("invalid_scope", "requested scope is invalid, unknown, or malformed"),
    "ip_restricted": ("invalid_grant", "ip restricted or invalid login hours"),
    "login_hours": ("invalid_grant", "ip restricted or invalid login hours"),
    "no_run_as_user": ("invalid_grant", "no client credentials user enabled"),
    "no_scopes": ("invalid_grant", "no valid scopes defined"),
    "not_approved": ("invalid_grant", "user hasn't approved this consumer"),
    "rate_limit": ("rate_limit_exceeded", "login rate exceeded"),
    "redirect_uri_mismatch": ("redirect_uri_mismatch", "redirect_uri must match configuration"),
    "unexpected_verifier": ("invalid_grant", "unexpected code verifier"),
    "unknown_client": ("invalid_client_id", "client identifier invalid"),
    "unknown_error": ("unknown_error", "retry your request"),
    "unsupported_grant_type": ("unsupported_grant_type", "grant type not supported"),
    "user_inactive": ("invalid_grant", "user is inactive"),
    "wrong_secret": ("invalid_client", "invalid client credentials"),
}
"""The vendor's `error` and `error_description` by our short name for the reason."""


class TokenRefused(Exception):
    """A token request that is answered 400 with `{"error", "error_description"}`.

    Parameters
    ----------
    error
        OAuth error code.
    description
        The vendor's wording.
    """

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description

    def body(self) -> dict[str, str]:
        """The members of the answer."""
        return {"error": self.error, "error_description": self.description}


def refusal(reason: str) -> TokenRefused:
    """The refusal for one of the reasons in `REFUSALS`."""
    return TokenRefused(*REFUSALS[reason])


class RefusalOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Trouble with the next token requests, whatever they ask for.

    Parameters
    ----------
    reason
        A key of `REFUSALS`; or give `error` and `error_description`.
    error, error_description
        What to answer instead of a known refusal.
    count
        How many of the next token requests are refused so.
    processing_ms
        How long every token request takes from now on, in milliseconds; while a refresh token is at work, a second
        request with it is refused as the vendor does.
    clear
        First end what was ordered before.
    """

    reason: str | None = None
    error: str | None = None
    error_description: str = ""
    count: int = 1
    processing_ms: float | None = None
    clear: bool = False

    def __post_init__(self) -> None:
        if self.reason is not None and self.reason not in REFUSALS:
            raise ValueError(f"expected as reason one of {', '.join(REFUSALS)}, found {self.reason!r}")


class OrderedRefusals:
    """The token requests that are still to be refused, in the order in which that was asked for."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """End every trouble."""
        self._waiting: deque[tuple[str, str]] = deque()
        self.processing_ms = 0.0

    def order(self, order: RefusalOrder) -> None:
        """Put an order into force."""
        if order.clear:
            self.clear()
        if order.processing_ms is not None:
            self.processing_ms = order.processing_ms
        if order.error is not None:
            self._waiting.extend([(order.error, order.error_description)] * order.count)
        elif order.reason is not None:
            self._waiting.extend([REFUSALS[order.reason]] * order.count)

    def refuse_request(self) -> None:
        """Raise what the next token request has to fail with, if anything."""
        if self._waiting:
            raise TokenRefused(*self._waiting.popleft())
