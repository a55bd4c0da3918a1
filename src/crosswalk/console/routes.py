"""The console's addresses."""

from starlette.routing import BaseRoute, Route

from crosswalk.api.console_data import ConsoleData
from crosswalk.api.security import AdminAccess
from crosswalk.console.assets import asset
from crosswalk.console.backfills import BackfillPages
from crosswalk.console.conflicts import ConflictPages
from crosswalk.console.deadletters import DeadLetterPages
from crosswalk.console.gate import Gate
from crosswalk.console.holds import HoldPages
from crosswalk.console.links import LinkPages
from crosswalk.console.login import LogIn
from crosswalk.console.pages import Pages
from crosswalk.console.pauses import PauseButtons
from crosswalk.console.rendering import Renderer
from crosswalk.engine.backfill.orders import Backfills
from crosswalk.engine.dead_letters import DeadLetters
from crosswalk.engine.desk import Desk
from crosswalk.engine.forgetting_links import LinkForgetter
from crosswalk.engine.holding import Holds
from crosswalk.engine.resuming import Resumer


def console_routes(view: ConsoleData, access: AdminAccess, desk: Desk) -> list[BaseRoute]:
    """Return the routes of the console, `/` and everything under `/console`, to be served by the hub's application.

    Parameters
    ----------
    view
        What the pages show.
    access
        Who may see them.
    desk
        Where conflicts are settled.
    """
    renderer = Renderer(access)
    gate = Gate(access, renderer)
    login = LogIn(access, renderer)
    pages = Pages(view, renderer)
    links = LinkPages(view, LinkForgetter(view.database, view.definitions, desk.wake), renderer)
    conflicts = ConflictPages(view, desk, renderer)
    letters = DeadLetterPages(DeadLetters(view.database, view.definitions, desk.wake), renderer)
    pauses = PauseButtons(Resumer(view.database))
    holds = HoldPages(Holds(view.database), renderer)
    backfills = BackfillPages(Backfills(view.database), view.definitions, renderer)
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
        Route("/console/links/{sync}/{user_id:path}", gate.closed(links.show), methods=["GET"]),
        Route("/console/links/{sync}/{user_id:path}", gate.closed(links.forget), methods=["POST"]),
        Route("/console/conflicts", gate.closed(conflicts.list)),
        Route("/console/conflicts/{number}", gate.closed(conflicts.show)),
        Route("/console/live/conflicts/{number}", gate.closed(conflicts.fragment)),
        Route("/console/conflicts/{number}/decide", gate.closed(conflicts.decide), methods=["POST"]),
        Route("/console/conflicts/{number}/release", gate.closed(conflicts.release), methods=["POST"]),
        Route("/console/conflicts/{number}/reopen", gate.closed(conflicts.reopen), methods=["POST"]),
        Route("/console/deadletters", gate.closed(letters.list), methods=["GET"]),
        Route("/console/deadletters", gate.closed(letters.act), methods=["POST"]),
        Route("/console/live/deadletters", gate.closed(letters.fragment)),
        Route("/console/deadletters/causes/{sync}/{cause}", gate.closed(letters.cause)),
        Route("/console/deadletters/{number}", gate.closed(letters.show)),
        Route("/console/deadletters/{number}/values", gate.closed(letters.values), methods=["POST"]),
        Route("/console/pauses/{number}/resume", gate.closed(pauses.resume), methods=["POST"]),
        Route("/console/holds", gate.closed(holds.list)),
        Route("/console/holds/{number}", gate.closed(holds.show)),
        Route("/console/holds/{number}/decide", gate.closed(holds.decide), methods=["POST"]),
        Route("/console/backfills", gate.closed(backfills.list), methods=["GET"]),
        Route("/console/backfills", gate.closed(backfills.begin), methods=["POST"]),
        Route("/console/backfills/{number}", gate.closed(backfills.show)),
        Route("/console/live/backfills/{number}", gate.closed(backfills.fragment)),
        Route("/console/backfills/{number}/act", gate.closed(backfills.act), methods=["POST"]),
        Route("/console/{rest:path}", gate.closed(pages.nothing)),
    ]
