"""Templates to responses. Every value is escaped: no template of ours marks anything as safe."""

import json
from datetime import UTC, datetime
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from crosswalk.api.security import AdminAccess, Session
from crosswalk.console import assets, wording
from crosswalk.store.overview import COUNTED_WAITING

FRESH_S = 4.0
"""A row younger than this is highlighted."""

EMPTY = StrictUndefined  # a misspelt name in a template is an error in a test, not a gap on a page


def identity_url(sync: str, user_id: str) -> str:
    """The address of one identity's page; user ids contain `|`, and may contain `/`."""
    return f"/console/identities/{quote(sync, safe='')}/{quote(user_id, safe='')}"


def cause_url(sync: str, cause: str) -> str:
    """The address of the dead letters of one cause."""
    return f"/console/deadletters/causes/{quote(sync, safe='')}/{quote(cause, safe='')}"


def pretty_json(text: bytes) -> str:
    """JSON text indented for reading; as it is when it is none."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text.decode("utf-8", "replace")


class Renderer:
    """Renders the console's templates."""

    def __init__(self, access: AdminAccess) -> None:
        self._access = access
        environment = Environment(
            loader=PackageLoader("crosswalk.console"),
            autoescape=True,
            undefined=EMPTY,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals |= {
            "asset_url": assets.asset_url,
            "cause_url": cause_url,
            "identity_url": identity_url,
            "words": wording,
            "most_waiting": COUNTED_WAITING,
        }
        environment.filters |= {
            "compact": wording.compact,
            "count": wording.count,
            "duration": wording.duration,
            "exact": wording.exact,
            "field_text": wording.field_text,
            "outcome_name": wording.outcome_name,
            "outcome_of": wording.outcome_of,
            "pretty_json": pretty_json,
            "tone": lambda name: wording.TONES.get(name, "quiet"),
        }
        self._environment = environment

    def page(
        self, request: Request, template: str, session: Session | None = None, status: int = 200, **context: object
    ) -> HTMLResponse:
        """Render a template; a signed-in page gets its CSRF token, and every page the moment it shows."""
        now = datetime.now(UTC)
        text = self._environment.get_template(template).render(
            path=request.url.path,
            csrf=self._access.csrf_token(session.nonce) if session else "",
            signed_in=session is not None,
            now=now,
            ago=lambda moment: wording.ago(moment, now),
            is_fresh=lambda moment: (now - moment).total_seconds() < FRESH_S,
            **context,
        )
        return HTMLResponse(text, status)
