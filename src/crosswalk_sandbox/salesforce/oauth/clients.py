"""Which connected app sends a request, and how it proves that: in the form, in a Basic header, or by an assertion."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote_plus

from crosswalk_sandbox.salesforce.oauth.apps import ConnectedApp, ConnectedApps
from crosswalk_sandbox.salesforce.oauth.assertions import CLIENT_ASSERTION, read_assertion
from crosswalk_sandbox.salesforce.oauth.refusals import TokenRefused, refusal
from crosswalk_sandbox.salesforce.oauth.secrecy import is_same


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What a request says about the app that sends it."""

    consumer_key: str
    secret: str
    assertion: str = ""


def credentials_of(form: Mapping[str, str], authorization: str) -> Credentials:
    """The app's credentials in a request; those of an `Authorization: Basic` header win over the form's."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            key, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return Credentials("", "")
        return Credentials(unquote_plus(key), unquote_plus(secret))
    assertion = form.get("client_assertion", "") if form.get("client_assertion_type") == CLIENT_ASSERTION else ""
    return Credentials(form.get("client_id", ""), form.get("client_secret", ""), assertion)


def authenticate(
    apps: ConnectedApps, given: Credentials, instance_url: str, now: datetime, *, needs_secret: bool | None = None
) -> ConnectedApp:
    """The app that a request comes from.

    Parameters
    ----------
    apps
        The org's apps.
    given
        What the request says.
    instance_url
        The org's own address.
    now
        Current time in UTC.
    needs_secret
        Whether the app must prove itself; None for what the app is set to. A wrong proof is refused in any case.

    Raises
    ------
    TokenRefused
        For an unknown app, a wrong secret or assertion, and a missing one that is needed.
    """
    if given.assertion:
        audiences = (instance_url, f"{instance_url}/services/oauth2/token")
        app, subject = read_assertion(given.assertion, apps.find, audiences, now)
        if subject != app.consumer_key or given.consumer_key not in ("", app.consumer_key):
            raise refusal("wrong_secret")
        return app
    found = apps.find(given.consumer_key)
    if found is None:
        raise refusal("unknown_client")
    is_needed = found.require_secret if needs_secret is None else needs_secret
    if given.secret and not is_same(given.secret, found.consumer_secret):
        raise refusal("wrong_secret")
    if is_needed and not given.secret:
        raise TokenRefused("invalid_request", "missing required parameter: client_secret")
    return found
