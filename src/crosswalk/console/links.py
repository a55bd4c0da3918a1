"""The page on which a link is forgotten: what is linked, what will happen, and who wants it and why."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from crosswalk.api.console_data import ConsoleData
from crosswalk.api.security import Session
from crosswalk.console.asked import form_field, line_of, nothing_there, who
from crosswalk.console.profile import summary_of
from crosswalk.console.rendering import Renderer, identity_url
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.engine.forgetting_links import (
    LONGEST_REASON,
    ForgettableLink,
    LinkForgetter,
    UnknownLink,
)
from crosswalk.engine.held_lanes import LanesBusy
from crosswalk.engine.noted import LONGEST_NAME


class LinkPages:
    """Says what forgetting a link would do, and does it."""

    def __init__(self, data: ConsoleData, forgetter: LinkForgetter, renderer: Renderer) -> None:
        self._data = data
        self._forgetter = forgetter
        self._renderer = renderer

    async def show(self, request: Request, session: Session) -> Response:
        """What is linked, and what will happen."""
        return await self._page(request, session, await self._found(request))

    async def forget(self, request: Request, session: Session) -> Response:
        """Forget the link that was shown; where the user is linked to another record by now, show that one instead."""
        found = await self._found(request)
        user_id, record_id = found.link.user_id, found.link.record.id
        if await form_field(request, "record") != record_id:
            refusal = f"The user is linked to another record by now, {record_id}: look at it first."
            return await self._page(request, session, found, refusal=refusal, status=409)
        by, reason = await who(request), await line_of(request, "reason")
        try:
            await self._forgetter.forget(user_id, by, found.sync, reason)
        except UnknownLink as error:
            raise nothing_there(error) from error
        except LanesBusy as error:
            return await self._page(request, session, found, refusal=f"{error}.", status=409)
        return RedirectResponse(identity_url(found.sync, user_id), 303)

    async def _found(self, request: Request) -> ForgettableLink:
        sync, user_id = (request.path_params[name].replace("\0", "") for name in ("sync", "user_id"))
        try:
            return await self._forgetter.find(user_id, sync)
        except UnknownLink as error:
            raise nothing_there(error) from error

    async def _page(
        self, request: Request, session: Session, found: ForgettableLink, *, refusal: str = "", status: int = 200
    ) -> Response:
        user_id = found.link.user_id
        view = await self._data.identity(SyncName(found.sync), UserId(user_id))
        return self._renderer.page(
            request,
            "forget_link.html",
            session,
            status,
            found=found,
            record_url="" if view is None else view.record_url,
            summary=summary_of(view.identity.profile if view is not None and view.identity else b"", user_id),
            refusal=refusal,
            longest_name=LONGEST_NAME,
            longest_reason=LONGEST_REASON,
        )
