"""SCIM users and the tenant's users: the same people. Mappings other than the default are kept but not followed."""

from __future__ import annotations

from typing import Any

from crosswalk_sandbox.auth0.clock import iso_milliseconds
from crosswalk_sandbox.auth0.identities import provided_document
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.scim.configurations import Configuration
from crosswalk_sandbox.auth0.scim.errors import ScimError
from crosswalk_sandbox.auth0.strategies import identity_id
from crosswalk_sandbox.auth0.tenant import Tenant

USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"


def create_person(
    tenant: Tenant, configuration: Configuration, resource: dict[str, Any], origin: Origin
) -> dict[str, Any]:
    """Store somebody whom a directory sends, and return the user; 409 when the connection has the id already."""
    connection = configuration.connection
    subject = resource.get(configuration.user_id_attribute)
    if not isinstance(subject, str) or not subject:
        raise ScimError(400, f"Missing required attribute: {configuration.user_id_attribute}", "invalidValue")
    key = f"{connection.strategy}|{identity_id(connection.strategy, connection.name, subject)}"
    if tenant.users.owner_of(key) is not None:
        raise ScimError(409, "User already exists.", "uniqueness")
    now = iso_milliseconds(tenant.clock())
    tenant.users.put(provided_document(connection, subject, profile_from(resource, {}), now))
    tenant.emit("user.created", {"object": tenant.users.get(key)}, origin)
    return tenant.users.get(key)


def change_person(
    tenant: Tenant, configuration: Configuration, user_id: str, resource: dict[str, Any], origin: Origin
) -> dict[str, Any]:
    """Write what a directory tells of somebody into the user, and return it; an equal profile changes nothing."""
    before = person(tenant, configuration, user_id)
    after = {**before, **profile_from(resource, before)}
    if after != before:
        after["updated_at"] = tenant.users.next_update(before)
        tenant.users.put(after)
        tenant.emit("user.updated", {"object": tenant.users.get(user_id), "previous_object": before}, origin)
    return tenant.users.get(user_id)


def person(tenant: Tenant, configuration: Configuration, user_id: str) -> dict[str, Any]:
    """Return a user of the connection, or raise the standard's 404."""
    if tenant.users.owner_of(user_id) == user_id:
        document = tenant.users.get(user_id)
        if document["identities"][0]["connection"] == configuration.connection.name:
            return document
    raise ScimError(404, f"User not found: {user_id}")


def people(tenant: Tenant, configuration: Configuration) -> list[dict[str, Any]]:
    """Return all users of the connection."""
    name = configuration.connection.name
    return [dict(document) for document in tenant.users if document["identities"][0]["connection"] == name]


def profile_from(resource: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a user that a resource of the standard tells."""
    name = resource.get("name") or {}
    told = {
        "name": resource.get("displayName") or name.get("formatted"),
        "given_name": name.get("givenName"),
        "family_name": name.get("familyName"),
        "email": email_of(resource),
    }
    profile: dict[str, Any] = {key: value for key, value in told.items() if value}
    if "email" in profile:
        profile["email"] = profile["email"].lower()
        profile["email_verified"] = before.get("email_verified", False) and before.get("email") == profile["email"]
    metadata = dict(before.get("app_metadata", {}))
    kept = {"external_id": resource.get("externalId"), "user_name": resource.get("userName")}
    profile["app_metadata"] = metadata | {key: value for key, value in kept.items() if value}
    if "active" in resource and (resource["active"] is False or before.get("blocked")):
        profile["blocked"] = not resource["active"]
    return profile


def email_of(resource: dict[str, Any]) -> str | None:
    """Return the primary address of a resource, or its first, or its user name when that is one."""
    emails = [one for one in resource.get("emails") or [] if isinstance(one, dict) and one.get("value")]
    primary = [one for one in emails if one.get("primary")]
    for one in (*primary, *emails):
        return str(one["value"])
    user_name = resource.get("userName")
    return user_name if isinstance(user_name, str) and "@" in user_name else None


def person_resource(document: dict[str, Any], base: str) -> dict[str, Any]:
    """Return a user as the standard shows it; its ``id`` is the tenant's user id."""
    metadata = document.get("app_metadata", {})
    subject = document["identities"][0]["user_id"].rpartition("|")[2]
    resource: dict[str, Any] = {
        "schemas": [USER_SCHEMA],
        "id": document["user_id"],
        "userName": metadata.get("user_name") or subject,
        "active": not document.get("blocked", False),
        "displayName": document.get("name"),
        "name": {"givenName": document.get("given_name"), "familyName": document.get("family_name")},
        "meta": {
            "resourceType": "User",
            "created": document["created_at"],
            "lastModified": document["updated_at"],
            "location": f"{base}/Users/{document['user_id']}",
        },
    }
    if metadata.get("external_id"):
        resource["externalId"] = metadata["external_id"]
    if document.get("email"):
        resource["emails"] = [{"value": document["email"], "primary": True}]
    return resource
