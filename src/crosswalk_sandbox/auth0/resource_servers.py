"""The APIs ("resource servers") that tokens can be for, and which applications may have tokens for them on their own.

The Management API is one of them, always there and not to be changed.
"""

from __future__ import annotations

import copy
import secrets
from collections.abc import Callable
from typing import Any

from crosswalk_sandbox.auth0.events import new_id
from crosswalk_sandbox.auth0.problems import Problem, invalid_property
from crosswalk_sandbox.auth0.schema import Property, check_body

DEFAULT_TOKEN_LIFETIME = 86_400
MOST_TOKEN_LIFETIME = 2_592_000
WEB_TOKEN_LIFETIME = 7_200
TOKEN_DIALECTS = ("access_token", "access_token_authz", "rfc9068_profile", "rfc9068_profile_authz")
OBJECTS = (
    "access_token",
    "authorization_policy",
    "proof_of_possession",
    "subject_type_authorization",
    "token_encryption",
)
FLAGS = ("allow_online_access", "allow_online_access_with_ephemeral_sessions", "require_consent_non_repudiation")

UPDATE_PROPERTIES: dict[str, Property] = {
    "name": Property(str, "Friendly name for this resource server", max_length=200),
    "scopes": Property(list, "List of permissions (scopes) that this API uses"),
    "signing_alg": Property(str, "Algorithm used to sign JWTs", choices=("RS256",)),
    "allow_offline_access": Property(bool, "Whether refresh tokens can be issued for this API"),
    "token_lifetime": Property(int, "Expiration value (in seconds) for access tokens issued for this API"),
    "token_lifetime_for_web": Property(int, "Expiration value (in seconds) for tokens issued via implicit flows"),
    "token_dialect": Property(str, "Dialect of access tokens that should be issued", choices=TOKEN_DIALECTS),
    "skip_consent_for_verifiable_first_party_clients": Property(
        bool, "Whether to skip user consent for applications flagged as first party"
    ),
    "enforce_policies": Property(bool, "Whether to enforce authorization policies"),
    "authorization_details": Property(list, "The resource server's authorization details", nullable=True),
    "consent_policy": Property(
        str, "The consent policy", nullable=True, choices=("transactional-authorization-with-mfa",)
    ),
    "signing_secret": Property(str, "Secret used to sign tokens when using symmetric algorithms"),
    "token_lifetime_for_anonymous_access_tokens": Property(int, "Expiration value (in seconds) for anonymous users"),
    **{name: Property(dict, f"The resource server's {name}", nullable=True) for name in OBJECTS},
    **{name: Property(bool, f"The resource server's {name}", nullable=True) for name in FLAGS},
}
CREATE_PROPERTIES = {
    **UPDATE_PROPERTIES,
    "identifier": Property(str, "Unique identifier for the API used as the audience parameter", max_length=600),
}


class ResourceServers:
    """The tenant's APIs by id. Documents that leave it are copies.

    Parameters
    ----------
    management_identifier : callable
        Returns the audience of the Management API, which follows the tenant's domain.
    management_scopes : tuple of str
        What a token for the Management API can allow.
    """

    def __init__(self, management_identifier: Callable[[], str], management_scopes: tuple[str, ...]) -> None:
        self._management_identifier = management_identifier
        self._management = {
            "id": secrets.token_hex(12),
            "name": "Auth0 Management API",
            "is_system": True,
            "scopes": [{"value": scope, "description": described(scope)} for scope in management_scopes],
            "signing_alg": "RS256",
            "allow_offline_access": False,
            "skip_consent_for_verifiable_first_party_clients": False,
            "subject_type_authorization": {
                "client": {"policy": "require_client_grant"},
                "user": {"policy": "allow_all"},
            },
            "token_lifetime": DEFAULT_TOKEN_LIFETIME,
            "token_lifetime_for_web": WEB_TOKEN_LIFETIME,
        }
        self._documents: dict[str, dict[str, Any]] = {}

    def all(self) -> list[dict[str, Any]]:
        """Return all APIs, the Management API first."""
        system = {**self._management, "identifier": self._management_identifier()}
        return [copy.deepcopy(document) for document in (system, *self._documents.values())]

    def find(self, id_or_identifier: str) -> dict[str, Any] | None:
        """Return one API by its id or by its audience, or None."""
        wanted = {id_or_identifier}
        return next((one for one in self.all() if wanted & {one["id"], one["identifier"]}), None)

    def get(self, id_or_identifier: str) -> dict[str, Any]:
        """Return one API, or raise 404 ``inexistent_resource_server``."""
        document = self.find(id_or_identifier)
        if document is None:
            raise Problem(404, "The resource server does not exist", "inexistent_resource_server")
        return document

    def create(self, body: object) -> dict[str, Any]:
        """Store an API and return it.

        Raises
        ------
        Problem
            400 ``invalid_body``, 409 ``resource_server_already_exists``.
        """
        checked = check_resource_server(check_body(body, CREATE_PROPERTIES, required=("identifier",)))
        if self.find(checked["identifier"]) is not None:
            found = f"The specified resource server identifier already exists: {checked['identifier']}"
            raise Problem(409, found, "resource_server_already_exists")
        document = {
            "id": secrets.token_hex(12),
            "name": checked["identifier"],
            "is_system": False,
            "scopes": [],
            "signing_alg": "RS256",
            "allow_offline_access": False,
            "skip_consent_for_verifiable_first_party_clients": True,
            "token_lifetime": DEFAULT_TOKEN_LIFETIME,
            "token_lifetime_for_web": WEB_TOKEN_LIFETIME,
            "enforce_policies": False,
            "token_dialect": "access_token",
            **copy.deepcopy(checked),
        }
        self._documents[document["id"]] = document
        return copy.deepcopy(document)

    def update(self, id_or_identifier: str, body: object) -> dict[str, Any]:
        """Change one API and return it; given scopes replace all of them."""
        document = self.get(id_or_identifier)
        checked = check_resource_server(check_body(body, UPDATE_PROPERTIES))
        self._refuse_system(document)
        self._documents[document["id"]] = {**document, **copy.deepcopy(checked)}
        return copy.deepcopy(self._documents[document["id"]])

    def delete(self, id_or_identifier: str) -> dict[str, Any] | None:
        """Remove an API and return it; one that is not there is no error."""
        document = self.find(id_or_identifier)
        if document is None:
            return None
        self._refuse_system(document)
        return self._documents.pop(document["id"])

    def _refuse_system(self, document: dict[str, Any]) -> None:
        if document["is_system"]:
            raise Problem(400, "System resource servers cannot be changed or deleted", "operation_not_allowed")


def check_resource_server(body: dict[str, Any]) -> dict[str, Any]:
    """Return `body` when its scopes and lifetimes are what they must be, or raise 400 ``invalid_body``."""
    for scope in body.get("scopes", []):
        if not isinstance(scope, dict) or not isinstance(scope.get("value"), str) or not scope["value"].strip():
            raise invalid_property("Missing required property: value", "scopes", UPDATE_PROPERTIES["scopes"].meaning)
    for name in ("token_lifetime", "token_lifetime_for_web"):
        if name in body and not 0 <= body[name] <= MOST_TOKEN_LIFETIME:
            found = f"Value {body[name]} is not between 0 and {MOST_TOKEN_LIFETIME}"
            raise invalid_property(found, name, UPDATE_PROPERTIES[name].meaning)
    return body


def carries_permissions(resource_server: dict[str, Any]) -> bool:
    """Tell whether access tokens for an API list the permissions of whom they are for."""
    return str(resource_server.get("token_dialect", "")).endswith("_authz")


def follows_rfc_9068(resource_server: dict[str, Any]) -> bool:
    """Tell whether access tokens for an API are of the standard's profile instead of the vendor's."""
    return str(resource_server.get("token_dialect", "")).startswith("rfc9068_profile")


def described(scope: str) -> str:
    """Return the words of the Management API for one of its scopes, such as "Read Client Grants"."""
    return scope.replace(":", " ").replace("_", " ").title()


def scope_values(resource_server: dict[str, Any]) -> list[str]:
    """Return the names of an API's permissions."""
    return [scope["value"] for scope in resource_server["scopes"]]


GRANT_PROPERTIES: dict[str, Property] = {
    "client_id": Property(str, "ID of the client"),
    "audience": Property(str, "The audience (API identifier) of this client grant"),
    "scope": Property(list, "Scopes allowed for this client grant"),
    "organization_usage": Property(
        str, "Defines whether organizations can be used with client credentials", choices=("deny", "allow", "require")
    ),
    "allow_any_organization": Property(bool, "If enabled, any organization can be used with this grant"),
    "subject_type": Property(str, "The type of application access the client grant allows", choices=("client",)),
    "authorization_details_types": Property(list, "Types of authorization_details allowed for this client grant"),
    "allow_all_scopes": Property(bool, "If enabled, all scopes of the API are allowed"),
}


class ClientGrants:
    """Which application may have a token of its own for which API, and with which scopes."""

    def __init__(self) -> None:
        self._grants: dict[str, dict[str, Any]] = {}

    def all(self) -> list[dict[str, Any]]:
        """Return all grants in the order of their creation."""
        return [copy.deepcopy(grant) for grant in self._grants.values()]

    def find(self, client_id: str, audience: str) -> dict[str, Any] | None:
        """Return the grant of one client for one API, or None."""
        wanted = (client_id, audience)
        return next((one for one in self.all() if (one["client_id"], one["audience"]) == wanted), None)

    def get(self, grant_id: str) -> dict[str, Any]:
        """Return one grant, or raise 404 ``inexistent_client_grant``."""
        if grant_id not in self._grants:
            raise Problem(404, "The client grant does not exist", "inexistent_client_grant")
        return copy.deepcopy(self._grants[grant_id])

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """Store a grant whose client and audience are known to exist, and return it; 409 when there is one."""
        if self.find(body["client_id"], body["audience"]) is not None:
            raise Problem(
                409, "A resource with the same client_id and audience already exists", "client_grant_conflict"
            )
        grant = {"id": new_id("cgr"), "scope": [], "subject_type": "client", **copy.deepcopy(body)}
        self._grants[grant["id"]] = grant
        return copy.deepcopy(grant)

    def update(self, grant_id: str, body: object) -> dict[str, Any]:
        """Change one grant and return it."""
        grant = self.get(grant_id)
        allowed = {name: rule for name, rule in GRANT_PROPERTIES.items() if name not in {"client_id", "audience"}}
        self._grants[grant_id] = {**grant, **copy.deepcopy(check_body(body, allowed))}
        return copy.deepcopy(self._grants[grant_id])

    def delete(self, grant_id: str) -> None:
        """Remove a grant; one that is not there is no error."""
        self._grants.pop(grant_id, None)

    def forget(self, *, client_id: str = "", audience: str = "") -> None:
        """Remove the grants of a client or of an API that is gone."""
        for grant in self.all():
            if grant["client_id"] == client_id or grant["audience"] == audience:
                del self._grants[grant["id"]]
