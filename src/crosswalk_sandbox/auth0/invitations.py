"""Invitations to an organization: a ticket in a link, good for one sign-up or login as the invited address."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from crosswalk_sandbox.auth0.clock import iso_milliseconds, parse_iso
from crosswalk_sandbox.auth0.problems import Problem, invalid_property
from crosswalk_sandbox.auth0.schema import EMAIL_SHAPE, Property, check_body

DEFAULT_LIFETIME = timedelta(days=7)
MOST_LIFETIME_SECONDS = 2_592_000
PROPERTIES: dict[str, Property] = {
    "inviter": Property(dict, "Who invites"),
    "invitee": Property(dict, "Who is invited"),
    "client_id": Property(str, "Auth0 client ID. Used to resolve the application's login initiation endpoint"),
    "connection_id": Property(str, "The id of the connection to force invitee to authenticate with"),
    "app_metadata": Property(dict, "Data related to the user that does affect the application's core functionality"),
    "user_metadata": Property(dict, "Data related to the user that does not affect the application's core"),
    "ttl_sec": Property(int, "Number of seconds for which the invitation is valid before expiration"),
    "roles": Property(list, "List of roles IDs to associated with the user"),
    "send_invitation_email": Property(bool, "Whether the user will receive an invitation email"),
}


class Invitations:
    """The open invitations of all organizations. Documents that leave it are copies."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._documents: dict[str, dict[str, Any]] = {}

    def create(self, organization_id: str, body: object, login_url: Callable[[str, str], str]) -> dict[str, Any]:
        """Store an invitation and return it.

        Parameters
        ----------
        organization_id : str
            An organization that exists.
        body : object
            The request body.
        login_url : callable
            Takes the client id and the ticket, and returns the link that the invited person is to follow.

        Raises
        ------
        Problem
            400 ``invalid_body``.
        """
        checked = copy.deepcopy(check_body(body, PROPERTIES, required=("inviter", "invitee", "client_id")))
        email = checked["invitee"].get("email")
        if not isinstance(email, str) or not EMAIL_SHAPE.match(email):
            found = f"Object didn't pass validation for format email: {email}"
            raise invalid_property(found, "email", "The invitee's email")
        seconds = min(checked.pop("ttl_sec", 0) or DEFAULT_LIFETIME.total_seconds(), MOST_LIFETIME_SECONDS)
        checked.pop("send_invitation_email", None)
        now = self._clock()
        ticket = secrets.token_urlsafe(24)
        document = {
            "id": f"uinv_{secrets.token_hex(8)}",
            "organization_id": organization_id,
            "created_at": iso_milliseconds(now),
            "expires_at": iso_milliseconds(now + timedelta(seconds=seconds)),
            "ticket_id": ticket,
            "invitation_url": login_url(checked["client_id"], ticket),
            **checked,
        }
        self._documents[document["id"]] = document
        return copy.deepcopy(document)

    def of(self, organization_id: str) -> list[dict[str, Any]]:
        """Return the invitations of one organization, newest first."""
        found = [one for one in self._documents.values() if one["organization_id"] == organization_id]
        return copy.deepcopy(found[::-1])

    def get(self, organization_id: str, invitation_id: str) -> dict[str, Any]:
        """Return one invitation, or raise 404."""
        document = self._documents.get(invitation_id)
        if document is None or document["organization_id"] != organization_id:
            raise Problem(404, "The invitation does not exist.", "inexistent_invitation")
        return copy.deepcopy(document)

    def delete(self, organization_id: str, invitation_id: str) -> None:
        """Withdraw an invitation, or raise 404."""
        self.get(organization_id, invitation_id)
        del self._documents[invitation_id]

    def valid(self, organization_id: str, ticket: str) -> dict[str, Any] | None:
        """Return the unexpired invitation that a ticket stands for, or None."""
        for document in self.of(organization_id):
            if secrets.compare_digest(document["ticket_id"].encode(), ticket.encode()):
                return document if parse_iso(document["expires_at"]) > self._clock() else None
        return None

    def forget_organization(self, organization_id: str) -> None:
        """Drop the invitations of an organization that is gone."""
        for document in self.of(organization_id):
            del self._documents[document["id"]]
