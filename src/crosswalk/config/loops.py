"""Loops: when a field counts as one that somebody else keeps writing back, and for how long it is left alone."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from crosswalk.config.section import Section
from crosswalk.config.values import Duration, refuse


def _between_a_second_and_a_month(value: timedelta) -> timedelta:
    if not timedelta(seconds=1) <= value <= timedelta(days=30):
        refuse("a field is not left alone for so long, or so short", "between 1s and 720h")
    return value


class LoopsConfig(Section):
    """What is done about a field that somebody else writes back whenever the hub has written it."""

    writes_per_hour: int = Field(
        default=6,
        ge=2,
        le=1000,
        description="How often an hour one field of one identity may be written back, or from one side to the other "
        "and back. At the next time it is left alone instead (`FIELD_QUARANTINED`).",
    )
    release_after: Annotated[Duration, AfterValidator(_between_a_second_and_a_month)] = Field(
        default=timedelta(hours=24),
        description="After how long the hub tries again by itself. Somebody may release a field before, by the console "
        "or `crosswalk conflicts release`.",
        examples=["24h"],
    )
