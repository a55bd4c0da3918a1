"""The console: server-rendered pages that show what the hub does, live, and why each field has its value.

May import `crosswalk.api` (who may look, what there is to see) and what that may import. Everything but log-in and the
static files needs a session. Start with `routes`, then `pages`; `gate` is what every request passes.
"""

from crosswalk.console.routes import console_routes

__all__ = ["console_routes"]
