"""Dead letters: how long they are kept when nobody replays or discards them."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from crosswalk.config.section import Section
from crosswalk.config.values import Duration, refuse


def _an_hour_or_longer(value: timedelta) -> timedelta:
    if value < timedelta(hours=1):
        refuse("nobody could look at a letter before", "1h or longer")
    return value


class DeadLettersConfig(Section):
    """What becomes of dead letters that nobody replays or discards."""

    expire_after: Annotated[Duration, AfterValidator(_an_hour_or_longer)] | None = Field(
        default=None,
        description="A dead letter that was not seen again for so long ends as expired; what it is about stays as it "
        "is. Absent: they wait for ever.",
        examples=["2160h"],
    )
