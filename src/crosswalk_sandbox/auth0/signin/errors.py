"""Refusals of the Authentication API: as JSON, as a page, or sent back to the application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class OAuthError(Exception):
    """A refusal of the token endpoint and its neighbours: ``{"error": ..., "error_description": ...}``."""

    def __init__(self, status: int, error: str, description: str, **more: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.description = description
        self.more = more

    def body(self) -> dict[str, Any]:
        """Return the JSON body of the answer."""
        return {"error": self.error, "error_description": self.description, **self.more}


class PageError(Exception):
    """A refusal that only the person sees, because there is no address that may be trusted with it."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """Where, and how, an application wants the outcome of a login.

    Attributes
    ----------
    redirect_uri : str
        One of the application's callbacks, checked.
    response_mode : str
        ``query``, ``fragment`` or ``form_post``.
    state : str or None
        What the application wants back unchanged.
    """

    redirect_uri: str
    response_mode: str
    state: str | None


class Denied(Exception):
    """A login that ends without a code; the application is told `error` and `description`."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description

    def parameters(self) -> dict[str, str]:
        """Return what the application is told."""
        return {"error": self.error, "error_description": self.description}


class RequestDenied(Denied):
    """An authorization request that is refused at once, from a trusted address."""

    def __init__(self, address: ReturnAddress, error: str, description: str) -> None:
        super().__init__(error, description)
        self.address = address
