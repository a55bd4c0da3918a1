"""Second factors: `/api/v2/guardian/policies`, and the authenticators of users."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.clock import iso_milliseconds
from crosswalk_sandbox.auth0.problems import Problem, invalid_body
from crosswalk_sandbox.auth0.routes.exchange import answer, no_content, origin_of, read_json
from crosswalk_sandbox.auth0.routes.operations import log_operation
from crosswalk_sandbox.auth0.signin.otp import Enrollment
from crosswalk_sandbox.auth0.signin.records import log_user_id
from crosswalk_sandbox.auth0.tenant import Tenant


def guardian_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of second factors."""

    async def policies(request: Request) -> Response:
        with tenant.lock:
            return answer(tenant.signin.mfa_policies)

    async def set_policies(request: Request) -> Response:
        body = await read_json(request)
        if body not in ([], ["all-applications"]):
            raise invalid_body("Expected [] or ['all-applications']; other policies are not emulated")
        with tenant.lock:
            tenant.signin.mfa_policies = body
            log_operation(tenant, request, "Set the Multi-factor Authentication policies", body, body)
        return answer(body)

    async def enrollments(request: Request) -> Response:
        with tenant.lock:
            tenant.users.get(request.path_params["id"])
            found = tenant.signin.enrollments.find(request.path_params["id"])
        if found is None:
            return answer([])
        enrolled_at = iso_milliseconds(found.enrolled_at)
        shown = {
            "id": found.id,
            "status": "confirmed",
            "type": "authenticator",
            "auth_method": "authenticator",
            "enrolled_at": enrolled_at,
        }
        return answer([shown])

    async def remove(request: Request) -> Response:
        user_id = request.path_params["id"]
        with tenant.lock:
            tenant.users.get(user_id)
            if tenant.signin.enrollments.remove(user_id):
                log_user_id(tenant, "gd_unenroll", user_id, origin_of(request), "Guardian - Unenroll")
            log_operation(tenant, request, "Delete a User's Multi-factor Provider", {}, {}, 204)
        return no_content()

    def enrolled(request: Request) -> tuple[str, Enrollment]:
        found = tenant.signin.enrollments.by_id(request.path_params["id"])
        if found is None:
            raise Problem(404, "The enrollment does not exist.", "inexistent_enrollment")
        return found

    async def enrollment(request: Request) -> Response:
        with tenant.lock:
            _, found = enrolled(request)
        moment = iso_milliseconds(found.enrolled_at)
        return answer({"id": found.id, "status": "confirmed", "name": found.name, "enrolled_at": moment})

    async def unenroll(request: Request) -> Response:
        with tenant.lock:
            user_id, _ = enrolled(request)
            tenant.signin.enrollments.remove(user_id)
            log_user_id(tenant, "gd_unenroll", user_id, origin_of(request), "Guardian - Unenroll")
            log_operation(tenant, request, "Delete a multi-factor authentication enrollment", {}, {}, 204)
        return no_content()

    return [
        Route("/guardian/enrollments/{id}", enrollment, methods=["GET"]),
        Route("/guardian/enrollments/{id}", unenroll, methods=["DELETE"]),
        Route("/guardian/policies", policies, methods=["GET"]),
        Route("/guardian/policies", set_policies, methods=["PUT"]),
        Route("/users/{id}/enrollments", enrollments, methods=["GET"]),
        Route("/users/{id}/multifactor/{provider}", remove, methods=["DELETE"]),
    ]
