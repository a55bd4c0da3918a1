"""One clock for both sides and the hub: it only moves when told to, so several things may happen at one time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crosswalk.connectors.salesforce.record_poll import position_of

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Clock:
    """Milliseconds since the beginning."""

    now_ms: int = 0

    def forward(self, milliseconds: int) -> None:
        """Let time pass."""
        self.now_ms += milliseconds

    @property
    def now(self) -> datetime:
        """The time in UTC."""
        return START + timedelta(milliseconds=self.now_ms)

    @property
    def auth0_text(self) -> str:
        """The time as Auth0 writes it."""
        return self.now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{self.now.microsecond // 1000:03d}Z"

    @property
    def salesforce_text(self) -> str:
        """The time as Salesforce writes it."""
        return position_of(self.now)
