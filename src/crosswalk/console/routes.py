"""The console's addresses."""

from starlette.routing import BaseRoute, Route

from crosswalk.api.console_data import ConsoleData
from crosswalk.api.security import AdminAccess
from crosswalk.console.assets import asset
from crosswalk.console.gate import Gate
from crosswalk.console.login import LogIn
from crosswalk.console.pages import Pages
from crosswalk.console.rendering import Renderer


def console_routes(view: ConsoleData, access: AdminAccess) -> list[BaseRoute]:
    """Return the routes of the console, `/` and everything under `/console`, to be served by the hub's application.

    Parameters
    ----------
    view
        What the pages show.
    access
        Who may see them.
    """
    renderer = Renderer(access)
    gate = Gate(access, renderer)
    login = LogIn(access, renderer)
    pages = Pages(view, renderer)
    return [
        Route("/", gate.open(pages.home)),
        Route("/console/static/{version}/{name}", gate.open(asset)),
        Route("/console/login", gate.open(login.show), methods=["GET"]),
        Route("/console/login", gate.open(login.submit), methods=["POST"]),
        Route("/console/logout", gate.closed(login.log_out), methods=["POST"]),
        Route("/console/logout", gate.closed(login.refuse_get), methods=["GET"]),
        Route("/console", gate.closed(pages.overview)),
        Route("/console/live/overview", gate.closed(pages.overview_fragment)),
        Route("/console/live/identities/{sync}/{user_id:path}", gate.closed(pages.identity_fragment)),
        Route("/console/identities", gate.closed(pages.identities)),
        Route("/console/identities/{sync}/{user_id:path}", gate.closed(pages.identity)),
        Route("/console/{rest:path}", gate.closed(pages.nothing)),
    ]
