"""People at the org's login pages, and connected apps that send them there."""

import base64
import hashlib
import html
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx

from crosswalk_sandbox.process import SandboxProcess
from crosswalk_sandbox.salesforce.oauth.users import DEFAULT_PASSWORD

TOKEN = "/services/oauth2/token"
APPROVAL = "/setup/secur/RemoteAccessAuthorizationPage.apexp"
CALLBACK = "https://shop.example/callback"
VERIFIER = "a-verifier-that-is-long-enough-for-the-standard-0123456789"
ADA = "ada@example.com"


def s256(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def a_user(sandbox: SandboxProcess, username: str = ADA, **fields: Any) -> str:
    """Create a user as an administrator would; returns its id."""
    keys = {"TimeZoneSidKey": "GMT", "LocaleSidKey": "en_US", "LanguageLocaleKey": "en_US", "EmailEncodingKey": "UTF-8"}
    names = {"Username": username, "Email": username, "FirstName": "Ada", "LastName": "Byron", "Alias": "ada"}
    profile = {"ProfileId": "00eHs0000000001IAA"}
    saved = sandbox.administer("save", object="User", fields={**keys, **names, **profile, **fields})
    return str(saved["id"])


@dataclass(frozen=True)
class App:
    """A connected app, with what it sends."""

    settings: dict[str, Any]

    @property
    def key(self) -> str:
        return str(self.settings["consumer_key"])

    @property
    def secret(self) -> str:
        return str(self.settings["consumer_secret"])

    def authorize_url(self, **parameters: str | None) -> str:
        """The address that it sends a browser to; a parameter of None is left out."""
        wanted: dict[str, str | None] = {"response_type": "code", "client_id": self.key, "redirect_uri": CALLBACK}
        wanted |= parameters
        query = urlencode({name: value for name, value in wanted.items() if value is not None})
        return f"/services/oauth2/authorize?{query}"

    def ask(self, client: httpx.Client, grant_type: str, **form: str | None) -> httpx.Response:
        """A token request with the app's credentials in its form; a field of None is left out."""
        fields: dict[str, str | None] = {"grant_type": grant_type, "client_id": self.key, "client_secret": self.secret}
        fields |= form
        return client.post(TOKEN, data={name: value for name, value in fields.items() if value is not None})

    def exchange(self, client: httpx.Client, code: str, **form: str | None) -> httpx.Response:
        return self.ask(client, "authorization_code", **{"code": code, "redirect_uri": CALLBACK, **form})

    def refresh(self, client: httpx.Client, token: str, **form: str | None) -> httpx.Response:
        return self.ask(client, "refresh_token", **{"refresh_token": token, **form})


def an_app(sandbox: SandboxProcess, **settings: Any) -> App:
    """Create a connected app for the web server flow."""
    order = {"name": "Shop", "callbacks": [CALLBACK], **settings}
    return App(sandbox.administer("connected-apps", **order))


class Browser:
    """A browser without scripts, at the org."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.page: httpx.Response | None = None

    def open(self, url: str) -> httpx.Response:
        """Open an address and follow the org's own redirects; what leads elsewhere is returned as it is."""
        return self._follow(self.client.get(url))

    def submit(self, **fields: str) -> httpx.Response:
        """Send the form of the page that is open."""
        assert self.page is not None
        action = html.unescape(re.findall(r"<form method=post action='([^']+)'", self.page.text)[0])
        return self._follow(self.client.post(urljoin(str(self.page.url), action), data=fields))

    def log_in(self, username: str = ADA, password: str = DEFAULT_PASSWORD) -> httpx.Response:
        return self.submit(username=username, pw=password)

    def allow(self) -> httpx.Response:
        return self.submit(save="Allow")

    def deny(self) -> httpx.Response:
        return self.submit(cancel="Deny")

    def _follow(self, response: httpx.Response) -> httpx.Response:
        while response.is_redirect:
            target = urljoin(str(response.url), response.headers["location"])
            if urlsplit(target).netloc != urlsplit(str(self.client.base_url)).netloc:
                return response
            response = self.client.get(target)
        self.page = response
        return response


def told(response: httpx.Response) -> dict[str, str]:
    """What an app's callback is told by a redirect."""
    location = str(response.headers["location"])
    assert location.startswith(f"{CALLBACK}?")
    return dict(parse_qsl(urlsplit(location).query))


def code_of(browser: Browser, app: App, **parameters: str | None) -> str:
    """Log Ada in for an app where that is asked for, approve it where that is, and return the code."""
    answer = browser.open(app.authorize_url(**parameters))
    if answer.url.path == "/login":
        answer = browser.log_in()
    if answer.url.path == APPROVAL:
        answer = browser.allow()
    return told(answer)["code"]


def tokens_of(browser: Browser, app: App, **parameters: str | None) -> dict[str, Any]:
    """The tokens that an app gets for Ada."""
    reply = app.exchange(browser.client, code_of(browser, app, **parameters))
    assert reply.status_code == 200, reply.text
    body: dict[str, Any] = reply.json()
    return body


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def refused(reply: httpx.Response) -> tuple[int, str, str]:
    """Status, error and description of a refused token request."""
    body = reply.json()
    return reply.status_code, body["error"], body["error_description"]
