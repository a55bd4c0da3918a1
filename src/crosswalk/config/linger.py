"""How long changes wait for others, so that calls to Salesforce go out full."""

from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, model_validator

from crosswalk.config.section import Section
from crosswalk.config.values import Duration, Kind, refuse


def _at_most_a_minute(value: timedelta) -> timedelta:
    if value > timedelta(minutes=1):
        refuse("this would hold changes back for too long", "1m or less")
    return value


_Wait = Annotated[Duration, AfterValidator(_at_most_a_minute)]
_read_wait = TypeAdapter(_Wait).validate_python


class LingerConfig(Section):
    """How long the first change of a batch waits for others. A duration alone is short for both keys with that value.

    A lone change waits for `min`. The wait grows with the traffic, and as the org's API calls become scarce, up to
    `max_delay`. Two hundred changes wait for nobody, since they fill a call; nor does anything urgent.
    """

    min: _Wait = Field(
        default=timedelta(milliseconds=150), description="The wait when little happens.", examples=["150ms"]
    )
    max_delay: _Wait = Field(
        default=timedelta(seconds=1), description="The longest wait, whatever it would save.", examples=["1s"]
    )

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.min > self.max_delay:
            refuse("`min` is longer than `max_delay`", "a `min` that is at most `max_delay`")
        return self


def _duration_alone_is_enough(written: Any) -> Any:
    if isinstance(written, dict | LingerConfig):
        return written
    wait = _read_wait(written)
    return LingerConfig(min=wait, max_delay=wait)


Linger = Annotated[LingerConfig, BeforeValidator(_duration_alone_is_enough), Kind("duration or section")]
