"""Tasks in Salesforce that flows make: whom they are for, what they are about, and how each is made once."""

from collections.abc import Mapping
from datetime import date, timedelta

from msgspec import Struct

from crosswalk.domain.effect import Effect
from crosswalk.domain.flow import TaskTemplate
from crosswalk.domain.place import Place
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite

SURROUNDINGS: Mapping[str, tuple[str, ...]] = {
    "Contact": ("AccountId", "Account.OwnerId", "OwnerId"),
    "Lead": ("OwnerId",),
    "Account": ("OwnerId",),
}
"""What has to be read beside a record to give somebody a task; of other objects, `OwnerId`."""


class Surroundings(Struct, frozen=True):
    """Whom a task is for, and which account it is about."""

    owner: str | None = None
    account: str | None = None

    @classmethod
    def of(cls, record: Record) -> "Surroundings":
        """Take them from a record that was read with `SURROUNDINGS`."""
        fields = record.fields
        owner = fields.get("Account.OwnerId") or fields.get("OwnerId")
        account = record.id if record.object == "Account" else fields.get("AccountId")
        return cls(_text(owner), _text(account))


class TaskKey(Struct, frozen=True):
    """What a task is made by, so that it is made once.

    Parameters
    ----------
    field
        The external-id field of tasks.
    value
        Says for whom, what and the how manieth it is.
    place
        Where the flow is configured.
    """

    field: str
    value: str
    place: Place


def task_effect(key: TaskKey, fields: Mapping[str, FieldValue], closed_status: str | None, because: str) -> Effect:
    """A task with these fields; undone, it has the status `closed_status`, or stays where that is `None`."""

    def write(values: Mapping[str, FieldValue], reason: Reason) -> RecordWrite:
        writes = tuple(FieldWrite(name, None, value, reason, key.place) for name, value in values.items())
        return RecordWrite(Action.CREATE, "Task", None, (key.field, key.value), writes)

    undo = None if closed_status is None else write({"Status": closed_status}, Reason.UNDONE)
    there = write({name: value for name, value in fields.items() if value not in (None, "")}, Reason.FLOW)
    return Effect(key.value, there, undo, because)


def fields_of_task(
    template: TaskTemplate, description: str, since: str, record: Record, around: Surroundings
) -> dict[str, FieldValue]:
    """What a task says, and whom it is for.

    Parameters
    ----------
    description
        Its text; the template's own may be a part of it.
    since
        When its cause came to be, as in `StateVersion`: its date is reckoned from there, by no clock, so that doing it
        again gives the same.
    record
        What it is about.
    """
    return {
        "Subject": template.subject,
        "Description": description,
        "Status": template.status,
        "Priority": template.priority,
        "ActivityDate": (date.fromisoformat(since[:10]) + timedelta(days=template.due_days)).isoformat(),
        **about(record, around),
    }


def about(record: Record, around: Surroundings) -> dict[str, FieldValue]:
    """Tie a task to the person, the account and its owner, as far as Salesforce lets a task have them."""
    if record.object == "Account":
        return {"WhatId": record.id, "OwnerId": around.owner}
    tied: dict[str, FieldValue] = {"WhoId": record.id, "OwnerId": around.owner}
    if record.object == "Contact":
        tied["WhatId"] = around.account
    return tied


def _text(value: FieldValue) -> str | None:
    return value if isinstance(value, str) and value else None
