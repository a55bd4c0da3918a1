"""What a user document looks like, and how requests change it. Pure functions over JSON documents."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from crosswalk_sandbox.auth0.problems import Problem, invalid_body, invalid_property
from crosswalk_sandbox.auth0.schema import EMAIL_SHAPE, PHONE_SHAPE, Property, check_body

if TYPE_CHECKING:
    from crosswalk_sandbox.auth0.connections import Connection

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
# What a new user cannot do without, by strategy.
REQUIRED = {"auth0": ("email", "password"), "email": ("email",), "sms": ("phone_number",)}
SELDOM_SYNCHRONIZED = ("name", "nickname", "given_name", "family_name", "picture")
LOGIN_ATTRIBUTES = ("email", "email_verified", "phone_number", "phone_verified", "username", "password")
FROM_PROVIDER = (*LOGIN_ATTRIBUTES, *SELDOM_SYNCHRONIZED)
# Properties of a request that never become part of the document.
REQUEST_ONLY = frozenset({"password", "connection", "verify_email", "verify_phone_number", "client_id", "user_id"})


def check_create(
    body: object, find_connection: Callable[[str], Connection | None]
) -> tuple[dict[str, Any], Connection]:
    """Return the body of a create request and the connection that it names, or raise the vendor's 400."""
    checked = check_body(body, CREATE_PROPERTIES, required=("connection",))
    connection = find_connection(checked["connection"])
    if connection is None:
        raise Problem(400, "The connection does not exist.", "inexistent_connection")
    if connection.kind not in {"database", "passwordless"}:
        found = f"The connection {connection.name} does not let users be created; they come from their provider"
        raise Problem(400, found, "operation_not_supported")
    for name in REQUIRED[connection.strategy]:
        if checked.get(name) is None:
            raise invalid_property(f"Missing required property: {name}", name, SHARED_PROPERTIES[name].meaning)
    if connection.options.get("requires_username") and checked.get("username") is None:
        meaning = SHARED_PROPERTIES["username"].meaning
        raise invalid_property("Missing required property: username", "username", meaning)
    if checked.get("password") is not None:
        check_password_strength(checked["password"])
    return checked, connection


def check_update(body: object, connection: Connection | None) -> dict[str, Any]:
    """Return the body of an update request, or raise the vendor's 400.

    Parameters
    ----------
    connection : Connection or None
        Where the user's main account is; None for a user who does not exist.
    """
    checked = check_body(body, UPDATE_PROPERTIES)
    if not checked:
        raise invalid_body("Too few properties defined (0), minimum 1")
    if connection is not None and checked.get("connection", connection.name) != connection.name:
        raise Problem(400, "The connection does not exist.", "inexistent_connection")
    changed = [name for name in ("password", "username", "email") if checked.get(name) is not None]
    if len(changed) > 1:
        raise Problem(400, f"Cannot update {changed[0]} and {changed[1]} simultaneously", "invalid_body")
    if connection is not None and connection.kind in {"social", "enterprise"}:
        check_synchronized(checked, connection)
    elif "email" in checked and checked["email"] is None:
        raise invalid_property("Expected type string but found type null", "email", SHARED_PROPERTIES["email"].meaning)
    if checked.get("password") is not None:
        check_password_strength(checked["password"])
    return checked


def check_synchronized(body: Mapping[str, Any], connection: Connection) -> None:
    """Raise the vendor's 400 for attributes that the provider writes anew at each login."""
    fixed = set(FROM_PROVIDER)
    if connection.options.get("set_user_root_attributes", "on_each_login") != "on_each_login":
        fixed -= set(SELDOM_SYNCHRONIZED)
    refused = [name for name in body if name in fixed]
    if refused:
        raise Problem(
            400,
            f"The following user attributes cannot be updated: {', '.join(refused)}. The connection "
            f"({connection.name}) must either be a database connection (using the Auth0 store), a passwordless "
            "connection (email or sms) or has disabled 'Sync user profile attributes at each login'. For more "
            "information, see https://auth0.com/docs/dashboard/guides/connections/configure-connection-sync",
            "operation_not_supported",
        )


def check_password_strength(password: str) -> None:
    """Raise the vendor's 400 for a password that is too short."""
    if len(password) < MINIMUM_PASSWORD_LENGTH:
        raise Problem(400, "PasswordStrengthError: Password is too weak")


def new_document(body: Mapping[str, Any], entry: dict[str, Any], now: str) -> dict[str, Any]:
    """Return the document of a user created at `now` from the checked `body`.

    Parameters
    ----------
    entry : dict
        Its identity.
    """
    email = body["email"].lower() if body.get("email") else None
    label = email or body.get("phone_number") or body.get("username") or entry["user_id"]
    document: dict[str, Any] = {
        "created_at": now,
        **({"email": email, "email_verified": body.get("email_verified", False)} if email else {}),
        "identities": [entry],
        "name": body.get("name") or label,
        "nickname": body.get("nickname") or label.split("@", maxsplit=1)[0],
        "picture": body.get("picture") or default_picture(label),
        "updated_at": now,
        "user_id": f"{entry['provider']}|{entry['user_id']}",
    }
    for name, value in body.items():
        if name not in document and name not in REQUEST_ONLY and value is not None and name != "email_verified":
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
    if result.get("email") != document.get("email") and "email_verified" not in body:
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
