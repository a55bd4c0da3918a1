"""Who is told when something needs a person although nobody looks."""

from datetime import timedelta

from pydantic import Field

from crosswalk.config.section import Section
from crosswalk.config.values import Duration, ReadableFile, Secret


class AlertsConfig(Section):
    """Alerts by webhook: one for each cause when it begins, and one when it is over."""

    url: Secret = Field(
        description="Where alerts are posted; a secret, since many such addresses are.",
        examples=["${CROSSWALK_ALERTS_URL}"],
    )
    signing_secret: Secret | None = Field(
        default=None,
        description="Signs each alert (`X-Crosswalk-Signature`), so that the receiver knows who sent it.",
        examples=["${CROSSWALK_ALERTS_SECRET}"],
    )
    ca_file: ReadableFile | None = Field(
        default=None,
        description="Certificate authority (PEM) to trust besides the system's, relative to this file.",
        examples=[".crosswalk/ca.pem"],
    )
    dead_letters_above: int = Field(default=0, ge=0, description="Open dead letters of a sync that nobody is told of.")
    conflicts_above: int = Field(default=50, ge=0, description="Open conflicts of a sync that nobody is told of.")
    lag_above: Duration = Field(
        default=timedelta(minutes=15),
        description="How long the oldest event of a sync may wait.",
        examples=["15m"],
    )
    budget_below: int = Field(
        default=10,
        ge=0,
        le=100,
        description="Per cent that have to be left of the hub's share of an org's or tenant's calls per day (what is "
        "allowed without the reserve).",
    )
    source_fails_for: Duration = Field(
        default=timedelta(minutes=5),
        description="How long a source, or another part of the hub, may fail again and again.",
        examples=["5m"],
    )
    source_silent_for: Duration = Field(
        default=timedelta(hours=6),
        description="How long a source may be silent; twice as long as it is at times in four weeks, where that is "
        "more. A source that is known for less than a week is left alone.",
        examples=["6h"],
    )
    drift_above: int = Field(default=0, ge=0, description="Differences in a drift check that nobody is told of.")
