"""What the errors of the Pub/Sub API mean. Pure.

Sources: "Handle Errors" of Salesforce's Pub/Sub API guide; the vendor's own code comes in the trailing metadata.
"""

from collections.abc import Mapping

import grpc

from crosswalk.connectors.errors import CallRefused, ChangesNotCaptured, ConnectorError, CursorLost, Unreachable

_STATUS: Mapping[grpc.StatusCode, int] = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.UNIMPLEMENTED: 501,
}
"""The HTTP status that says the same; 500 for every other."""

_NO_ANSWER = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED})
_VENDOR_CODE = "error-code"
_PREFIX = "sfdc.platform.eventbus.grpc."
_REPLAY_ID = "subscription.fetch.replayid."


class SessionEnded(Exception):
    """The access token of a call is not, or no longer, good."""


def refusal_of(error: grpc.aio.AioRpcError, service: str, call: str) -> ConnectorError | SessionEnded:
    """Return what an error of gRPC means.

    Parameters
    ----------
    error
        The error.
    service
        The host that was called.
    call
        The method, and what was asked for.
    """
    status: grpc.StatusCode = error.code()
    words = str(error.details() or "no reason given")
    if status is grpc.StatusCode.UNAUTHENTICATED:
        return SessionEnded(words)
    if status in _NO_ANSWER or (status is grpc.StatusCode.INTERNAL and not vendor_code(error)):
        return Unreachable(service, call, f"{status.name}: {words}")
    code = vendor_code(error) or status.name
    http = _STATUS.get(status, 500)
    if code.startswith(_REPLAY_ID):
        return CursorLost(service=service, call=call, status=http, code=code, message=words)
    is_hidden = status in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.PERMISSION_DENIED)
    if is_hidden and call.startswith(("Subscribe", "GetTopic")):
        return ChangesNotCaptured(service=service, call=call, status=http, code=code, message=words)
    return CallRefused(service=service, call=call, status=http, code=code, message=words)


def vendor_code(error: grpc.aio.AioRpcError) -> str:
    """The vendor's code of an error without what all of them start with; empty where there is none."""
    for key, value in error.trailing_metadata() or ():
        if key == _VENDOR_CODE:
            return str(value).removeprefix(_PREFIX)
    return ""
