"""The log of each change that goes through the Management API."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from crosswalk_sandbox.auth0.logs import Operation, api_log
from crosswalk_sandbox.auth0.routes.exchange import origin_of
from crosswalk_sandbox.auth0.tenant import Tenant

SECRETS = frozenset({"client_secret", "password", "signing_secret"})


def log_operation(
    tenant: Tenant, request: Request, description: str, body: Any, answer: Any, status: int = 200
) -> None:
    """Log a successful operation as ``sapi``.

    Parameters
    ----------
    description : str
        The vendor's words, such as "Create a client".
    body, answer : object
        What was sent and what is answered; their secrets are masked.
    """
    path = request.scope["raw_path"].decode()
    operation = Operation(description, request.method.lower(), path, status)
    tenant.log("sapi", api_log(operation, origin_of(request), masked(body), masked(answer)))


def masked(value: Any) -> Any:
    """Return `value` with its secrets masked."""
    if not isinstance(value, dict):
        return value
    return {name: "*****" if name in SECRETS else item for name, item in value.items()}
