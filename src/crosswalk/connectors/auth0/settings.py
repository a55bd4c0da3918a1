"""What has to be known to reach one tenant; built by the configuration."""

from pathlib import Path

from msgspec import Struct

from crosswalk.connectors.http import Timeouts
from crosswalk.connectors.logins import digest_of
from crosswalk.connectors.secret import Secret


class Auth0Settings(Struct, frozen=True):
    """One tenant.

    Parameters
    ----------
    domain
        The tenant's own domain (`example.eu.auth0.com`), not a custom one: the Management API is there.
    client_id, client_secret
        A machine-to-machine application that may call the Management API.
    base_url
        Overrides `https://{domain}` (emulators, proxies).
    audience
        Of the access token; the Management API of `domain` unless given.
    ca_file
        Further trusted CAs, PEM.
    timeouts
        Seconds for each stage of a call.
    silence_s
        After how many seconds without a byte the event subscription counts as broken; more than the interval of
        its heartbeats.
    parallel_reads
        How many users may be read at once.
    attempts
        How often one read is tried in all when Auth0 is busy or out of reach.
    """

    domain: str
    client_id: str
    client_secret: Secret
    base_url: str | None = None
    audience: str | None = None
    ca_file: Path | None = None
    timeouts: Timeouts = Timeouts()
    silence_s: float = 60.0
    parallel_reads: int = 8
    attempts: int = 4

    @property
    def root_url(self) -> str:
        """Where the tenant answers, without a slash at the end."""
        return (self.base_url or f"https://{self.domain}").rstrip("/")

    @property
    def token_audience(self) -> str:
        """The audience to ask a token for."""
        return self.audience or f"https://{self.domain}/api/v2/"

    @property
    def login(self) -> str:
        """What tells these credentials, and where they are tried, from others."""
        return digest_of(self.root_url, self.client_id, self.client_secret.reveal(), self.token_audience)
