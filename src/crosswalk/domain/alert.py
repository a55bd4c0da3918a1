"""What somebody should be told of although nobody looks: one alert for each cause, until it ends."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class AlertState(StrEnum):
    """What an alert says."""

    FIRING = "firing"
    RESOLVED = "resolved"


class Cause(StrEnum):
    """What an alert is about."""

    DEAD_LETTERS = "dead_letters"
    CONFLICTS = "conflicts"
    LAG = "lag"
    BUDGET = "budget"
    SOURCE = "source_stopped"
    QUIET = "source_quiet"
    PAUSED = "paused"
    HELD = "writes_held"
    DRIFT = "drift"


class Condition(Struct, frozen=True):
    """Something that is wrong now.

    Parameters
    ----------
    cause, subject
        What, and of which sync, org, source or pause: together they name it, for as long as it lasts.
    summary
        One sentence for a person, without any value of a record or user.
    figures
        What was found, and what it was compared with.
    """

    cause: Cause
    subject: str
    summary: str
    figures: Mapping[str, float] = {}

    @property
    def key(self) -> str:
        """The name by which it is known again."""
        return f"{self.cause.value}/{self.subject}"


class Alert(Struct, frozen=True):
    """What is to be told: `id` is the same for the beginning and the end of one trouble."""

    id: int
    state: AlertState
    condition: Condition
    since: datetime
    attempts: int = 0
