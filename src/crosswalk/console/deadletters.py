"""The pages of dead letters: their causes with what to do, the letters of one cause, one letter, and the buttons."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from crosswalk.api.security import Session
from crosswalk.console.asked import form_field, nothing_there, number_in_path, who
from crosswalk.console.rendering import Renderer
from crosswalk.engine.dead_letters import (
    LONGEST_REASON,
    DeadLetters,
    Letter,
    NotPossible,
    UnknownDeadLetter,
)
from crosswalk.engine.noted import LONGEST_NAME
from crosswalk.store.dead_letters import Selection

PER_PAGE = 50


class DeadLetterPages:
    """The list of causes, one cause, one letter, and what their forms do."""

    def __init__(self, letters: DeadLetters, renderer: Renderer) -> None:
        self._letters = letters
        self._renderer = renderer

    async def list(self, request: Request, session: Session) -> Response:
        """The causes of all open letters, the most frequent first."""
        return await self._causes(request, session)

    async def fragment(self, request: Request, session: Session) -> Response:
        """The part of the list that changes by itself."""
        groups = await self._letters.groups(self._letters.all())
        return self._renderer.page(request, "_deadletters.html", session, groups=groups)

    async def cause(self, request: Request, session: Session) -> Response:
        """The letters of one cause, in the order in which they happened."""
        start = request.query_params.get("after", "")
        after = int(start) if start.isascii() and start.isdecimal() and len(start) < 19 else 0
        selection = self._selection(request)
        groups = await self._letters.groups(selection)
        found = await self._letters.letters(selection, PER_PAGE + 1, after)
        shown = found[:PER_PAGE]
        return self._renderer.page(
            request,
            "deadletter_cause.html",
            session,
            sync=request.path_params["sync"],
            cause=selection.cause,
            group=groups[0] if groups else None,
            letters=shown,
            later=shown[-1].problem.id if len(found) > PER_PAGE else None,
            longest_name=LONGEST_NAME,
            longest_reason=LONGEST_REASON,
        )

    async def show(self, request: Request, session: Session) -> Response:
        """One letter, masked."""
        return self._page(request, session, await self._letter(request))

    async def values(self, request: Request, session: Session) -> Response:
        """One letter with its values, once somebody said who wants to see them."""
        letter = await self._letter(request)
        try:
            revealed = await self._letters.reveal(letter.problem.id or 0, await who(request))
        except NotPossible as error:
            return self._page(request, session, letter, refusal=str(error), status=409)
        return self._page(request, session, revealed)

    async def act(self, request: Request, session: Session) -> Response:
        """Replay or discard one letter, those of a cause, or all, by the button that was pressed."""
        number, cause = await form_field(request, "number"), await form_field(request, "cause")
        try:
            selection = self._letters.all(await form_field(request, "sync"))
            if number or cause:
                selection = await self._letters.find(number or cause, await form_field(request, "sync"))
            match await form_field(request, "do"):
                case "replay":
                    await self._letters.replay(selection, await who(request))
                case "discard":
                    await self._letters.discard(selection, await who(request), await form_field(request, "reason"))
                case _:
                    raise HTTPException(400, "The form says nothing that could be done.")
        except (NotPossible, UnknownDeadLetter) as error:
            return await self._causes(request, session, refusal=str(error), status=409)
        return RedirectResponse(f"/console/deadletters/{number}" if number else "/console/deadletters", 303)

    async def _causes(self, request: Request, session: Session, *, refusal: str = "", status: int = 200) -> Response:
        groups = await self._letters.groups(self._letters.all())
        return self._renderer.page(
            request,
            "deadletters.html",
            session,
            status,
            groups=groups,
            refusal=refusal,
            longest_name=LONGEST_NAME,
            longest_reason=LONGEST_REASON,
        )

    def _selection(self, request: Request) -> Selection:
        try:
            selection = self._letters.all(request.path_params["sync"])
        except UnknownDeadLetter as error:
            raise nothing_there(error) from error
        return Selection(selection.syncs, cause=request.path_params["cause"].replace("\0", "") or "-")

    async def _letter(self, request: Request) -> Letter:
        number = number_in_path(request)
        try:
            return await self._letters.letter(number)
        except UnknownDeadLetter as error:
            raise HTTPException(404, f"There is no dead letter {number}.") from error

    def _page(
        self, request: Request, session: Session, letter: Letter, *, refusal: str = "", status: int = 200
    ) -> Response:
        return self._renderer.page(
            request,
            "deadletter.html",
            session,
            status,
            letter=letter,
            refusal=refusal,
            longest_name=LONGEST_NAME,
            longest_reason=LONGEST_REASON,
        )
