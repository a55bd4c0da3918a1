"""People who come from a social or enterprise provider, whom the provider's page of the tenant plays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosswalk_sandbox.auth0.clock import iso_milliseconds
from crosswalk_sandbox.auth0.connections import Connection
from crosswalk_sandbox.auth0.identities import provided_document, refreshed_document
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.schema import EMAIL_SHAPE
from crosswalk_sandbox.auth0.signin.errors import Denied
from crosswalk_sandbox.auth0.strategies import identity_id
from crosswalk_sandbox.auth0.tenant import Tenant

PROFILE_FIELDS = ("email", "name", "given_name", "family_name", "nickname", "picture", "phone_number")
MISSING_SUBJECT = "Enter the subject: what the provider calls the person"


def told_by(form: Mapping[str, str]) -> tuple[str, dict[str, Any]] | str:
    """Return subject and profile from the form of the provider's page, or what is wrong with it.

    Raises
    ------
    Denied
        ``access_denied`` when the person turned the application down at the provider.
    """
    if form.get("action") == "deny":
        raise Denied("access_denied", "The user denied the authorization request at the identity provider")
    subject = form.get("subject", "").strip()
    if not subject:
        return MISSING_SUBJECT
    profile: dict[str, Any] = {name: form[name].strip() for name in PROFILE_FIELDS if form.get(name, "").strip()}
    if "email" in profile:
        if not EMAIL_SHAPE.match(profile["email"]):
            return f"This is no e-mail address: {profile['email']}"
        profile["email_verified"] = "email_verified" in form
    return subject, profile


def arrive(
    tenant: Tenant, connection: Connection, subject: str, profile: Mapping[str, Any], origin: Origin
) -> dict[str, Any]:
    """Return the user who comes from a provider: a new one, or the one who has the account, itself or linked.

    What the provider tells replaces the profile at each login, or never, as the connection's option
    ``set_user_root_attributes`` says. A first login sends ``user.created``, a changed profile ``user.updated``.
    """
    now = tenant.clock()
    key = f"{connection.strategy}|{identity_id(connection.strategy, connection.name, subject)}"
    owner = tenant.users.owner_of(key)
    if owner is None:
        document = provided_document(connection, subject, profile, iso_milliseconds(now))
        tenant.users.put(document)
        tenant.emit("user.created", {"object": tenant.users.get(key)}, origin)
        return tenant.users.get(key)
    before = tenant.users.get(owner)
    if connection.options.get("set_user_root_attributes", "on_each_login") != "on_each_login":
        return before
    after = refreshed_document(before, key, profile, tenant.users.next_update(before))
    if after != before:
        tenant.users.put(after)
        tenant.emit("user.updated", {"object": tenant.users.get(owner), "previous_object": before}, origin)
    return tenant.users.get(owner)
