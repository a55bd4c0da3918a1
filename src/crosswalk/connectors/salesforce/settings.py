"""What has to be known to reach one org; built by the configuration."""

from pathlib import Path

from msgspec import Struct

from crosswalk.connectors.http import Timeouts
from crosswalk.connectors.logins import digest_of
from crosswalk.connectors.secret import Secret

PUBSUB_ENDPOINT = "api.pubsub.salesforce.com:7443"
"""The vendor's endpoint for all orgs; there is another one in Frankfurt for those who want it there."""


class ClientCredentials(Struct, frozen=True):
    """The client-credentials flow: acts as the run-as user of the app. Needs the org's My Domain as login URL."""

    client_id: str
    client_secret: Secret


class JwtBearer(Struct, frozen=True):
    """The JWT bearer flow: acts as `username`, who must have been given the app beforehand.

    Parameters
    ----------
    client_id
        The app's consumer key.
    username
        The Salesforce user name.
    private_key
        RSA private key, PEM; its certificate is uploaded to the app.
    audience
        `aud` of the assertion: `https://login.salesforce.com`, `https://test.salesforce.com` for sandboxes, or the
        site's URL.
    """

    client_id: str
    username: str
    private_key: Secret
    audience: str = "https://login.salesforce.com"


class SalesforceSettings(Struct, frozen=True):
    """One org.

    Parameters
    ----------
    login_url
        Where tokens are asked for: `https://MyDomain.my.salesforce.com`.
    credentials
        One of the two flows.
    base_url
        Overrides the `instance_url` that the token answer names (emulators, proxies).
    api_version
        Without the `v`.
    ca_file
        Further trusted CAs, PEM.
    timeouts
        Seconds for each stage of a call.
    client_name
        Goes out in `Sforce-Call-Options`, and comes back in change events as the origin of our own writes.
    parallel_calls
        How many calls may be under way at once.
    bulk_above
        A job writes the records of one object and kind where there are more of them than this.
    pubsub_endpoint
        Host and port of the Pub/Sub API.
    organization_id
        The org's id, for the Pub/Sub API, where signing in does not tell it.
    """

    login_url: str
    credentials: ClientCredentials | JwtBearer
    base_url: str | None = None
    api_version: str = "62.0"
    ca_file: Path | None = None
    timeouts: Timeouts = Timeouts()
    client_name: str = "Crosswalk"
    parallel_calls: int = 5
    bulk_above: int = 2_000
    pubsub_endpoint: str = PUBSUB_ENDPOINT
    organization_id: str | None = None

    @property
    def login(self) -> str:
        """What tells these credentials, and where they are tried, from others."""
        match self.credentials:
            case ClientCredentials(client_id, secret):
                return digest_of(self.login_url, client_id, secret.reveal())
            case JwtBearer(client_id, username, key, audience):
                return digest_of(self.login_url, client_id, username, key.reveal(), audience)
