"""What the control API can set about logins to one org.

GET  /salesforce/connected-apps   the apps, without their secrets
POST /salesforce/connected-apps   `ConnectedApp`: create one, or change what is named of the one with `consumer_key`
POST /salesforce/passwords        `PasswordOrder`: give a user a password
POST /salesforce/token-refusals   `RefusalOrder`: refuse the next token requests
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from crosswalk_sandbox.salesforce.oauth.refusals import RefusalOrder
from crosswalk_sandbox.salesforce.oauth.server import AuthorizationServer


class PasswordOrder(msgspec.Struct, forbid_unknown_fields=True):
    """A user name of the org, and the password that it gets."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"PasswordOrder(username={self.username!r})"


class Order(NamedTuple):
    """One call: its method and path, the type of its body, and what it does with it."""

    method: str
    path: str
    type: Any
    act: Callable[[Any], Any]


def login_orders(server: AuthorizationServer) -> list[Order]:
    """The calls about one org's logins."""

    def list_apps(_order: dict[str, Any]) -> list[dict[str, Any]]:
        apps = [msgspec.to_builtins(app) for app in server.apps.all()]
        return [{name: value for name, value in app.items() if name != "consumer_secret"} for app in apps]

    def save_app(order: dict[str, Any]) -> Any:
        return msgspec.to_builtins(server.apps.save(order))

    def set_password(order: PasswordOrder) -> None:
        server.users.set_password(order.username, order.password)

    return [
        Order("GET", "/salesforce/connected-apps", dict[str, Any], list_apps),
        Order("POST", "/salesforce/connected-apps", dict[str, Any], save_app),
        Order("POST", "/salesforce/passwords", PasswordOrder, set_password),
        Order("POST", "/salesforce/token-refusals", RefusalOrder, server.refusals.order),
    ]
