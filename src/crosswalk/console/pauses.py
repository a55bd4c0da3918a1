"""The button that lets go on what pauses; what pauses is on the overview."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from crosswalk.api.security import Session
from crosswalk.engine.resuming import PauseOver, Resumer, UnknownPause


class PauseButtons:
    """What the overview's buttons do about pauses."""

    def __init__(self, resumer: Resumer) -> None:
        self._resumer = resumer

    async def resume(self, request: Request, session: Session) -> Response:
        """Let it go on; one that is over already is as good."""
        number = request.path_params["number"]
        if not (number.isascii() and number.isdecimal() and len(number) < 19):
            raise HTTPException(404)
        try:
            await self._resumer.resume_number(int(number), "console")
        except PauseOver:
            pass
        except UnknownPause as error:
            raise HTTPException(404, f"There is no pause {number}.") from error
        return RedirectResponse("/console", 303)
