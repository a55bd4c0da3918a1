"""A held connect: it waits for events, for so long, while its session lasts and nothing else ends it."""

import asyncio
from typing import TYPE_CHECKING

from crosswalk_sandbox.salesforce.pubsub.bus import Event
from crosswalk_sandbox.salesforce.streaming.clients import StreamingClient
from crosswalk_sandbox.salesforce.streaming.messages import event_message
from crosswalk_sandbox.salesforce.streaming.refusals import busy, not_authenticated

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.org import Org

_CHECKED_EVERY_SECONDS = 0.5
"""How often a session is looked at while its client waits, in real time."""


class Poll:
    """One connect of a client.

    Parameters
    ----------
    org
        The org.
    client
        Who waits.
    token
        The session that it waits with.
    """

    def __init__(self, org: "Org", client: StreamingClient, token: str) -> None:
        self._org = org
        self._client = client
        self._token = token
        self._news = asyncio.Event()
        self._is_released = False
        self._is_broken = False

    def release(self) -> None:
        """Answer it without events, which are for the client's next one."""
        self._is_released = True
        self._news.set()

    def look_again(self) -> None:
        """Its client has got one more channel, which may have events already."""
        self._news.set()

    def break_off(self) -> None:
        """Refuse it as by a busy org."""
        self._is_broken = True
        self._news.set()

    async def events(self, seconds: float) -> list[bytes]:
        """The messages that it brings, none when there were none for so long.

        Parameters
        ----------
        seconds
            The longest wait, in the sandbox's time.

        Raises
        ------
        Refusal
            When the session has ended, or the poll was broken off.
        """
        events, client = self._org.events, self._client
        if client.poll is not None:
            client.poll.release()
        client.poll = self
        events.bus.join(self._news)
        events.streams.add(self)
        try:
            return await self._wait(self._org.time.monotonic() + seconds)
        finally:
            events.bus.leave(self._news)
            events.streams.discard(self)
            if client.poll is self:
                client.poll = None
            client.touch(self._org.time.monotonic())

    async def _wait(self, due: float) -> list[bytes]:
        events, client, clock = self._org.events, self._client, self._org.time
        while True:
            self._news.clear()
            self._check()
            if self._is_released:
                return []
            messages = client.take(events.bus, self._encode)
            if messages:
                return messages
            if client.is_behind(events.bus):
                await asyncio.sleep(0)
                continue
            left = due - clock.monotonic()
            if left <= 0:
                return []
            await self._pause(min(clock.real_seconds(left), _CHECKED_EVERY_SECONDS))

    def _check(self) -> None:
        if self._is_broken:
            raise busy()
        # A session lasts as long as its client stays connected; only who ends it ends the poll.
        self._org.sessions.extend(self._token)
        session = self._org.sessions.find(self._token)
        if session is None or not session.opens_rest:
            raise not_authenticated(has_token=True)

    async def _pause(self, real_seconds: float) -> None:
        try:
            async with asyncio.timeout(real_seconds):
                await self._news.wait()
        except TimeoutError:
            return

    def _encode(self, channel: str, number: int, event: Event, version: int) -> bytes:
        return event_message(self._org.events, channel, number, event, version)
