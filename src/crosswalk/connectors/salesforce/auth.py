"""Access tokens by client credentials and by JWT bearer."""

from urllib.parse import urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from msgspec import Struct

from crosswalk.connectors.errors import CredentialsRefused, Unreachable
from crosswalk.connectors.http import describe_failure
from crosswalk.connectors.salesforce.settings import ClientCredentials, JwtBearer, SalesforceSettings
from crosswalk.connectors.secret import Secret
from crosswalk.connectors.shared_token import Token
from crosswalk.connectors.token_answer import read_token_answer
from crosswalk.connectors.vendor_clock import VendorClock

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105  a path, not a secret
ASSERTION_LIFE_S = 180
"""Salesforce takes assertions that expire within five minutes; three leave room for clocks that differ."""

CLOCK_OFF_S = 60.0
"""An assertion that was made by a clock that is off by more is refused for that, perhaps, and made anew."""

_HINTS: tuple[tuple[str, str, str], ...] = (
    # error, a part of the description (lower case), what to check
    ("invalid_grant", "hasn't approved", "Pre-authorize the app for this user: profile or permission set in the app."),
    ("invalid_grant", "inactive user", "Activate the integration user in the org, or configure another one."),
    ("invalid_grant", "audience", "Set the audience to the login host: login.salesforce.com, or test.salesforce.com."),
    ("invalid_grant", "assertion", "Check the user name, the key, the app's certificate and this machine's clock."),
    ("invalid_grant", "no client credentials user", "Choose a run-as user in the app's client-credentials settings."),
    ("invalid_grant", "request not supported on this domain", "Use the org's My Domain URL as login URL."),
    ("invalid_grant", "ip restricted", "Relax the app's IP restrictions, or add this machine's address."),
    ("invalid_grant", "", "Check the app's policies (permitted users, IP relaxation) and the login history in Setup."),
    ("invalid_client_id", "", "Check the client id; a new app takes up to ten minutes to be known everywhere."),
    ("invalid_client", "", "Check the client id and the client secret; was the secret rotated?"),
    ("unsupported_grant_type", "", "Enable this OAuth flow in the app's settings."),
    ("unauthorized_client", "", "Enable this OAuth flow in the app's settings."),
    ("inactive_org", "", "The org is locked, expired or suspended; ask its administrator."),
)
_DEFAULT_HINT = "Check login URL, client id and credentials, and the app's OAuth settings."
_OUTAGE = "SERVER_UNAVAILABLE", "no token was given"


class _TokenAnswer(Struct):
    access_token: str
    instance_url: str
    id: str = ""
    """The address of the user's identity: `https://login.salesforce.com/id/ORGANIZATION/USER`."""


class TokenEndpoint:
    """Asks the org's token endpoint for access tokens.

    Parameters
    ----------
    settings
        The org.
    http
        The client to ask with; not closed here.
    clock
        The org's, for the assertion's expiry.
    """

    def __init__(self, settings: SalesforceSettings, http: httpx.AsyncClient, clock: VendorClock | None = None) -> None:
        self._settings = settings
        self._http = http
        self._clock = VendorClock() if clock is None else clock
        self._service = urlsplit(settings.login_url).netloc or settings.login_url

    async def fetch(self) -> Token:
        """Return a new token.

        Raises
        ------
        CredentialsRefused
            The org says no; the message has its words and what to check.
        Unreachable, CallRefused, MalformedAnswer
            It could not be asked, or answered something else than the OAuth specification says.
        """
        call = f"POST {TOKEN_PATH}"
        asked_at = self._clock.unix()
        answer = await self._ask(call)
        is_by_time = isinstance(self._settings.credentials, JwtBearer) and 400 <= answer.status_code < 500
        if is_by_time and abs(self._clock.unix() - asked_at) > CLOCK_OFF_S:
            answer = await self._ask(call)  # by the org's clock, which it has told now
        token = read_token_answer(
            answer, _TokenAnswer, service=self._service, call=call, outage=_OUTAGE, refuse=self._refusal
        )
        return Token(
            value=Secret(token.access_token),
            base_url=self._settings.base_url or token.instance_url,
            user_id=token.id.rpartition("/")[2],
            organization_id=token.id.rpartition("/")[0].rpartition("/")[2],
            instance_url=token.instance_url,
        )

    async def _ask(self, call: str) -> httpx.Response:
        try:
            answer = await self._http.post(self._settings.login_url.rstrip("/") + TOKEN_PATH, data=self._form())
        except httpx.TransportError as error:
            raise Unreachable(self._service, call, describe_failure(error)) from error
        self._clock.hear(answer.headers)
        return answer

    def _form(self) -> dict[str, str]:
        credentials = self._settings.credentials
        if isinstance(credentials, ClientCredentials):
            return {
                "grant_type": "client_credentials",
                "client_id": credentials.client_id,
                "client_secret": credentials.client_secret.reveal(),
            }
        return {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": self._assertion(credentials),
        }

    def _assertion(self, credentials: JwtBearer) -> str:
        claims = {
            "iss": credentials.client_id,
            "sub": credentials.username,
            "aud": credentials.audience,
            "exp": int(self._clock.unix()) + ASSERTION_LIFE_S,
        }
        try:
            key = RSAKey.import_key(credentials.private_key.reveal())
            return jwt.encode({"alg": "RS256"}, claims, key)
        except (JoseError, ValueError, TypeError):
            # The cause is not shown: a parser's message may quote the key.
            raise CredentialsRefused(
                self._service,
                "unusable_private_key",
                "the private key is not an RSA key in PEM form",
                "Point the org's private_key at the PEM file whose certificate was uploaded to the app.",
            ) from None

    def _refusal(self, error: str, description: str) -> CredentialsRefused:
        credentials = self._settings.credentials
        if isinstance(credentials, ClientCredentials):
            description = credentials.client_secret.mask(description)
        return CredentialsRefused(self._service, error, description, _hint(error, description))


def _hint(error: str, description: str) -> str:
    lowered = description.lower()
    for known, part, hint in _HINTS:
        if error == known and part in lowered:
            return hint
    return _DEFAULT_HINT
