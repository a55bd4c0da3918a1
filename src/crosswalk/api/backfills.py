"""The admin API of back-fills: how far they are, what their report says, and what a person orders."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import BaseModel, Field

from crosswalk.api.answers import Answer
from crosswalk.domain.backfill import Backfill, Direction, Outlook
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.ids import SyncName
from crosswalk.engine.backfill.orders import Backfills, NotPossible, UnknownBackfill
from crosswalk.engine.noted import LONGEST_NAME
from crosswalk.store.overview import NEWEST

Number: TypeAlias = Annotated[int, Path(ge=1, lt=NEWEST, description="The number of the back-fill.")]
By: TypeAlias = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, description="Who orders it.")]


class BackfillRefused(BaseModel):
    """Why a back-fill was not shown, or not done as ordered."""

    detail: str


class ProgressAnswer(Answer):
    """How far the stage is."""

    done: Annotated[int, Field(description="Users that are dealt with in this stage.")]
    total: int | None
    rate: Annotated[float | None, Field(description="Users a second, over the last minutes.")]
    left_s: Annotated[float | None, Field(description="Seconds left at this rate.")]


class TooMuchAnswer(Answer):
    """A kind of write of which there would be more than the threshold allows."""

    kind: str
    identities: int
    allowed: int


class ReportAnswer(Answer):
    """What would be done."""

    users: int
    records: int
    outlooks: Annotated[dict[str, int], Field(description="How many users would have what done.")]
    kinds: Annotated[dict[str, int], Field(description="The same by kind of write, as in the sync's thresholds.")]
    unclaimed: Annotated[dict[str, int], Field(description="How many records of each object belong to nobody.")]
    contested: Annotated[int, Field(description="Users who match a record that another one gets.")]
    too_much: list[TooMuchAnswer]


class BackfillAnswer(Answer):
    """One back-fill."""

    id: int
    sync: str
    direction: str
    stage: str
    paused: bool
    write: Annotated[bool, Field(description="Whether it was ordered to write.")]
    ordered_by: str
    approved_by: str | None
    started_at: datetime
    finished_at: datetime | None
    error: Annotated[str, Field(description="What keeps it from going on; empty where nothing does.")]
    progress: ProgressAnswer
    report: ReportAnswer | None
    outcomes: Annotated[dict[str, int], Field(description="What became of users once it ended.")]
    deals: Annotated[bool, Field(description="Whether deals that were won before are told to their flow.")]
    needs_approval: Annotated[bool, Field(description="Whether it writes only once somebody approved the report.")]


class BackfillsAnswer(Answer):
    """Back-fills, the newest first."""

    items: list[BackfillAnswer]


class FindingAnswer(Answer):
    """One user of the report."""

    user_id: str
    outlook: str
    situation: str
    rule: str
    object: str
    record_ids: Annotated[str, Field(description="The records that were found, with blanks between.")]
    words: str


class FindingsAnswer(Answer):
    """Users of the report, by user id."""

    items: list[FindingAnswer]


class BackfillOrder(BaseModel):
    """A back-fill to begin."""

    sync: Annotated[str, Field(max_length=200)]
    direction: Literal["users", "records", "both"] = "users"
    write: Annotated[bool, Field(description="Go on to write once it is matched, unless it needs approval.")] = False
    deals: Annotated[bool, Field(description="Also tell the flow closed_won of deals that were won before.")] = False
    by: By = "admin API"


class BackfillAction(BaseModel):
    """What is to be done with a back-fill."""

    action: Literal["pause", "resume", "write", "cancel"]
    approve: Annotated[
        bool, Field(description="With `write`: even where the report has more than the thresholds allow.")
    ] = False
    by: By = "admin API"


def add_backfills(router: APIRouter, desk: Backfills, definitions: Mapping[SyncName, SyncDefinition]) -> None:
    """Add the routes of back-fills to the admin API."""
    unknown: dict[int | str, dict[str, Any]] = {404: {"model": BackfillRefused, "description": "There is none."}}
    refused: dict[int | str, dict[str, Any]] = {
        **unknown,
        400: {"model": BackfillRefused, "description": "The body is no JSON."},
        409: {"model": BackfillRefused, "description": "It is not in a state in which that can be done."},
    }

    @router.get("/backfills", summary="Back-fills, newest first")
    async def list_backfills(
        limit: Annotated[int, Query(ge=1, le=500, description="The most items to return.")] = 50,
    ) -> BackfillsAnswer:
        return BackfillsAnswer(items=[_answer(found) for found in await desk.newest(limit)])

    @router.get("/backfills/{number}", summary="A back-fill, how far it is, and its report", responses=unknown)
    async def show(number: Number) -> BackfillAnswer:
        return _answer(await _found(desk, number))

    @router.get("/backfills/{number}/findings", summary="Whom the report names", responses=unknown)
    async def findings(
        number: Number,
        outlook: Annotated[Outlook, Query(description="What would be done about them.")] = Outlook.CONFLICT,
        limit: Annotated[int, Query(ge=1, le=500, description="The most items to return.")] = 50,
    ) -> FindingsAnswer:
        await _found(desk, number)
        found = await desk.findings(number, outlook, limit)
        return FindingsAnswer(items=[FindingAnswer.model_validate(each) for each in found])

    @router.post("/backfills", summary="Begin a back-fill", responses=refused)
    async def begin(order: BackfillOrder) -> BackfillAnswer:
        definition = definitions.get(SyncName(order.sync))
        if definition is None:
            raise HTTPException(404, f"there is no such sync; configured: {', '.join(definitions) or 'none'}")
        try:
            direction = Direction(order.direction)
            return _answer(await desk.order(definition, direction, order.by, write=order.write, deals=order.deals))
        except NotPossible as error:
            raise HTTPException(409, str(error)) from error

    @router.post("/backfills/{number}/action", summary="Pause, resume, write or cancel", responses=refused)
    async def act(number: Number, order: BackfillAction) -> BackfillAnswer:
        await _found(desk, number)
        try:
            match order.action:
                case "pause" | "resume":
                    return _answer(await desk.pause(number, paused=order.action == "pause"))
                case "write":
                    return _answer(await desk.write(number, order.by, approve=order.approve))
                case "cancel":
                    return _answer(await desk.cancel(number))
        except NotPossible as error:
            raise HTTPException(409, str(error)) from error


def _answer(found: Backfill) -> BackfillAnswer:
    return BackfillAnswer.model_validate(found)


async def _found(desk: Backfills, number: int) -> Backfill:
    try:
        return await desk.read(number)
    except UnknownBackfill as error:
        raise HTTPException(404, str(error)) from error
