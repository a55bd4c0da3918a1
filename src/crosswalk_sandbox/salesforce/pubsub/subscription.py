"""One subscription: events as they come, as many as the client has asked for."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING

from crosswalk_pubsub import ReplayIdMalformedError, format_replay_id, read_replay_id
from crosswalk_pubsub.pubsub_api_pb2 import CUSTOM, EARLIEST, ConsumerEvent, FetchRequest, FetchResponse, ProducerEvent
from crosswalk_sandbox.salesforce.pubsub.access import opens
from crosswalk_sandbox.salesforce.pubsub.bus import Event, ReplayExpired
from crosswalk_sandbox.salesforce.pubsub.refusals import (
    Refusal,
    invalid,
    not_authenticated,
    replay_id_invalid,
    unavailable,
)
from crosswalk_sandbox.salesforce.pubsub.topics import Topic

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.org import Org

MOST_PENDING = 100
"""Events that may be asked for and not yet delivered; what is asked beyond does not count."""

IDLE_SECONDS = 60.0
"""How long a stream stays open when the client asks for nothing more."""

_LARGEST_RESPONSE = 3_000_000


class Subscription:
    """A client's stream.

    Parameters
    ----------
    org, topic
        What to deliver.
    first
        The first request, which says where to start.
    token
        The session of the client.
    rpc_id
        The call's id.

    Raises
    ------
    Refusal
        When the first request cannot be granted.
    """

    def __init__(self, org: "Org", topic: Topic, first: FetchRequest, token: str, rpc_id: str) -> None:
        self._org = org
        self._bus = org.events.bus
        self._topic = topic
        self._token = token
        self._rpc_id = rpc_id
        self._place = self._start(first)
        self._pending = 0
        self._has_ended = False
        self._failure: Refusal | None = None
        self._news = asyncio.Event()
        self.ask(first)

    def ask(self, request: FetchRequest) -> None:
        """Deliver more events; `Refusal` for a request that breaks a rule."""
        if request.topic_name and request.topic_name != self._topic.name:
            message = f"The topic {request.topic_name} differs from the topic {self._topic.name} of the first request."
            raise invalid("subscription.fetch.topic.mismatch", message)
        if request.num_requested <= 0:
            message = "The number of requested events must be greater than zero."
            raise invalid("subscription.fetch.requested.events.invalid", message)
        self._pending = min(self._pending + request.num_requested, MOST_PENDING)
        self._news.set()

    async def follow(self, requests: AsyncIterator[FetchRequest]) -> None:
        """Take the client's further requests until it has no more."""
        try:
            async for request in requests:
                self.ask(request)
        except Refusal as refusal:
            self._failure = refusal
        self._has_ended = True
        self._news.set()

    def break_off(self) -> None:
        """End the stream as unavailable."""
        self._failure = unavailable()
        self._news.set()

    async def responses(self) -> AsyncGenerator[FetchResponse, None]:
        """What goes to the client; `Refusal` when the stream has to end with an error."""
        self._bus.join(self._news)
        self._org.events.streams.add(self)
        try:
            while True:
                self._news.clear()
                self._check()
                events = self._take()
                if events:
                    yield self._response(events)
                elif self._pending and not self._bus.is_last(self._place):
                    await asyncio.sleep(0)
                elif self._has_ended:
                    return
                elif not await self._wait():
                    if self._pending == 0:
                        return
                    if self._bus.is_last(self._place):
                        yield self._response([])
        finally:
            self._bus.leave(self._news)
            self._org.events.streams.discard(self)

    def _start(self, first: FetchRequest) -> int:
        if first.replay_preset == EARLIEST:
            return self._bus.start()
        if first.replay_preset != CUSTOM:
            return self._bus.end()
        if not first.replay_id:
            message = "A Replay ID is required for the replay preset CUSTOM."
            raise invalid("subscription.fetch.replayid.validation.failed", message)
        try:
            return self._bus.check(read_replay_id(first.replay_id))
        except (ReplayIdMalformedError, ReplayExpired):
            raise replay_id_invalid() from None

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
        if not opens(self._org, self._token):
            raise not_authenticated()

    def _take(self) -> list[tuple[int, Event]]:
        """The next events, as many as are asked for."""
        if self._pending == 0:
            return []
        events, self._place = self._bus.after(self._place, self._topic.wants, self._pending)
        return events

    async def _wait(self) -> bool:
        """Wait for news; False when there was none for the longest time."""
        seconds = self._org.events.keepalive_seconds if self._pending else IDLE_SECONDS
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _response(self, events: list[tuple[int, Event]]) -> FetchResponse:
        response = FetchResponse(rpc_id=self._rpc_id)
        size = 0
        for number, event in events:
            message = event.message()
            size += len(message.payload)
            if size > _LARGEST_RESPONSE and response.events:
                self._place = number - 1
                break
            produced = ProducerEvent(id=message.uuid, schema_id=message.schema_id, payload=message.payload)
            response.events.append(ConsumerEvent(event=produced, replay_id=format_replay_id(number)))
        self._pending -= len(response.events)
        response.pending_num_requested = self._pending
        is_empty = not response.events
        response.latest_replay_id = format_replay_id(self._bus.end()) if is_empty else response.events[-1].replay_id
        return response
