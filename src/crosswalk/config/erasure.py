"""What is done in Salesforce about a person who is erased from the hub."""

from typing import Annotated

from pydantic import Field

from crosswalk.config.section import Section
from crosswalk.config.values import ApiName, Kind
from crosswalk.domain.erasure import RecordErasure

Constant = Annotated[str | int | float | bool | None, Kind("value")]
"""A value that a record's field can hold."""


class ErasureConfig(Section):
    """What becomes of the record of a person who is erased. Auth0 is asked by whoever erases, not by the hub."""

    record: RecordErasure = Field(
        default=RecordErasure.LEAVE,
        description="`leave` the record as it is; `anonymise` it: mapped fields and the user's id are cleared; or "
        "`delete` it, to the recycle bin.",
    )
    values: dict[ApiName, Constant] = Field(
        default={},
        description="With `anonymise`: what fields get instead of nothing. `LastName`, `Company` and `Name` get "
        "`Erased` unless this says otherwise.",
        examples=[{"LastName": "Erased"}],
    )
    keep: tuple[ApiName, ...] = Field(
        default=(), description="With `anonymise`: mapped fields that stay.", examples=[["Tier__c"]]
    )
