"""The flows of a sync as their owner configured them: behaviours beyond keeping fields in step."""

from collections.abc import Mapping

from msgspec import Struct

from crosswalk.domain.place import Place
from crosswalk.domain.values import FieldValue

DEACTIVATION = "deactivation"
"""The name of the deactivation flow."""

MERGE_TASK = "merge_task"
"""The name of the flow that asks people to merge records."""


class TaskTemplate(Struct, frozen=True):
    """A task for the owner of the account.

    Parameters
    ----------
    subject, description
        What it says.
    due_days
        Days from the change to the task's date.
    priority, status
        As the org's picklists have them.
    closed_status
        The status of the task when its cause is gone.
    """

    subject: str
    description: str
    due_days: int
    priority: str
    status: str
    closed_status: str


class DeactivationFlow(Struct, frozen=True):
    """While a user is blocked, or once deleted: the record is marked, a note is made, a task waits for somebody.

    Parameters
    ----------
    when
        An expression over `user`; a deleted user counts always.
    fields
        What the record has meanwhile, by object: field → value. Before, it had what it gets back afterwards.
    note
        The subject of an entry in the record's history; `None` for no entry.
    key_field
        The external-id field of tasks: what is made once is not made twice.
    """

    when: str
    fields: Mapping[str, Mapping[str, FieldValue]]
    note: str | None
    task: TaskTemplate | None
    key_field: str
    place: Place


class MergeTaskFlow(Struct, frozen=True):
    """While two Auth0 users who were linked have a record each, a task asks people to merge the two.

    Parameters
    ----------
    task
        What it says.
    key_field
        The external-id field of tasks: what is made once is not made twice.
    """

    task: TaskTemplate
    key_field: str
    place: Place


class Invitation(Struct, frozen=True):
    """How a new user learns of it: the address of a ticket goes into a field of the contact, for the org's e-mail."""

    field: str
    ttl_s: int


class ClosedWonFlow(Struct, frozen=True):
    """While a deal is won, its contact is a user with the roles of what was bought.

    Parameters
    ----------
    when, tier
        Expressions over `deal` (the opportunity with its account): whether it is won, and what was bought.
    contact_field
        The opportunity's field that names its contact.
    deal_fields
        The fields of the opportunity that the expressions read.
    roles
        Tier → the names of its roles.
    connection
        The database connection of new users.
    organization
        The Auth0 organization (by its id) that the user becomes a member of.
    invitation
        How a new user is invited.
    """

    when: str
    tier: str
    contact_field: str
    deal_fields: tuple[str, ...]
    roles: Mapping[str, tuple[str, ...]]
    connection: str
    organization: str | None
    invitation: Invitation | None
    place: Place


class Flows(Struct, frozen=True):
    """The flows that a sync has enabled."""

    deactivation: DeactivationFlow | None = None
    closed_won: ClosedWonFlow | None = None
    merge_task: MergeTaskFlow | None = None
