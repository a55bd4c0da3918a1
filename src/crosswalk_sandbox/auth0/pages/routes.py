"""The routes of the pages. Forms post, changes redirect, and errors appear in the page in the vendor's words."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.actions.pending import Pending, settle
from crosswalk_sandbox.auth0.actions.registration import RegistrationDenied, registering
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.pages.csrf import FIELD, csrf_value, is_genuine, set_csrf_cookie
from crosswalk_sandbox.auth0.pages.forms import draft_of, sign_up_body, update_body
from crosswalk_sandbox.auth0.pages.rendering import TEMPLATES
from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.tenant import Tenant

MOST_PEOPLE_SHOWN = 500
STALE_FORM = "This form is no longer valid. Please try again."
NOTICES = {
    "signed-up": "Signed up. The tenant has sent user.created.",
    "saved": "Saved. The tenant has sent one user.updated.",
    "saved-twice": "Saved twice in a row: two user.updated within a moment, the first with a job title that is gone "
    "again. What follows the tenant should write once.",
    "deleted": "Deleted. The tenant has sent user.deleted.",
}
EMPTY_FORM = {"given_name": "", "family_name": "", "email": "", "phone": "", "company": "", "title": ""}


def page_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of the tenant's pages."""
    pages = Pages(tenant)
    return [
        Route("/", pages.home, methods=["GET"]),
        Route("/people", pages.people, methods=["GET"]),
        Route("/signup", pages.sign_up_form, methods=["GET"]),
        Route("/signup", pages.sign_up, methods=["POST"]),
        Route("/profile/{user_id}", pages.profile, methods=["GET"]),
        Route("/profile/{user_id}", pages.save, methods=["POST"]),
        Route("/profile/{user_id}/delete", pages.delete, methods=["POST"]),
    ]


class Pages:
    """The pages of one tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def home(self, request: Request) -> Response:
        """Show what there is to see."""
        counts, deliveries = self._tenant.counts(), self._tenant.deliveries.counts()
        return self._page(request, "home.html", counts=counts, deliveries=deliveries)

    async def people(self, request: Request) -> Response:
        """List the newest users."""
        with self._tenant.lock:
            total = len(self._tenant.users)
            users = self._tenant.users.newest(MOST_PEOPLE_SHOWN)
        return self._page(request, "people.html", users=users, total=total)

    async def sign_up_form(self, request: Request) -> Response:
        """Show an empty sign-up form."""
        return self._page(request, "signup.html", form=EMPTY_FORM, error=None)

    async def sign_up(self, request: Request) -> Response:
        """Create a user from the sign-up form."""
        form = await self._form(request)
        if form is None:
            return self._page(request, "signup.html", 403, form=EMPTY_FORM, error=STALE_FORM)
        try:
            document = await settle(self._tenant, lambda: self._signed_up(sign_up_body(form), self._origin(request)))
        except RegistrationDenied as denied:
            shown = {**EMPTY_FORM, **form, "password": ""}
            message = denied.user_message or denied.message
            return self._page(request, "signup.html", denied.status, form=shown, error=message)
        except Problem as problem:
            shown = {**EMPTY_FORM, **form, "password": ""}
            return self._page(request, "signup.html", problem.status, form=shown, error=problem.message)
        return redirect_to_profile(document["user_id"], "signed-up")

    def _signed_up(self, body: dict[str, Any], origin: Origin) -> dict[str, Any] | Pending[dict[str, Any]]:
        return registering(self._tenant, body, origin, lambda wanted: self._tenant.sign_up(wanted, origin))

    async def profile(self, request: Request) -> Response:
        """Show one user with an edit form."""
        return self._profile(request, 200, None)

    async def save(self, request: Request) -> Response:
        """Change a user, once or twice in a row."""
        form = await self._form(request)
        if form is None:
            return self._profile(request, 403, STALE_FORM)
        user_id = request.path_params["user_id"]
        twice = form.get("action") == "save-twice"
        try:
            with self._tenant.lock:
                body = update_body(form, self._tenant.users.get(user_id))
                if twice:
                    self._tenant.update_user(user_id, draft_of(body), self._origin(request))
                self._tenant.update_user(user_id, body, self._origin(request))
        except Problem as problem:
            return self._profile(request, problem.status, problem.message)
        return redirect_to_profile(user_id, "saved-twice" if twice else "saved")

    async def delete(self, request: Request) -> Response:
        """Delete a user."""
        if await self._form(request) is None:
            return self._profile(request, 403, STALE_FORM)
        self._tenant.delete_user(request.path_params["user_id"], self._origin(request))
        return RedirectResponse("/people?notice=deleted", 303)

    def _profile(self, request: Request, status: int, error: str | None) -> Response:
        try:
            with self._tenant.lock:
                document = self._tenant.users.get(request.path_params["user_id"])
        except Problem as problem:
            return self._page(request, "missing.html", problem.status, error=problem.message)
        metadata = document.get("user_metadata", {})
        return self._page(request, "profile.html", status, user=document, metadata=metadata, error=error)

    def _page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        token = csrf_value(request)
        notice = NOTICES.get(request.query_params.get("notice", ""))
        html = TEMPLATES.get_template(template).render(
            tenant=self._tenant.name, csrf=token, csrf_field=FIELD, notice=notice, **values
        )
        response = HTMLResponse(html, status)
        response.headers["content-security-policy"] = (
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
        )
        set_csrf_cookie(response, token)
        return response

    async def _form(self, request: Request) -> dict[str, str] | None:
        """Return the submitted fields, or None when the form is not one that this visitor was shown."""
        submitted = await request.form()
        fields = {name: value for name, value in submitted.items() if isinstance(value, str)}
        return fields if is_genuine(request, fields.pop(FIELD, "")) else None

    def _origin(self, request: Request) -> Origin:
        return Origin(
            client_id="sandbox-pages",
            client_name="Sandbox pages",
            ip=request.client.host if request.client else "",
            user_agent=request.headers.get("user-agent", ""),
            hostname=self._tenant.domain,
            is_page=True,
        )


def redirect_to_profile(user_id: str, notice: str) -> Response:
    """Send the visitor to a profile page with a notice."""
    return RedirectResponse(f"/profile/{quote(user_id, safe='')}?notice={notice}", 303)
