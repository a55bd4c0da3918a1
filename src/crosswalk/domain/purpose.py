"""What an API call is made for, and how much of a budget has to be left for it."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct


class Purpose(StrEnum):
    """What a call is made for; the most urgent first."""

    OFFBOARDING = "offboarding"
    """Access is taken away or given: what must not wait."""
    PROFILE = "profile"
    """A person's data, and the links between the two sides."""
    ACTIVITY = "activity"
    """What people did: logins, consent given, events for others."""
    BACKFILL = "backfill"
    """What was there before the hub, drift, and replays."""
    PROBE = "probe"
    """Looks that can be done without, such as checks of the configuration against the org."""

    @property
    def floor(self) -> float:
        """The share of the budget that has to be left for such a call to go out, from 0 to 1."""
        return FLOORS[self]


FLOORS: Mapping[Purpose, float] = {
    Purpose.OFFBOARDING: 0.0,
    Purpose.PROFILE: 0.05,
    Purpose.ACTIVITY: 0.2,
    Purpose.BACKFILL: 0.4,
    Purpose.PROBE: 0.5,
}
"""The less urgent stop earlier, so that the last calls of a day go to offboarding."""


class Spender(Struct, frozen=True):
    """Whom calls are counted to: what they are made for, and for which sync (empty for none)."""

    purpose: Purpose = Purpose.PROFILE
    sync: str = ""
