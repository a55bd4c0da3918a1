"""The pages of back-fills: how far each is, what its report says, and the buttons."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from crosswalk.api.security import Session
from crosswalk.console.asked import form_field, number_in_path, who
from crosswalk.console.rendering import Renderer
from crosswalk.domain.backfill import Backfill, Direction, Outlook
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.ids import SyncName
from crosswalk.engine.backfill.orders import Backfills, NotPossible, UnknownBackfill
from crosswalk.engine.noted import LONGEST_NAME

SHOWN = 50
NAMED = 20
"""So many users are named for each thing that would be done; the whole list is in the report's file."""

OPEN = (Outlook.CONFLICT, Outlook.FAILED, Outlook.WAIT)
"""What somebody may have to do something about is shown first."""


class BackfillPages:
    """The list of back-fills, one of them, and what its buttons do."""

    def __init__(self, desk: Backfills, definitions: Mapping[SyncName, SyncDefinition], renderer: Renderer) -> None:
        self._desk = desk
        self._definitions = definitions
        self._renderer = renderer

    async def list(self, request: Request, session: Session) -> Response:
        """The newest back-fills, and a form to begin one."""
        return await self._list(request, session)

    async def show(self, request: Request, session: Session) -> Response:
        """One back-fill."""
        return await self._page(request, session, await self._found(request))

    async def fragment(self, request: Request, session: Session) -> Response:
        """The part of its page that changes by itself."""
        found = await self._found(request)
        return self._renderer.page(request, "_backfill.html", session, backfill=found)

    async def begin(self, request: Request, session: Session) -> Response:
        """Begin one that only matches."""
        definition = self._definitions.get(SyncName(await form_field(request, "sync")))
        direction = await form_field(request, "direction")
        if definition is None or direction not in list(Direction):
            raise HTTPException(400, "The form names no sync, or no direction.")
        try:
            by, deals = await who(request), bool(await form_field(request, "deals"))
            begun = await self._desk.order(definition, Direction(direction), by, write=False, deals=deals)
        except NotPossible as error:
            return await self._list(request, session, refusal=str(error), status=409)
        return RedirectResponse(f"/console/backfills/{begun.id}", 303)

    async def act(self, request: Request, session: Session) -> Response:
        """Do what the button that was pressed says."""
        found = await self._found(request)
        try:
            match await form_field(request, "action"):
                case "pause":
                    await self._desk.pause(found.id, paused=True)
                case "resume":
                    await self._desk.pause(found.id, paused=False)
                case "write":
                    await self._desk.write(found.id, await who(request), approve=False)
                case "approve":
                    await self._desk.write(found.id, await who(request), approve=True)
                case "cancel":
                    await self._desk.cancel(found.id)
                case _:
                    raise HTTPException(400, "The form says nothing that could be done.")
        except NotPossible as error:
            return await self._page(request, session, await self._found(request), refusal=str(error), status=409)
        return RedirectResponse(f"/console/backfills/{found.id}", 303)

    async def _found(self, request: Request) -> Backfill:
        number = number_in_path(request)
        try:
            return await self._desk.read(number)
        except UnknownBackfill as error:
            raise HTTPException(404, f"There is no back-fill {number}.") from error

    async def _list(self, request: Request, session: Session, *, refusal: str = "", status: int = 200) -> Response:
        found = await self._desk.newest(SHOWN)
        busy = {each.sync for each in found if each.finished_at is None}
        free = [definition for name, definition in self._definitions.items() if name not in busy]
        return self._renderer.page(
            request,
            "backfills.html",
            session,
            status,
            found=found,
            free=[definition.name for definition in free],
            with_deals=[definition.name for definition in free if definition.flows.closed_won is not None],
            refusal=refusal,
            longest_name=LONGEST_NAME,
        )

    async def _page(
        self, request: Request, session: Session, found: Backfill, *, refusal: str = "", status: int = 200
    ) -> Response:
        named = {outlook: await self._desk.findings(found.id, outlook, NAMED) for outlook in (*OPEN, *Outlook)}
        return self._renderer.page(
            request,
            "backfill.html",
            session,
            status,
            backfill=found,
            named={outlook: each for outlook, each in named.items() if each},
            refusal=refusal,
            longest_name=LONGEST_NAME,
        )
