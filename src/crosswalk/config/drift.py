"""The drift check of a sync: how often both sides are compared, how much of them, and what follows."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from crosswalk.config.section import Section
from crosswalk.config.values import Duration, Kind, refuse
from crosswalk.domain.drift import Sample


def _not_too_often(value: timedelta) -> timedelta:
    if value < timedelta(minutes=1):
        refuse("both sides are read whole each time", "1m or longer")
    return value


def _at_most_a_day(value: timedelta) -> timedelta:
    if value > timedelta(hours=24):
        refuse("what changed within so long a time would be left out", "24h or less")
    return value


def _read_sample(value: Any) -> Any:
    """A number in the file is as good as a text."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _check_sample(value: str) -> str:
    if Sample.parse(value) is None:
        refuse("this is no sample", "a number of identities such as 500, or a share such as 5%")
    return value


SampleText = Annotated[str, BeforeValidator(_read_sample), AfterValidator(_check_sample), Kind("number or share")]
"""A number of identities, or a share of them in per cent."""


class DriftConfig(Section):
    """A regular comparison of both sides with what the hub knows, which finds what no event told of."""

    every: Annotated[Duration, AfterValidator(_not_too_often)] = Field(
        default=timedelta(hours=24), description="Time from the beginning of one check to the next.", examples=["24h"]
    )
    repair: bool = Field(
        default=False,
        description="Whether differences are repaired: what was read is kept, and the identities are reconciled like "
        "any others. Otherwise they are only counted, in the log and by `crosswalk reconcile`.",
    )
    sample: SampleText = Field(
        default="100%",
        description="How many of the identities that the hub knows are checked each time: a number or a share. With "
        "`100%`, users and records that it does not know are looked at too.",
        examples=["100%"],
    )
    grace: Annotated[Duration, AfterValidator(_at_most_a_day)] = Field(
        default=timedelta(minutes=5),
        description="What changed within this time before a check is left out: its event may be on its way.",
        examples=["5m"],
    )

    @property
    def drawn(self) -> Sample | None:
        """The sample; `None` where everybody is checked."""
        sample = Sample.parse(self.sample)
        return None if sample is None or sample.everybody else sample
