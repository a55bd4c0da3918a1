"""The admin API: what the console shows, for machines. Every request carries the admin token as a bearer token."""

import math
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeAlias, TypeVar

import msgspec
import psycopg
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from psycopg_pool import PoolTimeout
from pydantic import BaseModel, JsonValue

from crosswalk.api.answers import (
    EventAnswer,
    FoundIdentityAnswer,
    IdentityAnswer,
    OverviewAnswer,
    PageAnswer,
    ProblemAnswer,
    SyncAnswer,
    WriteAnswer,
)
from crosswalk.api.backfills import add_backfills
from crosswalk.api.budgets import add_budgets
from crosswalk.api.conflicts import add_conflicts
from crosswalk.api.console_data import ConsoleData
from crosswalk.api.deadletters import add_deadletters
from crosswalk.api.holds import add_holds
from crosswalk.api.links import add_links
from crosswalk.api.pauses import add_pauses
from crosswalk.api.security import AdminAccess
from crosswalk.api.subjects import add_subjects
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.engine.backfill.orders import Backfills
from crosswalk.engine.dead_letters import DeadLetters
from crosswalk.engine.desk import Desk
from crosswalk.engine.erasing import Eraser
from crosswalk.engine.forgetting_links import LinkForgetter
from crosswalk.engine.holding import Holds
from crosswalk.engine.resuming import Resumer
from crosswalk.store.errors import DatabaseUnavailable
from crosswalk.store.overview import NEWEST

T = TypeVar("T")

MOST_PER_PAGE = 500

Limit: TypeAlias = Annotated[int, Query(ge=1, le=MOST_PER_PAGE, description="The most items to return.")]
After: TypeAlias = Annotated[
    int | None, Query(ge=1, lt=NEWEST, description="`next` of the page before; leave it out for the first page.")
]
Offset: TypeAlias = Annotated[
    int, Query(ge=0, le=1_000_000, description="`next` of the page before; leave it out for the first page.")
]
SearchText: TypeAlias = Annotated[
    str, Query(max_length=300, description="A user id, part of an e-mail address, or a record id; empty for all.")
]


class Refusal(BaseModel):
    """Why a request was not answered."""

    detail: str


class UncachedRoute(APIRoute):
    """Answers that nothing on the way may keep; a database that is away is 503, and so worth trying again."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]  # is a coroutine
        """Wrap the handler that FastAPI makes."""
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                response = await answer(request)
            except (PoolTimeout, psycopg.OperationalError, DatabaseUnavailable) as error:
                reason = str(error) if isinstance(error, DatabaseUnavailable) else "the database does not answer"
                raise HTTPException(503, reason, headers={"Retry-After": "5"}) from error
            response.headers["Cache-Control"] = "no-store"
            response.headers["X-Content-Type-Options"] = "nosniff"
            return response

        return handle


def admin_router(data: ConsoleData, access: AdminAccess, desk: Desk, eraser: Eraser | None = None) -> APIRouter:
    """Return the routes under `/api/v1`.

    Parameters
    ----------
    data
        What there is to see.
    access
        Who may see it.
    desk
        Where conflicts are settled.
    eraser
        Where people are erased; without it, nobody can be.
    """
    router = APIRouter(
        prefix="/api/v1",
        tags=["admin"],
        route_class=UncachedRoute,
        dependencies=[Depends(_bearer_check(access))],
        responses={
            401: {"model": Refusal, "description": "The admin token is missing or wrong."},
            429: {"model": Refusal, "description": "Too many wrong tokens came from this address."},
            503: {"model": Refusal, "description": "The database does not answer, or not in time."},
        },
    )
    _add_lists(router, data)
    _add_identities(router, data)
    add_budgets(router, data.database, data.terms)
    add_conflicts(router, desk)
    add_deadletters(router, DeadLetters(data.database, data.definitions, desk.wake))
    add_holds(router, Holds(data.database))
    add_links(router, LinkForgetter(data.database, data.definitions, desk.wake))
    if eraser is not None:
        add_subjects(router, eraser)
    add_pauses(router, Resumer(data.database))
    add_backfills(router, Backfills(data.database), data.definitions)
    return router


def _add_lists(router: APIRouter, data: ConsoleData) -> None:
    @router.get("/overview", summary="Every sync: state, backlog, lag, problems, API usage")
    async def overview() -> OverviewAnswer:
        seen = await data.overview(limit=1)
        return OverviewAnswer(syncs=[SyncAnswer.of(sync) for sync in seen.syncs])

    @router.get("/events", summary="Events from Auth0, newest first")
    async def events(limit: Limit = 50, after: After = None) -> PageAnswer[EventAnswer]:
        found = await data.events(limit + 1, after or NEWEST)
        return _page([EventAnswer.of(event) for event in found], limit, lambda event: event.seq)

    @router.get("/writes", summary="Record writes to Salesforce, newest first")
    async def writes(limit: Limit = 50, after: After = None) -> PageAnswer[WriteAnswer]:
        found = await data.writes(limit + 1, after or NEWEST)
        return _page([WriteAnswer.of(write) for write in found], limit, lambda write: write.id)

    @router.get("/problems", summary="Open problems, youngest first")
    async def problems(limit: Limit = 50, after: After = None) -> PageAnswer[ProblemAnswer]:
        found = await data.problems(limit + 1, after or NEWEST)
        return _page([ProblemAnswer.of(problem) for problem in found], limit, lambda problem: problem.id)


def _add_identities(router: APIRouter, data: ConsoleData) -> None:
    @router.get("/identities", summary="Find identities, most recently changed first")
    async def identities(q: SearchText = "", limit: Limit = 50, after: Offset = 0) -> PageAnswer[FoundIdentityAnswer]:
        found = await data.find(q, limit + 1, after)
        items = [FoundIdentityAnswer.of(identity) for identity in found[:limit]]
        return PageAnswer(items=items, next=after + limit if len(found) > limit else None)

    @router.get(
        "/identities/{sync}/{user_id:path}",
        summary="One identity, its record, and what happened to them",
        responses={404: {"model": Refusal, "description": "The sync or the identity is not known."}},
    )
    async def identity(
        sync: Annotated[str, Path(description="The sync’s configured name.")],
        user_id: Annotated[str, Path(description="Auth0’s user id, percent-encoded: `auth0%7C65f1c0ffee`.")],
    ) -> IdentityAnswer:
        if sync not in data.definitions:
            raise HTTPException(404, f"no sync is called {sync!r}: one of {', '.join(data.definitions) or 'none'}")
        view = await data.identity(SyncName(sync), UserId(user_id))
        if view is None:
            raise HTTPException(404, f"nothing is known of {user_id!r} in {sync}: find it with /api/v1/identities?q=")
        return IdentityAnswer.of(view, _json(view.identity.profile) if view.identity else None)


def _bearer_check(access: AdminAccess) -> Callable[..., Awaitable[None]]:
    bearer = HTTPBearer(auto_error=False, description="The admin token.")

    async def check(
        request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)] = None
    ) -> None:
        address = request.client.host if request.client else ""
        wait_s = math.ceil(access.throttle.wait_s(address))
        if wait_s:
            raise HTTPException(
                429, f"too many wrong tokens: try again in {wait_s} seconds", {"Retry-After": str(wait_s)}
            )
        if given is None or not access.is_admin_token(given.credentials):
            if given is not None:
                access.throttle.count_wrong(address)
            raise HTTPException(
                401, "send the admin token as `Authorization: Bearer …`", {"WWW-Authenticate": "Bearer"}
            )

    return check


def _page(items: list[T], limit: int, number: Callable[[T], int]) -> PageAnswer[T]:
    """Cut a list that was asked one item longer than the page, so that the last page knows that it is the last."""
    shown = items[:limit]
    return PageAnswer(items=shown, next=number(shown[-1]) if len(items) > limit else None)


def _json(text: bytes) -> JsonValue:
    decoded: JsonValue = msgspec.json.decode(text)
    return decoded
