"""The admin API of conflicts: what waits for a person, and what the person decides."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import BaseModel, Field

from crosswalk.api.answers import Answer, PageAnswer, ProblemAnswer
from crosswalk.connectors.errors import ConnectorError
from crosswalk.domain.values import Side
from crosswalk.engine.choosing import NotDecidable, Wish
from crosswalk.engine.conflict_view import ConflictView
from crosswalk.engine.desk import Desk, UnknownConflict
from crosswalk.engine.noted import LONGEST_NAME
from crosswalk.store.overview import NEWEST
from crosswalk.store.problems import Problem

Number: TypeAlias = Annotated[int, Path(ge=1, lt=NEWEST, description="The number of the conflict.")]
By: TypeAlias = Annotated[
    str, Field(max_length=LONGEST_NAME, description="Who decides; the writes that follow are in this name.")
]


class Refused(BaseModel):
    """Why a decision was not taken."""

    detail: str


class DecisionOrder(BaseModel):
    """A decision: one of `record`, `create`, `leave` and `take`."""

    record: Annotated[str, Field(max_length=18, description="The record with this id is the user's.")] = ""
    create: Annotated[bool, Field(description="The user gets a new record.")] = False
    leave: Annotated[bool, Field(description="The user gets no record.")] = False
    object: Annotated[str, Field(max_length=80, description="The record's object, where it is not clear.")] = ""
    take: Annotated[
        Literal["auth0", "salesforce"] | None, Field(description="Whose value a field gets on both sides.")
    ] = None
    by: By = "admin API"


class SignedOrder(BaseModel):
    """Something that is done in somebody's name: a field released, a decision taken back."""

    by: By = "admin API"


class CandidateAnswer(Answer):
    """A record that may be the user's, as it was when the conflict was found."""

    object: str
    id: str
    fields: dict[str, Any]
    score: Annotated[float, Field(description="How alike it is to the user, from 0 to 1.")]
    linked_to: Annotated[str | None, Field(description="The user that it belongs to already.")]
    evidence: Annotated[list[dict[str, Any]], Field(description="The fields behind the score, the weightiest first.")]


class PastDecisionAnswer(Answer):
    """A decision about this user, and what became of it."""

    field: Annotated[str, Field(description="Empty where it is about the record.")]
    decision: dict[str, Any]
    decided_by: str
    decided_at: datetime
    ended_at: datetime | None
    ended_as: str | None


class ConflictAnswer(Answer):
    """A conflict with everything that helps to settle it."""

    conflict: ProblemAnswer
    settle_by: Annotated[str, Field(description="`match`, `field`, `release` or `elsewhere`.")]
    record_id: Annotated[str | None, Field(description="The record that is the user's already.")]
    candidates: Annotated[list[CandidateAnswer], Field(description="The most similar first.")]
    decisions: list[PastDecisionAnswer]

    @classmethod
    def of(cls, view: ConflictView) -> "ConflictAnswer":
        """Answer with a conflict's page."""
        return cls(
            conflict=ProblemAnswer.of(view.problem),
            settle_by=view.settlement.value,
            record_id=view.link.record.id if view.link else None,
            candidates=[CandidateAnswer.model_validate(msgspec.to_builtins(each)) for each in view.candidates],
            decisions=[PastDecisionAnswer.model_validate(msgspec.to_builtins(each)) for each in view.decided],
        )


class DecidedAnswer(Answer):
    """What was decided; a running hub carries it out at once."""

    conflict: int
    user_id: str
    by: str
    decision: dict[str, Any]


def add_conflicts(router: APIRouter, desk: Desk) -> None:
    """Add the routes of conflicts to the admin API."""
    _add_reads(router, desk)
    refusals: dict[int | str, dict[str, Any]] = {
        404: {"model": Refused, "description": "There is no such conflict."},
        409: {"model": Refused, "description": "It cannot be decided so."},
        400: {"model": Refused, "description": "The body is no JSON."},
        502: {"model": Refused, "description": "The org could not be asked about the record."},
    }

    @router.post("/conflicts/{number}/decision", summary="Decide a conflict", responses=refusals)
    async def decide(number: Number, order: DecisionOrder) -> DecidedAnswer:
        problem = await _find(desk, number)
        try:
            decision = await _decide(desk, problem, order)
        except NotDecidable as error:
            raise HTTPException(409, str(error)) from error
        except ConnectorError as error:
            raise HTTPException(502, f"the org could not be asked about the record: {error}") from error
        return DecidedAnswer(conflict=number, user_id=problem.user_id, by=order.by, decision=decision)

    @router.post("/conflicts/{number}/release", summary="Take a field out of quarantine", responses=refusals)
    async def release(number: Number, order: SignedOrder) -> DecidedAnswer:
        problem = await _find(desk, number)
        try:
            await desk.release(problem, order.by)
        except NotDecidable as error:
            raise HTTPException(409, str(error)) from error
        released = {"released": problem.field}
        return DecidedAnswer(conflict=number, user_id=problem.user_id, by=order.by, decision=released)

    @router.post("/conflicts/{number}/reopen", summary="Take a decision about the record back", responses=refusals)
    async def reopen(number: Number, order: SignedOrder) -> DecidedAnswer:
        problem = await _find(desk, number)
        try:
            await desk.reopen_everywhere(str(number), order.by)
        except NotDecidable as error:
            raise HTTPException(409, str(error)) from error
        return DecidedAnswer(conflict=number, user_id=problem.user_id, by=order.by, decision={"reopened": True})


def _add_reads(router: APIRouter, desk: Desk) -> None:
    @router.get("/conflicts", summary="Open conflicts and quarantined fields, youngest first")
    async def conflicts(
        limit: Annotated[int, Query(ge=1, le=500, description="The most items to return.")] = 50,
        after: Annotated[int | None, Query(ge=1, lt=NEWEST, description="`next` of the page before.")] = None,
    ) -> PageAnswer[ProblemAnswer]:
        found = await desk.open_conflicts(limit + 1, after or NEWEST)
        items = [ProblemAnswer.of(problem) for problem in found[:limit]]
        return PageAnswer(items=items, next=items[-1].id if len(found) > limit else None)

    @router.get(
        "/conflicts/{number}",
        summary="One conflict with its candidates and their evidence",
        responses={404: {"model": Refused, "description": "There is no such conflict."}},
    )
    async def conflict(number: Number) -> ConflictAnswer:
        return ConflictAnswer.of(await desk.view(await _find(desk, number)))


async def _find(desk: Desk, number: int) -> Problem:
    try:
        [problem] = await desk.find(str(number))
    except UnknownConflict as error:
        raise HTTPException(404, str(error)) from error
    return problem


async def _decide(desk: Desk, problem: Problem, order: DecisionOrder) -> dict[str, Any]:
    if order.take is not None:
        if order.record or order.create or order.leave:
            raise NotDecidable("`take` is about a field, and `record`, `create`, `leave` about a record: give one")
        taken: dict[str, Any] = msgspec.to_builtins(await desk.decide_field(problem, Side(order.take), order.by))
        return taken
    wish = Wish(order.record, order.create, order.leave, order.object)
    chosen: dict[str, Any] = msgspec.to_builtins(await desk.decide_match(problem, wish, order.by))
    return chosen
