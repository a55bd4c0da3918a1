"""What users did and are doing: their logs, sessions and refresh tokens."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.clock import iso_milliseconds
from crosswalk_sandbox.auth0.paging import page_of, sorted_by
from crosswalk_sandbox.auth0.problems import Problem, invalid_body, invalid_query
from crosswalk_sandbox.auth0.routes.checkpoints import totals_or_checkpoint
from crosswalk_sandbox.auth0.routes.exchange import Query, answer, read_json
from crosswalk_sandbox.auth0.routes.logs import shown as shown_log
from crosswalk_sandbox.auth0.routes.operations import log_operation
from crosswalk_sandbox.auth0.schema import Property, check_body
from crosswalk_sandbox.auth0.signin.authorizations import Family
from crosswalk_sandbox.auth0.signin.sessions import ABSOLUTE_LIFETIME, IDLE_LIFETIME, Session
from crosswalk_sandbox.auth0.tenant import Tenant

PAGED = ("from", "take", "include_totals")
SESSION_NOTES = Property(dict, "Metadata associated with the session", nullable=True)
TOKEN_NOTES = Property(dict, "Metadata associated with the refresh token", nullable=True)
REVOKED_ACCESS = {
    "session_id": Property(str, "ID of the session"),
    "preserve_refresh_tokens": Property(bool, "Whether to preserve the refresh tokens"),
}


def user_activity_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of users' logs, sessions and refresh tokens."""
    sessions, tokens = SessionRoutes(tenant), RefreshTokenRoutes(tenant)

    async def logs(request: Request) -> Response:
        query = Query(request, ("page", "per_page", "sort", "include_totals"))
        with tenant.lock:
            tenant.users.get(request.path_params["id"])
            wanted = request.path_params["id"]
            found = [entry for entry in tenant.logs.entries() if entry.get("user_id") == wanted]
        found = sorted_by(found, query.text("sort")) if "sort" in query else found[::-1]
        return answer(page_of([shown_log(entry) for entry in found], query, "logs", default_size=50))

    return [
        Route("/users/{id}/logs", logs, methods=["GET"]),
        Route("/users/{id}/sessions", sessions.of_user, methods=["GET"]),
        Route("/users/{id}/sessions", sessions.end_all, methods=["DELETE"]),
        Route("/sessions/{id}", sessions.get, methods=["GET"]),
        Route("/sessions/{id}", sessions.note, methods=["PATCH"]),
        Route("/sessions/{id}", sessions.end, methods=["DELETE"]),
        Route("/sessions/{id}/revoke", sessions.revoke, methods=["POST"]),
        Route("/users/{id}/refresh-tokens", tokens.of_user, methods=["GET"]),
        Route("/users/{id}/refresh-tokens", tokens.revoke_all, methods=["DELETE"]),
        Route("/refresh-tokens", tokens.list_tokens, methods=["GET"]),
        Route("/refresh-tokens/revoke", tokens.revoke_some, methods=["POST"]),
        Route("/refresh-tokens/{id}", tokens.get, methods=["GET"]),
        Route("/refresh-tokens/{id}", tokens.note, methods=["PATCH"]),
        Route("/refresh-tokens/{id}", tokens.revoke, methods=["DELETE"]),
        Route("/users/{id}/revoke-access", sessions.revoke_access, methods=["POST"]),
    ]


def page_as_object(items: list[dict[str, Any]], query: Query, name: str) -> dict[str, Any]:
    """Return the page that a request asks for, always as an object that holds it as `name`."""
    page = totals_or_checkpoint(items, query, name)
    return page if isinstance(page, dict) else {name: page}


class SessionRoutes:
    """The operations on sessions of browsers."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def of_user(self, request: Request) -> Response:
        """Return one page of a user's sessions."""
        query = Query(request, PAGED)
        with self._tenant.lock:
            user_id = self._tenant.users.get(request.path_params["id"])["user_id"]
            found = [self._shown(one) for one in self._tenant.signin.sessions.of_user(user_id)]
        return answer(page_as_object(found, query, "sessions"))

    async def end_all(self, request: Request) -> Response:
        """End all sessions of a user."""
        with self._tenant.lock:
            user_id = self._tenant.users.get(request.path_params["id"])["user_id"]
            self._tenant.signin.sessions.end_of_user(user_id)
            log_operation(self._tenant, request, "Delete sessions for user", {}, {}, 202)
        return Response(status_code=202)

    async def get(self, request: Request) -> Response:
        """Return one session."""
        with self._tenant.lock:
            return answer(self._shown(self._session(request)))

    async def note(self, request: Request) -> Response:
        """Keep what an application notes about a session, in place of what was noted before."""
        body = check_body(await read_json(request), {"session_metadata": SESSION_NOTES})
        with self._tenant.lock:
            session = self._session(request)
            session.metadata = body.get("session_metadata") or {}
            log_operation(self._tenant, request, "Update session", body, {})
            return answer(self._shown(session))

    async def revoke_access(self, request: Request) -> Response:
        """End a user's sessions, or the one that is named, with their refresh tokens unless these are to stay."""
        body = check_body(await read_json(request), REVOKED_ACCESS)
        with self._tenant.lock:
            user_id, sid = self._tenant.users.get(request.path_params["id"])["user_id"], body.get("session_id")
            for session in self._tenant.signin.sessions.of_user(user_id):
                if sid in {None, session.sid}:
                    self._tenant.signin.sessions.end(session)
            for family in self._tenant.signin.refresh_tokens.of_user(user_id):
                if not body.get("preserve_refresh_tokens") and sid in {None, family.authorization.sid}:
                    self._tenant.signin.refresh_tokens.revoke(family)
            log_operation(self._tenant, request, "Revoke access of a user", body, {}, 202)
        return Response(status_code=202)

    async def end(self, request: Request) -> Response:
        """End one session; one that is not there is no error."""
        with self._tenant.lock:
            session = self._tenant.signin.sessions.by_sid(request.path_params["id"])
            if session is not None:
                self._tenant.signin.sessions.end(session)
            log_operation(self._tenant, request, "Delete session", {}, {}, 202)
        return Response(status_code=202)

    async def revoke(self, request: Request) -> Response:
        """End one session with the refresh tokens that it gave out."""
        with self._tenant.lock:
            session = self._session(request)
            for family in self._tenant.signin.refresh_tokens.of_user(session.user_id):
                if family.authorization.sid == session.sid:
                    self._tenant.signin.refresh_tokens.revoke(family)
            self._tenant.signin.sessions.end(session)
            log_operation(self._tenant, request, "Revoke session", {}, {}, 202)
        return Response(status_code=202)

    def _session(self, request: Request) -> Session:
        session = self._tenant.signin.sessions.by_sid(request.path_params["id"])
        if session is None:
            raise Problem(404, "The session does not exist.", "inexistent_session")
        return session

    def _shown(self, session: Session) -> dict[str, Any]:
        families = self._tenant.signin.refresh_tokens.of_user(session.user_id)
        clients = {one.authorization.client_id for one in families if one.authorization.sid == session.sid}
        authenticated = iso_milliseconds(session.auth_time)
        return {
            "id": session.sid,
            "user_id": session.user_id,
            "created_at": iso_milliseconds(session.created),
            "updated_at": iso_milliseconds(session.seen),
            "authenticated_at": authenticated,
            "last_interacted_at": iso_milliseconds(session.seen),
            "idle_expires_at": iso_milliseconds(session.seen + IDLE_LIFETIME),
            "expires_at": iso_milliseconds(session.created + ABSOLUTE_LIFETIME),
            "clients": [{"client_id": client_id} for client_id in sorted(clients)],
            "authentication": {"methods": [{"name": name, "timestamp": authenticated} for name in session.methods]},
            "cookie": {"mode": "persistent"},
            **({"session_metadata": session.metadata} if session.metadata else {}),
        }


class RefreshTokenRoutes:
    """The operations on refresh tokens; the tokens that descend from one login count as one."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def of_user(self, request: Request) -> Response:
        """Return one page of a user's refresh tokens."""
        query = Query(request, PAGED)
        with self._tenant.lock:
            user_id = self._tenant.users.get(request.path_params["id"])["user_id"]
            found = [self._shown(one) for one in self._tenant.signin.refresh_tokens.of_user(user_id)]
        return answer(page_as_object(found, query, "tokens"))

    async def list_tokens(self, request: Request) -> Response:
        """Return one page of the refresh tokens of a user, all or those of an application."""
        query = Query(request, (*PAGED, "user_id", "client_id", "fields", "include_fields"))
        if "user_id" not in query:
            raise invalid_query("Missing required property: user_id", "user_id", "ID of the user")
        with self._tenant.lock:
            found = [self._shown(one) for one in self._tenant.signin.refresh_tokens.of_user(query.text("user_id"))]
        if "client_id" in query:
            found = [one for one in found if one["client_id"] == query.text("client_id")]
        return answer(page_as_object(found, query, "refresh_tokens"))

    async def revoke_all(self, request: Request) -> Response:
        """Revoke all refresh tokens of a user."""
        with self._tenant.lock:
            user_id = self._tenant.users.get(request.path_params["id"])["user_id"]
            self._tenant.signin.refresh_tokens.revoke_of(user_id=user_id)
            log_operation(self._tenant, request, "Delete refresh tokens for user", {}, {}, 202)
        return Response(status_code=202)

    async def revoke_some(self, request: Request) -> Response:
        """Revoke refresh tokens by their ids, or those of a user, an application, or both together."""
        body = await read_json(request)
        allowed = {"ids", "user_id", "client_id", "audience"}
        if not isinstance(body, dict) or not body or not set(body) <= allowed:
            raise invalid_body("Expected some of ids, user_id, client_id and audience")
        with self._tenant.lock:
            for family in self._tenant.signin.refresh_tokens.all():
                if concerns(family, body):
                    self._tenant.signin.refresh_tokens.revoke(family)
            log_operation(self._tenant, request, "Revoke refresh tokens", body, {}, 202)
        return Response(status_code=202)

    async def get(self, request: Request) -> Response:
        """Return one refresh token."""
        with self._tenant.lock:
            return answer(self._shown(self._family(request)))

    async def note(self, request: Request) -> Response:
        """Keep what an application notes about a refresh token, in place of what was noted before."""
        body = check_body(await read_json(request), {"refresh_token_metadata": TOKEN_NOTES})
        with self._tenant.lock:
            family = self._family(request)
            family.metadata = body.get("refresh_token_metadata") or {}
            log_operation(self._tenant, request, "Update refresh token", body, {})
            return answer(self._shown(family))

    async def revoke(self, request: Request) -> Response:
        """Revoke one refresh token."""
        with self._tenant.lock:
            self._tenant.signin.refresh_tokens.revoke(self._family(request))
            log_operation(self._tenant, request, "Delete refresh token", {}, {}, 202)
        return Response(status_code=202)

    def _family(self, request: Request) -> Family:
        for family in self._tenant.signin.refresh_tokens.all():
            if family.id == request.path_params["id"]:
                return family
        raise Problem(404, "The refresh token does not exist.", "inexistent_refresh_token")

    def _shown(self, family: Family) -> dict[str, Any]:
        given = family.authorization
        client = self._tenant.clients.find(given.client_id) or {"refresh_token": {}}
        server = {"audience": given.audience, "scopes": " ".join(given.scopes)}
        return {
            "id": family.id,
            "user_id": given.user_id,
            "created_at": iso_milliseconds(family.started),
            "last_exchanged_at": iso_milliseconds(family.seen),
            "idle_expires_at": None,
            "expires_at": None,
            "client_id": given.client_id,
            "session_id": given.sid or None,
            "rotating": client["refresh_token"].get("rotation_type") == "rotating",
            "resource_servers": [server],
            **({"refresh_token_metadata": family.metadata} if family.metadata else {}),
        }


def concerns(family: Family, body: dict[str, Any]) -> bool:
    """Tell whether a request to revoke means these refresh tokens."""
    given = family.authorization
    told = {"user_id": given.user_id, "client_id": given.client_id, "audience": given.audience}
    if family.id in body.get("ids", []):
        return True
    named = {name: value for name, value in body.items() if name != "ids"}
    return bool(named) and all(told[name] == value for name, value in named.items())
