"""The admin API of mass changes that were stopped: what waits, what would have been written, what a person decides."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from crosswalk.api.answers import Answer
from crosswalk.engine.holding import LONGEST_UNASKED_S, Holds, NotDecidable, UnknownHold
from crosswalk.engine.noted import LONGEST_NAME
from crosswalk.store.holds import Decision, Hold
from crosswalk.store.overview import NEWEST

Number: TypeAlias = Annotated[int, Path(ge=1, lt=NEWEST, description="The number of the hold.")]


class HoldRefused(BaseModel):
    """Why a hold was not shown or decided."""

    detail: str


class HoldAnswer(Answer):
    """One kind of write of one sync that was stopped."""

    id: int
    sync: str
    kind: Annotated[str, Field(description="The kind of write, as in the sync's thresholds.")]
    opened_at: datetime
    allowed: Annotated[int, Field(description="How many identities may have such a write within the window.")]
    would_be: Annotated[int, Field(description="How many it would have been when it was stopped.")]
    window_s: float
    identities: Annotated[int, Field(description="How many wait; once it is decided, how many waited then.")]
    decided_at: datetime | None
    decision: str | None
    decided_by: str | None
    open_until: Annotated[datetime | None, Field(description="Until when further writes of the kind go on unasked.")]


class HoldSummaryAnswer(Answer):
    """A hold with what its plans come to."""

    hold: HoldAnswer
    summary: Annotated[dict[str, Any], Field(description="As `crosswalk plan --summary --json` prints it.")]


class HoldsAnswer(Answer):
    """Holds, the newest first."""

    items: list[HoldAnswer]


class HoldDecisionOrder(BaseModel):
    """What is to become of a hold."""

    decision: Literal["approved", "discarded", "replanned"]
    by: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, description="Who decides.")] = "admin API"
    unasked_for_s: Annotated[
        float | None,
        Field(gt=0, le=LONGEST_UNASKED_S, description="With `approved`: let the kind go on unasked for so long."),
    ] = None


def add_holds(router: APIRouter, holds: Holds) -> None:
    """Add the routes of holds to the admin API."""
    unknown: dict[int | str, dict[str, Any]] = {404: {"model": HoldRefused, "description": "There is no such hold."}}

    @router.get("/holds", summary="Mass changes that were stopped, newest first")
    async def list_holds(
        decided: Annotated[bool, Query(description="Those that were decided, too.")] = False,
        limit: Annotated[int, Query(ge=1, le=500, description="The most items to return.")] = 50,
    ) -> HoldsAnswer:
        found = await holds.newest(limit) if decided else (await holds.waiting())[:limit]
        return HoldsAnswer(items=[HoldAnswer.model_validate(hold) for hold in found])

    @router.get("/holds/{number}", summary="A hold, and what its plans come to", responses=unknown)
    async def show(number: Number) -> HoldSummaryAnswer:
        hold = await _found(holds, number)
        summary = msgspec.to_builtins(await holds.summary(number))
        return HoldSummaryAnswer(hold=HoldAnswer.model_validate(hold), summary=summary)

    @router.get(
        "/holds/{number}/plans",
        summary="Every plan of a hold, a JSON object a line",
        responses={**unknown, 200: {"content": {"application/x-ndjson": {}}}},
        response_class=StreamingResponse,
    )
    async def plans(number: Number) -> StreamingResponse:
        await _found(holds, number)

        async def lines() -> AsyncIterator[bytes]:
            async for plan in holds.plans(number):
                yield msgspec.json.encode(plan) + b"\n"

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    @router.post(
        "/holds/{number}/decision",
        summary="Decide a hold",
        responses={
            **unknown,
            400: {"model": HoldRefused, "description": "The body is no JSON."},
            409: {"model": HoldRefused, "description": "It was decided already."},
        },
    )
    async def decide(number: Number, order: HoldDecisionOrder) -> HoldAnswer:
        await _found(holds, number)
        unasked_for_s = order.unasked_for_s if order.decision == "approved" else None
        try:
            done = await holds.decide(number, Decision(order.decision), order.by, unasked_for_s)
        except NotDecidable as error:
            raise HTTPException(409, str(error)) from error
        return HoldAnswer.model_validate(done)


async def _found(holds: Holds, number: int) -> Hold:
    try:
        return await holds.read(number)
    except UnknownHold as error:
        raise HTTPException(404, str(error)) from error
