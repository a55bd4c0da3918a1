"""What a person sees: the tenant's own pages, and those of a login (`signin`). Plain HTML that works without scripts.

The tenant's own pages (sign-up, profile, people) stand for an application of the tenant's owner: what they change goes
the way of the Management API. Start with `routes`; `forms` turns submitted forms into request bodies, `templates/` is
what a person sees.
"""

from __future__ import annotations

from crosswalk_sandbox.auth0.pages.routes import page_routes

__all__ = ["page_routes"]
