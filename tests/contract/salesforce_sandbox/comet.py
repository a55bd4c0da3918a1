"""A CometD client by hand: plain HTTP, one message or several at a time."""

from typing import Any

import httpx

from crosswalk_sandbox.access import SalesforceAccess

VERSION = "62.0"
Reply = dict[str, Any]


class Comet:
    """Sends Bayeux messages to an org; keeps the cookie as any client does.

    Parameters
    ----------
    http
        A client of the org with a token.
    version
        The API version in the address.
    """

    def __init__(self, http: httpx.Client, version: str = VERSION) -> None:
        self.http = http
        self.path = f"/cometd/{version}"
        self.client_id = ""

    def send(self, *messages: dict[str, Any]) -> list[Reply]:
        """What comes back."""
        replies: list[Reply] = self.http.post(self.path, json=list(messages)).json()
        return replies

    def log_in(self, access: SalesforceAccess) -> None:
        """Go on with a new session of the integration user."""
        form = {
            "grant_type": "client_credentials",
            "client_id": access.client_id,
            "client_secret": access.client_secret,
        }
        token = self.http.post("/services/oauth2/token", data=form).json()["access_token"]
        self.http.headers["Authorization"] = f"OAuth {token}"

    def handshake(self) -> Reply:
        """Shake hands and take the first connect, which brings the advice; returns the reply of the handshake."""
        hello = {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}
        [reply] = self.send(hello)
        self.client_id = reply.get("clientId", "")
        if self.client_id:
            self.send(self.connect())
        return reply

    def connect(self, **more: Any) -> dict[str, Any]:
        return self.about("/meta/connect", connectionType="long-polling", **more)

    def subscribe(self, channel: object, replay: object = None) -> Reply:
        """The reply of subscribing, from a replay id on unless that is None."""
        more = {} if replay is None else {"ext": {"replay": {channel: replay}}}
        [reply] = self.send(self.about("/meta/subscribe", subscription=channel, **more))
        return reply

    def poll(self) -> list[Reply]:
        """What one connect brings: events first, and its reply last."""
        return self.send(self.connect(advice={"timeout": 2000}))

    def drain(self) -> list[Reply]:
        """The events that are there now."""
        *events, last = self.send(self.connect(advice={"timeout": 0}))
        assert last["successful"] is True, last
        return events

    def about(self, channel: str, **members: Any) -> dict[str, Any]:
        """A message of this client."""
        return {"channel": channel, "clientId": self.client_id, "id": "7", **members}
