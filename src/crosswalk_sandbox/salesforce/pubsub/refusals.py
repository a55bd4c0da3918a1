"""Refusals of the Pub/Sub API: a gRPC status, the vendor's words, and its error code in the trailing metadata.

Sources: the vendor's "Handle Errors", the error codes that public clients act on, recorded messages.
"""

from collections.abc import Iterable
from typing import NoReturn, Protocol

import grpc

_PREFIX = "sfdc.platform.eventbus.grpc."


class Context(Protocol):
    """What is used of the context of a call (`grpc.aio.ServicerContext`, which has no types)."""

    async def abort(
        self, code: grpc.StatusCode, details: str = "", trailing_metadata: Iterable[tuple[str, str]] = ()
    ) -> NoReturn:
        """End the call with an error."""

    def invocation_metadata(self) -> Iterable[tuple[str, str | bytes]] | None:
        """The metadata that came with the call."""


class Refusal(Exception):
    """A call that is refused or ended.

    Parameters
    ----------
    status
        The gRPC status.
    code
        The vendor's code without what all codes start with.
    message
        What was wrong, and what to do.
    """

    def __init__(self, status: grpc.StatusCode, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = _PREFIX + code
        self.message = message


async def abort(context: Context, refusal: Refusal, rpc_id: str) -> NoReturn:
    """End the call with a refusal."""
    trailing = (("error-code", refusal.code), ("rpc-id", rpc_id))
    await context.abort(refusal.status, f"{refusal.message} rpcId: {rpc_id}", trailing)


def headers_invalid(name: str) -> Refusal:
    message = (
        f"The authentication header {name} is invalid or blank. Provide valid accesstoken, instanceurl and tenantid."
    )
    return Refusal(grpc.StatusCode.UNAUTHENTICATED, "service.auth.headers.invalid", message)


def not_authenticated() -> Refusal:
    message = "An authentication exception occurred. Provide valid authentication via metadata headers."
    return Refusal(grpc.StatusCode.UNAUTHENTICATED, "service.auth.error", message)


def unavailable() -> Refusal:
    message = "The Pub/Sub API service is unavailable. Try again later."
    return Refusal(grpc.StatusCode.UNAVAILABLE, "service.unavailable", message)


def topic_not_found(tenant: str, topic: str) -> Refusal:
    message = (
        f"The topic information for org {tenant} and topic {topic} not found. "
        "Ensure the topic name is correct and that the topic exists."
    )
    return Refusal(grpc.StatusCode.NOT_FOUND, "topic.not.found", message)


def invalid(code: str, message: str) -> Refusal:
    """A request that breaks a rule."""
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, code, message)


def replay_id_invalid() -> Refusal:
    message = "The Replay ID validation failed. Ensure that the Replay ID is valid and within the retention window."
    return invalid("subscription.fetch.replayid.corrupted", message)
