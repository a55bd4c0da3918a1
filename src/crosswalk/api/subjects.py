"""The admin API of people: what is held about one, handed out or erased on request."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field

from crosswalk.api.answers import Answer
from crosswalk.connectors.errors import ConnectorError
from crosswalk.engine.erasing import CannotErase, Eraser, UnknownSubject
from crosswalk.engine.held_lanes import LanesBusy
from crosswalk.engine.noted import LONGEST_NAME

Who: TypeAlias = Annotated[
    str, Query(min_length=1, max_length=300, description="An Auth0 user id, or the id of a record.")
]
OfTenant: TypeAlias = Annotated[str | None, Query(description="The tenant, where several have a user of this id.")]


class SubjectRefused(BaseModel):
    """Why a person was not shown or erased."""

    detail: str


class DeedAnswer(Answer):
    """What is done with a record of the person."""

    sync: str
    object: str
    record_id: str
    record: Annotated[str, Field(description="`leave`, `anonymise` or `delete`.")]


class SubjectAnswer(BaseModel):
    """What is held about a person."""

    tenant: str
    users: list[str]
    records: list[str]
    rows: Annotated[dict[str, int], Field(description="Table → how many rows hold something.")]
    salesforce: Annotated[list[DeedAnswer], Field(description="What erasing does with the records.")]


class ReceiptAnswer(Answer):
    """That a person was erased."""

    id: int
    at: datetime
    by: str
    tenant: str
    subject: Annotated[str, Field(description="The pseudonym that stands in the place of the person's id.")]
    rows: Mapping[str, int]
    salesforce: Sequence[Mapping[str, str]]


class ReceiptsAnswer(Answer):
    """Receipts, the newest first."""

    items: list[ReceiptAnswer]


class ErasureOrder(BaseModel):
    """Whom to erase."""

    who: Annotated[str, Field(min_length=1, max_length=300, description="A user id, or the id of a record.")]
    tenant: Annotated[str | None, Field(description="The tenant, where several have a user of this id.")] = None
    by: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, description="Who orders it.")] = "admin API"


def add_subjects(router: APIRouter, eraser: Eraser) -> None:
    """Add the routes of people to the admin API."""
    unknown: dict[int | str, dict[str, Any]] = {
        404: {"model": SubjectRefused, "description": "Nothing is held, or another id has to be given."}
    }

    @router.get("/subjects", summary="What is held about a person, in figures", responses=unknown)
    async def look(who: Who, tenant: OfTenant = None) -> SubjectAnswer:
        try:
            found = await eraser.look(_storable(who), tenant)
        except UnknownSubject as error:
            raise HTTPException(404, str(error)) from error
        return SubjectAnswer(
            tenant=found.person.tenant,
            users=list(found.person.users),
            records=list(found.person.records),
            rows=dict(found.rows),
            salesforce=[DeedAnswer.model_validate(deed) for deed in eraser.deeds(found)],
        )

    @router.get("/subjects/export", summary="Everything that is held about a person", responses=unknown)
    async def export(who: Who, tenant: OfTenant = None) -> dict[str, Any]:
        try:
            return await eraser.export(_storable(who), tenant)
        except UnknownSubject as error:
            raise HTTPException(404, str(error)) from error

    @router.post(
        "/subjects/erasures",
        summary="Erase a person",
        responses={
            **unknown,
            400: {"model": SubjectRefused, "description": "The body is no JSON."},
            409: {"model": SubjectRefused, "description": "Not now: the message says why. Nothing was erased."},
        },
    )
    async def erase(order: ErasureOrder) -> ReceiptAnswer:
        try:
            receipt = await eraser.erase(_storable(order.who), _storable(order.by), order.tenant)
        except UnknownSubject as error:
            raise HTTPException(404, str(error)) from error
        except (CannotErase, LanesBusy, ConnectorError) as error:
            raise HTTPException(409, str(error)) from error
        return ReceiptAnswer.model_validate(receipt)

    @router.get("/subjects/erasures", summary="Who was erased when, by pseudonyms; newest first")
    async def receipts(
        limit: Annotated[int, Query(ge=1, le=500, description="The most items to return.")] = 50,
    ) -> ReceiptsAnswer:
        return ReceiptsAnswer(items=[ReceiptAnswer.model_validate(each) for each in await eraser.receipts(limit)])


def _storable(text: str) -> str:
    """The text without NUL, which no id has and PostgreSQL's texts cannot hold."""
    return text.replace("\0", "")
