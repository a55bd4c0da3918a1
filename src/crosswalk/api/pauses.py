"""The admin API of pauses: what stands still until somebody puts something right, and letting it go on."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path
from pydantic import BaseModel, Field

from crosswalk.api.answers import Answer
from crosswalk.domain.pause import Pause
from crosswalk.engine.noted import LONGEST_NAME
from crosswalk.engine.resuming import Resumer, UnknownPause, fix_of
from crosswalk.store.overview import NEWEST


class PauseRefused(BaseModel):
    """Why nothing was resumed."""

    detail: str


class PauseAnswer(Answer):
    """Something that stands still."""

    id: int
    kind: Annotated[str, Field(description="`tenant`, `org`, `sync` or `flow`.")]
    name: Annotated[str, Field(description="Its configured name; of a flow, `SYNC/FLOW`.")]
    code: str
    object: Annotated[str, Field(description="The object whose records cannot be written; empty where it is none.")]
    message: Annotated[str, Field(description="The vendor's words.")]
    fix: Annotated[str, Field(description="What to put right.")]
    since: datetime
    probe_at: Annotated[datetime, Field(description="When the hub looks next whether it is over.")]
    probes: Annotated[int, Field(description="How often it looked.")]

    @classmethod
    def of(cls, pause: Pause) -> "PauseAnswer":
        """Answer with a pause."""
        columns = {name: getattr(pause, name) for name in cls.model_fields if name != "fix"}
        return cls.model_validate({**columns, "fix": fix_of(pause)})


class PausesAnswer(Answer):
    """Everything that stands still, the oldest first."""

    items: list[PauseAnswer]


class ResumeOrder(BaseModel):
    """Who lets it go on."""

    by: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, description="Who does it; it is noted.")] = (
        "admin API"
    )


def add_pauses(router: APIRouter, resumer: Resumer) -> None:
    """Add the routes of pauses to the admin API."""
    refusals: dict[int | str, dict[str, Any]] = {
        400: {"model": PauseRefused, "description": "The body is no JSON."},
        404: {"model": PauseRefused, "description": "There is no such pause, or it is over."},
    }

    @router.get("/pauses", summary="What stands still until something is put right")
    async def list_pauses() -> PausesAnswer:
        return PausesAnswer(items=[PauseAnswer.of(pause) for pause in await resumer.standing()])

    @router.post("/pauses/{number}/resume", summary="Let it go on", responses=refusals)
    async def resume(
        number: Annotated[int, Path(ge=1, lt=NEWEST, description="The number of the pause.")], order: ResumeOrder
    ) -> PauseAnswer:
        try:
            return PauseAnswer.of(await resumer.resume_number(number, order.by))
        except UnknownPause as error:
            raise HTTPException(404, str(error)) from error
