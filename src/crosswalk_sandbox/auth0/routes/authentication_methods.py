"""The second factors of users, which are authenticator apps here, and their recovery codes."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.clock import iso_milliseconds
from crosswalk_sandbox.auth0.paging import page_of
from crosswalk_sandbox.auth0.problems import Problem, invalid_body, invalid_property
from crosswalk_sandbox.auth0.routes.exchange import Query, answer, no_content, origin_of, read_json
from crosswalk_sandbox.auth0.routes.operations import log_operation
from crosswalk_sandbox.auth0.schema import Property, check_body
from crosswalk_sandbox.auth0.signin.otp import Enrollment, new_recovery_code
from crosswalk_sandbox.auth0.signin.records import log_user_id
from crosswalk_sandbox.auth0.tenant import Tenant

PROPERTIES: dict[str, Property] = {
    "type": Property(str, "The type of the authentication method", choices=("totp",)),
    "name": Property(str, "A human-readable label to identify the authentication method"),
    "totp_secret": Property(
        str, "Base32 encoded secret for TOTP generation", pattern=re.compile(r"^[A-Z2-7]+=*$"), shape="base32"
    ),
}


def authentication_method_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of authentication methods."""
    methods = AuthenticationMethods(tenant)
    base, one = "/users/{id}/authentication-methods", "/users/{id}/authentication-methods/{method}"
    return [
        Route(base, methods.list_methods, methods=["GET"]),
        Route(base, methods.create, methods=["POST"]),
        Route(base, methods.replace_all, methods=["PUT"]),
        Route(base, methods.delete_all, methods=["DELETE"]),
        Route("/users/{id}/authenticators", methods.delete_all, methods=["DELETE"]),
        Route(one, methods.get, methods=["GET"]),
        Route(one, methods.rename, methods=["PATCH"]),
        Route(one, methods.delete, methods=["DELETE"]),
        Route("/users/{id}/recovery-code-regeneration", methods.regenerate, methods=["POST"]),
    ]


class AuthenticationMethods:
    """The operations on a user's authenticator app, of which there is at most one."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def list_methods(self, request: Request) -> Response:
        """Return the app, if there is one, as a page."""
        query = Query(request, ("page", "per_page", "include_totals"))
        with self._tenant.lock:
            enrollment = self._known(request)
        found = [] if enrollment is None else [shown(enrollment)]
        return answer(page_of(found, query, "authenticators", default_size=50))

    async def get(self, request: Request) -> Response:
        """Return one app."""
        with self._tenant.lock:
            return answer(shown(self._wanted(request)))

    async def create(self, request: Request) -> Response:
        """Set up an app."""
        checked = checked_method(await read_json(request))
        with self._tenant.lock:
            self._known(request)
            told = self._enroll(request, checked)
            description = "Create an authentication method for a user"
            log_operation(self._tenant, request, description, {"type": "totp"}, told, 201)
        return answer(told, 201)

    async def replace_all(self, request: Request) -> Response:
        """Set up one app, or none, in place of what there is."""
        body = await read_json(request)
        if not isinstance(body, list) or len(body) > 1:
            raise invalid_body("Expected a list of at most one authentication method; a user has one authenticator app")
        methods = [checked_method(one) for one in body]
        with self._tenant.lock:
            self._known(request)
            self._tenant.signin.enrollments.remove(request.path_params["id"])
            told = [self._enroll(request, checked) for checked in methods]
            log_operation(self._tenant, request, "Update all authentication methods", {}, {})
        return answer(told)

    async def rename(self, request: Request) -> Response:
        """Give an app another name."""
        checked = check_body(await read_json(request), {"name": PROPERTIES["name"]})
        with self._tenant.lock:
            enrollment = self._wanted(request)
            enrollment.name = checked.get("name", enrollment.name)
            log_operation(self._tenant, request, "Update an authentication method", checked, shown(enrollment))
        return answer(shown(enrollment))

    async def delete(self, request: Request) -> Response:
        """Take an app away."""
        with self._tenant.lock:
            self._wanted(request)
            self._end(request)
        return no_content()

    async def delete_all(self, request: Request) -> Response:
        """Take away what there is."""
        with self._tenant.lock:
            if self._known(request) is not None:
                self._end(request)
        return no_content()

    async def regenerate(self, request: Request) -> Response:
        """Replace the recovery code."""
        with self._tenant.lock:
            enrollment = self._known(request)
            if enrollment is None:
                raise Problem(404, "The user has no recovery code.", "inexistent_recovery_code")
            enrollment.recovery_code = new_recovery_code()
            log_operation(self._tenant, request, "Regenerate recovery code", {}, {"recovery_code": "*****"})
        return answer({"recovery_code": enrollment.recovery_code})

    def _known(self, request: Request) -> Enrollment | None:
        self._tenant.users.get(request.path_params["id"])
        return self._tenant.signin.enrollments.find(request.path_params["id"])

    def _wanted(self, request: Request) -> Enrollment:
        enrollment = self._known(request)
        if enrollment is None or enrollment.id != request.path_params["method"]:
            raise Problem(404, "The authentication method does not exist.", "inexistent_authentication_method")
        return enrollment

    def _enroll(self, request: Request, checked: dict[str, Any]) -> dict[str, Any]:
        secret = checked["totp_secret"].rstrip("=")
        padded = secret + "=" * (-len(secret) % 8)
        enrollment = self._tenant.signin.enrollments.enroll(request.path_params["id"], padded, self._tenant.clock())
        enrollment.name = checked.get("name", "")
        return shown(enrollment)

    def _end(self, request: Request) -> None:
        user_id = request.path_params["id"]
        self._tenant.signin.enrollments.remove(user_id)
        log_user_id(self._tenant, "gd_unenroll", user_id, origin_of(request), "Guardian - Unenroll")
        log_operation(self._tenant, request, "Delete an authentication method", {}, {}, 204)


def checked_method(body: object) -> dict[str, Any]:
    """Return the authenticator app that a request describes, or raise the vendor's 400."""
    checked = check_body(body, PROPERTIES, required=("type",))
    if "totp_secret" not in checked:
        raise invalid_property("Missing required property: totp_secret", "totp_secret", "Base32 encoded secret")
    return checked


def shown(enrollment: Enrollment) -> dict[str, Any]:
    """Return an authenticator app as the API shows it."""
    moment = iso_milliseconds(enrollment.enrolled_at)
    document: dict[str, Any] = {
        "id": enrollment.id,
        "type": "totp",
        "confirmed": True,
        "created_at": moment,
        "enrolled_at": moment,
    }
    return {**document, "name": enrollment.name} if enrollment.name else document
