"""What a connector can do, one protocol per capability, and what becomes of a write.

A connector implements the capabilities it has; the engine asks for the ones it needs.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

from msgspec import Struct

from crosswalk.domain.event import Event
from crosswalk.domain.fate import Fate
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.look_up import LookUp
from crosswalk.domain.record import Record
from crosswalk.domain.record_writes import EventPublish, RecordDelete
from crosswalk.domain.user_writes import MembershipChange, RoleChange, UserCreate
from crosswalk.domain.write import RecordWrite, UserWrite


class Written(Struct, frozen=True, tag="written"):
    """The record is as the write wanted it. `created` tells a new record from an updated one."""

    record_id: RecordId
    created: bool


class RetryLater(Struct, frozen=True, tag="retry_later"):
    """Nothing is wrong with the write; the same write may succeed later.

    `after_s` is the least time to wait, in seconds; `None` leaves it to the caller's backoff. `alone` says that others
    of its call were in its way, or it in theirs: somebody holds the record's lock.
    """

    code: str
    message: str
    after_s: float | None = None
    alone: bool = False


class ConflictFound(Struct, frozen=True, tag="conflict_found"):
    """The org holds other records of the same person: match again, or let a person decide."""

    code: str
    message: str
    duplicates: tuple[RecordId, ...] = ()


class LinkLost(Struct, frozen=True, tag="link_lost"):
    """The record is gone (deleted, merged into another, or no longer visible)."""

    code: str
    message: str


class Rejected(Struct, frozen=True, tag="rejected"):
    """The values of this record are not acceptable; it needs a person (dead letter)."""

    code: str
    message: str
    fields: tuple[str, ...] = ()


class ConfigurationWrong(Struct, frozen=True, tag="configuration_wrong"):
    """No record of this kind can be written until the mapping or the org's permissions change.

    `of_all` is false where it may be so for this record only: a sharing rule, a trigger that stumbles over a value.
    """

    code: str
    message: str
    fields: tuple[str, ...] = ()
    of_all: bool = True


Failure: TypeAlias = RetryLater | ConflictFound | LinkLost | Rejected | ConfigurationWrong
"""Why a write was not done."""

WriteResult: TypeAlias = Written | Failure
"""What became of one write; exactly one of these for each, in the order of the writes."""


class UserWritten(Struct, frozen=True, tag="user_written"):
    """The user is as the write wanted it; `identity` is its state since."""

    identity: Identity


UserWriteResult: TypeAlias = UserWritten | Failure
"""What became of one write to a user."""


class Done(Struct, frozen=True, tag="done"):
    """Everything else that can be done was; `reference` is the vendor's id of what it was done to."""

    reference: str


class ApiUsage(Struct, frozen=True):
    """How many API calls of the rolling 24 hours an org has used, as it said at `at` (UTC)."""

    used: int
    limit: int
    at: datetime


class PicklistValue(Struct, frozen=True):
    """One choice of a picklist."""

    value: str
    active: bool = True


class FieldDescription(Struct, frozen=True, rename="camel"):
    """One field of an object as the org describes it; the names are Salesforce's own.

    `length` is the greatest number of characters, 0 where it does not apply.
    """

    name: str
    label: str
    type: str
    length: int = 0
    createable: bool = False
    updateable: bool = False
    nillable: bool = True
    defaulted_on_create: bool = False
    external_id: bool = False
    unique: bool = False
    case_sensitive: bool = False
    restricted_picklist: bool = False
    filterable: bool = True
    picklist_values: tuple[PicklistValue, ...] = ()
    reference_to: tuple[str, ...] = ()


class ObjectDescription(Struct, frozen=True):
    """An object of the org: what can be done with it, and its fields."""

    name: str
    label: str
    createable: bool
    updateable: bool
    queryable: bool
    fields: tuple[FieldDescription, ...]

    def field(self, name: str) -> FieldDescription | None:
        """Return the field called `name` (case-insensitive, as in Salesforce), or `None`."""
        wanted = name.lower()
        return next((field for field in self.fields if field.name.lower() == wanted), None)


class SubscriptionItem(Struct, frozen=True):
    """One message of the event subscription.

    Parameters
    ----------
    offset
        Where to resume after this item has been stored.
    event
        The event, or `None` for a heartbeat that only moves the offset.
    """

    offset: str
    event: Event | None = None


class Missed(Struct, frozen=True):
    """Changes that were not told.

    Parameters
    ----------
    why
        What came instead.
    since
        When they were made at the earliest (UTC); `None` for any time since the position before.
    """

    why: str
    since: datetime | None = None


class ChangeBatch(Struct, frozen=True):
    """Changes of records that were told together.

    Parameters
    ----------
    position
        Where to resume after this batch has been stored.
    events
        The changes; none in a batch that only moves the position.
    missed
        What has to be found out in another way before the position may move.
    """

    position: str
    events: tuple[Event, ...] = ()
    missed: tuple[Missed, ...] = ()


class ReadsUsers(Protocol):
    """Gives the current state of users."""

    async def read_users(self, user_ids: Sequence[UserId]) -> dict[UserId, Identity | None]:
        """Return each user's current state; `None` for those who no longer exist."""
        ...

    def list_users(self, query: str | None = None) -> AsyncIterator[Identity]:
        """Yield every user, or those that match the vendor's query."""
        ...

    async def find_users_by_email(self, email: str) -> list[Identity]:
        """Return the users with this e-mail address; several connections may each have one."""
        ...


class WritesUsers(Protocol):
    """Changes users, one call for each."""

    async def write_users(self, writes: Sequence[UserWrite]) -> list[UserWriteResult]:
        """Return what became of each write, in order; a user that fails never holds back the others."""
        ...


class ChangesAccess(Protocol):
    """Changes which users there are and what they may do. Doing anything again comes to the same."""

    async def create_user(self, write: UserCreate) -> UserWritten | Failure:
        """Return the user that there has to be, made now if it was missing."""
        ...

    async def change_role(self, write: RoleChange) -> Done | Failure:
        """Grant a role or revoke it."""
        ...

    async def change_membership(self, write: MembershipChange) -> Done | Failure:
        """Make a user a member of an organization, or none."""
        ...

    async def issue_ticket(self, user_id: UserId, ttl_s: int) -> str | Failure:
        """Return the address of an invitation."""
        ...


class SubscribesToEvents(Protocol):
    """Delivers events as they happen, without a public URL."""

    def subscribe(self, cursor: str | None, from_timestamp: str | None = None) -> AsyncGenerator[SubscriptionItem]:
        """Yield events after `cursor` until the connection ends; the caller reconnects with the last offset."""
        ...


class ReadsLogs(Protocol):
    """Gives the log of a tenant by checkpoint."""

    async def read_logs(self, after: str | None, take: int = 100) -> list[Event]:
        """Return up to `take` log events that follow the log id `after`, oldest first."""
        ...

    async def newest_log_id(self) -> str:
        """Return the position from which `read_logs` gives only what happens from now on."""
        ...


class FindsCandidates(Protocol):
    """Finds the records that may belong to an identity."""

    async def find_candidates(
        self, object_name: str, fields: Sequence[str], key_field: str, values: Sequence[str]
    ) -> list[Record]:
        """Return the records whose `key_field` equals one of `values`, with `fields` and the key field."""
        ...

    async def look_up(self, look_ups: Sequence[LookUp]) -> list[list[Record]]:
        """Return the records that each look-up finds, in the order of the look-ups, in as few calls as possible."""
        ...


class FindsFates(Protocol):
    """Tells what became of records that may be gone."""

    async def find_fates(
        self, object_name: str, fields: Sequence[str], ids: Sequence[RecordId]
    ) -> dict[RecordId, Fate]:
        """Return what became of each of these records; those that are there come with `fields`."""
        ...


class ReadsChanges(Protocol):
    """Tells which records changed since a time."""

    def changes_since(
        self, object_name: str, fields: Sequence[str], since: str, read_to: str | None = None
    ) -> AsyncIterator[list[Event]]:
        """Yield an event for each record that changed at or after `since`, deleted ones too, oldest first.

        The records of the second `read_to`, the newest that was read before, give another event.
        """
        ...

    async def newest_change(self, object_name: str) -> str:
        """Return the time of the newest change of an object's records, to start from."""
        ...


class FollowsChanges(ReadsChanges, Protocol):
    """Tells of changes of records as they happen."""

    def follow_changes(
        self, object_name: str, fields: Sequence[str], position: str | None
    ) -> AsyncGenerator[ChangeBatch]:
        """Yield what happens to an object's records after `position` until the connection ends; `None` is now."""
        ...


class WritesRecords(Protocol):
    """Creates and updates records, many in a call."""

    async def write(self, writes: Sequence[RecordWrite]) -> list[WriteResult]:
        """Return what became of each write, in order; a record that fails never holds back its neighbours."""
        ...


class BulkJob(Struct, frozen=True):
    """A job of the org's that writes many records in the background.

    Parameters
    ----------
    id
        The org's id of it.
    object, key
        What it writes, and the field by which it finds the records.
    """

    id: str
    object: str
    key: str


class BulkBook(Protocol):
    """Remembers the jobs of a batch, so that a crash is not followed by writing everything again."""

    @property
    def jobs(self) -> Sequence[BulkJob]:
        """The jobs that were made for this batch before."""
        ...

    async def started(self, job: BulkJob) -> None:
        """Remember a job that is about to be filled."""
        ...

    def ended(self, job: BulkJob) -> None:
        """Take note that a job is over and its results are known."""
        ...


class WritesInBulk(Protocol):
    """Writes many records by jobs where that takes fewer calls."""

    @property
    def bulk_above(self) -> int:
        """A job is made where there are more records of one object and kind than this."""
        ...

    async def write_in_bulk(self, writes: Sequence[RecordWrite], book: BulkBook) -> list[WriteResult]:
        """Return what became of each write, in order, as `WritesRecords.write` does."""
        ...

    async def wait_for_job(self, job: BulkJob) -> None:
        """Return when a job is over, whatever came of it."""
        ...


class DeletesRecords(Protocol):
    """Deletes what the hub made."""

    async def delete_record(self, write: RecordDelete) -> Done | Failure:
        """Delete a record by its external id; one that is gone already counts as deleted."""
        ...


class PublishesEvents(Protocol):
    """Tells the org's own flows and integrations of something."""

    async def publish_event(self, write: EventPublish) -> Done | Failure:
        """Publish a platform event."""
        ...


class DescribesObjects(Protocol):
    """Says which fields an object has."""

    async def describe(self, object_name: str) -> ObjectDescription:
        """Return the object's description."""
        ...
