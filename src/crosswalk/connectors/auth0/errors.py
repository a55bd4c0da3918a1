"""How Auth0 says no, and how long it asks to wait. Pure but for the clock that is passed in."""

import httpx
import msgspec
from msgspec import Struct

from crosswalk.connectors.errors import CallRefused, ConnectorError, CursorLost

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
