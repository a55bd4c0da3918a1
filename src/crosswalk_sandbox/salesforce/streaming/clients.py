"""The clients that have shaken hands: what each is subscribed to and how far it has got; forgotten when silent."""

import secrets
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from crosswalk_sandbox.salesforce.pubsub.bus import Event, EventBus
from crosswalk_sandbox.salesforce.pubsub.topics import Topic
from crosswalk_sandbox.salesforce.streaming.refusals import too_many_clients

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.streaming.polling import Poll

RECONNECT_SECONDS = 40.0
"""How long after its last reply a client is remembered."""

MOST_CLIENTS = 2_000
_MOST_EVENTS = 200
_LARGEST_BATCH = 3_000_000
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


class Subscription:
    """A channel that a client has subscribed to, and the place in the stream up to which it has been served."""

    __slots__ = ("place", "topic")

    def __init__(self, topic: Topic, place: int) -> None:
        self.topic = topic
        self.place = place


class _Found(NamedTuple):
    number: int
    event: Event
    subscription: Subscription


class StreamingClient:
    """One client.

    Parameters
    ----------
    user_id
        Whose it is.
    version
        The API version that it shook hands at, such as 62.
    now
        The sandbox's monotonic time in seconds.

    Attributes
    ----------
    id, browser
        What it names itself by, and its cookie.
    subscriptions
        By the channel's name.
    poll
        The connect that is being held for it.
    has_connected
        Whether it was told the advice that comes with its first connect.
    """

    def __init__(self, user_id: str, version: int, now: float) -> None:
        self.id = "".join(secrets.choice(_ALPHABET) for _ in range(27))
        self.browser = secrets.token_hex(16)
        self.user_id = user_id
        self.version = version
        self.subscriptions: dict[str, Subscription] = {}
        self.poll: Poll | None = None
        self.has_connected = False
        self._seen = now

    def touch(self, now: float) -> None:
        """It has spoken, or was answered."""
        self._seen = now

    def is_expired(self, now: float) -> bool:
        return self.poll is None and now > self._seen + RECONNECT_SECONDS

    def end(self) -> None:
        """It is forgotten."""
        self.subscriptions.clear()
        if self.poll is not None:
            self.poll.release()

    def take(self, bus: EventBus, encode: Callable[[str, int, Event, int], bytes]) -> list[bytes]:
        """The next events of all its channels in order, written by `encode`; empty does not mean that none follow."""
        found = sorted(self._found(bus), key=lambda each: each.number)
        written: list[bytes] = []
        size = 0
        for index, (number, event, subscription) in enumerate(found):
            message = encode(subscription.topic.name, number, event, self.version)
            size += len(message)
            if size > _LARGEST_BATCH and written:
                self._put_back(found[index:])
                break
            written.append(message)
        return written

    def is_behind(self, bus: EventBus) -> bool:
        """Whether there may be events that it has not got."""
        return not all(bus.is_last(each.place) for each in self.subscriptions.values())

    def _found(self, bus: EventBus) -> Iterator[_Found]:
        for subscription in self.subscriptions.values():
            events, subscription.place = bus.after(subscription.place, subscription.topic.wants, _MOST_EVENTS)
            yield from (_Found(number, event, subscription) for number, event in events)

    @staticmethod
    def _put_back(found: list[_Found]) -> None:
        for number, _, subscription in reversed(found):
            subscription.place = number - 1


class StreamingClients:
    """The clients of one org.

    Parameters
    ----------
    monotonic
        The sandbox's monotonic time in seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._clients: dict[str, StreamingClient] = {}

    def __len__(self) -> int:
        return len(self._clients)

    def add(self, user_id: str, version: int) -> StreamingClient:
        """A new client; `Refusal` when there are too many."""
        now = self._monotonic()
        if len(self._clients) >= MOST_CLIENTS:
            for client in [each for each in self._clients.values() if each.is_expired(now)]:
                self.remove(client)
        if len(self._clients) >= MOST_CLIENTS:
            raise too_many_clients()
        client = StreamingClient(user_id, version, now)
        self._clients[client.id] = client
        return client

    def find(self, id: str) -> StreamingClient | None:
        """The client of this id, if it is remembered; it has spoken."""
        client, now = self._clients.get(id), self._monotonic()
        if client is None:
            return None
        if client.is_expired(now):
            self.remove(client)
            return None
        client.touch(now)
        return client

    def remove(self, client: StreamingClient) -> None:
        """Forget one."""
        if self._clients.pop(client.id, None) is not None:
            client.end()

    def forget(self) -> None:
        """Forget all, as when a server is replaced."""
        for client in list(self._clients.values()):
            self.remove(client)
