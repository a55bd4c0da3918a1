"""Errors of the Management API, in the vendor's shape: ``{statusCode, error, message, errorCode}``."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any


class Problem(Exception):
    """A request that the Management API refuses.

    Parameters
    ----------
    status : int
        HTTP status code.
    message : str
        The sentence that the vendor shows.
    error_code : str or None
        The vendor's machine-readable code; absent for a few old errors.
    """

    def __init__(self, status: int, message: str, error_code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.error_code = error_code

    def body(self) -> dict[str, Any]:
        """Return the JSON body of the answer."""
        body: dict[str, Any] = {
            "statusCode": self.status,
            "error": HTTPStatus(self.status).phrase,
            "message": self.message,
        }
        if self.error_code is not None:
            body["errorCode"] = self.error_code
        return body


def invalid_body(reason: str) -> Problem:
    """Return the vendor's refusal of a request body."""
    return Problem(400, f"Payload validation error: '{reason}'.", "invalid_body")


def invalid_property(reason: str, name: str, meaning: str) -> Problem:
    """Return the vendor's refusal of one property of a request body."""
    return Problem(400, f"Payload validation error: '{reason}' on property {name} ({meaning}).", "invalid_body")


def invalid_query(reason: str, name: str | None = None, meaning: str = "") -> Problem:
    """Return the vendor's refusal of a query string, or of one parameter of it."""
    where = "" if name is None else f" on property {name} ({meaning})"
    return Problem(400, f"Query validation error: '{reason}'{where}.", "invalid_query_string")


def inexistent_user() -> Problem:
    """Return the answer for a user id that the tenant does not have."""
    return Problem(404, "The user does not exist.", "inexistent_user")
