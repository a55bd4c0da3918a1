"""The pages of conflicts: what waits for a person, both sides next to each other, and the buttons to decide."""

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from crosswalk.api.console_data import ConsoleData
from crosswalk.api.security import SESSION_S, Session
from crosswalk.connectors.errors import ConnectorError
from crosswalk.console.asked import form_field, nothing_there, who
from crosswalk.console.profile import Summary, summary_of
from crosswalk.console.rendering import Renderer
from crosswalk.domain.candidate import FieldEvidence
from crosswalk.domain.definition import FieldMap, Target
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.values import FieldValue, Side
from crosswalk.engine.choosing import NotDecidable, Wish
from crosswalk.engine.conflict_view import ShownCandidate
from crosswalk.engine.desk import Desk, UnknownConflict
from crosswalk.engine.noted import LONGEST_NAME
from crosswalk.store.overview import NEWEST
from crosswalk.store.problems import Problem

PER_PAGE = 50
MOST_SIDE_BY_SIDE = 6
"""Candidates that are shown next to one another; the others are less alike still, and are only counted."""

NAME_COOKIE = "crosswalk_name"
"""Remembers who decided last in this browser."""


class ConflictPages:
    """The list of conflicts, one conflict, and what its forms do."""

    def __init__(self, data: ConsoleData, desk: Desk, renderer: Renderer) -> None:
        self._data = data
        self._desk = desk
        self._renderer = renderer

    async def list(self, request: Request, session: Session) -> Response:
        """The open conflicts, youngest first."""
        start = request.query_params.get("after", "")
        before = int(start) if start.isascii() and start.isdecimal() and len(start) < 19 else NEWEST
        found = await self._desk.open_conflicts(PER_PAGE + 1, before)
        people = await self._desk.people(found)
        shown = found[:PER_PAGE]
        return self._renderer.page(
            request,
            "conflicts.html",
            session,
            found=[(problem, _summary(people.get(UserId(problem.user_id)), problem.user_id)) for problem in shown],
            older=shown[-1].id if len(found) > PER_PAGE else None,
            first=before == NEWEST,
        )

    async def show(self, request: Request, session: Session) -> Response:
        """One conflict."""
        return await self._page(request, session, await self._problem(request))

    async def fragment(self, request: Request, session: Session) -> Response:
        """The part of a conflict's page that changes by itself: whether it is settled."""
        view = await self._desk.view(await self._problem(request))
        return self._renderer.page(request, "_conflict_state.html", session, view=view)

    async def decide(self, request: Request, session: Session) -> Response:
        """Decide by the button that was pressed."""
        problem = await self._problem(request)
        by = await who(request)
        try:
            take = await form_field(request, "take")
            if take:
                await self._desk.decide_field(problem, _side(take), by)
            else:
                await self._desk.decide_match(problem, await _wish(request), by)
        except NotDecidable as error:
            return await self._page(request, session, problem, refusal=str(error), status=409)
        except ConnectorError as error:
            refusal = f"The org could not be asked about the record: {error}"
            return await self._page(request, session, problem, refusal=refusal, status=502)
        return _back(request, problem, by)

    async def release(self, request: Request, session: Session) -> Response:
        """Take a field out of quarantine."""
        problem = await self._problem(request)
        by = await who(request)
        try:
            await self._desk.release(problem, by)
        except NotDecidable as error:
            return await self._page(request, session, problem, refusal=str(error), status=409)
        return _back(request, problem, by)

    async def reopen(self, request: Request, session: Session) -> Response:
        """Take back which record was decided to be the user's."""
        problem = await self._problem(request)
        by = await who(request)
        try:
            await self._desk.reopen_everywhere(str(problem.id), by)
        except NotDecidable as error:
            return await self._page(request, session, problem, refusal=str(error), status=409)
        return _back(request, problem, by)

    async def _problem(self, request: Request) -> Problem:
        try:
            [problem] = await self._desk.find(request.path_params["number"])
        except UnknownConflict as error:
            raise nothing_there(error) from error
        except ValueError as error:
            raise HTTPException(404) from error
        return problem

    async def _page(
        self, request: Request, session: Session, problem: Problem, *, refusal: str = "", status: int = 200
    ) -> Response:
        view = await self._desk.view(problem)
        definition = self._data.definitions[SyncName(problem.sync)]
        return self._renderer.page(
            request,
            "conflict.html",
            session,
            status,
            view=view,
            refusal=refusal,
            name=request.cookies.get(NAME_COOKIE, ""),
            longest_name=LONGEST_NAME,
            person=_summary(view.identity, problem.user_id),
            others={each.user_id: _summary(each, each.user_id) for each in view.others},
            candidates=view.candidates[:MOST_SIDE_BY_SIDE],
            compared=_compared(view.compared, view.candidates[:MOST_SIDE_BY_SIDE]),
            definition=definition,
            mapping=_mapping(definition.targets, problem),
            record_url=lambda record_id: self._data.record_url(definition.org, record_id),
        )


def _compared(
    fields: Sequence[str], candidates: Sequence[ShownCandidate]
) -> list[tuple[str, FieldValue, tuple[FieldEvidence | None, ...]]]:
    """A row for each field: its name, the user's value, and how each candidate compares."""
    rows: list[tuple[str, FieldValue, tuple[FieldEvidence | None, ...]]] = []
    for field in fields:
        theirs = tuple(next((each for each in one.evidence if each.field == field), None) for one in candidates)
        ours = next((each.identity_value for each in theirs if each is not None), None)
        rows.append((field, ours, theirs))
    return rows


def _mapping(targets: Sequence[Target], problem: Problem) -> FieldMap | None:
    """The mapping of the field that a conflict is about."""
    fields = (field for target in targets if target.object == problem.object for field in target.fields)
    return next((field for field in fields if field.field == problem.field), None)


async def _wish(request: Request) -> Wish:
    """What the pressed button asks for."""
    if await form_field(request, "use_other"):
        return Wish(record=(await form_field(request, "other_record")).strip() or "-")
    created = await form_field(request, "create")
    return Wish(
        record=await form_field(request, "record"),
        create=bool(created),
        leave=bool(await form_field(request, "leave")),
        object=created,
    )


def _side(text: str) -> Side:
    try:
        return Side(text)
    except ValueError as error:
        raise NotDecidable(f"{text!r} is no side: auth0 or salesforce") from error


def _back(request: Request, problem: Problem, by: str) -> Response:
    """To the conflict's page, which shows how it is carried out."""
    response = RedirectResponse(f"/console/conflicts/{problem.id}", 303)
    if by.isascii() and by.isprintable() and by != "console":
        response.set_cookie(
            NAME_COOKIE,
            by,
            max_age=SESSION_S,
            path="/console",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
    return response


def _summary(identity: Identity | None, user_id: str) -> Summary:
    return summary_of(b"" if identity is None else identity.profile, UserId(user_id))
