"""The static files: read once, served from memory under an address that changes with their content."""

import hashlib
from importlib.resources import files

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPES = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "htmx.LICENSE.txt": "text/plain; charset=utf-8",
    "mark.svg": "image/svg+xml",
}
_FOLDER = files("crosswalk.console") / "static"
_CONTENT = {name: (_FOLDER / name).read_bytes() for name in MEDIA_TYPES}
VERSION = hashlib.sha256(b"".join(_CONTENT.values())).hexdigest()[:12]


def asset_url(name: str) -> str:
    """The address of a static file; a browser may keep what it gets there for ever."""
    if name not in _CONTENT:
        raise KeyError(f"{name} is no static file of the console: one of {', '.join(_CONTENT)}")
    return f"/console/static/{VERSION}/{name}"


async def asset(request: Request) -> Response:
    """Answer with a static file."""
    name = request.path_params["name"]
    if name not in _CONTENT:
        raise HTTPException(404)
    kept = request.path_params["version"] == VERSION
    return Response(
        _CONTENT[name],
        media_type=MEDIA_TYPES[name],
        headers={"Cache-Control": "public, max-age=31536000, immutable" if kept else "no-cache"},
    )
