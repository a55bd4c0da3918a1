"""The second factors of users, which are authenticator apps here, and their recovery codes."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.clock import iso_milliseconds
from crosswalk_sandbox.auth0.paging import page_of
from crosswalk_sandbox.auth0.problems import Problem, invalid_property
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
    base = "/users/{id}/authentication-methods"

    def known(request: Request) -> Enrollment | None:
        tenant.users.get(request.path_params["id"])
        return tenant.signin.enrollments.find(request.path_params["id"])

    def wanted(request: Request) -> Enrollment:
        enrollment = known(request)
        if enrollment is None or enrollment.id != request.path_params["method"]:
            raise Problem(404, "The authentication method does not exist.", "inexistent_authentication_method")
        return enrollment

    async def list_methods(request: Request) -> Response:
        query = Query(request, ("page", "per_page", "include_totals"))
        with tenant.lock:
            enrollment = known(request)
        found = [] if enrollment is None else [shown(enrollment)]
        return answer(page_of(found, query, "authenticators", default_size=50))

    async def get(request: Request) -> Response:
        with tenant.lock:
            return answer(shown(wanted(request)))

    async def create(request: Request) -> Response:
        body = await read_json(request)
        checked = check_body(body, PROPERTIES, required=("type",))
        if "totp_secret" not in checked:
            raise invalid_property("Missing required property: totp_secret", "totp_secret", "Base32 encoded secret")
        secret = checked["totp_secret"].rstrip("=")
        with tenant.lock:
            known(request)
            padded = secret + "=" * (-len(secret) % 8)
            enrollment = tenant.signin.enrollments.enroll(request.path_params["id"], padded, tenant.clock())
            enrollment.name = checked.get("name", "")
            told = shown(enrollment)
            log_operation(tenant, request, "Create an authentication method for a user", {"type": "totp"}, told, 201)
        return answer(told, 201)

    async def delete(request: Request) -> Response:
        with tenant.lock:
            wanted(request)
            end(request)
        return no_content()

    async def delete_all(request: Request) -> Response:
        with tenant.lock:
            if known(request) is not None:
                end(request)
        return no_content()

    async def regenerate(request: Request) -> Response:
        with tenant.lock:
            enrollment = known(request)
            if enrollment is None:
                raise Problem(404, "The user has no recovery code.", "inexistent_recovery_code")
            enrollment.recovery_code = new_recovery_code()
            log_operation(tenant, request, "Regenerate recovery code", {}, {"recovery_code": "*****"})
        return answer({"recovery_code": enrollment.recovery_code})

    def end(request: Request) -> None:
        user_id = request.path_params["id"]
        tenant.signin.enrollments.remove(user_id)
        log_user_id(tenant, "gd_unenroll", user_id, origin_of(request), "Guardian - Unenroll")
        log_operation(tenant, request, "Delete an authentication method", {}, {}, 204)

    return [
        Route(base, list_methods, methods=["GET"]),
        Route(base, create, methods=["POST"]),
        Route(base, delete_all, methods=["DELETE"]),
        Route(f"{base}/{{method}}", get, methods=["GET"]),
        Route(f"{base}/{{method}}", delete, methods=["DELETE"]),
        Route("/users/{id}/recovery-code-regeneration", regenerate, methods=["POST"]),
    ]


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
