"""Refusals of the Streaming API, in the vendor's words; what it puts into braces stays in them, as recorded."""

from typing import Any

_BUSY = "503::Server is too busy. Please try your request again later."
_CROWDED = (
    "403::To protect all customers from excessive use and Denial of Service attacks, we limit the number of "
    "simultaneous connections per server. Your request has been denied because this limit has been exceeded. Please "
    "try your request again later."
)
COOKIE = "BAYEUX_BROWSER"


class Refusal(Exception):
    """A message that is refused.

    Parameters
    ----------
    error
        Code, arguments and message as Bayeux has them: `400::…`.
    advice
        What the client should do next; nothing is advised when None.
    reason
        Why a handshake was denied.
    """

    def __init__(self, error: str, advice: dict[str, Any] | None = None, reason: str | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.advice = advice
        self.reason = reason

    def members(self) -> dict[str, Any]:
        """What a reply says of it."""
        told: dict[str, Any] = {"error": self.error, "successful": False}
        if self.advice is not None:
            told["advice"] = self.advice
        if self.reason is not None:
            told["ext"] = {"sfdc": {"failureReason": self.reason}, "replay": True, "payload.format": True}
        return told


def not_authenticated(*, has_token: bool) -> Refusal:
    error = "401::Authentication invalid" if has_token else "401::Request requires authentication"
    return Refusal(error, {"reconnect": "none", "interval": 0})


def handshake_denied(reason: str, *, reconnect: str = "none") -> Refusal:
    return Refusal("403::Handshake denied", {"reconnect": reconnect}, reason)


def too_many_clients() -> Refusal:
    return handshake_denied(_CROWDED, reconnect="handshake")


def busy(*, is_handshake: bool = False) -> Refusal:
    if is_handshake:
        return handshake_denied(_BUSY, reconnect="handshake")
    return Refusal(_BUSY, {"reconnect": "retry", "interval": 0}, _BUSY)


def unknown_client() -> Refusal:
    return Refusal("403::Unknown client", {"interval": 0, "reconnect": "handshake"})


def no_handshake() -> Refusal:
    return Refusal("403::Client has not completed handshake")


def cookie_missing(client_id: str) -> Refusal:
    return Refusal(f"400::Client {client_id} has established a session, but no {COOKIE} cookie present")


def user_differs() -> Refusal:
    return Refusal("400::Authenticated user id does not match the session's user id")


def connection_type_invalid(given: object) -> Refusal:
    return Refusal(f"400::Invalid connection type {{{given}}}")


def channel_name_missing() -> Refusal:
    return Refusal("400::Channel name not specified")


def channel_name_malformed() -> Refusal:
    return Refusal("400::Channel subscriptions must start with a leading '/'")


def channel_missing(name: str) -> Refusal:
    return Refusal(f"400::The channel you requested to subscribe to does not exist {{{name}}}")


def generic_channel_missing() -> Refusal:
    return Refusal("404::Unknown channel")


def denied(operation: str) -> Refusal:
    """What CometD's security policy says to `create` or `publish`."""
    return Refusal(f"403:denied_by_security_policy:{operation}_denied")


def replay_id_invalid(given: object) -> Refusal:
    return Refusal(
        f"400::The replayId {{{given}}} you provided was invalid.  Please provide a valid ID, -2 to replay all events, "
        "or -1 to replay only new events."
    )


def version_missing(newest: int) -> Refusal:
    return Refusal(f"400::API version in the URI is mandatory. URI format: '/cometd/{newest}.0'")


def version_unsupported(oldest: int, newest: int) -> Refusal:
    return Refusal(
        f"400::Unsupported API version. Only API versions '{oldest}.0' and later are supported. "
        f"URI format: '/cometd/{newest}.0'"
    )


def request_too_large() -> Refusal:
    return Refusal("413::Maximum Request Size Exceeded")


def request_malformed() -> Refusal:
    return Refusal("400::Bad request: expected a Bayeux message or a list of them as JSON")
