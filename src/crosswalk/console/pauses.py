"""The button that lets go on what pauses; what pauses is on the overview."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from crosswalk.api.security import Session
from crosswalk.console.asked import number_in_path
from crosswalk.engine.resuming import PauseOver, Resumer, UnknownPause


class PauseButtons:
    """What the overview's buttons do about pauses."""

    def __init__(self, resumer: Resumer) -> None:
        self._resumer = resumer

    async def resume(self, request: Request, session: Session) -> Response:
        """Let it go on; one that is over already is as good."""
        number = number_in_path(request)
        try:
            await self._resumer.resume_number(number, "console")
        except PauseOver:
            pass
        except UnknownPause as error:
            raise HTTPException(404, f"There is no pause {number}.") from error
        return RedirectResponse("/console", 303)
