"""The pages behind the log-in."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from crosswalk.api.console_data import ConsoleData
from crosswalk.api.identity_view import IdentityView
from crosswalk.api.security import Session
from crosswalk.console.profile import summary_of
from crosswalk.console.rendering import Renderer
from crosswalk.console.timeline import timeline_of
from crosswalk.domain.ids import SyncName, UserId

FOUND_PER_PAGE = 50


class Pages:
    """Overview, search and one identity; the first and the last also as fragments that replace themselves."""

    def __init__(self, data: ConsoleData, renderer: Renderer) -> None:
        self._data = data
        self._renderer = renderer

    async def home(self, request: Request) -> Response:
        """`/` is the overview."""
        return RedirectResponse("/console", 307)

    async def overview(self, request: Request, session: Session) -> Response:
        """Every sync and what happened last."""
        return self._renderer.page(request, "overview.html", session, overview=await self._data.overview())

    async def overview_fragment(self, request: Request, session: Session) -> Response:
        """The part of the overview that changes."""
        return self._renderer.page(request, "_overview.html", session, overview=await self._data.overview())

    async def identities(self, request: Request, session: Session) -> Response:
        """The identities that `?q=` finds."""
        text = request.query_params.get("q", "").strip()[:300]
        start = request.query_params.get("after", "0")
        offset = int(start) if start.isascii() and start.isdecimal() and len(start) < 7 else 0
        found = await self._data.find(text, FOUND_PER_PAGE + 1, offset)
        return self._renderer.page(
            request,
            "identities.html",
            session,
            text=text,
            found=[(row, summary_of(row.profile, row.user_id)) for row in found[:FOUND_PER_PAGE]],
            next_offset=offset + FOUND_PER_PAGE if len(found) > FOUND_PER_PAGE else None,
            offset=offset,
            tenants=self._data.tenant_domains,
        )

    async def identity(self, request: Request, session: Session) -> Response:
        """One identity."""
        return await self._identity(request, session, "identity.html")

    async def identity_fragment(self, request: Request, session: Session) -> Response:
        """The part of an identity's page that changes."""
        return await self._identity(request, session, "_identity.html")

    async def nothing(self, request: Request, session: Session) -> Response:
        """Any other address under `/console`."""
        raise HTTPException(404)

    async def _identity(self, request: Request, session: Session, template: str) -> Response:
        sync, user_id = request.path_params["sync"], request.path_params["user_id"]
        view = await self._view(sync, user_id)
        profile = view.identity.profile if view.identity else b""
        return self._renderer.page(
            request,
            template,
            session,
            view=view,
            profile=profile,
            summary=summary_of(profile, user_id),
            timeline=timeline_of(view),
        )

    async def _view(self, sync: str, user_id: str) -> IdentityView:
        if sync not in self._data.definitions:
            known = ", ".join(self._data.definitions) or "none"
            raise HTTPException(404, f"There is no sync called “{sync}”. Configured: {known}.")
        view = await self._data.identity(SyncName(sync), UserId(user_id))
        if view is None:
            raise HTTPException(
                404,
                f"Nothing is known of “{user_id}” in {sync}. Search by e-mail or record id, or check that the tenant "
                "sends its events here.",
            )
        return view
