"""`/api/v2/organizations`: organizations themselves, their connections and invitations."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from crosswalk_sandbox.auth0.configuration.resource_table import DISCOVERY_DOMAINS
from crosswalk_sandbox.auth0.organizations import shown_organization
from crosswalk_sandbox.auth0.paging import page_of, projected
from crosswalk_sandbox.auth0.problems import Problem, invalid_property
from crosswalk_sandbox.auth0.routes.checkpoints import totals_or_checkpoint
from crosswalk_sandbox.auth0.routes.exchange import Query, answer, no_content, origin_of, read_json
from crosswalk_sandbox.auth0.routes.operations import log_operation
from crosswalk_sandbox.auth0.signin.organization_prompts import discovery_domains
from crosswalk_sandbox.auth0.tenant import Tenant

PAGED = ("page", "per_page", "include_totals")


def organization_routes(tenant: Tenant) -> list[BaseRoute]:
    """Return the routes of organizations; those of members are elsewhere."""
    routes, connections, invitations = OrganizationRoutes(tenant), ConnectionRoutes(tenant), InvitationRoutes(tenant)
    connection, invitation = "/enabled_connections/{connection_id}", "/invitations/{invitation_id}"
    return [
        Route("/organizations", routes.list_organizations, methods=["GET"]),
        Route("/organizations", routes.create, methods=["POST"]),
        Route("/organizations/name/{name}", routes.get_by_name, methods=["GET"]),
        Route("/organizations/{id}", routes.get, methods=["GET"]),
        Route("/organizations/{id}", routes.update, methods=["PATCH"]),
        Route("/organizations/{id}", routes.delete, methods=["DELETE"]),
        Route("/organizations/{id}/discovery-domains/name/{domain}", routes.discovery_domain, methods=["GET"]),
        Route("/organizations/{id}/enabled_connections", connections.list_connections, methods=["GET"]),
        Route("/organizations/{id}/enabled_connections", connections.add, methods=["POST"]),
        Route(f"/organizations/{{id}}{connection}", connections.get, methods=["GET"]),
        Route(f"/organizations/{{id}}{connection}", connections.update, methods=["PATCH"]),
        Route(f"/organizations/{{id}}{connection}", connections.remove, methods=["DELETE"]),
        Route("/organizations/{id}/invitations", invitations.list_invitations, methods=["GET"]),
        Route("/organizations/{id}/invitations", invitations.create, methods=["POST"]),
        Route(f"/organizations/{{id}}{invitation}", invitations.get, methods=["GET"]),
        Route(f"/organizations/{{id}}{invitation}", invitations.delete, methods=["DELETE"]),
    ]


class OrganizationRoutes:
    """The operations on organizations themselves."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def list_organizations(self, request: Request) -> Response:
        """Return one page of the organizations."""
        query = Query(request, (*PAGED, "from", "take", "sort"))
        with self._tenant.lock:
            found = [shown_organization(one) for one in self._tenant.organizations.all()]
        return answer(totals_or_checkpoint(found, query, "organizations"))

    async def create(self, request: Request) -> Response:
        """Create an organization."""
        body = await read_json(request)
        with self._tenant.lock:
            organization = self._tenant.organizations.create(body, origin_of(request))
            log_operation(self._tenant, request, "Create an Organization", body, organization, 201)
        return answer(shown_organization(organization), 201)

    async def get(self, request: Request) -> Response:
        """Return one organization."""
        with self._tenant.lock:
            return answer(shown_organization(self._tenant.organizations.find(request.path_params["id"]).document))

    async def get_by_name(self, request: Request) -> Response:
        """Return the organization of one name."""
        name = request.path_params["name"]
        with self._tenant.lock:
            organization = self._tenant.organizations.named(name)
        if organization is None:
            raise Problem(404, f"No organization found by that id or name: {name}", "inexistent_organization")
        return answer(shown_organization(organization.document))

    async def discovery_domain(self, request: Request) -> Response:
        """Return one of the domains by which an organization is found."""
        with self._tenant.lock:
            organization_id = self._tenant.organizations.find(request.path_params["id"]).document["id"]
            for domain in discovery_domains(self._tenant, organization_id):
                if domain["domain"] == request.path_params["domain"]:
                    return answer(domain)
        raise Problem(404, *DISCOVERY_DOMAINS.missing)

    async def update(self, request: Request) -> Response:
        """Change an organization."""
        body = await read_json(request)
        with self._tenant.lock:
            organization = self._tenant.organizations.update(request.path_params["id"], body, origin_of(request))
            log_operation(self._tenant, request, "Modify an Organization", body, organization)
        return answer(shown_organization(organization))

    async def delete(self, request: Request) -> Response:
        """Delete an organization with its memberships and invitations."""
        organization_id = request.path_params["id"]
        with self._tenant.lock:
            self._tenant.organizations.delete(organization_id, origin_of(request))
            self._tenant.invitations.forget_organization(organization_id)
            self._tenant.resources.forget_owner(f"/organizations/{organization_id}")
            log_operation(self._tenant, request, "Delete an Organization", {}, {}, 204)
        return no_content()


class ConnectionRoutes:
    """The operations on the connections that an organization has enabled."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def list_connections(self, request: Request) -> Response:
        """Return one page of the enabled connections."""
        query = Query(request, PAGED)
        with self._tenant.lock:
            enabled = self._tenant.organizations.find(request.path_params["id"]).connections.values()
            found = [self._tenant.organizations.shown_connection(settings) for settings in enabled]
        return answer(page_of(found, query, "enabled_connections", default_size=50))

    async def add(self, request: Request) -> Response:
        """Enable a connection."""
        body = await read_json(request)
        with self._tenant.lock:
            shown = self._tenant.organizations.add_connection(request.path_params["id"], body, origin_of(request))
            log_operation(self._tenant, request, "Add connections to an organization", body, shown, 201)
        return answer(shown, 201)

    async def get(self, request: Request) -> Response:
        """Return one enabled connection."""
        organization_id, connection_id = request.path_params["id"], request.path_params["connection_id"]
        with self._tenant.lock:
            settings = self._tenant.organizations.connection(organization_id, connection_id)
            return answer(self._tenant.organizations.shown_connection(settings))

    async def update(self, request: Request) -> Response:
        """Change how a connection serves the organization."""
        body = await read_json(request)
        organization_id, connection_id = request.path_params["id"], request.path_params["connection_id"]
        with self._tenant.lock:
            shown = self._tenant.organizations.update_connection(
                organization_id, connection_id, body, origin_of(request)
            )
            log_operation(self._tenant, request, "Modify an Organizations connection", body, shown)
        return answer(shown)

    async def remove(self, request: Request) -> Response:
        """Disable a connection."""
        organization_id, connection_id = request.path_params["id"], request.path_params["connection_id"]
        with self._tenant.lock:
            self._tenant.organizations.remove_connection(organization_id, connection_id, origin_of(request))
            log_operation(self._tenant, request, "Delete connections from an organization", {}, {}, 204)
        return no_content()


class InvitationRoutes:
    """The operations on invitations."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    async def list_invitations(self, request: Request) -> Response:
        """Return one page of the open invitations."""
        query = Query(request, (*PAGED, "fields", "include_fields", "sort"))
        with self._tenant.lock:
            self._tenant.organizations.find(request.path_params["id"])
            found = self._tenant.invitations.of(request.path_params["id"])
        return answer(page_of(found, query, "invitations", default_size=50))

    async def create(self, request: Request) -> Response:
        """Invite somebody; no e-mail leaves, the answer has the link."""
        body = await read_json(request)
        with self._tenant.lock:
            organization = self._tenant.organizations.find(request.path_params["id"])

            def login_url(client_id: str, ticket: str) -> str:
                start = self._tenant.clients.get(client_id).get("initiate_login_uri")
                if not start:
                    found = "A default login route is required to generate the invitation url"
                    raise invalid_property(found, "client_id", "Auth0 client ID")
                reference = organization.reference()
                told = {"organization": reference["id"], "organization_name": reference["name"]}
                return f"{start}?{urlencode({'invitation': ticket, **told})}"

            invitation = self._tenant.invitations.create(organization.document["id"], body, login_url)
            if body.get("send_invitation_email", True):
                text = (
                    f"{invitation['inviter'].get('name', 'Somebody')} invites you to {organization.document['name']}."
                )
                link = invitation["invitation_url"]
                self._tenant.mailbox.send("invitation", invitation["invitee"]["email"], text, link)
            log_operation(self._tenant, request, "Create invitations to organization", body, {}, 201)
        return answer(invitation, 201)

    async def get(self, request: Request) -> Response:
        """Return one invitation."""
        query = Query(request, ("fields", "include_fields"))
        with self._tenant.lock:
            found = self._tenant.invitations.get(request.path_params["id"], request.path_params["invitation_id"])
        return answer(projected(found, query))

    async def delete(self, request: Request) -> Response:
        """Withdraw an invitation."""
        with self._tenant.lock:
            self._tenant.invitations.delete(request.path_params["id"], request.path_params["invitation_id"])
            log_operation(self._tenant, request, "Delete an invitation to organization", {}, {}, 204)
        return no_content()
