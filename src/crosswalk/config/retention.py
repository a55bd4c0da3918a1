"""For how long the hub keeps what is over."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer

from crosswalk.config.section import Section
from crosswalk.config.values import Kind, read_duration, refuse, write_duration

FOREVER = "forever"

_EXPECTED = "1d or longer, such as 90d, or forever"


def _read(value: Any) -> timedelta | None:
    if value is None or value == FOREVER:
        return None
    kept = read_duration(value)
    if kept < timedelta(days=1):
        refuse("what arrived today is still needed", _EXPECTED)
    if kept > timedelta(days=36_500):
        refuse("nothing is kept for so long", _EXPECTED)
    return kept


def _write(value: timedelta | None) -> str:
    return FOREVER if value is None else write_duration(value)


KeptFor = Annotated[
    timedelta | None,
    BeforeValidator(_read),
    PlainSerializer(_write, return_type=str, when_used="json"),
    Kind("duration or `forever`"),
]
"""How long something is kept; `None` for ever."""


class RetentionConfig(Section):
    """For how long the hub keeps what is over. What waits, is held, open or linked is kept in any case."""

    events: KeptFor = Field(
        default=timedelta(days=90),
        description="Events, what came of them, and the ids by which a repeated one is known.",
        examples=["90d"],
    )
    audit: KeptFor = Field(
        default=timedelta(days=730),
        description="The audit trail: every field that was written, and what people did by hand.",
        examples=["730d"],
    )
    problems: KeptFor = Field(default=timedelta(days=90), description="Problems that were resolved.", examples=["90d"])
    history: KeptFor = Field(
        default=timedelta(days=365),
        description="Drift checks, and decisions, quarantines, holds and pauses that ended.",
        examples=["365d"],
    )
