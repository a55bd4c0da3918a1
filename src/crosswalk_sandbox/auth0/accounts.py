"""What happens to whole accounts: linking and unlinking, and the end of a connection with its users.

Functions over a `Tenant` that hold its lock and tell logs and events what they did.
"""

from __future__ import annotations

from typing import Any

from crosswalk_sandbox.auth0.clock import iso_milliseconds
from crosswalk_sandbox.auth0.identities import key_of, linked_document, unlinked_documents
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.tenant import Tenant


def link(tenant: Tenant, primary_id: str, secondary_key: str, origin: Origin) -> list[dict[str, Any]]:
    """Make the user `secondary_key` an account of the user `primary_id`, and return the latter's identities.

    The secondary user ends, with its metadata, roles, memberships and sessions; its way to log in stays and leads to
    the primary user. `user.deleted` tells the first and `user.updated` the second.

    Raises
    ------
    Problem
        400 when the two are one, 404 when one of them does not exist, 409 when the account is linked already.
    """
    with tenant.lock:
        before = tenant.users.get(primary_id)
        owner = tenant.users.owner_of(secondary_key)
        if owner is None:
            raise Problem(404, "The user does not exist.", "inexistent_user")
        if owner == primary_id and secondary_key == primary_id:
            raise Problem(400, "Main account and specified identity must be different.", "invalid_operation")
        if owner != secondary_key:
            raise Problem(409, "Specified identity already linked.", "identity_conflict")
        secondary = tenant.users.get(secondary_key)
        tenant.users.take(secondary_key)
        tenant.users.put(linked_document(before, secondary, tenant.users.next_update(before)))
        tenant.forget_user(secondary_key, origin)
        if tenant.knobs.linking_deletes:
            gone = {**secondary, "deleted_at": iso_milliseconds(tenant.clock())}
            tenant.emit("user.deleted", {"object": gone}, origin)
        after = tenant.users.get(primary_id)
        tenant.emit("user.updated", {"object": after, "previous_object": before}, origin)
        identities: list[dict[str, Any]] = after["identities"]
        return identities


def unlink(tenant: Tenant, primary_id: str, key: str, origin: Origin) -> list[dict[str, Any]]:
    """Make a linked account a user of its own again, without metadata, and return the identities that are left.

    Raises
    ------
    Problem
        400 for the main account, 404 when there is no such user or account.
    """
    with tenant.lock:
        before = tenant.users.get(primary_id)
        keys = [key_of(entry) for entry in before["identities"]]
        if key not in keys:
            raise Problem(404, "The specified identity does not exist for the user.", "inexistent_identity")
        if key == keys[0]:
            raise Problem(400, "The main identity of a user cannot be unlinked.", "invalid_operation")
        rest, fresh = unlinked_documents(before, key, tenant.users.next_update(before))
        tenant.users.put(rest)
        tenant.users.put(fresh)
        tenant.emit("user.updated", {"object": tenant.users.get(primary_id), "previous_object": before}, origin)
        tenant.emit("user.created", {"object": tenant.users.get(key)}, origin)
        identities: list[dict[str, Any]] = tenant.users.get(primary_id)["identities"]
        return identities


def delete_connection(tenant: Tenant, connection_id: str, origin: Origin) -> None:
    """Remove a connection with its users, as the vendor does; one that is not there is no error."""
    with tenant.lock:
        connection = tenant.connections.delete(connection_id, origin)
        if connection is None:
            return
        tenant.organizations.forget_connection(connection_id, origin)
        tenant.groups.forget_connection(connection_id, origin)
        tenant.scim.delete(connection_id)
        for document in list(tenant.users):
            if document["identities"][0]["connection"] == connection.name:
                tenant.end_user(document["user_id"], origin)
