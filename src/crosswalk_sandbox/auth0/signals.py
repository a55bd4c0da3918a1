"""Wakes waiting coroutines, from whatever thread the change comes."""

from __future__ import annotations

import asyncio
import threading


class Signal:
    """Tells every waiter that something changed. Waiters look at the state themselves, so a wake-up is never lost."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiters: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    def notify(self) -> None:
        """Wake all waiters; callable from any thread, and without an event loop."""
        with self._lock:
            waiters = list(self._waiters.items())
        for event, loop in waiters:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    def subscribe(self) -> asyncio.Event:
        """Return an event of the running loop that is set at each notification, until `unsubscribe`."""
        event = asyncio.Event()
        with self._lock:
            self._waiters[event] = asyncio.get_running_loop()
        return event

    def unsubscribe(self, event: asyncio.Event) -> None:
        """Stop waking `event`."""
        with self._lock:
            self._waiters.pop(event, None)


async def wait_for_signal(event: asyncio.Event, seconds: float | None) -> bool:
    """Wait until `event` is set or `seconds` have passed; clear it, and tell whether it was set."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    event.clear()
    return True
