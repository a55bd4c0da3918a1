"""The identities in a user document: how a provider's profile becomes one, and what linking and unlinking do.

Pure functions over JSON documents. A user is named by its first identity, the main one; each further identity is an
account that was linked, with its profile in ``profileData``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosswalk_sandbox.auth0.connections import Connection
from crosswalk_sandbox.auth0.strategies import identity_id, is_social
from crosswalk_sandbox.auth0.user_documents import default_picture, without_nulls

# What a linked account keeps of itself, as the vendor lists it.
PROFILE_DATA = (
    "email",
    "email_verified",
    "phone_number",
    "phone_verified",
    "username",
    "name",
    "nickname",
    "picture",
    "given_name",
    "family_name",
)
# What a provider tells at a login, and the vendor writes into the root of the user.
PROVIDED = ("email", "email_verified", "name", "nickname", "picture", "given_name", "family_name", "phone_number")


def identity(connection: Connection, own_id: str) -> dict[str, Any]:
    """Return the entry of ``identities`` for an account.

    Parameters
    ----------
    own_id : str
        Its id after the strategy and a bar.
    """
    return {
        "connection": connection.name,
        "user_id": own_id,
        "provider": connection.strategy,
        "isSocial": is_social(connection.strategy),
    }


def key_of(one: Mapping[str, Any]) -> str:
    """Return the user id that an identity has, or had before it was linked."""
    return f"{one['provider']}|{one['user_id']}"


def provided_document(connection: Connection, subject: str, profile: Mapping[str, Any], now: str) -> dict[str, Any]:
    """Return the document of somebody who comes from a provider for the first time.

    Parameters
    ----------
    subject : str
        What the provider calls the person.
    profile : mapping
        What it tells: any of `PROVIDED`, and ``user_metadata`` and ``app_metadata`` where a caller in the process has
        some.
    """
    entry = identity(connection, identity_id(connection.strategy, connection.name, subject))
    document: dict[str, Any] = {
        "created_at": now,
        "identities": [entry],
        "updated_at": now,
        "user_id": key_of(entry),
    }
    told = {name: value for name, value in profile.items() if value is not None and value != ""}
    document.update(told)
    if "email" in document:
        document["email"] = document["email"].lower()
        document.setdefault("email_verified", False)
    label = document.get("email") or document.get("phone_number") or subject
    document.setdefault("name", label)
    document.setdefault("nickname", label.partition("@")[0])
    document.setdefault("picture", default_picture(label))
    return document


def refreshed_document(document: Mapping[str, Any], key: str, profile: Mapping[str, Any], now: str) -> dict[str, Any]:
    """Return `document` after a login with the account `key`, whose provider tells `profile`.

    The main account's profile is the user's own; a linked one's is kept in its identity. Unchanged documents keep
    their ``updated_at``.
    """
    told = {name: value for name, value in profile.items() if name in PROVIDED and value is not None and value != ""}
    if "email" in told:
        told["email"] = told["email"].lower()
    entries = [dict(entry) for entry in document["identities"]]
    if key_of(entries[0]) == key:
        result = {**document, **told}
    else:
        linked = next(entry for entry in entries if key_of(entry) == key)
        linked["profileData"] = {**linked.get("profileData", {}), **told}
        result = {**document, "identities": entries}
    return result if result == document else {**result, "updated_at": now}


def linked_document(primary: Mapping[str, Any], secondary: Mapping[str, Any], now: str) -> dict[str, Any]:
    """Return `primary` with the identities of `secondary`, whose metadata is dropped, as the vendor drops it."""
    first, *others = (dict(entry) for entry in secondary["identities"])
    first["profileData"] = {name: secondary[name] for name in PROFILE_DATA if name in secondary}
    return {**primary, "identities": [*primary["identities"], first, *others], "updated_at": now}


def unlinked_documents(document: Mapping[str, Any], key: str, now: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return `document` without the linked account `key`, and the user that this account is from now on.

    The new user has what ``profileData`` kept, and no metadata.
    """
    entries = [dict(entry) for entry in document["identities"]]
    taken = next(entry for entry in entries if key_of(entry) == key)
    profile = taken.pop("profileData", {})
    rest = {**document, "identities": [entry for entry in entries if key_of(entry) != key], "updated_at": now}
    fresh = without_nulls(profile) | {"created_at": now, "identities": [taken], "updated_at": now, "user_id": key}
    return rest, fresh
