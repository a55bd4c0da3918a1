"""The sandbox's clock: everything in the tenant and the org that takes or tells time asks it, so that time can travel.

It runs like the computer's own until it is told to jump forward or to run faster. Nothing else in the sandbox reads the
time; only the measuring of how long a call took, injected latency and the timeouts of connections stay in real seconds,
because the clients that live through them do.

Control API: `GET /clock` tells the time, `POST /clock` takes a `ClockOrder`.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

Endpoint = Callable[[Request], Awaitable[Response]]
FASTEST = 1_000_000.0
FARTHEST_SECONDS = 100 * 365 * 86_400.0


def _real_utc() -> datetime:
    return datetime.now(UTC)


class SandboxClock:
    """Time of one sandbox, in UTC; callable from any thread.

    Parameters
    ----------
    wall
        The present moment with its zone, before any travelling.
    monotonic
        Seconds that never go back.
    """

    def __init__(
        self, wall: Callable[[], datetime] = _real_utc, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall = wall
        self._real = monotonic
        self._listeners: list[Callable[[], None]] = []
        self._anchor = self._base = monotonic()
        self._resets = 0
        self.speed = 1.0

    @classmethod
    def over(cls, clock: "Callable[[], datetime] | None") -> "SandboxClock":
        """The clock itself when it is one already, else one that runs on the given source of the present moment."""
        if isinstance(clock, cls):
            return clock
        return cls() if clock is None else cls(clock)

    def __call__(self) -> datetime:
        """The present moment in UTC."""
        return self._wall() + timedelta(seconds=self.shift())

    def epoch(self) -> float:
        """The present moment in seconds since 1970."""
        return self().timestamp()

    def monotonic(self) -> float:
        """Seconds of the sandbox from an unknown start; they never go back, but for `reset`."""
        return self._base + (self._real() - self._anchor) * self.speed

    def shift(self) -> float:
        """How many seconds the sandbox is ahead of the computer."""
        real = self._real()
        return self._base - self._anchor + (real - self._anchor) * (self.speed - 1.0)

    def advance(self, seconds: float) -> None:
        """Jump forward.

        Raises
        ------
        ValueError
            When `seconds` is negative or more than a hundred years.
        """
        if not 0 <= seconds <= FARTHEST_SECONDS:
            raise ValueError(f"`advance` goes forward by 0 to {FARTHEST_SECONDS:g} seconds, found {seconds:g}")
        self._base += seconds
        self._tell()

    def run_at(self, speed: float) -> None:
        """Let one real second last `speed` seconds of the sandbox from now on.

        Raises
        ------
        ValueError
            When `speed` is not between 0 (excluded) and a million.
        """
        if not math.isfinite(speed) or not 0 < speed <= FASTEST:
            raise ValueError(f"`speed` is a factor above 0 and up to {FASTEST:g}, found {speed:g}")
        real = self._real()
        self._base += (real - self._anchor) * self.speed
        self._anchor = real
        self.speed = speed
        self._tell()

    def reset(self) -> None:
        """Back to the computer's time at its own pace."""
        self._anchor = self._base = self._real()
        self.speed = 1.0
        self._resets += 1
        self._tell()

    def real_seconds(self, seconds: float) -> float:
        """How long a span of the sandbox lasts for those who wait for it, unless time jumps meanwhile."""
        return seconds / self.speed

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each jump, change of speed or reset; it must be quick and callable from any thread."""
        self._listeners.append(listener)

    async def sleep(self, seconds: float) -> None:
        """Wait for a span of the sandbox; a jump over its end, or a reset, ends it at once."""
        due, resets = self.monotonic() + seconds, self._resets
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(changed.set)

        self._listeners.append(wake)
        try:
            while (left := due - self.monotonic()) > 0 and self._resets == resets:
                changed.clear()
                try:
                    async with asyncio.timeout(self.real_seconds(left)):
                        await changed.wait()
                except TimeoutError:
                    continue
        finally:
            self._listeners.remove(wake)

    def shown(self) -> dict[str, Any]:
        """`now` in ISO 8601, `ahead_seconds` of the computer's time, and `speed`."""
        now = self().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"now": now, "ahead_seconds": round(self.shift(), 3), "speed": self.speed}

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()


class ClockOrder(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /clock`; only what is named changes: `speed` first, then `advance` by seconds."""

    speed: float | None = None
    advance: float = 0.0


def clock_routes(clock: SandboxClock) -> list[tuple[str, str, Endpoint]]:
    """Method, path and endpoint of the control API's calls about the clock."""

    async def show(_request: Request) -> Response:
        return _reply(clock)

    async def change(request: Request) -> Response:
        order = msgspec.json.decode(await request.body() or b"{}", type=ClockOrder)
        if order.speed is not None:
            clock.run_at(order.speed)
        clock.advance(order.advance)
        return _reply(clock)

    return [("GET", "/clock", show), ("POST", "/clock", change)]


def _reply(clock: SandboxClock) -> Response:
    return Response(msgspec.json.encode(clock.shown()), media_type="application/json")
