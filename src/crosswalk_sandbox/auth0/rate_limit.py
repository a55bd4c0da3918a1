"""The Management API's request limit: a bucket that refills steadily, and the headers that tell its state."""

from __future__ import annotations

import math

from crosswalk_sandbox.auth0.knobs import Knobs
from crosswalk_sandbox.clock import SandboxClock


class RateLimit:
    """One bucket for the whole tenant."""

    def __init__(self, knobs: Knobs, clock: SandboxClock) -> None:
        self._knobs = knobs
        self._level = float(knobs.rate_limit_burst)
        self._clock = clock
        self._seen = clock.monotonic()

    def take(self) -> bool:
        """Spend one request and tell whether it is within the limit; without enforcement it always is."""
        now = self._clock.monotonic()
        burst = float(self._knobs.rate_limit_burst)
        self._level = min(burst, self._level + (now - self._seen) * self._knobs.rate_limit_per_second)
        self._seen = now
        if self._level >= 1.0:
            self._level -= 1.0
            return True
        return not self._knobs.enforce_rate_limit

    def headers(self) -> dict[str, str]:
        """Return the vendor's three headers; the reset is in seconds since the epoch."""
        missing = self._knobs.rate_limit_burst - self._level
        reset = math.ceil(self._clock.epoch() + min(1.0, missing / self._knobs.rate_limit_per_second))
        return {
            "x-ratelimit-limit": str(self._knobs.rate_limit_burst),
            "x-ratelimit-remaining": str(int(self._level)),
            "x-ratelimit-reset": str(reset),
        }
