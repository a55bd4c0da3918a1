"""The admin API of dead letters: by cause, masked or with values, replayed or discarded."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import BaseModel, Field

from crosswalk.api.answers import Answer, PageAnswer
from crosswalk.engine.dead_letters import (
    LONGEST_REASON,
    DeadLetters,
    Letter,
    LetterGroup,
    NotPossible,
    UnknownDeadLetter,
)
from crosswalk.engine.noted import LONGEST_NAME
from crosswalk.store.dead_letters import Selection
from crosswalk.store.overview import NEWEST

Number: TypeAlias = Annotated[int, Path(ge=1, lt=NEWEST, description="The number of the dead letter.")]
By: TypeAlias = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, description="Who does it; it is noted.")]
OfSync: TypeAlias = Annotated[str, Query(max_length=200, description="Only those of this sync.")]


class LetterRefused(BaseModel):
    """Why nothing was shown or done."""

    detail: str


class ValuesOrder(BaseModel):
    """Who wants to see a person's values."""

    by: By = "admin API"


class ReplayOrder(BaseModel):
    """Which dead letters are meant: one of `name` and `all`."""

    name: Annotated[
        str, Field(max_length=300, description="The number of a letter, the name of a cause, or a user id.")
    ] = ""
    all: Annotated[bool, Field(description="Every open one, or every one of the sync.")] = False
    sync: Annotated[str, Field(max_length=200, description="Only those of this sync.")] = ""
    by: By = "admin API"


class DiscardOrder(ReplayOrder):
    """Which dead letters are given up, and why."""

    reason: Annotated[str, Field(min_length=1, max_length=LONGEST_REASON, description="Why; it is noted.")]


class LetterAnswer(Answer):
    """One dead letter."""

    id: int
    sync: str
    user_id: str
    cause: Annotated[str, Field(description="The name that all have which failed for the same reason.")]
    code: str
    object: str
    message: Annotated[str, Field(description="The vendor's words; while `masked`, without a person's values.")]
    payload: Annotated[dict[str, str], Field(description="What was to be written, field by field.")]
    masked: bool
    fix: Annotated[str, Field(description="What to do about it.")]
    detail: Annotated[dict[str, Any], Field(description="What was to be done, and to what.")]
    attempts: int
    first_seen: datetime
    last_seen: datetime
    resolved_at: datetime | None
    resolution: Annotated[str | None, Field(description="`discarded` or `expired`; null where it went by itself.")]

    @classmethod
    def of(cls, letter: Letter) -> "LetterAnswer":
        """Answer with a letter."""
        problem = letter.problem
        columns = {name: getattr(problem, name) for name in cls.model_fields if hasattr(problem, name)}
        detail = _without_values(problem.detail or {})
        more = {"payload": dict(letter.payload), "message": letter.message, "masked": letter.masked, "fix": letter.fix}
        return cls.model_validate({**columns, **more, "detail": detail})


class CauseAnswer(Answer):
    """The open dead letters of one cause in one sync."""

    sync: str
    cause: str
    letters: int
    first_seen: datetime
    last_seen: datetime
    example: LetterAnswer

    @classmethod
    def of(cls, each: LetterGroup) -> "CauseAnswer":
        """Answer with a cause."""
        group = each.group
        return cls(
            sync=group.sync,
            cause=group.cause,
            letters=group.letters,
            first_seen=group.first_seen,
            last_seen=group.last_seen,
            example=LetterAnswer.of(each.example),
        )


class CausesAnswer(Answer):
    """Causes, the most frequent first."""

    items: list[CauseAnswer]


class NumberAnswer(Answer):
    """How many dead letters, or subjects of them, it concerned."""

    number: int


def add_deadletters(router: APIRouter, letters: DeadLetters) -> None:
    """Add the routes of dead letters to the admin API."""
    _add_reads(router, letters)
    refusals: dict[int | str, dict[str, Any]] = {
        400: {"model": LetterRefused, "description": "The body is no JSON."},
        404: {"model": LetterRefused, "description": "There is no such dead letter, cause or sync."},
        409: {"model": LetterRefused, "description": "That cannot be done."},
    }

    @router.post("/deadletters/{number}/values", summary="A dead letter with its values, noted", responses=refusals)
    async def values(number: Number, order: ValuesOrder) -> LetterAnswer:
        try:
            return LetterAnswer.of(await letters.reveal(number, order.by))
        except (UnknownDeadLetter, NotPossible) as error:
            raise _refusal(error) from error

    @router.post("/deadletters/replay", summary="Try dead letters again", responses=refusals)
    async def replay(order: ReplayOrder) -> NumberAnswer:
        try:
            return NumberAnswer(number=await letters.replay(await _meant(letters, order), order.by))
        except (UnknownDeadLetter, NotPossible) as error:
            raise _refusal(error) from error

    @router.post("/deadletters/discard", summary="Give dead letters up, with a reason", responses=refusals)
    async def discard(order: DiscardOrder) -> NumberAnswer:
        try:
            return NumberAnswer(number=await letters.discard(await _meant(letters, order), order.by, order.reason))
        except (UnknownDeadLetter, NotPossible) as error:
            raise _refusal(error) from error


def _add_reads(router: APIRouter, letters: DeadLetters) -> None:
    unknown: dict[int | str, dict[str, Any]] = {404: {"model": LetterRefused, "description": "There is no such thing."}}

    @router.get("/deadletters/causes", summary="Open dead letters by cause, most frequent first", responses=unknown)
    async def causes(sync: OfSync = "") -> CausesAnswer:
        try:
            found = await letters.groups(letters.all(sync))
        except UnknownDeadLetter as error:
            raise _refusal(error) from error
        return CausesAnswer(items=[CauseAnswer.of(each) for each in found])

    @router.get("/deadletters", summary="Open dead letters, masked, oldest first", responses=unknown)
    async def list_letters(
        cause: Annotated[str, Query(max_length=300, description="Only those of this cause.")] = "",
        sync: OfSync = "",
        limit: Annotated[int, Query(ge=1, le=500, description="The most items to return.")] = 50,
        after: Annotated[int, Query(ge=0, lt=NEWEST, description="`next` of the page before.")] = 0,
    ) -> PageAnswer[LetterAnswer]:
        try:
            selection = letters.all(sync)
        except UnknownDeadLetter as error:
            raise _refusal(error) from error
        meant = Selection(selection.syncs, cause=cause.replace("\0", ""))
        found = await letters.letters(meant, limit + 1, after)
        items = [LetterAnswer.of(each) for each in found[:limit]]
        return PageAnswer(items=items, next=items[-1].id if len(found) > limit else None)

    @router.get("/deadletters/{number}", summary="One dead letter, masked", responses=unknown)
    async def letter(number: Number) -> LetterAnswer:
        try:
            return LetterAnswer.of(await letters.letter(number))
        except UnknownDeadLetter as error:
            raise _refusal(error) from error


async def _meant(letters: DeadLetters, order: ReplayOrder) -> Selection:
    name = order.name.replace("\0", "")
    if bool(name) is order.all:
        raise NotPossible("give either `name` or `all`")
    return letters.all(order.sync) if order.all else await letters.find(name, order.sync)


def _without_values(detail: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in detail.items() if key != "fields"}


def _refusal(error: UnknownDeadLetter | NotPossible) -> HTTPException:
    return HTTPException(404 if isinstance(error, UnknownDeadLetter) else 409, str(error))
