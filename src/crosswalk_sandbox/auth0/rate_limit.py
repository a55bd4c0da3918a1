"""The vendor's request limits: buckets that refill steadily, and the headers that tell their state.

A plan's limits are looked at in the vendor's order: the limit of the whole API first, then that of the endpoint.
Without a plan there is one bucket for the Management API, by the knobs.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from crosswalk_sandbox.auth0.knobs import Knobs
from crosswalk_sandbox.auth0.rate_limit_tables import (
    AUTHENTICATION,
    AUTHENTICATION_ENDPOINTS,
    ENDPOINTS,
    MANAGEMENT,
    OTHER_ENDPOINTS,
    SAME_ACCOUNT,
    EndpointLimit,
    Key,
    Limit,
)
from crosswalk_sandbox.clock import SandboxClock

BUCKETS_KEPT = 10_000
GLOBAL = "Global limit has been reached"
ENDPOINT = "Too Many Requests"
SAME_ACCOUNT_REACHED = "Too many logins with the same username or email."


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request is within the limits; the sentence that refuses it, and the headers that tell the state."""

    allowed: bool
    headers: dict[str, str]
    message: str = ""


class Bucket:
    """One bucket, full at first. Time is in seconds of the sandbox's clock."""

    def __init__(self, limit: Limit, now: float) -> None:
        self.limit = limit
        self.level = float(limit.burst)
        self._seen = now

    def take(self, now: float) -> bool:
        """Spend one request, if there is one."""
        self.refill(now)
        if self.level < 1.0:
            return False
        self.level -= 1.0
        return True

    def refill(self, now: float) -> None:
        """Add what time has brought."""
        self.level = min(float(self.limit.burst), self.level + (now - self._seen) * self._rate())
        self._seen = now

    def headers(self, epoch: float) -> dict[str, str]:
        """Return the vendor's three headers; the reset is when the next request is added, in seconds since 1970."""
        missing = min(self.limit.burst - self.level, math.floor(self.level) + 1 - self.level)
        return {
            "x-ratelimit-limit": str(self.limit.burst),
            "x-ratelimit-remaining": str(int(self.level)),
            "x-ratelimit-reset": str(math.ceil(epoch + max(0.0, missing) / self._rate())),
        }

    def _rate(self) -> float:
        return self.limit.added / self.limit.seconds


class RateLimit:
    """All buckets of one tenant."""

    def __init__(self, knobs: Knobs, clock: SandboxClock) -> None:
        self._knobs = knobs
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, str, Limit], Bucket] = OrderedDict()

    def take_management(self, method: str, path: str) -> Verdict:
        """Spend one request to the Management API; `path` is what follows ``/api/v2``."""
        plan = self._knobs.rate_limit_plan
        if plan is None:
            limit = Limit(self._knobs.rate_limit_burst, self._knobs.rate_limit_per_second, 1.0)
            if not self._knobs.enforce_rate_limit:
                # Calls that nobody counts leave the bucket as full as a single one does.
                return self._verdict([Bucket(limit, self._clock.monotonic())], GLOBAL)
            return self._verdict([self._bucket("management", "", limit)], GLOBAL)
        whole = MANAGEMENT[plan]
        found = matching(ENDPOINTS[plan], method, path)
        buckets = [] if whole is None else [self._bucket("management", "", whole)]
        if found is not None:
            buckets.append(self._bucket(found.name, "", found.limit))
        elif whole is None:
            buckets.append(self._bucket("management: other endpoints", "", OTHER_ENDPOINTS[plan]))
        return self._verdict(buckets, ENDPOINT if whole is None else GLOBAL)

    def take_authentication(self, method: str, path: str, key_of: Callable[[Key], str]) -> Verdict:
        """Spend one request to the Authentication API or the login pages.

        Parameters
        ----------
        key_of : callable
            Returns what tells the requests apart that have buckets of their own.
        """
        plan = self._knobs.rate_limit_plan
        if plan is None:
            return Verdict(True, {})
        buckets = [self._bucket("authentication", "", AUTHENTICATION[plan])]
        found = matching(AUTHENTICATION_ENDPOINTS[plan], method, path)
        if found is not None:
            buckets.append(self._bucket(found.name, key_of(found.key), found.limit))
        return self._verdict(buckets, GLOBAL)

    def take_login(self, account: str) -> Verdict:
        """Spend one login attempt from one address to one account."""
        if self._knobs.rate_limit_plan is None:
            return Verdict(True, {})
        return self._verdict([self._bucket("logins", account, SAME_ACCOUNT)], SAME_ACCOUNT_REACHED)

    def _bucket(self, name: str, key: str, limit: Limit) -> Bucket:
        """Return a bucket, which starts anew when its limit has changed."""
        address = (name, key, limit)
        found = self._buckets.get(address)
        if found is None:
            found = self._buckets[address] = Bucket(limit, self._clock.monotonic())
            if len(self._buckets) > BUCKETS_KEPT:
                self._buckets.popitem(last=False)
        return found

    def _verdict(self, buckets: list[Bucket], first_message: str) -> Verdict:
        """Take from one bucket after the other up to the first that is empty; tell of the one with the least left."""
        now, epoch = self._clock.monotonic(), self._clock.epoch()
        for index, bucket in enumerate(buckets):
            if not bucket.take(now):
                return Verdict(False, bucket.headers(epoch), ENDPOINT if index else first_message)
        scarcest = min(buckets, key=lambda bucket: bucket.level)
        return Verdict(True, scarcest.headers(epoch))


def matching(rows: tuple[EndpointLimit, ...], method: str, path: str) -> EndpointLimit | None:
    """Return the row that a request falls under, or None."""
    plain = path.rstrip("/") or "/"
    return next((one for one in rows if method in one.methods and one.path.fullmatch(plain)), None)
