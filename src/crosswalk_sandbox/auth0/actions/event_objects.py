"""The vendor's `event` objects: what Actions are told of a request, by trigger."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crosswalk_sandbox.auth0.clock import iso_milliseconds
from crosswalk_sandbox.auth0.connections import Connection
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.signin.authorizations import Authorization

if TYPE_CHECKING:
    from crosswalk_sandbox.auth0.tenant import Tenant

USER_PROPERTIES = (
    "created_at",
    "email",
    "email_verified",
    "family_name",
    "given_name",
    "identities",
    "last_password_reset",
    "name",
    "nickname",
    "phone_number",
    "phone_verified",
    "picture",
    "updated_at",
    "user_id",
    "username",
)
NEW_USER_PROPERTIES = ("email", "family_name", "given_name", "name", "nickname", "phone_number", "picture", "username")


@dataclass(frozen=True, slots=True)
class Asked:
    """The request that an event tells of."""

    method: str = "POST"
    query: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoginMoment:
    """What is known of a login when its Actions run.

    Attributes
    ----------
    authorization : Authorization
        What was asked for, and by whom.
    protocol : str
        The vendor's name of the way in, such as ``oidc-basic-profile``.
    logins : int
        How often the user has logged in, this time included.
    more : dict
        Further properties of the event's `transaction`.
    """

    authorization: Authorization
    protocol: str
    origin: Origin
    connection: Connection | None
    asked: Asked
    logins: int
    session: dict[str, Any] | None = None
    more: dict[str, Any] = field(default_factory=dict)


def login_event(tenant: Tenant, moment: LoginMoment) -> dict[str, Any]:
    """Return the event of ``post-login``.

    Source: the vendor's reference of that event object; what is missing is listed in the sandbox's documentation.
    """
    authorization = moment.authorization
    timestamp = iso_milliseconds(authorization.auth_time)
    methods = [{"name": name, "timestamp": timestamp} for name in authorization.methods]
    event: dict[str, Any] = {
        "authentication": {"methods": methods},
        "authorization": {"roles": role_names(tenant, authorization)},
        "client": client_object(tenant, authorization.client_id),
        "connection": connection_object(moment.connection),
        "request": request_object(moment.origin, moment.asked),
        "stats": {"logins_count": moment.logins},
        "tenant": {"id": tenant.name},
        "transaction": {
            "acr_values": [],
            "locale": "en",
            "metadata": {},
            "protocol": moment.protocol,
            "requested_scopes": list(authorization.scopes),
            "ui_locales": [],
            **moment.more,
        },
        "user": user_object(tenant, tenant.users.get(authorization.user_id)),
    }
    if authorization.audience:
        event["resource_server"] = {"identifier": authorization.audience}
    if moment.session is not None:
        event["session"] = moment.session
    return {**event, **organization_part(tenant, authorization.organization_id)}


def exchange_event(
    tenant: Tenant, client_id: str, audience: str, scopes: list[str], organization_id: str | None, origin: Origin
) -> dict[str, Any]:
    """Return the event of ``credentials-exchange``."""
    body = {"grant_type": "client_credentials", "client_id": client_id, "audience": audience}
    return {
        "accessToken": {"customClaims": {}, "scope": scopes},
        "client": client_object(tenant, client_id),
        "request": request_object(origin, Asked(body=body)),
        "resource_server": {"identifier": audience},
        "tenant": {"id": tenant.name},
        "transaction": {"requested_scopes": scopes},
        **organization_part(tenant, organization_id),
    }


def registration_event(
    tenant: Tenant, body: dict[str, Any], connection: Connection, origin: Origin, transaction: dict[str, Any] | None
) -> dict[str, Any]:
    """Return the event of ``pre-user-registration``; `transaction` is None for sign-ups without a login page."""
    user = {name: body[name] for name in NEW_USER_PROPERTIES if body.get(name) is not None}
    user |= {name: dict(body.get(name) or {}) for name in ("user_metadata", "app_metadata")}
    sent = {name: value for name, value in body.items() if name != "password"}
    event: dict[str, Any] = {
        "connection": connection_object(connection),
        "request": request_object(origin, Asked(body=sent)),
        "tenant": {"id": tenant.name},
        "user": user,
    }
    if tenant.clients.find(origin.client_id) is not None:
        event["client"] = client_object(tenant, origin.client_id)
    if transaction is not None:
        event["transaction"] = transaction
    return event


def account_event(tenant: Tenant, document: dict[str, Any], origin: Origin) -> dict[str, Any]:
    """Return the event of ``post-user-registration`` and ``post-change-password``."""
    connection = tenant.connections.named(document["identities"][0]["connection"])
    return {
        "connection": connection_object(connection),
        "request": request_object(origin, Asked()),
        "tenant": {"id": tenant.name},
        "user": user_object(tenant, document),
    }


def user_object(tenant: Tenant, document: dict[str, Any]) -> dict[str, Any]:
    """Return a user as events show it."""
    user = {name: document[name] for name in USER_PROPERTIES if name in document}
    user |= {name: document.get(name) or {} for name in ("user_metadata", "app_metadata")}
    if tenant.signin.enrollments.find(document["user_id"]) is not None:
        user |= {"enrolledFactors": [{"type": "otp"}], "multifactor": ["guardian"]}
    return user


def client_object(tenant: Tenant, client_id: str) -> dict[str, Any]:
    """Return an application as events show it."""
    client = tenant.clients.get(client_id)
    return {"client_id": client_id, "name": client["name"], "metadata": client.get("client_metadata") or {}}


def connection_object(connection: Connection | None) -> dict[str, Any]:
    """Return a connection as events show it; empty when it is gone by now."""
    if connection is None:
        return {}
    shown = {"id": connection.id, "name": connection.name, "strategy": connection.strategy}
    return {**shown, "metadata": connection.document.get("metadata") or {}}


def request_object(origin: Origin, asked: Asked) -> dict[str, Any]:
    """Return a request as events show it; the sandbox does not know where on earth it came from."""
    shown = {
        "body": asked.body,
        "geoip": {},
        "hostname": origin.hostname,
        "ip": origin.ip,
        "method": asked.method,
        "query": asked.query,
        "user_agent": origin.user_agent,
    }
    return {**shown, "language": origin.language} if origin.language else shown


def organization_part(tenant: Tenant, organization_id: str | None) -> dict[str, Any]:
    """Return the organization of a login as a part of its event."""
    if organization_id is None:
        return {}
    try:
        found = tenant.organizations.find(organization_id).document
    except Problem:
        return {}
    shown = {name: found[name] for name in ("id", "name", "display_name") if name in found}
    return {"organization": {**shown, "metadata": found.get("metadata") or {}}}


def role_names(tenant: Tenant, authorization: Authorization) -> list[str]:
    """Return the names of the user's roles, those in the organization of the login included."""
    user_id, organization_id = authorization.user_id, authorization.organization_id
    names = [role["name"] for role in tenant.roles.of_user(user_id)]
    if organization_id is not None and tenant.organizations.has_member(organization_id, user_id):
        assigned = tenant.organizations.member_roles(organization_id, user_id)
        names += [tenant.roles.get(role_id)["name"] for role_id in assigned]
    return list(dict.fromkeys(names))
