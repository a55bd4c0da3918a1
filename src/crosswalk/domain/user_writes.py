"""What can be done to an Auth0 user besides changing its attributes."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from crosswalk.domain.ids import RecordId, UserId


class UserCreate(Struct, frozen=True, tag="create_user"):
    """A user that there has to be: found by its e-mail address in the connection, made where it is missing.

    Parameters
    ----------
    email, connection
        Whose, and in which database.
    profile
        Further attributes of a new user (`given_name`, `app_metadata`, …); an existing one keeps its own.
    """

    email: str
    connection: str
    profile: Mapping[str, Any] = {}


class RoleChange(Struct, frozen=True, tag="role"):
    """A role, by its name, is granted to a user or revoked."""

    user_id: UserId
    role: str
    granted: bool = True


class MembershipChange(Struct, frozen=True, tag="membership"):
    """A user becomes a member of an Auth0 organization (by its id), or is one no more."""

    user_id: UserId
    organization: str
    member: bool = True


class RecordField(Struct, frozen=True):
    """One field of one record."""

    object: str
    record_id: RecordId
    field: str


class TicketIssue(Struct, frozen=True, tag="ticket"):
    """An invitation: a ticket with which the user chooses a password and proves the e-mail address.

    Parameters
    ----------
    user_id
        For whom.
    ttl_s
        How long the ticket is good, seconds.
    deliver_to
        Where its address goes; it is a credential, so it is kept nowhere else.
    """

    user_id: UserId
    ttl_s: int
    deliver_to: RecordField
