"""What a user may do and where it belongs: users that have to be there, roles, memberships, tickets."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from secrets import token_urlsafe
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from crosswalk.connectors.auth0.errors import failure_of
from crosswalk.connectors.auth0.transport import Transport
from crosswalk.connectors.auth0.users import UserReader, identity_of
from crosswalk.connectors.base import ConfigurationWrong, Done, Failure, UserWritten
from crosswalk.connectors.errors import CallRefused, ConnectorError, MalformedAnswer
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import UserId
from crosswalk.domain.user_writes import MembershipChange, RoleChange, UserCreate


class _Role(Struct):
    id: str
    name: str


class _Ticket(Struct):
    ticket: str


class _Identity(Struct):
    connection: str = ""


class _Connections(Struct):
    identities: list[_Identity] = []


_decode_roles = msgspec.json.Decoder(list[_Role]).decode
_decode_ticket = msgspec.json.Decoder(_Ticket).decode
_decode_connections = msgspec.json.Decoder(_Connections).decode


class Access:
    """Changes what users of one tenant may do.

    Parameters
    ----------
    transport, users
        The tenant, and how its users are read.
    now
        The time in UTC: when a state was observed.
    """

    def __init__(self, transport: Transport, users: UserReader, now: Callable[[], datetime]) -> None:
        self._transport = transport
        self._users = users
        self._now = now
        self._role_ids: dict[str, str] = {}
        self._reading_roles = asyncio.Lock()

    async def create_user(self, write: UserCreate) -> UserWritten | Failure:
        """Return the user with this address in the connection, made now if there was none.

        A repeated call finds the user that the first one made: a database connection has each address once, and
        refuses a second one with 409.
        """
        try:
            known = await self._find(write)
            if known is not None:
                return UserWritten(known)
            body: dict[str, Any] = {**write.profile, "email": write.email, "connection": write.connection}
            # Nobody knows it, and nobody has to: the user chooses a password by the invitation.
            body.setdefault("password", f"{token_urlsafe(32)}aA1!")
            observed_at = self._now()
            answer = await self._transport.post("users", msgspec.json.encode(body))
            return UserWritten(identity_of(answer, observed_at)[0])
        except CallRefused as error:
            known = await self._find(write) if error.status == 409 else None
            return failure_of(error) if known is None else UserWritten(known)
        except ConnectorError as error:
            return failure_of(error)

    async def change_role(self, write: RoleChange) -> Done | Failure:
        """Grant a role or revoke it; doing so again changes nothing."""
        try:
            role_id = await self._role_id(write.role)
            if role_id is None:
                return ConfigurationWrong("UNKNOWN_ROLE", f"the tenant has no role named {write.role}; create it there")
            path = f"users/{quote(write.user_id, safe='')}/roles"
            await self._put_or_delete(path, {"roles": [role_id]}, put=write.granted)
        except ConnectorError as error:
            return failure_of(error)
        return Done(role_id)

    async def change_membership(self, write: MembershipChange) -> Done | Failure:
        """Make a user a member of an organization, or none; doing so again changes nothing."""
        path = f"organizations/{quote(write.organization, safe='')}/members"
        try:
            await self._put_or_delete(path, {"members": [write.user_id]}, put=write.member)
        except ConnectorError as error:
            return failure_of(error)
        return Done(write.organization)

    async def issue_ticket(self, user_id: UserId, ttl_s: int) -> str | Failure:
        """Return the address of a ticket with which the user chooses a password and proves the e-mail address."""
        body = {"user_id": user_id, "ttl_sec": ttl_s, "mark_email_as_verified": True}
        try:
            answer = await self._transport.post("tickets/password-change", msgspec.json.encode(body))
            return _decode_ticket(answer).ticket
        except msgspec.DecodeError:
            expected = "a ticket as JSON"
            return failure_of(
                MalformedAnswer("Auth0", "POST /api/v2/tickets/password-change", expected, "something else")
            )
        except ConnectorError as error:
            return failure_of(error)

    async def _find(self, write: UserCreate) -> Identity | None:
        for identity in await self._users.find_by_email(write.email):
            connections = _decode_connections(identity.profile).identities
            if any(each.connection == write.connection for each in connections):
                return identity
        return None

    async def _role_id(self, name: str) -> str | None:
        """The id of a role by its exact name; read again when an unknown name is asked for."""
        async with self._reading_roles:
            if name not in self._role_ids:
                query: dict[str, str | int] = {"name_filter": name, "per_page": 100}
                try:
                    roles = _decode_roles(await self._transport.get("roles", query))
                except msgspec.DecodeError as error:
                    found = "something else"
                    raise MalformedAnswer("Auth0", "GET /api/v2/roles", "a list of roles as JSON", found) from error
                self._role_ids |= {role.name: role.id for role in roles}
            return self._role_ids.get(name)

    async def _put_or_delete(self, path: str, body: dict[str, Any], *, put: bool) -> None:
        send = self._transport.post if put else self._transport.delete
        await send(path, msgspec.json.encode(body))
