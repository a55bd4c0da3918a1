"""How Auth0 says no, what that means for a write, and how long it asks to wait. Pure; the time is passed in."""

import httpx
import msgspec
from msgspec import Struct

from crosswalk.connectors.base import ConfigurationWrong, ConflictFound, Failure, LinkLost, Rejected, RetryLater
from crosswalk.connectors.errors import CallRefused, CallWithheld, ConnectorError, CursorLost
from crosswalk.connectors.reactions import DELAYS_S, Reaction, row_of

LONGEST_WAIT_S = 60.0

CURSOR_LOST = frozenset({"invalid_cursor", "cursor_expired"})
"""The codes that say that a cursor can no longer be used."""


class SubscriptionEnded(ConnectorError):
    """The tenant ended the event subscription with an error; reconnect with the last offset.

    Parameters
    ----------
    code
        `timeout`, `payload_too_large`, `processing_error`, `connection_timeout`.
    message
        The tenant's words.
    offset
        Where to resume, if it said so.
    """

    def __init__(self, code: str, message: str, offset: str | None) -> None:
        self.code = code
        self.message = message
        self.offset = offset
        super().__init__(f"The event subscription was ended ({code}): {message}. Reconnect with the last offset.")


class _Problem(Struct):
    message: str = ""
    errorCode: str = ""  # noqa: N815  the vendor's name
    error: str = ""


def refusal(service: str, call: str, answer: httpx.Response, now: float) -> CallRefused:
    """Return the error for an answer that is not a success.

    Parameters
    ----------
    service, call
        The host, and method with path.
    answer
        The answer, read to its end. Its body is `{statusCode, error, message, errorCode}`.
    now
        Unix time in seconds, to tell how far away `x-ratelimit-reset` is.
    """
    try:
        problem = msgspec.json.decode(answer.content, type=_Problem)
    except msgspec.DecodeError:
        problem = _Problem(message="the answer carried no Auth0 error")
    code = problem.errorCode or problem.error or f"http_{answer.status_code}"
    kind = CursorLost if code in CURSOR_LOST else CallRefused
    return kind(
        service=service,
        call=call,
        status=answer.status_code,
        code=code,
        message=problem.message,
        after_s=asked_wait(answer.headers, now),
    )


def asked_wait(headers: httpx.Headers, now: float) -> float | None:
    """Return how many seconds Auth0 asks to wait (`Retry-After`, `x-ratelimit-reset`), at most a minute."""
    retry_after = headers.get("retry-after", "")
    if retry_after.isdigit():
        return min(LONGEST_WAIT_S, float(retry_after))
    reset = headers.get("x-ratelimit-reset", "")
    if reset.isdigit():
        return min(LONGEST_WAIT_S, max(0.0, float(reset) - now))
    return None


def failure_of(error: ConnectorError) -> Failure:
    """Return what it means for one user that a call failed.

    The codes are classified in `crosswalk.connectors.reactions`. For one that is not, the status says it, by the
    responses that the vendor documents for `PATCH /api/v2/users/{id}` and its neighbours: 403 for a missing scope, 404
    for a user that is gone, 409 for an e-mail address, username or phone number that another user of it has.
    """
    if isinstance(error, CallWithheld):
        return RetryLater(error.code, str(error), error.after_s)
    if not isinstance(error, CallRefused):
        return RetryLater(error.code, str(error), DELAYS_S[Reaction.RETRY_SOON])
    if error.status in (401, 408, 429) or error.status >= 500:
        return RetryLater(error.code, error.message, error.after_s or DELAYS_S[Reaction.RETRY_SOON])
    return _failure(_reaction_of(error), error)


def _reaction_of(error: CallRefused) -> Reaction:
    if error.code == "auth0_idp_error" and error.status != 409 and "already exists" not in error.message:
        return Reaction.DEAD_LETTER  # the connection's own refusal of a value
    row = row_of(error.code)
    if row is not None:
        return row.reaction
    by_status = {403: Reaction.PERMISSION, 404: Reaction.LINK_LOST, 409: Reaction.CONFLICT}
    return by_status.get(error.status, Reaction.DEAD_LETTER)


def _failure(reaction: Reaction, error: CallRefused) -> Failure:
    code, message = error.code, error.message
    match reaction:
        case Reaction.CONFLICT:
            return ConflictFound(code, message)
        case Reaction.LINK_LOST:
            return LinkLost(code, message)
        case Reaction.CONFIGURATION | Reaction.PERMISSION:
            asked = f"{message} (give the hub's application the scope for {error.call})"
            return ConfigurationWrong(
                code, asked if error.status == 403 else message, of_all=reaction is Reaction.CONFIGURATION
            )
        case Reaction.DEAD_LETTER:
            return Rejected(code, message)
        case _:
            return RetryLater(code, message, error.after_s or DELAYS_S[reaction])
