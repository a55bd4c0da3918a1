"""The pages of mass changes that were stopped: what waits, what it would have written, and the buttons to decide."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from crosswalk.api.security import Session
from crosswalk.console.asked import form_field, number_in_path, who
from crosswalk.console.rendering import Renderer
from crosswalk.engine.holding import Holds, NotDecidable, UnknownHold
from crosswalk.engine.noted import LONGEST_NAME
from crosswalk.store.holds import Decision, Hold

SHOWN = 50

BUTTONS = {"approve": Decision.APPROVED, "discard": Decision.DISCARDED, "replan": Decision.REPLANNED}


class HoldPages:
    """The list of holds, one hold, and what its buttons do."""

    def __init__(self, holds: Holds, renderer: Renderer) -> None:
        self._holds = holds
        self._renderer = renderer

    async def list(self, request: Request, session: Session) -> Response:
        """The newest holds, those that wait first."""
        found = sorted(await self._holds.newest(SHOWN), key=lambda hold: hold.decision is not None)
        return self._renderer.page(request, "holds.html", session, found=found)

    async def show(self, request: Request, session: Session) -> Response:
        """One hold, with what its plans come to."""
        return await self._page(request, session, await self._found(request))

    async def decide(self, request: Request, session: Session) -> Response:
        """Decide by the button that was pressed."""
        hold = await self._found(request)
        decision = BUTTONS.get(await form_field(request, "decision"))
        if decision is None:
            raise HTTPException(400, "The form says nothing that could be done.")
        try:
            await self._holds.decide(hold.id, decision, await who(request))
        except NotDecidable as error:
            return await self._page(request, session, hold, refusal=str(error), status=409)
        return RedirectResponse(f"/console/holds/{hold.id}", 303)

    async def _found(self, request: Request) -> Hold:
        number = number_in_path(request)
        try:
            return await self._holds.read(number)
        except UnknownHold as error:
            raise HTTPException(404, f"There is no hold {number}.") from error

    async def _page(
        self, request: Request, session: Session, hold: Hold, *, refusal: str = "", status: int = 200
    ) -> Response:
        return self._renderer.page(
            request,
            "hold.html",
            session,
            status,
            hold=hold,
            summary=await self._holds.summary(hold.id),
            refusal=refusal,
            longest_name=LONGEST_NAME,
        )
