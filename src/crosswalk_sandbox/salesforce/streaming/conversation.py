"""Bayeux messages and their replies: handshake, connect, subscribe, unsubscribe, disconnect."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from crosswalk_sandbox.salesforce.oauth.sessions import Session
from crosswalk_sandbox.salesforce.streaming.channels import find_channel, names_of, start_of
from crosswalk_sandbox.salesforce.streaming.clients import StreamingClient, Subscription
from crosswalk_sandbox.salesforce.streaming.polling import Poll
from crosswalk_sandbox.salesforce.streaming.refusals import (
    Refusal,
    busy,
    connection_type_invalid,
    cookie_missing,
    denied,
    generic_channel_missing,
    handshake_denied,
    no_handshake,
    not_authenticated,
    unknown_client,
    user_differs,
)

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.org import Org

Message = dict[str, Any]
_HANDSHAKE, _SUBSCRIBE = "/meta/handshake", "/meta/subscribe"
_LONG_POLLING = "long-polling"

ADVISED_MILLISECONDS = 110_000
"""How long clients are told that a poll may take, also where shorter ones were ordered: their timeouts follow it."""


class Caller(NamedTuple):
    """Who sends a request: its token and cookie, empty without them, and the API version of its address."""

    token: str
    browser: str
    version: int


class Conversation:
    """The messages of one request.

    Parameters
    ----------
    org
        The org.
    caller
        Who sends them.
    while_held
        Told of a poll before it waits, so that it can be released when the request is given up.

    Attributes
    ----------
    new_browser
        The cookie to set, of a client that has shaken hands.
    """

    def __init__(self, org: "Org", caller: Caller, while_held: Callable[[Poll], None]) -> None:
        self._org = org
        self._caller = caller
        self._while_held = while_held
        self._is_alone = True
        self.new_browser: str | None = None

    async def replies(self, messages: list[Message]) -> list[bytes]:
        """The replies, in order, with the events that come along, each as JSON."""
        self._is_alone = len(messages) == 1
        return [each for message in messages for each in await self._answer(message)]

    async def _answer(self, message: Message) -> list[bytes]:
        channel = message.get("channel")
        acts: dict[object, Callable[[Message], Awaitable[tuple[Message, list[bytes]]]]] = {
            _HANDSHAKE: self._handshake,
            "/meta/connect": self._connect,
            _SUBSCRIBE: self._subscribe,
            "/meta/unsubscribe": self._unsubscribe,
            "/meta/disconnect": self._disconnect,
        }
        events: list[bytes] = []
        reply: Message
        try:
            told, events = await acts.get(channel, self._publish)(message)
            reply = {**told, "successful": True}
        except Refusal as refusal:
            reply = refusal.members()
            if message.get("clientId") and refusal.error != unknown_client().error:
                reply["clientId"] = message["clientId"]
        reply |= {name: message[name] for name in ("channel", "id", "subscription") if name in message}
        return [*events, msgspec.json.encode(reply)]

    async def _handshake(self, message: Message) -> tuple[Message, list[bytes]]:
        if self._org.events.faults.take_unavailable():
            raise busy(is_handshake=True)
        try:
            session = self._session()
        except Refusal as refusal:
            raise handshake_denied(refusal.error) from None
        types = message.get("supportedConnectionTypes")
        if not isinstance(types, list) or _LONG_POLLING not in types:
            raise handshake_denied(connection_type_invalid(types).error)
        client = self._org.events.clients.add(session.user_id, self._caller.version)
        self.new_browser = client.browser
        reply = {
            "ext": {"replay": True, "payload.format": True},
            "minimumVersion": "1.0",
            "clientId": client.id,
            "supportedConnectionTypes": [_LONG_POLLING],
            "version": "1.0",
        }
        return reply, []

    async def _connect(self, message: Message) -> tuple[Message, list[bytes]]:
        client = self._client(message)
        given = message.get("connectionType")
        if given != _LONG_POLLING:
            raise connection_type_invalid(given)
        poll = Poll(self._org, client, self._caller.token)
        self._while_held(poll)
        reply: Message = {"clientId": client.id}
        seconds = self._longest_wait(message)
        if not client.has_connected:
            client.has_connected = True
            reply["advice"] = {"interval": 0, "timeout": ADVISED_MILLISECONDS, "reconnect": "retry"}
            seconds = 0.0
        return reply, await poll.events(seconds)

    async def _subscribe(self, message: Message) -> tuple[Message, list[bytes]]:
        client = self._client(message)
        names = names_of(message.get("subscription"))
        bus = self._org.events.bus
        found = [Subscription(find_channel(self._org, name), start_of(bus, name, message.get("ext"))) for name in names]
        client.subscriptions |= {each.topic.name: each for each in found}
        if client.poll is not None:
            client.poll.look_again()
        return {"clientId": client.id}, []

    async def _unsubscribe(self, message: Message) -> tuple[Message, list[bytes]]:
        client = self._client(message)
        for name in names_of(message.get("subscription")):
            client.subscriptions.pop(name, None)
        return {"clientId": client.id}, []

    async def _disconnect(self, message: Message) -> tuple[Message, list[bytes]]:
        client = self._client(message)
        self._org.events.clients.remove(client)
        return {"clientId": client.id}, []

    async def _publish(self, message: Message) -> tuple[Message, list[bytes]]:
        self._client(message)
        channel = message.get("channel")
        if isinstance(channel, str) and channel.startswith("/meta/"):
            raise generic_channel_missing()
        raise denied("publish")

    def _session(self) -> Session:
        session = self._org.sessions.find(self._caller.token)
        if session is None or not session.opens_rest:
            raise not_authenticated(has_token=bool(self._caller.token))
        return session

    def _client(self, message: Message) -> StreamingClient:
        """The client that a message is from, or the `Refusal` of whoever it is not."""
        if self._org.events.faults.take_unavailable():
            raise busy()
        session, id = self._session(), message.get("clientId")
        if not id and message.get("channel") == _SUBSCRIBE:
            raise no_handshake()
        client = self._org.events.clients.find(str(id))
        if client is None:
            raise unknown_client()
        if not self._caller.browser:
            raise cookie_missing(client.id)
        if self._caller.browser != client.browser:
            raise unknown_client()
        if session.user_id != client.user_id:
            raise user_differs()
        return client

    def _longest_wait(self, message: Message) -> float:
        """Seconds that a poll is held: the org's, or fewer by the client's own advice, none among other messages."""
        if not self._is_alone:
            return 0.0
        advice = message.get("advice")
        wanted = advice.get("timeout") if isinstance(advice, dict) else None
        longest: float = self._org.events.poll_seconds
        if isinstance(wanted, int | float) and not isinstance(wanted, bool) and wanted >= 0:
            return min(longest, wanted / 1000)
        return longest
