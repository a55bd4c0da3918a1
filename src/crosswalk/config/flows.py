"""Flows: behaviours beyond keeping fields in step, each of which a sync may enable."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from crosswalk.config.section import Section
from crosswalk.config.values import ApiName, Duration, Expression, Kind, Text, refuse

FieldConstant = Annotated[str | int | float | bool | None, Kind("value")]
"""A value that a record's field can hold."""

KEY_FIELD = "Crosswalk_Key__c"
_KEY_FIELD = "External-id field (text, unique) of tasks, by which what was made once is not made twice."


def _at_most_a_month(value: timedelta) -> timedelta:
    if not timedelta(minutes=1) <= value <= timedelta(days=30):
        refuse("a ticket is not good for so long", "between 1m and 720h")
    return value


class _TaskSection(Section):
    """What is said of any task."""

    description: Text | None = Field(default=None, description="What it says.")
    due_days: int = Field(default=3, ge=0, le=365, description="Days from the change to the task's date.")
    priority: Text = Field(default="High", description="One of the org's priorities of tasks.")
    status: Text = Field(default="Not Started", description="Its first status.")
    closed_status: Text = Field(default="Completed", description="Its status once its cause is gone.")


class TaskConfig(_TaskSection):
    """A task in Salesforce for the owner of the account, or of the lead."""

    subject: Text = Field(description="What the task is called.", examples=["Customer has left: find out why"])


class DeactivationConfig(Section):
    """While a user is blocked, or once deleted: the record is marked, a note is made, a task waits for somebody."""

    when: Expression = Field(
        default="user.blocked === true",
        description="JavaScript expression over `user`: who counts as inactive. A deleted user does always.",
    )
    fields: dict[ApiName, dict[ApiName, FieldConstant]] = Field(
        default={},
        description="What the record has meanwhile, by object; on return it gets back what it had.",
        examples=[{"Contact": {"Status__c": "Inactive"}}],
    )
    note: Text | None = Field(
        default=None,
        description="The subject of an entry (a completed task) in the record's history.",
        examples=["Auth0 user deactivated"],
    )
    task: TaskConfig | None = Field(default=None, description="A task for the owner of the account.")
    key_field: ApiName = Field(default=KEY_FIELD, description=_KEY_FIELD)


class MergeTaskConfig(_TaskSection):
    """A task in Salesforce that asks to merge the records of two Auth0 users who were linked."""

    subject: Text = Field(default="Merge two records of one person", description="What the task is called.")
    key_field: ApiName = Field(default=KEY_FIELD, description=_KEY_FIELD)


class InvitationConfig(Section):
    """The address of an invitation goes into a field of the contact, from where the org sends its e-mail."""

    field: ApiName = Field(description="A text field of the contact.", examples=["Invitation_Link__c"])
    expires: Annotated[Duration, AfterValidator(_at_most_a_month)] = Field(
        default=timedelta(days=5), description="How long the invitation is good.", examples=["120h"]
    )


class ClosedWonConfig(Section):
    """While a deal is won, its contact is a user with the roles of what was bought."""

    when: Expression = Field(
        default="deal.IsWon === true",
        description="JavaScript expression over `deal`, the opportunity: whether it is won.",
    )
    tier: Expression = Field(
        description="JavaScript expression over `deal`: what was bought.", examples=["deal.Account.Tier__c"]
    )
    contact: ApiName = Field(default="ContactId", description="The opportunity's field that names its contact.")
    fields: tuple[Text, ...] = Field(
        default=(),
        description="The fields of the opportunity that the expressions read; those of its account as `Account.NAME`.",
        examples=[["Account.Tier__c"]],
    )
    roles: dict[Text, tuple[Text, ...]] = Field(
        min_length=1, description="The names of the Auth0 roles of each tier.", examples=[{"Gold": ["gold-member"]}]
    )
    connection: Text = Field(
        default="Username-Password-Authentication", description="The database connection of new users."
    )
    organization: Text | None = Field(
        default=None, description="The Auth0 organization (its id) that the user becomes a member of."
    )
    invitation: InvitationConfig | None = Field(default=None, description="How a new user is invited.")


class FlowsConfig(Section):
    """The flows of a sync; each is off until it is written down."""

    deactivation: DeactivationConfig | None = Field(default=None, description="Blocked and deleted users.")
    closed_won: ClosedWonConfig | None = Field(default=None, description="Won deals.")
    merge_task: MergeTaskConfig | None = Field(
        default=None,
        description="A task for whoever owns the account, while two linked Auth0 users have a record each; needs "
        "`on_users_linked: merge_task`. `{}` is enough.",
    )
