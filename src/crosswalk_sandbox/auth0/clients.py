"""The tenant's applications ("clients"): who may ask for logins and tokens, and where answers may go.

Properties and defaults follow the SDK's `clients` models; those that decide nothing here are kept and given back.
"""

from __future__ import annotations

import copy
import re
import secrets
import string
from typing import Any

from crosswalk_sandbox.auth0.problems import Problem, invalid_property
from crosswalk_sandbox.auth0.schema import Property, check_body

NAME_SHAPE = re.compile(r"^[^<>]+$")
SECRET_METHODS = ("client_secret_post", "client_secret_basic")
APP_TYPES = ("native", "spa", "regular_web", "non_interactive", "resource_server", "express_configuration")
PUBLIC_APP_TYPES = frozenset({"native", "spa"})

LISTS = {
    "callbacks": "Comma-separated list of URLs whitelisted for Auth0 to use as a callback to the client after "
    "authentication",
    "allowed_logout_urls": "Comma-separated list of URLs that are valid to redirect to after logout from Auth0",
    "allowed_origins": "Comma-separated list of URLs allowed to make requests from JavaScript to Auth0 API",
    "web_origins": "Comma-separated list of allowed origins for use with Cross-Origin Authentication",
    "client_aliases": "List of audiences/realms for SAML protocol",
    "allowed_clients": "List of allow clients and API ids that are allowed to make delegation requests",
    "grant_types": "List of grant types supported for this application",
    "async_approval_notification_channels": "Array of notification channels for contacting the user",
    "organization_discovery_methods": "Defines the available methods for organization discovery",
}
OBJECTS = (
    "addons",
    "anonymous_sessions",
    "b2b_integration_configuration",
    "client_authentication_methods",
    "client_metadata",
    "default_organization",
    "encryption_key",
    "express_configuration",
    "fedcm_login",
    "identity_assertion_authorization_grant",
    "jwt_configuration",
    "mobile",
    "my_organization_configuration",
    "native_social_login",
    "oidc_backchannel_logout",
    "oidc_logout",
    "oidc_support",
    "refresh_token",
    "session_transfer",
    "signed_request_object",
    "token_exchange",
    "token_quota",
    "token_vault_privileged_access",
)
FLAGS = (
    "cross_origin_authentication",
    "custom_login_page_on",
    "is_first_party",
    "is_token_endpoint_ip_header_trusted",
    "oidc_conformant",
    "require_proof_of_possession",
    "require_pushed_authorization_requests",
    "skip_non_verifiable_callback_uri_confirmation_prompt",
    "sso",
    "sso_disabled",
)
TEXTS = (
    "compliance_level",
    "cross_origin_loc",
    "custom_login_page",
    "custom_login_page_preview",
    "enforce_anon_session_transfer_network_binding",
    "form_template",
    "initiate_login_uri",
    "logo_uri",
    "redirection_policy",
    "resource_server_identifier",
    "third_party_security_mode",
)
UPDATE_PROPERTIES: dict[str, Property] = {
    "name": Property(str, "Name of this client", pattern=NAME_SHAPE, shape="client-name"),
    "description": Property(str, "Free text description of this client", nullable=True, max_length=140),
    "client_secret": Property(str, "Client secret (which you must not make public)"),
    "app_type": Property(str, "The type of application this client represents", nullable=True, choices=APP_TYPES),
    "token_endpoint_auth_method": Property(
        str, "Defines the requested authentication method", nullable=True, choices=("none", *SECRET_METHODS)
    ),
    "organization_usage": Property(
        str, "How to proceed during an authentication transaction", nullable=True, choices=("deny", "allow", "require")
    ),
    "organization_require_behavior": Property(
        str,
        "How to proceed when organization_usage is require",
        nullable=True,
        choices=("no_prompt", "pre_login_prompt", "post_login_prompt"),
    ),
    "par_request_expiry": Property(
        int, "Specifies how long a pushed authorization request URI is valid", nullable=True
    ),
    **{name: Property(list, meaning, nullable=True) for name, meaning in LISTS.items()},
    **{name: Property(dict, f"The client's {name}", nullable=True) for name in OBJECTS},
    **{name: Property(bool, f"The client's {name}", nullable=True) for name in FLAGS},
    **{name: Property(str, f"The client's {name}", nullable=True) for name in TEXTS},
}
# The vendor fixes the kind of party at creation, too, but lets an owner promote a client that registered itself.
CREATE_PROPERTIES = {name: rule for name, rule in UPDATE_PROPERTIES.items() if name != "client_secret"}

REFRESH_TOKEN_DEFAULTS: dict[str, Any] = {
    "expiration_type": "non-expiring",
    "leeway": 0,
    "infinite_token_lifetime": True,
    "infinite_idle_token_lifetime": True,
    "token_lifetime": 31_557_600,
    "idle_token_lifetime": 2_592_000,
    "rotation_type": "non-rotating",
}
GRANT_TYPES = {
    "native": ["authorization_code", "implicit", "refresh_token"],
    "spa": ["authorization_code", "implicit", "refresh_token"],
    "non_interactive": ["client_credentials"],
}
DEFAULT_GRANT_TYPES = ["authorization_code", "implicit", "refresh_token", "client_credentials"]


class Clients:
    """The applications by their client id. Documents that leave it are copies."""

    def __init__(self, tenant_name: str, signing_keys: list[dict[str, str]]) -> None:
        self._tenant_name = tenant_name
        self._signing_keys = signing_keys
        self._documents: dict[str, dict[str, Any]] = {}
        self._settings_of_all = global_client(tenant_name, signing_keys)

    def __repr__(self) -> str:
        return f"Clients({', '.join(self._documents)})"

    def create(self, body: object, *, client_id: str | None = None, client_secret: str | None = None) -> dict[str, Any]:
        """Store a client and return it with its secret; id and secret are drawn unless given.

        Raises
        ------
        Problem
            400 ``invalid_body``.
        """
        checked = check_client(check_body(body, CREATE_PROPERTIES, required=("name",)))
        app_type = checked.get("app_type")
        document: dict[str, Any] = {
            "tenant": self._tenant_name,
            "global": False,
            "is_token_endpoint_ip_header_trusted": False,
            "is_first_party": True,
            "oidc_conformant": True,
            "sso_disabled": False,
            "cross_origin_auth": False,
            "cross_origin_authentication": False,
            "custom_login_page_on": True,
            "callbacks": [],
            "callback_url_template": False,
            "grant_types": GRANT_TYPES.get(app_type or "", DEFAULT_GRANT_TYPES),
            "signing_keys": self._signing_keys,
            "client_id": client_id or random_text(32),
            "client_secret": client_secret or random_text(64),
            "jwt_configuration": {"alg": "RS256", "lifetime_in_seconds": 36_000, "secret_encoded": False},
        }
        if app_type in PUBLIC_APP_TYPES:
            document |= {"token_endpoint_auth_method": "none"}
        document = changed_document(document, checked)
        document["refresh_token"] = {**REFRESH_TOKEN_DEFAULTS, **(checked.get("refresh_token") or {})}
        self._documents[document["client_id"]] = document
        return {**shown_client(document), "encrypted": True}

    def get(self, client_id: str) -> dict[str, Any]:
        """Return one client, or raise 404 ``inexistent_client``."""
        if client_id == self._settings_of_all["client_id"]:
            return copy.deepcopy(self._settings_of_all)
        document = self.find(client_id)
        if document is None:
            raise Problem(404, "The client does not exist", "inexistent_client")
        return document

    def find(self, client_id: str) -> dict[str, Any] | None:
        """Return one client that people or machines can use, or None."""
        return copy.deepcopy(self._documents.get(client_id))

    def name_of(self, client_id: str) -> str:
        """Return the name of a client, empty when it is gone."""
        return str(self._documents.get(client_id, {}).get("name", ""))

    def ids(self) -> list[str]:
        """Return the ids of all clients in the order of their creation."""
        return list(self._documents)

    def all(self) -> list[dict[str, Any]]:
        """Return all clients in the order of their creation, last the one that stands for all of them."""
        return [shown_client(document) for document in (*self._documents.values(), self._settings_of_all)]

    def update(self, client_id: str, body: object) -> dict[str, Any]:
        """Change one client and return it.

        Raises
        ------
        Problem
            400 ``invalid_body``, 404 ``inexistent_client``.
        """
        document = self.get(client_id)
        checked = check_client(check_body(body, UPDATE_PROPERTIES))
        if isinstance(checked.get("refresh_token"), dict):
            checked = {**checked, "refresh_token": {**document["refresh_token"], **checked["refresh_token"]}}
        changed = changed_document(document, checked)
        if client_id == self._settings_of_all["client_id"]:
            self._settings_of_all = changed
        else:
            self._documents[client_id] = changed
        return shown_client(changed)

    def rotate_secret(self, client_id: str) -> dict[str, Any]:
        """Give a client a new secret, with which the old one ends, and return the client."""
        document = self.find(client_id) or self.get("")
        self._documents[client_id] = {**document, "client_secret": random_text(64)}
        return copy.deepcopy(self._documents[client_id])

    def delete(self, client_id: str) -> None:
        """Remove a client; one that is not there is no error, and the one that stands for all of them stays."""
        self._documents.pop(client_id, None)


def global_client(tenant_name: str, signing_keys: list[dict[str, str]]) -> dict[str, Any]:
    """Return the client that holds what is common to all applications, such as the login page; nobody logs in to it."""
    return {
        "tenant": tenant_name,
        "global": True,
        "callbacks": [],
        "is_first_party": True,
        "name": "All Applications",
        "refresh_token": {**REFRESH_TOKEN_DEFAULTS, "token_lifetime": 2_592_000, "idle_token_lifetime": 1_296_000},
        "cross_origin_authentication": True,
        "signing_keys": signing_keys,
        "client_id": random_text(32),
        "client_secret": random_text(64),
        "custom_login_page_on": True,
    }


def shown_client(document: dict[str, Any]) -> dict[str, Any]:
    """Return a client as the API shows it: one that proves itself with a key of its own has no secret."""
    hidden = {"client_secret"} if has_own_keys(document) else set()
    return {name: copy.deepcopy(value) for name, value in document.items() if name not in hidden}


def has_own_keys(client: dict[str, Any]) -> bool:
    """Tell whether a client proves itself with a key of its own, instead of a secret."""
    return bool(client.get("client_authentication_methods"))


def is_public(client: dict[str, Any]) -> bool:
    """Tell whether a client proves itself without a secret. One that names no method has a secret."""
    return client.get("token_endpoint_auth_method", SECRET_METHODS[0]) not in SECRET_METHODS


def changed_document(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return `document` with `changes`; null removes a property."""
    merged = {**document, **copy.deepcopy(changes)}
    return {name: value for name, value in merged.items() if value is not None}


def check_client(body: dict[str, Any]) -> dict[str, Any]:
    """Return `body` when its lists hold what they must.

    Raises
    ------
    Problem
        400 ``invalid_body`` for a list with other things than texts, a callback with a fragment, or an unknown kind of
        refresh token.
    """
    for name, meaning in LISTS.items():
        for item in body.get(name) or []:
            if not isinstance(item, str) or not item:
                raise invalid_property("Expected type string", name, meaning)
            if name == "callbacks" and ("#" in item or ":" not in item):
                found = f"Object didn't pass validation for format callback-url: {item}"
                raise invalid_property(found, name, meaning)
    refresh_token = body.get("refresh_token") or {}
    choices = {
        "rotation_type": ("rotating", "non-rotating"),
        "expiration_type": ("expiring", "non-expiring"),
    }
    for name, allowed in choices.items():
        if name in refresh_token and refresh_token[name] not in allowed:
            raise invalid_property(f"No enum match for: {refresh_token[name]}", name, "Refresh token configuration")
    return body


def random_text(length: int) -> str:
    """Return letters and digits as the vendor's client ids and secrets have them."""
    alphabet = string.ascii_letters + string.digits
    return "".join(secrets.choice(alphabet) for _ in range(length))
