"""The tenant's users: one document each, found by id and by e-mail address."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from crosswalk_sandbox.auth0.clock import iso_milliseconds, parse_iso
from crosswalk_sandbox.auth0.passwords import Passwords
from crosswalk_sandbox.auth0.problems import Problem, inexistent_user
from crosswalk_sandbox.auth0.user_documents import check_create, check_update, new_document, patched_document


class UserDirectory:
    """Users in the order of their creation. Documents that leave it are copies."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.passwords = Passwords()
        self._documents: dict[str, dict[str, Any]] = {}
        self._ids_by_email: dict[str, str] = {}
        self._created = 0

    def __len__(self) -> int:
        return len(self._documents)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the stored documents themselves: for reading only."""
        return iter(self._documents.values())

    def create(self, body: object) -> dict[str, Any]:
        """Store a new user and return its document.

        Raises
        ------
        Problem
            400 ``invalid_body``, or 409 ``auth0_idp_error`` when the e-mail address is taken.
        """
        checked = check_create(body)
        if checked["email"].lower() in self._ids_by_email:
            raise user_exists()
        now = self._clock()
        document = new_document(checked, self._next_identity_id(now, checked.get("user_id")), iso_milliseconds(now))
        if document["user_id"] in self._documents:
            raise user_exists()
        self._documents[document["user_id"]] = document
        self._ids_by_email[document["email"]] = document["user_id"]
        self.passwords.remember(document["user_id"], checked["password"])
        return copy.deepcopy(document)

    def get(self, user_id: str) -> dict[str, Any]:
        """Return the document of `user_id`, or raise 404 ``inexistent_user``."""
        document = self._documents.get(user_id)
        if document is None:
            raise inexistent_user()
        return copy.deepcopy(document)

    def update(self, user_id: str, body: object) -> tuple[dict[str, Any], dict[str, Any]]:
        """Change one user and return the documents before and after.

        Raises
        ------
        Problem
            400 ``invalid_body``, 404 ``inexistent_user``, or 400 when the new e-mail address is taken.
        """
        checked = check_update(body)
        before = self._documents.get(user_id)
        if before is None:
            raise inexistent_user()
        after = patched_document(before, copy.deepcopy(checked), self._next_update(before))
        if after["email"] != before["email"]:
            if after["email"] in self._ids_by_email:
                raise Problem(400, "The specified new email already exists", "auth0_idp_error")
            del self._ids_by_email[before["email"]]
            self._ids_by_email[after["email"]] = user_id
        self._documents[user_id] = after
        if checked.get("password") is not None:
            self.passwords.remember(user_id, checked["password"])
        return copy.deepcopy(before), copy.deepcopy(after)

    def record_login(self, user_id: str, ip: str) -> None:
        """Count a login of the user. It changes no profile value and leaves ``updated_at`` as it is."""
        document = self._documents[user_id]
        self._documents[user_id] = {
            **document,
            "last_ip": ip,
            "last_login": iso_milliseconds(self._clock()),
            "logins_count": document.get("logins_count", 0) + 1,
        }

    def delete(self, user_id: str) -> dict[str, Any] | None:
        """Remove a user and return its last document; None when there was none, which is no error to the vendor."""
        document = self._documents.pop(user_id, None)
        if document is not None:
            del self._ids_by_email[document["email"]]
            self.passwords.forget(user_id)
        return document

    def by_email(self, email: str) -> list[dict[str, Any]]:
        """Return the users with exactly this e-mail address, whatever its case."""
        user_id = self._ids_by_email.get(email.lower())
        return [] if user_id is None else [self.get(user_id)]

    def _next_identity_id(self, now: datetime, wanted: str | None) -> str:
        if wanted is not None:
            return wanted
        self._created += 1
        return f"{int(now.timestamp()):08x}{secrets.token_hex(5)}{self._created & 0xFFFFFF:06x}"

    def _next_update(self, document: dict[str, Any]) -> str:
        # Real updates of one user are never within one millisecond of each other, so `updated_at` orders them.
        earliest = parse_iso(document["updated_at"]) + timedelta(milliseconds=1)
        return iso_milliseconds(max(self._clock(), earliest))


def user_exists() -> Problem:
    """Return the answer to a sign-up or create with an e-mail address that is taken."""
    return Problem(409, "The user already exists.", "auth0_idp_error")
