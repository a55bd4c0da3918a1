"""Access tokens for the Management API, by client credentials."""

from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
from msgspec import Struct

from crosswalk.connectors.auth0.settings import Auth0Settings
from crosswalk.connectors.errors import CredentialsRefused, Unreachable
from crosswalk.connectors.http import describe_failure
from crosswalk.connectors.secret import Secret
from crosswalk.connectors.shared_token import Token
from crosswalk.connectors.token_answer import read_token_answer

TOKEN_PATH = "/oauth/token"  # noqa: S105  a path, not a secret
LEEWAY_S = 60
"""How long before its end a token is replaced, so that it does not expire on its way."""

_HINTS = {
    "access_denied": "Check the client secret, and authorize the application for the Management API.",
    "unauthorized_client": "Check the client id, and enable the client-credentials grant of the application.",
    "invalid_client": "Check the client id and the client secret.",
    "invalid_request": "Check the audience: https://{tenant domain}/api/v2/, with the slash at the end.",
}
_DEFAULT_HINT = "Check domain, client id and client secret, and the application's grants."
_OUTAGE = "token_not_given", "the tenant is busy or has an outage"


class _TokenAnswer(Struct):
    access_token: str
    expires_in: float
    scope: str = ""


class TokenEndpoint:
    """Asks the tenant for access tokens.

    Parameters
    ----------
    settings
        The tenant.
    http
        The client to ask with; not closed here.
    clock
        Monotonic seconds, for the token's end.
    """

    def __init__(self, settings: Auth0Settings, http: httpx.AsyncClient, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._service = urlsplit(settings.root_url).netloc

    async def fetch(self) -> Token:
        """Return a new token.

        Raises
        ------
        CredentialsRefused
            The tenant says no; the message has its words and what to check.
        Unreachable, CallRefused, MalformedAnswer
            It could not be asked, or answered something else than the OAuth specification says.
        """
        call = f"POST {TOKEN_PATH}"
        try:
            answer = await self._http.post(
                self._settings.root_url + TOKEN_PATH,
                json={
                    "grant_type": "client_credentials",
                    "client_id": self._settings.client_id,
                    "client_secret": self._settings.client_secret.reveal(),
                    "audience": self._settings.token_audience,
                },
            )
        except httpx.TransportError as error:
            raise Unreachable(self._service, call, describe_failure(error)) from error
        token = read_token_answer(
            answer, _TokenAnswer, service=self._service, call=call, outage=_OUTAGE, refuse=self._refusal
        )
        life_s = max(0.0, token.expires_in - LEEWAY_S)
        return Token(value=Secret(token.access_token), expires_at=self._clock() + life_s, scope=token.scope)

    def _refusal(self, error: str, description: str) -> CredentialsRefused:
        masked = self._settings.client_secret.mask(description)
        return CredentialsRefused(self._service, error, masked, _HINTS.get(error, _DEFAULT_HINT))
