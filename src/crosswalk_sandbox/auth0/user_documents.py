"""What a user document looks like, and how requests change it. Pure functions over JSON documents."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from crosswalk_sandbox.auth0.problems import Problem, invalid_body, invalid_property
from crosswalk_sandbox.auth0.schema import EMAIL_SHAPE, PHONE_SHAPE, Property, check_body

DATABASE_CONNECTION = "Username-Password-Authentication"
DATABASE_CONNECTION_ID = "con_7kQ2v9XhLr4TnB1z"
MINIMUM_PASSWORD_LENGTH = 8

SHARED_PROPERTIES: dict[str, Property] = {
    "blocked": Property(bool, "Whether this user was blocked by an administrator (true) or not (false)"),
    "email_verified": Property(bool, "Whether this email address is verified (true) or unverified (false)"),
    "phone_verified": Property(bool, "Whether this phone number has been verified (true) or not (false)"),
    "verify_email": Property(bool, "Whether the user will receive a verification email"),
    "user_metadata": Property(dict, "User metadata to which this user has read/write access", nullable=True),
    "app_metadata": Property(dict, "User metadata to which this user has read-only access", nullable=True),
    "given_name": Property(str, "The user's given name(s)", nullable=True, max_length=150),
    "family_name": Property(str, "The user's family name(s)", nullable=True, max_length=150),
    "name": Property(str, "The user's full name", nullable=True, max_length=300),
    "nickname": Property(str, "The user's nickname", nullable=True, max_length=300),
    "picture": Property(str, "A URI pointing to the user's picture", nullable=True),
    "email": Property(str, "The user's email", nullable=True, pattern=EMAIL_SHAPE, shape="email"),
    "phone_number": Property(str, "The user's phone number", nullable=True, pattern=PHONE_SHAPE, shape="phone-number"),
    "password": Property(str, "The user's password", nullable=True),
    "username": Property(str, "The user's username", nullable=True, max_length=128),
    "connection": Property(str, "Name of the connection this user should be created in"),
}
CREATE_PROPERTIES = SHARED_PROPERTIES | {
    "user_id": Property(str, "The external user's id provided by the identity provider"),
}
UPDATE_PROPERTIES = SHARED_PROPERTIES | {
    "verify_phone_number": Property(bool, "Whether this user will receive a text after changing the phone number"),
    "client_id": Property(str, "Auth0 client ID. Only valid when updating email address"),
}
# Properties of a request that never become part of the document.
REQUEST_ONLY = frozenset({"password", "connection", "verify_email", "verify_phone_number", "client_id", "user_id"})


def check_create(body: object) -> dict[str, Any]:
    """Return the body of a create request, or raise the vendor's 400."""
    checked = check_body(body, CREATE_PROPERTIES, required=("connection",))
    if checked["connection"] != DATABASE_CONNECTION:
        raise Problem(400, "The connection does not exist.", "inexistent_connection")
    if checked.get("email") is None:
        raise invalid_property("Missing required property: email", "email", SHARED_PROPERTIES["email"].meaning)
    if checked.get("password") is None:
        raise invalid_property("Missing required property: password", "password", SHARED_PROPERTIES["password"].meaning)
    check_password_strength(checked["password"])
    return checked


def check_update(body: object) -> dict[str, Any]:
    """Return the body of an update request, or raise the vendor's 400."""
    checked = check_body(body, UPDATE_PROPERTIES)
    if not checked:
        raise invalid_body("Too few properties defined (0), minimum 1")
    connection = checked.get("connection", DATABASE_CONNECTION)
    if connection != DATABASE_CONNECTION:
        raise Problem(400, "The connection does not exist.", "inexistent_connection")
    changed = [name for name in ("password", "username", "email") if checked.get(name) is not None]
    if len(changed) > 1:
        raise Problem(400, f"Cannot update {changed[0]} and {changed[1]} simultaneously", "invalid_body")
    if "email" in checked and checked["email"] is None:
        raise invalid_property("Expected type string but found type null", "email", SHARED_PROPERTIES["email"].meaning)
    if checked.get("password") is not None:
        check_password_strength(checked["password"])
    return checked


def check_password_strength(password: str) -> None:
    """Raise the vendor's 400 for a password that is too short."""
    if len(password) < MINIMUM_PASSWORD_LENGTH:
        raise Problem(400, "PasswordStrengthError: Password is too weak")


def new_document(body: Mapping[str, Any], identity_id: str, now: str) -> dict[str, Any]:
    """Return the document of a user created at `now` from the checked `body`."""
    email = body["email"].lower()
    document: dict[str, Any] = {
        "created_at": now,
        "email": email,
        "email_verified": body.get("email_verified", False),
        "identities": [
            {"connection": DATABASE_CONNECTION, "user_id": identity_id, "provider": "auth0", "isSocial": False}
        ],
        "name": body.get("name") or email,
        "nickname": body.get("nickname") or email.split("@", maxsplit=1)[0],
        "picture": body.get("picture") or default_picture(email),
        "updated_at": now,
        "user_id": f"auth0|{identity_id}",
    }
    for name, value in body.items():
        if name not in document and name not in REQUEST_ONLY and value is not None:
            document[name] = value
    for metadata in ("user_metadata", "app_metadata"):
        if metadata in document:
            document[metadata] = without_nulls(document[metadata])
    return document


def patched_document(document: Mapping[str, Any], body: Mapping[str, Any], now: str) -> dict[str, Any]:
    """Return `document` after the checked update `body`.

    Metadata merges at its first level, and null removes a key; a new e-mail address is unverified unless the request
    says otherwise.
    """
    result = dict(document)
    for name, value in body.items():
        if name in REQUEST_ONLY:
            continue
        if name in {"user_metadata", "app_metadata"}:
            # An empty object clears the whole metadata; anything else merges.
            merged = {**document.get(name, {}), **value} if value else {}
            result[name] = without_nulls(merged)
        elif value is None:
            result.pop(name, None)
        else:
            result[name] = value.lower() if name == "email" else value
    if result["email"] != document["email"] and "email_verified" not in body:
        result["email_verified"] = False
    if result.get("phone_number") != document.get("phone_number") and "phone_verified" not in body:
        result.pop("phone_verified", None)
    result["updated_at"] = now
    return result


def without_nulls(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return `metadata` without the keys whose value is null."""
    return {key: value for key, value in metadata.items() if value is not None}


def default_picture(email: str) -> str:
    """Return the Gravatar address that the vendor gives to a user without a picture."""
    # Gravatar addresses are MD5 by definition; nothing is protected by it.
    digest = hashlib.md5(email.encode(), usedforsecurity=False).hexdigest()
    fallback = quote(f"https://cdn.auth0.com/avatars/{email[:2]}.png", safe="")
    return f"https://s.gravatar.com/avatar/{digest}?s=480&r=pg&d={fallback}"
