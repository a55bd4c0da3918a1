"""Which connections take SCIM, with what mapping, and the tokens with which directories call."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crosswalk_sandbox.auth0.clock import iso_milliseconds, parse_iso
from crosswalk_sandbox.auth0.connections import Connection
from crosswalk_sandbox.auth0.events import new_id
from crosswalk_sandbox.auth0.problems import Problem, invalid_property
from crosswalk_sandbox.auth0.schema import Property, check_body

STRATEGIES = ("samlp", "oidc", "okta", "waad")
SCOPES = tuple(f"{verb}:{noun}" for noun in ("users", "groups") for verb in ("get", "post", "put", "patch", "delete"))
MOST_TOKENS = 2
PROPERTIES: dict[str, Property] = {
    "user_id_attribute": Property(str, "User ID attribute for generating unique user ids"),
    "mapping": Property(list, "The mapping between auth0 and SCIM"),
}
TOKEN_PROPERTIES: dict[str, Property] = {
    "scopes": Property(list, "The scopes of the scim token", nullable=True),
    "token_lifetime": Property(int, "Lifetime of the token in seconds", nullable=True),
}
DEFAULT_MAPPING = (
    ("preferred_username", "userName"),
    ("email", "emails[primary eq true].value"),
    ("blocked", "active"),
    ("app_metadata.external_id", "externalId"),
    ("name", "displayName"),
    ("given_name", "name.givenName"),
    ("family_name", "name.familyName"),
)


@dataclass(slots=True)
class Token:
    """One token of a directory; its text is shown once, when it is made."""

    text: str = field(repr=False)
    shown: dict[str, Any]


@dataclass(slots=True)
class Configuration:
    """How one connection takes SCIM."""

    connection: Connection
    user_id_attribute: str
    mapping: list[dict[str, str]]
    created_at: str
    updated_on: str
    tokens: dict[str, Token] = field(default_factory=dict)

    def document(self, tenant_name: str) -> dict[str, Any]:
        """Return the configuration as the API shows it."""
        return {
            "connection_id": self.connection.id,
            "connection_name": self.connection.name,
            "strategy": self.connection.strategy,
            "tenant_name": tenant_name,
            "user_id_attribute": self.user_id_attribute,
            "mapping": [dict(item) for item in self.mapping],
            "created_at": self.created_at,
            "updated_on": self.updated_on,
        }


class Configurations:
    """The SCIM configurations by connection."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._by_connection: dict[str, Configuration] = {}

    def all(self) -> list[Configuration]:
        """Return all configurations in the order of their creation."""
        return list(self._by_connection.values())

    def find(self, connection_id: str) -> Configuration:
        """Return the configuration of a connection, or raise 404."""
        configuration = self._by_connection.get(connection_id)
        if configuration is None:
            raise Problem(404, "Not Found. The SCIM configuration does not exist.", "inexistent_scim_configuration")
        return configuration

    def create(self, connection: Connection, body: object) -> Configuration:
        """Let a connection take SCIM; 409 when it does already, 400 for one that never can."""
        checked = check_body(body, PROPERTIES)
        if connection.strategy not in STRATEGIES:
            found = f"SCIM is not supported for connections of strategy {connection.strategy}"
            raise Problem(400, found, "operation_not_supported")
        if connection.id in self._by_connection:
            raise Problem(409, "A SCIM configuration already exists for this connection", "scim_configuration_conflict")
        now = iso_milliseconds(self._clock())
        attribute = "userName" if connection.strategy == "samlp" else "externalId"
        configuration = Configuration(connection, attribute, default_mapping(), now, now)
        self._by_connection[connection.id] = configuration
        return self._changed(configuration, checked)

    def update(self, connection_id: str, body: object) -> Configuration:
        """Change a configuration and return it."""
        configuration = self.find(connection_id)
        checked = check_body(body, PROPERTIES, required=("user_id_attribute", "mapping"))
        configuration.updated_on = iso_milliseconds(self._clock())
        return self._changed(configuration, checked)

    def delete(self, connection_id: str) -> None:
        """End SCIM for a connection; one without it is no error."""
        self._by_connection.pop(connection_id, None)

    def add_token(self, connection_id: str, body: object) -> dict[str, Any]:
        """Make a token and return it with its text; a connection has two at most."""
        configuration = self.find(connection_id)
        checked = check_body(body, TOKEN_PROPERTIES)
        if len(configuration.tokens) >= MOST_TOKENS:
            found = f"The connection has {MOST_TOKENS} tokens already; delete one"
            raise Problem(409, found, "scim_token_limit")
        scopes = checked.get("scopes") or list(SCOPES)
        if not set(scopes) <= set(SCOPES):
            raise invalid_property("No enum match for a scope", "scopes", TOKEN_PROPERTIES["scopes"].meaning)
        now = self._clock()
        token_id = new_id("tok")
        shown = {"token_id": token_id, "scopes": scopes, "created_at": iso_milliseconds(now)}
        if checked.get("token_lifetime"):
            shown["valid_until"] = iso_milliseconds(now + timedelta(seconds=checked["token_lifetime"]))
        token = Token(f"tok_{secrets.token_urlsafe(32)}", shown)
        configuration.tokens[token_id] = token
        return {**shown, "token": token.text}

    def allowed(self, connection_id: str, bearer: str, scope: str) -> Configuration | None:
        """Return the configuration that a directory may use with its token, or None."""
        configuration = self._by_connection.get(connection_id)
        for token in configuration.tokens.values() if configuration is not None else ():
            until = token.shown.get("valid_until")
            alive = until is None or parse_iso(until) > self._clock()
            if alive and scope in token.shown["scopes"] and hmac.compare_digest(token.text.encode(), bearer.encode()):
                token.shown["last_used_at"] = iso_milliseconds(self._clock())
                return configuration
        return None

    def _changed(self, configuration: Configuration, checked: dict[str, Any]) -> Configuration:
        for item in checked.get("mapping", []):
            if not isinstance(item, dict) or not {"auth0", "scim"} <= set(item):
                raise invalid_property("Missing required property: auth0", "mapping", PROPERTIES["mapping"].meaning)
        configuration.user_id_attribute = checked.get("user_id_attribute", configuration.user_id_attribute)
        configuration.mapping = checked.get("mapping", configuration.mapping)
        return configuration


def default_mapping() -> list[dict[str, str]]:
    """Return the mapping of a new configuration."""
    return [{"auth0": auth0, "scim": scim} for auth0, scim in DEFAULT_MAPPING]
