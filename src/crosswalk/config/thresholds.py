"""Mass-change thresholds: how many writes of a kind are too many, before a person has looked."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from crosswalk.config.section import Section
from crosswalk.config.values import Duration, Kind, refuse
from crosswalk.domain.threshold import Threshold, Thresholds, WriteKind

_WRITTEN = re.compile(r"(\d{1,9})(?:\s+and\s+(\d{1,3}(?:\.\d+)?)\s*%)?")

_EXPECTED = "a number (100), a number and a share of the linked identities (100 and 10%), or off"


def _as_text(value: object) -> str:
    if value is False:
        return "off"
    if isinstance(value, bool) or not isinstance(value, int | str):
        refuse("this is not a threshold", _EXPECTED)
    return str(value).strip()


def _readable(value: str) -> str:
    found = _WRITTEN.fullmatch(value)
    if value != "off" and found is None:
        refuse("this is not a threshold", _EXPECTED)
    if found is not None and found[2] is not None and not 0 < float(found[2]) <= 100:
        refuse("this share is not between 0 and 100 per cent", _EXPECTED)
    return value


ThresholdText = Annotated[str, BeforeValidator(_as_text), AfterValidator(_readable), Kind("threshold")]


def _bounded(value: timedelta) -> timedelta:
    if not timedelta(minutes=1) <= value <= timedelta(hours=24):
        refuse("the window has to be something that a person would notice", "between 1m and 24h")
    return value


class ThresholdsConfig(Section):
    """How many identities may have a write of each kind within the window before the hub stops and asks a person.

    `100` stops what would be more than 100; `100 and 10%` stops what would be more than 100 and also more than 10 per
    cent of the linked identities; `off` never stops. What is stopped is on the console and in `crosswalk holds`.
    """

    window: Annotated[Duration, AfterValidator(_bounded)] = Field(
        default=timedelta(hours=1), description="Within which time writes count together, from 1m to 24h."
    )
    delete: ThresholdText = Field(default="100 and 10%", description="Records that go to the recycle bin.")
    deactivate: ThresholdText = Field(
        default="100 and 10%", description="Records that the flow `deactivation` marks inactive."
    )
    revoke: ThresholdText = Field(default="100 and 10%", description="Roles and memberships that are taken away.")
    clear: ThresholdText = Field(
        default="100 and 10%",
        description="Fields of a record or a user that have a value and become empty.",
        examples=["50 and 5%"],
    )
    invite: ThresholdText = Field(default="off", description="Invitations.")
    user_create: ThresholdText = Field(default="off", description="New Auth0 users.")
    grant: ThresholdText = Field(default="off", description="Roles and memberships that are given.")
    create: ThresholdText = Field(
        default="off",
        description="New records. Worth a number once the first import is through.",
        examples=["1000 and 5%"],
    )
    link: ThresholdText = Field(default="off", description="Records that were there before and are linked.")
    publish: ThresholdText = Field(default="off", description="Platform events.")
    user_update: ThresholdText = Field(default="off", description="Changed Auth0 users.")
    update: ThresholdText = Field(default="off", description="Changed records.", examples=["10000"])


def define_thresholds(written: ThresholdsConfig) -> Thresholds:
    """Translate the thresholds of a sync into the domain's words."""
    limits: dict[WriteKind, Threshold] = {}
    for kind in WriteKind:
        found = _WRITTEN.fullmatch(getattr(written, kind.value))
        if found is not None:
            limits[kind] = Threshold(int(found[1]), None if found[2] is None else float(found[2]))
    return Thresholds(written.window.total_seconds(), limits)
