"""How long something takes: distributions in milliseconds, each told apart by its `shape`."""

import math
import random
from typing import TypeAlias

import msgspec

LONGEST_MS = 600_000.0
_NORMAL_99 = 2.3263478740408408
"""The standard normal distribution's 99th percentile."""


class Constant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="shape", tag="constant"):
    """Always the same."""

    ms: float

    def __post_init__(self) -> None:
        _check(ms=self.ms)

    def draw(self, stream: random.Random) -> float:
        return self.ms


class Uniform(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="shape", tag="uniform"):
    """Anything between two bounds, all equally likely."""

    low_ms: float
    high_ms: float

    def __post_init__(self) -> None:
        _check(low_ms=self.low_ms, high_ms=self.high_ms)
        if self.low_ms > self.high_ms:
            raise ValueError(f"`low_ms` must not be above `high_ms`, found {self.low_ms:g} and {self.high_ms:g}")

    def draw(self, stream: random.Random) -> float:
        return stream.uniform(self.low_ms, self.high_ms)


class LogNormal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="shape", tag="lognormal"):
    """The long-tailed shape of real services, by its median and its 99th percentile."""

    p50_ms: float
    p99_ms: float

    def __post_init__(self) -> None:
        _check(p50_ms=self.p50_ms, p99_ms=self.p99_ms)
        if not 0 < self.p50_ms <= self.p99_ms:
            found = f"{self.p50_ms:g} and {self.p99_ms:g}"
            raise ValueError(f"`p50_ms` must be above 0 and not above `p99_ms`, found {found}")

    def draw(self, stream: random.Random) -> float:
        sigma = math.log(self.p99_ms / self.p50_ms) / _NORMAL_99
        return min(stream.lognormvariate(math.log(self.p50_ms), sigma), LONGEST_MS)


class Spikes(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="shape", tag="spikes"):
    """Mostly `ms`, and `spike_ms` for the given share of draws (0 to 1)."""

    spike_ms: float
    share: float
    ms: float = 0.0

    def __post_init__(self) -> None:
        _check(ms=self.ms, spike_ms=self.spike_ms)
        if not 0 <= self.share <= 1:
            raise ValueError(f"`share` is a share of draws from 0 to 1, found {self.share:g}")

    def draw(self, stream: random.Random) -> float:
        return self.spike_ms if stream.random() < self.share else self.ms


Delay: TypeAlias = Constant | Uniform | LogNormal | Spikes


def _check(**named: float) -> None:
    for name, value in named.items():
        if not 0 <= value <= LONGEST_MS:
            raise ValueError(f"`{name}` is in milliseconds from 0 to {LONGEST_MS:g}, found {value:g}")
