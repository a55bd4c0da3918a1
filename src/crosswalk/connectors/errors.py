"""What can go wrong between Crosswalk and a vendor as a whole; results of single records are in `base`.

Messages name the service and the call, never a token, a secret or a personal value.
"""

import httpx

from crosswalk.domain.errors import CrosswalkError

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
"""The failures after which it is certain that the vendor got nothing of a call."""


class ConnectorError(CrosswalkError):
    """A call to a vendor did not do what it was made for; `code` is the vendor's own where it gave one."""

    code: str = "CALL_FAILED"


class CredentialsRefused(ConnectorError):
    """The vendor gave no access token.

    Parameters
    ----------
    service
        Who refused: the host that was asked.
    error, description
        The vendor's own words (`invalid_grant`, `expired authorization code`).
    hint
        What to check, in one sentence.
    """

    code = "CREDENTIALS_REFUSED"

    def __init__(self, service: str, error: str, description: str, hint: str) -> None:
        self.service = service
        self.error = error
        self.description = description
        self.hint = hint
        said = f"{error}: {description}" if description else error
        super().__init__(f"{service} refused the credentials ({said}). {hint}")


class LoginWithheld(ConnectorError):
    """No token was asked for: the same credentials were refused before, and are not tried again for a while.

    Parameters
    ----------
    name
        What pauses: `org acme`.
    because
        The vendor's words at that time.
    """

    code = "CREDENTIALS_REFUSED"

    def __init__(self, name: str, because: str) -> None:
        self.name = name
        super().__init__(f"no login was tried while {name} pauses: {because} `crosswalk resume` shows until when.")


class Unreachable(ConnectorError):
    """No answer came: the connection failed, or a timeout passed. The call may or may not have been executed."""

    code = "UNREACHABLE"

    def __init__(self, service: str, call: str, cause: str) -> None:
        self.service = service
        self.call = call
        self.cause = cause
        super().__init__(f"{service} gave no answer to {call}: {cause}. Check the network, the URL and the CA file.")

    @property
    def may_be_done(self) -> bool:
        """Whether the vendor may have got the call, so that only a look at the vendor tells what came of it."""
        return not isinstance(self.__cause__, NEVER_SENT)


class CallRefused(ConnectorError):
    """The vendor answered with an error for the whole call.

    Parameters
    ----------
    service, call
        The host, and method with path (no query string: it may hold personal values).
    status
        The HTTP status.
    code, message, fields
        The vendor's error code, words, and the fields it named.
    after_s
        Seconds the vendor asked to wait, where it did.
    """

    def __init__(
        self,
        *,
        service: str,
        call: str,
        status: int,
        code: str,
        message: str,
        fields: tuple[str, ...] = (),
        after_s: float | None = None,
    ) -> None:
        self.service = service
        self.call = call
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields
        self.after_s = after_s
        super().__init__(f"{service} answered {status} to {call} ({code}): {message}")


class CursorLost(CallRefused):
    """The place in a stream of events from which to go on is no longer known to the vendor.

    What happened between that place and now may be lost: start anew, at the time of the last event if the source takes
    one, and reconcile all users. Raised whether the vendor refuses the call (400, 410) or ends a stream with it (410).
    """


class ChangesNotCaptured(CallRefused):
    """The vendor tells of no changes of these records, or not to this user; others may be told of all the same."""


class MalformedAnswer(ConnectorError):
    """The vendor (or a proxy in between) answered with something that is not what the vendor documents."""

    code = "MALFORMED_ANSWER"

    def __init__(self, service: str, call: str, expected: str, found: str) -> None:
        self.service = service
        self.call = call
        super().__init__(
            f"{service} answered {call} with {found}; expected {expected}. Is there a proxy or login page in between?"
        )


WITHHELD = frozenset({"BUDGET_SPENT", "RATE_LIMITED", "CIRCUIT_OPEN", "BUDGET_UNKNOWN"})
"""The codes of `CallWithheld`."""


class CallWithheld(ConnectorError):
    """The hub itself did not make the call: the budget has none left for it now. Nothing was tried, nothing failed.

    Parameters
    ----------
    budget
        Whose budget.
    endpoint
        The class of calls.
    code
        One of `WITHHELD`.
    because
        Why, in words.
    after_s
        In how many seconds it is worth trying again.
    """

    def __init__(self, budget: str, endpoint: str, code: str, because: str, after_s: float) -> None:
        self.budget = budget
        self.endpoint = endpoint
        self.code = code
        self.after_s = after_s
        super().__init__(
            f"no call ({endpoint}) was made to {budget}: {because}. It is made when there is budget again; "
            "`crosswalk budget` shows what is left."
        )
