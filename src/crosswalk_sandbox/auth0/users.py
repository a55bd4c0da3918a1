"""The tenant's users: one document each, found by id, by e-mail address and by each of their accounts."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from crosswalk_sandbox.auth0.clock import iso_milliseconds, parse_iso
from crosswalk_sandbox.auth0.connections import Connection, Connections
from crosswalk_sandbox.auth0.identities import identity, key_of
from crosswalk_sandbox.auth0.passwords import Passwords
from crosswalk_sandbox.auth0.problems import Problem, inexistent_user
from crosswalk_sandbox.auth0.stored_documents import StoredDocuments
from crosswalk_sandbox.auth0.user_documents import check_create, check_update, new_document, patched_document


class UserDirectory:
    """Users in the order of their creation. Documents that leave it are copies.

    Passwords are kept by account, so that an account keeps its own when it is linked.
    """

    def __init__(self, clock: Callable[[], datetime], connections: Connections) -> None:
        self._clock = clock
        self._connections = connections
        self.passwords = Passwords()
        self._documents = StoredDocuments()
        # One address belongs to few users: one for each connection.
        self._ids_by_email: dict[str, tuple[str, ...]] = {}
        # The user that a linked account belongs to, and the linked database accounts by connection and address.
        self._owners: dict[str, str] = {}
        self._linked_logins: dict[tuple[str, str], str] = {}
        self._created = 0

    def __len__(self) -> int:
        return len(self._documents)

    def __contains__(self, user_id: object) -> bool:
        return user_id in self._documents

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the stored documents themselves: for reading only."""
        return iter(self._documents.values())

    def newest(self, count: int) -> list[dict[str, Any]]:
        """Return the stored documents of the newest users, newest first: for reading only."""
        return [self._documents[user_id] for user_id in islice(reversed(self._documents), count)]

    def create(self, body: object) -> dict[str, Any]:
        """Store a new user and return its document.

        Raises
        ------
        Problem
            400 ``invalid_body``, or 409 ``auth0_idp_error`` when the e-mail address is taken.
        """
        checked, connection = check_create(body, self._connections.named)
        if self.is_taken(connection, checked):
            raise user_exists()
        now = self._clock()
        own_id = checked.get("user_id") or self.new_identity_id()
        document = new_document(checked, identity(connection, own_id), iso_milliseconds(now))
        if document["user_id"] in self._documents or document["user_id"] in self._owners:
            raise user_exists()
        self.put(document)
        if checked.get("password") is not None:
            self.passwords.remember(document["user_id"], checked["password"])
        return copy.deepcopy(document)

    def is_taken(self, connection: Connection, body: dict[str, Any]) -> bool:
        """Tell whether the connection has somebody with the e-mail address, phone number or username of `body`."""
        email = body.get("email")
        if email and self.login_of(connection.name, email) is not None:
            return True
        for name in ("username", "phone_number") if connection.kind != "social" else ():
            wanted = body.get(name)
            if wanted and name == "username" and self.named(connection.name, wanted) is not None:
                return True
            if wanted and connection.strategy == "sms" and self.holds_phone(connection.name, wanted):
                return True
        return False

    def put(self, document: dict[str, Any]) -> None:
        """Store a document that is complete, and index it; an earlier one of the same id gives way."""
        before = self._documents.get(document["user_id"])
        if before is not None:
            self._drop_index(before)
        self._documents[document["user_id"]] = document
        self._index(document)

    def load(self, document: dict[str, Any], password: str | None) -> None:
        """Store one of very many documents, of an id that is free; it is packed until it is changed."""
        self._documents.pack(document["user_id"], document)
        self._index(document)
        if password is not None:
            self.passwords.share(document["user_id"], password)

    def packed_bytes(self) -> int:
        """Return how many bytes the packed documents take."""
        return self._documents.packed_bytes()

    def get(self, user_id: str) -> dict[str, Any]:
        """Return the document of `user_id`, or raise 404 ``inexistent_user``."""
        document = self._documents.get(user_id)
        if document is None:
            raise inexistent_user()
        return copy.deepcopy(document)

    def owner_of(self, key: str) -> str | None:
        """Return the id of the user whom an account belongs to, itself or linked; None when there is none."""
        return key if key in self._documents else self._owners.get(key)

    def update(self, user_id: str, body: object) -> tuple[dict[str, Any], dict[str, Any]]:
        """Change one user and return the documents before and after.

        Raises
        ------
        Problem
            400 ``invalid_body``, 404 ``inexistent_user``, or 400 when the new e-mail address is taken.
        """
        before = self._documents.get(user_id)
        connection = None if before is None else self._connections.named(before["identities"][0]["connection"])
        checked = check_update(body, connection)
        if before is None:
            raise inexistent_user()
        after = patched_document(before, copy.deepcopy(checked), self.next_update(before))
        email = after.get("email")
        if email is not None and email != before.get("email"):
            holder = self.login_of(before["identities"][0]["connection"], email)
            if holder not in {None, user_id}:
                raise Problem(400, "The specified new email already exists", "auth0_idp_error")
        self.put(after)
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
        document = self.take(user_id)
        if document is not None:
            for entry in document["identities"]:
                self.passwords.forget(key_of(entry))
        return document

    def take(self, user_id: str) -> dict[str, Any] | None:
        """Remove a user whose passwords stay, because its accounts live on in another one; None when there is none."""
        document = self._documents.pop(user_id, None)
        if document is not None:
            self._drop_index(document)
        return document

    def by_email(self, email: str) -> list[dict[str, Any]]:
        """Return the users with exactly this e-mail address, whatever its case."""
        return [self.get(user_id) for user_id in self._ids_by_email.get(email.lower(), ())]

    def login_of(self, connection: str, email: str) -> str | None:
        """Return the account of a connection that has this e-mail address, its own or a linked one; None for none."""
        email = email.lower()
        for user_id in self._ids_by_email.get(email, ()):
            if self._documents[user_id]["identities"][0]["connection"] == connection:
                return user_id
        return self._linked_logins.get((connection, email))

    def named(self, connection: str, username: str) -> str | None:
        """Return the user of a connection with this username, whatever its case; None when there is none."""
        wanted = username.lower()
        for user_id, document in self._documents.items():
            known = str(document.get("username", "")).lower() == wanted
            if known and document["identities"][0]["connection"] == connection:
                return user_id
        return None

    def holds_phone(self, connection: str, number: str) -> bool:
        """Tell whether a connection has a user with this phone number."""
        return any(
            document.get("phone_number") == number and document["identities"][0]["connection"] == connection
            for document in self._documents.values()
        )

    def next_update(self, document: dict[str, Any]) -> str:
        """Return the ``updated_at`` of a document's next state."""
        # Real updates of one user are never within one millisecond of each other, so `updated_at` orders them.
        earliest = parse_iso(document["updated_at"]) + timedelta(milliseconds=1)
        return iso_milliseconds(max(self._clock(), earliest))

    def new_identity_id(self) -> str:
        """Return the id of a new account of a database, 24 hexadecimal digits that begin with the time."""
        self._created += 1
        return f"{int(self._clock().timestamp()):08x}{secrets.token_hex(5)}{self._created & 0xFFFFFF:06x}"

    def _index(self, document: dict[str, Any]) -> None:
        user_id, email = document["user_id"], document.get("email")
        if email is not None:
            self._ids_by_email[email] = (*self._ids_by_email.get(email, ()), user_id)
        for entry in document["identities"][1:]:
            self._owners[key_of(entry)] = user_id
            linked_email = entry.get("profileData", {}).get("email")
            if linked_email is not None:
                self._linked_logins[entry["connection"], linked_email.lower()] = key_of(entry)

    def _drop_index(self, document: dict[str, Any]) -> None:
        user_id, email = document["user_id"], document.get("email")
        if email is not None:
            rest = tuple(one for one in self._ids_by_email[email] if one != user_id)
            if rest:
                self._ids_by_email[email] = rest
            else:
                del self._ids_by_email[email]
        for entry in document["identities"][1:]:
            self._owners.pop(key_of(entry), None)
            linked_email = entry.get("profileData", {}).get("email")
            if linked_email is not None:
                self._linked_logins.pop((entry["connection"], linked_email.lower()), None)


def user_exists() -> Problem:
    """Return the answer to a sign-up or create with an e-mail address that is taken."""
    return Problem(409, "The user already exists.", "auth0_idp_error")
