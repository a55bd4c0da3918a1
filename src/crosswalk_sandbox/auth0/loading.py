"""Filling a tenant with very many users that are there from the start: no event and no log tells of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crosswalk_sandbox.auth0.clock import iso_milliseconds
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.tenant import SEED_DEFAULTS, Tenant
from crosswalk_sandbox.auth0.user_documents import default_picture


def load_users(tenant: Tenant, documents: Iterable[Mapping[str, Any]]) -> list[str]:
    """Store users, each with its ``identities``, and return their ids.

    Those of the tenant's own database have the password that `Tenant.create_user` gives to users without one. What a
    document leaves out of time stamps, name, nickname and picture is filled in as the vendor does.

    Raises
    ------
    ValueError
        For an id that is taken; the users before it stay.
    """
    now = iso_milliseconds(tenant.clock())
    ids = []
    with tenant.lock:
        for given in documents:
            email = given["email"].lower()
            first = given["identities"][0]
            user_id = f"{first['provider']}|{first['user_id']}"
            if user_id in tenant.users:
                raise ValueError(f"the tenant has a user {user_id!r} already; reset it, or seed with another number")
            document = {
                "created_at": now,
                "name": email,
                "nickname": email.partition("@")[0],
                "picture": default_picture(email),
                **given,
                "email": email,
                "updated_at": now,
                "user_id": user_id,
            }
            tenant.users.load(document, SEED_DEFAULTS["password"] if first["provider"] == "auth0" else None)
            ids.append(user_id)
    return ids


def ensure_connections(tenant: Tenant, wanted: Mapping[str, str]) -> None:
    """Make the connections that the tenant lacks, by name and strategy."""
    for name, strategy in wanted.items():
        if tenant.connections.named(name) is None:
            origin = Origin(tenant.client_id, "Sandbox", hostname=tenant.domain)
            tenant.connections.create({"name": name, "strategy": strategy}, origin)
