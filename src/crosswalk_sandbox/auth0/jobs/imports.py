"""Imports of users: what a file may hold, and how each of its users gets into the tenant or is refused."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import msgspec

from crosswalk_sandbox.auth0.clock import iso_milliseconds
from crosswalk_sandbox.auth0.connections import Connection
from crosswalk_sandbox.auth0.identities import identity
from crosswalk_sandbox.auth0.jobs.password_hashes import BCRYPT_SHAPE, check_for
from crosswalk_sandbox.auth0.jobs.store import Failed, Job
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.schema import EMAIL_SHAPE, JSON_TYPES, json_type
from crosswalk_sandbox.auth0.tenant import Tenant
from crosswalk_sandbox.auth0.user_documents import new_document

MOST_BYTES = 512_000
TYPES: dict[str, type] = {
    "email": str,
    "email_verified": bool,
    "user_id": str,
    "username": str,
    "given_name": str,
    "family_name": str,
    "name": str,
    "nickname": str,
    "picture": str,
    "blocked": bool,
    "phone_number": str,
    "phone_verified": bool,
    "password_hash": str,
    "custom_password_hash": dict,
    "app_metadata": dict,
    "user_metadata": dict,
    "mfa_factors": list,
}
UPSERTED = (
    "app_metadata",
    "email_verified",
    "family_name",
    "given_name",
    "name",
    "nickname",
    "picture",
    "user_metadata",
    "phone_number",
    "phone_verified",
)
NOT_IN_DOCUMENT = ("custom_password_hash", "mfa_factors", "password_hash", "user_id")
RESERVED_METADATA = (
    "__tenant",
    "_id",
    "blocked",
    "clientID",
    "created_at",
    "email",
    "email_verified",
    "globalClientID",
    "global_client_id",
    "identities",
    "lastIP",
    "lastLogin",
    "loginsCount",
    "metadata",
    "multifactor",
    "multifactor_last_modified",
    "updated_at",
    "user_id",
)


class Rejected(Exception):
    """A user of the file that is not imported; code, message and path as the vendor reports them."""

    def __init__(self, code: str, message: str, path: str = "") -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message, "path": path}


def read_file(content: bytes) -> list[Any]:
    """Return the users of a file, or raise `Failed` for one that is no array."""
    try:
        users = msgspec.json.decode(content)
    except msgspec.DecodeError:
        users = None
    if not isinstance(users, list):
        raise Failed(
            "Failed to parse users file JSON when importing users. Make sure it is valid JSON and holds an array."
        )
    return users


def import_users(
    tenant: Tenant, job: Job, connection: Connection, content: bytes, upsert: bool, origin: Origin
) -> Iterator[None]:
    """Import a file, a user at each step, and keep the count and the errors in the job.

    Parameters
    ----------
    upsert : bool
        Whether users that exist are changed instead of refused.
    """
    users = read_file(content)
    job.total = len(users)
    counts = {"failed": 0, "updated": 0, "inserted": 0, "total": len(users)}
    seen: set[str] = set()
    for given in users:
        with tenant.lock:
            try:
                counts[import_user(tenant, connection, given, upsert, seen, origin)] += 1
            except Rejected as rejected:
                counts["failed"] += 1
                job.errors.append({"user": reported(given), "errors": [rejected.error]})
        job.done += 1
        yield
    job.summary = counts


def import_user(
    tenant: Tenant, connection: Connection, given: Any, upsert: bool, seen: set[str], origin: Origin
) -> str:
    """Import one user and return ``inserted`` or ``updated``."""
    body = checked_user(given)
    email = body["email"].lower()
    if email in seen:
        raise Rejected("DUPLICATED_USER", "The user is in the file more than once.", "email")
    seen.add(email)
    existing = tenant.users.login_of(connection.name, email)
    if existing is not None:
        if not upsert or tenant.users.owner_of(existing) != existing:
            raise Rejected("DUPLICATED_USER", "The user already exists.", "email")
        change_user(tenant, existing, body, origin)
        return "updated"
    add_user(tenant, connection, body, origin)
    return "inserted"


def add_user(tenant: Tenant, connection: Connection, body: dict[str, Any], origin: Origin) -> None:
    """Store a user who is new."""
    now = tenant.clock()
    own_id = body.get("user_id") or tenant.users.new_identity_id()
    root = {name: copy.deepcopy(value) for name, value in body.items() if name not in NOT_IN_DOCUMENT}
    document = new_document(root, identity(connection, own_id), iso_milliseconds(now))
    user_id = document["user_id"]
    if tenant.users.owner_of(user_id) is not None:
        raise Rejected("DUPLICATED_USER", "The user already exists.", "user_id")
    if body.get("username") and tenant.users.named(connection.name, body["username"]) is not None:
        raise Rejected("CONFLICT_USERNAME", "The username is taken.", "username")
    tenant.users.put(document)
    take_hash(tenant, user_id, body)
    for factor in body.get("mfa_factors", []):
        if "totp" in factor:
            secret = factor["totp"]["secret"]
            tenant.signin.enrollments.enroll(user_id, secret + "=" * (-len(secret) % 8), now)
    tenant.emit("user.created", {"object": tenant.users.get(user_id)}, origin)


def change_user(tenant: Tenant, user_id: str, body: dict[str, Any], origin: Origin) -> None:
    """Change a user as an import does: only some attributes, and metadata as a whole instead of merged."""
    before = tenant.users.get(user_id)
    changes = {name: copy.deepcopy(body[name]) for name in UPSERTED if name in body}
    after = {**before, **changes, "updated_at": tenant.users.next_update(before)}
    tenant.users.put(after)
    if "last_login" not in before:
        take_hash(tenant, user_id, {name: body[name] for name in ("custom_password_hash",) if name in body})
    tenant.emit("user.updated", {"object": tenant.users.get(user_id), "previous_object": before}, origin)


def take_hash(tenant: Tenant, user_id: str, body: dict[str, Any]) -> None:
    """Let the imported hash decide about the user's password until the first login."""
    if "custom_password_hash" in body:
        tenant.users.passwords.adopt(user_id, check_for(body["custom_password_hash"]))


def checked_user(given: Any) -> dict[str, Any]:
    """Return a user of the file when it obeys the vendor's schema."""
    if not isinstance(given, dict):
        raise Rejected("INVALID_TYPE", f"Expected type object but found type {json_type(given)}")
    if "email" not in given:
        raise Rejected("OBJECT_REQUIRED", "Missing required property: email", "email")
    for name, value in given.items():
        if name not in TYPES:
            raise Rejected("OBJECT_ADDITIONAL_PROPERTIES", f"Additional properties not allowed: {name}", name)
        if type(value) is not TYPES[name]:
            found = f"Expected type {JSON_TYPES[TYPES[name]]} but found type {json_type(value)}"
            raise Rejected("INVALID_TYPE", found, name)
    if not EMAIL_SHAPE.match(given["email"]):
        found = f"Object didn't pass validation for format email: {given['email']}"
        raise Rejected("FORMAT", found, "email")
    reserved = [name for name in RESERVED_METADATA if name in given.get("app_metadata", {})]
    if reserved:
        raise Rejected("NOT_PASSED", f"app_metadata must not hold {reserved[0]}", f"app_metadata.{reserved[0]}")
    check_factors(given.get("mfa_factors", []))
    check_hashes(given)
    return given


def check_factors(factors: list[Any]) -> None:
    """Refuse second factors that are none of the vendor's, or have no secret."""
    for factor in factors:
        kinds = set(factor) if isinstance(factor, dict) else set()
        totp = factor.get("totp") if isinstance(factor, dict) else None
        is_whole = not totp or (isinstance(totp, dict) and isinstance(totp.get("secret"), str))
        if len(kinds) != 1 or not kinds <= {"totp", "phone", "email"} or not is_whole:
            raise Rejected("MFA_FACTORS_FAILED", "Expected one of totp, phone and email", "mfa_factors")


def check_hashes(given: dict[str, Any]) -> None:
    """Refuse a user with two hashes, or with one that is not of its algorithm."""
    if "password_hash" in given and "custom_password_hash" in given:
        raise Rejected("NOT_PASSED", "password_hash and custom_password_hash exclude each other", "password_hash")
    if "password_hash" in given and not BCRYPT_SHAPE.match(given["password_hash"]):
        raise Rejected("PATTERN", "String does not match the pattern of a bcrypt hash", "password_hash")
    if "custom_password_hash" in given:
        try:
            check_for(given["custom_password_hash"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Rejected("NOT_PASSED", str(error), "custom_password_hash") from None


def reported(given: Any) -> dict[str, Any]:
    """Return a user of the file as errors show it: its hashes masked, and nothing of what is no object."""
    if not isinstance(given, dict):
        return {}
    shown = copy.deepcopy(given)
    if "password_hash" in shown:
        shown["password_hash"] = "*****"  # noqa: S105 - a mask
    custom = shown.get("custom_password_hash")
    if isinstance(custom, dict) and isinstance(custom.get("hash"), dict) and "value" in custom["hash"]:
        custom["hash"]["value"] = "*****"
    return shown
