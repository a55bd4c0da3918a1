"""Carrying writes of every kind out, each by the call that is made for it."""

import asyncio
from collections.abc import Sequence
from typing import Protocol, TypeAlias

from crosswalk.connectors.base import (
    BulkBook,
    ChangesAccess,
    DeletesRecords,
    Done,
    PublishesEvents,
    UserWriteResult,
    WriteResult,
    WritesInBulk,
    WritesRecords,
    WritesUsers,
)
from crosswalk.domain.place import Place
from crosswalk.domain.record_writes import EventPublish, RecordDelete
from crosswalk.domain.user_writes import MembershipChange, RoleChange, TicketIssue, UserCreate
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite, UserWrite, Write

Result: TypeAlias = WriteResult | UserWriteResult | Done
"""What became of a write."""


class Tenant(WritesUsers, ChangesAccess, Protocol):
    """What is written to on the identity side."""


class Org(WritesRecords, WritesInBulk, DeletesRecords, PublishesEvents, Protocol):
    """What is written to on the CRM side."""


class Writer:
    """Writes to one tenant and one org.

    Parameters
    ----------
    tenant, org
        The two sides.
    """

    def __init__(self, tenant: Tenant, org: Org) -> None:
        self._tenant = tenant
        self._org = org

    async def write(self, writes: Sequence[Write], book: BulkBook | None = None) -> list[Result]:
        """Carry writes out, both sides at once, and return what became of each, in order.

        Fields of records go out in full calls together, whoever wants them; with a `book`, by jobs of the org's where
        they are many.
        """
        to_records = [write for write in writes if isinstance(write, RecordWrite)]
        to_users = [write for write in writes if isinstance(write, UserWrite)]
        others = [write for write in writes if not isinstance(write, RecordWrite | UserWrite)]
        of_records, of_users, of_others = await asyncio.gather(
            self._org.write(to_records) if book is None else self._org.write_in_bulk(to_records, book),
            self._tenant.write_users(to_users),
            asyncio.gather(*map(self._write_other, others)),
        )
        results = (iter(of_records), iter(of_users), iter(of_others))
        return [next(results[_kind(write)]) for write in writes]

    async def _write_other(
        self, write: UserCreate | RoleChange | MembershipChange | TicketIssue | RecordDelete | EventPublish
    ) -> Result:
        match write:
            case UserCreate():
                return await self._tenant.create_user(write)
            case RoleChange():
                return await self._tenant.change_role(write)
            case MembershipChange():
                return await self._tenant.change_membership(write)
            case TicketIssue():
                return await self._invite(write)
            case RecordDelete():
                return await self._org.delete_record(write)
            case EventPublish():
                return await self._org.publish_event(write)

    async def _invite(self, write: TicketIssue) -> Result:
        """Issue a ticket and put its address where the invitation is sent from.

        A crash in between leaves a ticket that nobody knows of; the next attempt issues another.
        """
        address = await self._tenant.issue_ticket(write.user_id, write.ttl_s)
        if not isinstance(address, str):
            return address
        to = write.deliver_to
        field = FieldWrite(to.field, None, address, Reason.FLOW, Place("", 0))
        [result] = await self._org.write(
            [RecordWrite(Action.UPDATE, to.object, to.record_id, ("Id", to.record_id), (field,))]
        )
        return result


def _kind(write: Write) -> int:
    if isinstance(write, RecordWrite):
        return 0
    return 1 if isinstance(write, UserWrite) else 2
