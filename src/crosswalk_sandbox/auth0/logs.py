"""Tenant logs: who did what, in order, with the vendor's 56-digit ids that sort as they were written."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from crosswalk_sandbox.auth0.clock import iso_milliseconds
from crosswalk_sandbox.auth0.connections import Connection
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.problems import Problem

# The `description` of each type of log that a changed user causes beside the API operation itself.
DESCRIPTIONS = {
    "sce": "Change Email",
    "scp": "Change Password",
    "scu": "Change Username",
    "scpn": "Change Phone Number",
    "sv": "Your email was verified. You can continue using the application.",
}


class TenantLog:
    """All log entries of the tenant, oldest first, the oldest dropped beyond `retention`."""

    def __init__(self, clock: Callable[[], datetime], retention: int) -> None:
        self._clock = clock
        self._retention = retention
        self._written = 0
        self._last_stamp = ""
        self._ids: list[str] = []
        self._entries: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._entries)

    def write(self, log_type: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Add one entry of `log_type` with its own `fields` and return it."""
        now = self._clock()
        log_id = self._next_id(now)
        entry = {"date": iso_milliseconds(now), "type": log_type, **fields, "log_id": log_id}
        self._ids.append(log_id)
        self._entries.append(entry)
        surplus = len(self._entries) - self._retention
        if surplus > max(self._retention // 10, 100):
            del self._entries[:surplus], self._ids[:surplus]
        return entry

    def forget_before(self, date: str) -> None:
        """Drop the entries before `date` (ISO 8601, UTC, milliseconds)."""
        if self._entries and self._entries[0]["date"] < date:
            count = bisect_left(self._entries, date, key=lambda entry: str(entry["date"]))
            del self._entries[:count], self._ids[:count]

    def entries(self) -> Sequence[dict[str, Any]]:
        """Return all entries, oldest first: for reading only."""
        return self._entries

    def after(self, log_id: str, limit: int) -> Sequence[dict[str, Any]]:
        """Return up to `limit` entries written after `log_id`, oldest first; an empty id means from the start."""
        start = bisect_right(self._ids, log_id)
        return self._entries[start : start + limit]

    def get(self, log_id: str) -> dict[str, Any]:
        """Return one entry, or raise the vendor's 404."""
        index = bisect_right(self._ids, log_id) - 1
        if index < 0 or self._ids[index] != log_id:
            raise Problem(404, "The log event does not exist.", "inexistent_log")
        return self._entries[index]

    def _next_id(self, now: datetime) -> str:
        # A clock that steps back must not break the order, hence the maximum.
        stamp = max(now.strftime("%Y%m%d%H%M%S") + f"{now.microsecond // 1000:03d}", self._last_stamp)
        self._last_stamp = stamp
        self._written += 1
        return f"900{stamp}781000000000000001{223372036854775807 + self._written:018d}"


def connection_log(
    document: dict[str, Any], connection: Connection | None, origin: Origin, details: dict[str, Any]
) -> dict[str, Any]:
    """Return the fields of a log about a user of a connection (sign-up, e-mail change, deletion ...)."""
    return {
        **connection_fields(connection),
        "client_id": origin.client_id,
        "client_name": origin.client_name,
        "ip": origin.ip,
        "user_agent": origin.user_agent,
        "details": details,
        "hostname": origin.hostname,
        "user_id": document["user_id"],
        "user_name": document.get("email") or document.get("username") or document["name"],
    }


def connection_fields(connection: Connection | None) -> dict[str, Any]:
    """Return what a log tells of a connection; nothing of one that is gone."""
    if connection is None:
        return {}
    return {
        "connection": connection.name,
        "connection_id": connection.id,
        "strategy": connection.strategy,
        "strategy_type": connection.kind,
    }


def signup_details(body: dict[str, Any], origin: Origin, tenant: str) -> dict[str, Any]:
    """Return the ``details`` of a sign-up: the submitted body, its password masked."""
    shown = {
        key: value for key, value in body.items() if key in {"email", "user_metadata", "given_name", "family_name"}
    }
    return {
        "body": {
            "client_id": origin.client_id,
            "tenant": tenant,
            "connection": body["connection"],
            "password": "*****",
            **shown,
        }
    }


@dataclass(frozen=True, slots=True)
class Operation:
    """What the vendor's log says of a successful Management API operation."""

    description: str
    method: str
    path: str
    status: int


CREATE_USER = Operation("Create a User", "post", "/api/v2/users", 201)


def update_of(user_id: str) -> Operation:
    """Return the operation that changes a user."""
    return Operation("Update a User", "patch", f"/api/v2/users/{quote(user_id, safe='')}", 200)


def deletion_of(user_id: str) -> Operation:
    """Return the operation that deletes a user."""
    return Operation("Delete a User", "delete", f"/api/v2/users/{quote(user_id, safe='')}", 204)


def api_log(operation: Operation, origin: Origin, body: Any, answer: Any) -> dict[str, Any]:
    """Return the fields of a ``sapi`` log: one successful operation with its request and answer.

    Its ``user_id`` would be the person who called, never the user that was changed; an application has none.
    """
    return {
        "description": operation.description,
        "client_id": origin.client_id,
        "client_name": origin.client_name,
        "ip": origin.ip,
        "user_agent": origin.user_agent,
        "details": {
            "request": {
                "method": operation.method,
                "path": operation.path,
                "query": {},
                "userAgent": origin.user_agent,
                "body": without_password(body),
                "channel": "api",
                "ip": origin.ip,
                "auth": {"user": {}, "strategy": "jwt", "credentials": {"jti": origin.token_id}},
            },
            "response": {"statusCode": operation.status, "body": answer},
        },
        "user_id": "",
    }


def without_password(body: Any) -> Any:
    """Return a request body with its password masked, as the vendor logs it."""
    if isinstance(body, dict) and "password" in body:
        return {**body, "password": "*****"}
    return body
