"""The tenant's connections: databases, social and enterprise providers, and the applications that may use each."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from crosswalk_sandbox.auth0.clients import Clients
from crosswalk_sandbox.auth0.events import Emit, new_id
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.problems import Problem, invalid_body, invalid_property
from crosswalk_sandbox.auth0.schema import Property, check_body
from crosswalk_sandbox.auth0.strategies import STRATEGIES, WITH_EVENTS, kind_of
from crosswalk_sandbox.auth0.user_documents import DATABASE_CONNECTION, DATABASE_CONNECTION_ID

ID_LENGTH = len("con_") + 16
NAME_SHAPE = re.compile(r"^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,126}[a-zA-Z0-9])?$")
UPDATE_PROPERTIES: dict[str, Property] = {
    "display_name": Property(str, "Connection name used in the new universal login experience", max_length=128),
    "options": Property(dict, "The connection's options", nullable=True),
    "enabled_clients": Property(list, "The ids of the applications for which the connection is enabled"),
    "is_domain_connection": Property(bool, "Whether the connection is domain level"),
    "show_as_button": Property(bool, "Enables showing a button for the connection in the login page"),
    "realms": Property(list, "Defines the realms for which the connection will be used"),
    "metadata": Property(dict, "Metadata associated with the connection"),
    "authentication": Property(dict, "Configure the purpose of a connection to be used for authentication"),
    "connected_accounts": Property(dict, "Configure the purpose of a connection to be used for connected accounts"),
    "cross_app_access_requesting_app": Property(dict, "Configuration of cross app access as requesting app"),
    "cross_app_access_resource_app": Property(dict, "Configuration of cross app access as resource app"),
}
CREATE_PROPERTIES = {
    **UPDATE_PROPERTIES,
    "name": Property(str, "The name of the connection", pattern=NAME_SHAPE, shape="connection-name"),
    "strategy": Property(str, "The identity provider identifier for the connection", choices=STRATEGIES),
}
# What a database has, as recorded from a real tenant.
DATABASE_OPTIONS: dict[str, Any] = {
    "mfa": {"active": True, "return_enroll_settings": True},
    "passwordPolicy": "good",
    "passkey_options": {
        "challenge_ui": "both",
        "local_enrollment_enabled": True,
        "progressive_enrollment_enabled": True,
    },
    "strategy_version": 2,
    "authentication_methods": {
        "passkey": {"enabled": False},
        "password": {"enabled": True, "api_behavior": "required", "signup_behavior": "allow"},
    },
    "brute_force_protection": True,
    "disable_self_service_change_password": False,
}
# What connections created today have beside these.
PASSWORD_OPTIONS: dict[str, Any] = {
    "complexity": {
        "character_type_rule": "all",
        "identical_characters": "allow",
        "sequential_characters": "allow",
        "max_length_exceeded": "error",
        "min_length": 15,
        "character_types": [],
    },
    "profile_data": {
        "active": False,
        "blocked_fields": [
            "name",
            "username",
            "nickname",
            "email",
            "phone_number",
            "user_metadata.name",
            "user_metadata.first",
            "user_metadata.last",
        ],
    },
    "history": {"active": False, "size": 3},
    "dictionary": {"active": False, "custom": [], "default": "en_100k"},
}
SECRET_OPTIONS = frozenset({"client_secret", "app_secret", "adminAccessToken", "adminRefreshToken", "signing_key"})


@dataclass(slots=True)
class Connection:
    """One connection.

    Attributes
    ----------
    document : dict
        As the API shows it, but for the applications.
    clients : dict
        The ids of the applications for which it is enabled, in order; of an open one, those for which it is not.
    is_open : bool
        Whether every application may use it unless it was taken away from one: so with the tenant's first database.
    """

    document: dict[str, Any]
    clients: dict[str, None] = field(default_factory=dict)
    is_open: bool = False

    @property
    def id(self) -> str:
        """The connection's id."""
        return str(self.document["id"])

    @property
    def name(self) -> str:
        """The connection's name, by which users' identities refer to it."""
        return str(self.document["name"])

    @property
    def strategy(self) -> str:
        """The provider's kind, such as ``samlp``."""
        return str(self.document["strategy"])

    @property
    def kind(self) -> str:
        """``database``, ``passwordless``, ``enterprise`` or ``social``."""
        return kind_of(self.strategy)

    @property
    def options(self) -> dict[str, Any]:
        """The options, to be read only."""
        options: dict[str, Any] = self.document.get("options") or {}
        return options

    def allows(self, client_id: str) -> bool:
        """Tell whether an application may log people in with the connection."""
        return (client_id in self.clients) != self.is_open

    def takes_sign_ups(self, client_id: str) -> bool:
        """Tell whether people may sign up by themselves, for an application."""
        return self.kind == "database" and self.allows(client_id) and not self.options.get("disable_signup")

    def serves_domain(self, email: str) -> bool:
        """Tell whether people with this e-mail address are to log in here (home realm discovery)."""
        aliases = self.options.get("domain_aliases") or []
        return email.rpartition("@")[2].lower() in {str(alias).lower() for alias in aliases}


class Connections:
    """All connections. Documents that leave it are copies.

    Parameters
    ----------
    clients : Clients
        The tenant's applications.
    emit : callable
        Sends one event.
    """

    def __init__(self, clients: Clients, emit: Emit) -> None:
        self._clients = clients
        self._emit = emit
        self._by_id: dict[str, Connection] = {}
        self._by_name: dict[str, Connection] = {}
        first = {"name": DATABASE_CONNECTION, "strategy": "auth0"}
        self._add(Connection(new_connection(first, DATABASE_CONNECTION_ID), is_open=True))

    def every(self) -> Iterable[Connection]:
        """Return the connections themselves, in the order of their creation: for reading only."""
        return self._by_id.values()

    def find(self, connection_id: str) -> Connection:
        """Return one connection itself, or raise 404 ``inexistent_connection``."""
        connection = self._by_id.get(connection_id)
        if connection is None:
            raise Problem(404, "The connection does not exist", "inexistent_connection")
        return connection

    def named(self, name: str) -> Connection | None:
        """Return the connection of this name itself, or None."""
        return self._by_name.get(name)

    def required(self, name: str) -> Connection:
        """Return the connection of this name itself, or raise 400 ``inexistent_connection``."""
        connection = self._by_name.get(name)
        if connection is None:
            raise Problem(400, "The connection does not exist.", "inexistent_connection")
        return connection

    def shown(self, connection: Connection) -> dict[str, Any]:
        """Return a connection as the API shows it."""
        return {**copy.deepcopy(connection.document), "enabled_clients": self.clients_of(connection)}

    def clients_of(self, connection: Connection) -> list[str]:
        """Return the ids of the applications for which a connection is enabled."""
        if not connection.is_open:
            return list(connection.clients)
        return [client_id for client_id in self._clients.ids() if client_id not in connection.clients]

    def create(self, body: object, origin: Origin) -> dict[str, Any]:
        """Store a connection and return it.

        Raises
        ------
        Problem
            400 ``invalid_body``, or 409 when the name is taken.
        """
        checked = copy.deepcopy(check_body(body, CREATE_PROPERTIES, required=("name", "strategy")))
        check_options(checked)
        if checked["name"] in self._by_name:
            raise Problem(409, "A connection with the same name already exists", "connection_conflict")
        enabled = self._known_clients(checked.pop("enabled_clients", []))
        if kind_of(checked["strategy"]) == "database":
            checked["options"] = {"password_options": copy.deepcopy(PASSWORD_OPTIONS), **(checked.get("options") or {})}
        connection = Connection(new_connection(checked, new_id("con")[:ID_LENGTH]), dict.fromkeys(enabled))
        self._add(connection)
        self._tell("connection.created", connection, None, origin)
        return self.shown(connection)

    def update(self, connection_id: str, body: object, origin: Origin) -> dict[str, Any]:
        """Change one connection and return it; given options replace all of them, as the vendor's do.

        Raises
        ------
        Problem
            400 ``invalid_body``, 404 ``inexistent_connection``.
        """
        connection = self.find(connection_id)
        checked = copy.deepcopy(check_body(body, UPDATE_PROPERTIES))
        if not checked:
            raise invalid_body("Too few properties defined (0), minimum 1")
        check_options({**connection.document, **checked})
        before = self.shown(connection)
        if "enabled_clients" in checked:
            self._enable(connection, self._known_clients(checked.pop("enabled_clients")))
        connection.document = {**connection.document, **checked}
        self._tell("connection.updated", connection, before, origin)
        return self.shown(connection)

    def enable(self, connection_id: str, changes: dict[str, bool], origin: Origin) -> None:
        """Enable a connection for some applications and disable it for others."""
        connection = self.find(connection_id)
        self._known_clients(list(changes))
        before = self.shown(connection)
        kept = [one for one in self.clients_of(connection) if changes.get(one, True)]
        self._enable(connection, [*kept, *(one for one, wanted in changes.items() if wanted)])
        self._tell("connection.updated", connection, before, origin)

    def delete(self, connection_id: str, origin: Origin) -> Connection | None:
        """Remove a connection and return it; one that is not there is no error."""
        connection = self._by_id.pop(connection_id, None)
        if connection is not None:
            del self._by_name[connection.name]
            self._tell("connection.deleted", connection, None, origin)
        return connection

    def forget_client(self, client_id: str) -> None:
        """Drop an application that is gone from all connections."""
        for connection in self._by_id.values():
            connection.clients.pop(client_id, None)

    def _add(self, connection: Connection) -> None:
        self._by_id[connection.id] = connection
        self._by_name[connection.name] = connection

    def _enable(self, connection: Connection, wanted: list[str]) -> None:
        if connection.is_open:
            connection.clients = {one: None for one in self._clients.ids() if one not in wanted}
        else:
            connection.clients = dict.fromkeys(wanted)

    def _known_clients(self, client_ids: list[Any]) -> list[str]:
        for client_id in client_ids:
            if not isinstance(client_id, str) or self._clients.find(client_id) is None:
                found = f"No client found by that id: {client_id}"
                raise invalid_property(found, "enabled_clients", UPDATE_PROPERTIES["enabled_clients"].meaning)
        return client_ids

    def _tell(self, event_type: str, connection: Connection, before: dict[str, Any] | None, origin: Origin) -> None:
        if connection.strategy not in WITH_EVENTS:
            return
        data = {"object": without_secrets(self.shown(connection))}
        if before is not None:
            data["previous_object"] = without_secrets(before)
        self._emit(event_type, data, origin)


def new_connection(body: dict[str, Any], connection_id: str) -> dict[str, Any]:
    """Return the document of a connection that is created with the checked `body`."""
    options = body.get("options") or {}
    if kind_of(body["strategy"]) == "database":
        options = {**copy.deepcopy(DATABASE_OPTIONS), **options}
    return {
        "id": connection_id,
        "options": options,
        "strategy": body["strategy"],
        "name": body["name"],
        "is_domain_connection": False,
        "authentication": {"active": True},
        "connected_accounts": {"active": False},
        "realms": [body["name"]],
        **{name: value for name, value in body.items() if name not in {"options", "strategy", "name"}},
    }


def check_options(body: dict[str, Any]) -> None:
    """Raise the vendor's 400 for options that the strategy cannot do without, or realms that are no texts."""
    options = body.get("options") or {}
    if body["strategy"] in {"oidc", "okta", "waad"} and not isinstance(options.get("client_id"), str):
        raise invalid_property("Missing required property: client_id", "options", "The connection's options")
    if not all(isinstance(realm, str) for realm in body.get("realms") or []):
        raise invalid_property("Expected type string", "realms", UPDATE_PROPERTIES["realms"].meaning)


def without_secrets(document: dict[str, Any]) -> dict[str, Any]:
    """Return a connection as events tell it: its provider's secrets left out."""
    options = {name: value for name, value in (document.get("options") or {}).items() if name not in SECRET_OPTIONS}
    return {**document, "options": options}
