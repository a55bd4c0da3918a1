"""Compares both sides with what the people are known to have done; knows nothing of how the hub works."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypeAlias

from tests.chaos.people import Origin, Person

Row: TypeAlias = dict[str, Any]

KEY = "Auth0_User_Id__c"
STANDING = "Standing__c"
INACTIVE = "Inactive"
NOTE = "Auth0 user deactivated"
TASK = "Find out why"
CLOSED = "Completed"


def differences(people: Sequence[Person], users: Sequence[Row], org: dict[str, Sequence[Row]]) -> list[str]:
    """What is not as it has to be, in words; nothing when both sides are right."""
    by_id = {str(user["user_id"]): user for user in users}
    records, found = _records_of(people, org["Contact"])
    tasks: defaultdict[str, list[Row]] = defaultdict(list)
    for task in org.get("Task", ()):
        tasks[str(task.get("WhoId"))].append(task)
    for person in people:
        mine = records[person.number]
        user = by_id.get(person.user_id)
        if person.left and not mine and user is None and person.origin is Origin.SIGN_UP:
            continue  # gone before the hub heard of it
        if len(mine) != 1:
            found.append(f"person {person.number} has {len(mine)} records: {[row['Id'] for row in mine]}")
            continue
        [record] = mine
        found += [f"person {person.number}: {each}" for each in _of_person(person, user, record, tasks[record["Id"]])]
    return found


def _records_of(people: Sequence[Person], contacts: Sequence[Row]) -> tuple[dict[int, list[Row]], list[str]]:
    """Whose record each one is, by the user that it names or else by its address."""
    by_user = {name: person.number for person in people for name in (person.user_id, person.twin_id)}
    by_email = {f"person{person.number}@example.com": person.number for person in people}
    records: dict[int, list[Row]] = {person.number: [] for person in people}
    nobodys = []
    for contact in contacts:
        number = by_user.get(contact.get(KEY, ""), by_email.get(contact.get("Email", "").lower()))
        if number is None:
            nobodys.append(f"nobody's record: {contact['Id']} {contact.get('Email')} {contact.get(KEY)}")
        else:
            records[number].append(contact)
    return records, nobodys


def _of_person(person: Person, user: Row | None, record: Row, tasks: Sequence[Row]) -> list[str]:
    if person.left:
        return _of_somebody_who_left(person, user, record, tasks)
    if user is None:
        return ["the user is gone"]
    metadata, crm = user.get("user_metadata") or {}, (user.get("app_metadata") or {}).get("crm") or {}
    expected: dict[str, tuple[Any, Any]] = {
        "the user's family name": (person.family, user.get("family_name")),
        "the user's address": (person.email, user.get("email")),
        "the user's department": (person.department, crm.get("department")),
        "the record's first name": (person.given, record.get("FirstName")),
        "the record's last name": (person.family, record.get("LastName")),
        "the record's address": (person.email, record.get("Email", "").lower()),
        "the record's department": (person.department, record.get("Department")),
        "the record's lead source": (person.source or "Web", record.get("LeadSource")),
        "one title": (record.get("Title"), metadata.get("title")),
    }
    if person.origin is not Origin.TWINS:
        expected["the record's user"] = (person.user_id, record.get(KEY))
    found = [f"{what} is to be {wanted!r}, found {has!r}" for what, (wanted, has) in expected.items() if wanted != has]
    if (title := record.get("Title")) not in person.titles:
        found.append(f"the title is to be one of {person.titles}, found {title!r}")
    if (standing := record.get(STANDING)) != (INACTIVE if person.blocked else None):
        found.append(f"the record's standing is {standing!r}, and blocked is {person.blocked}")
    return found + _of_tasks(tasks, inactive=person.blocked, times=person.times_blocked)


def _of_somebody_who_left(person: Person, user: Row | None, record: Row, tasks: Sequence[Row]) -> list[str]:
    if user is not None:
        return ["the user is there again"]
    if record.get(KEY) != person.user_id:
        return []  # gone before the two were linked
    if record.get(STANDING) != INACTIVE and not tasks:
        return ["the user left, and nothing tells so"]
    marked = [] if record.get(STANDING) == INACTIVE else [f"the record's standing is {record.get(STANDING)!r}"]
    return marked + _of_tasks(tasks, inactive=True, times=person.times_blocked + 1)


def _of_tasks(tasks: Sequence[Row], *, inactive: bool, times: int) -> list[str]:
    """A note and a task for each time that the hub saw the user inactive; the last task open while it lasts."""
    notes = sum(task["Subject"] == NOTE for task in tasks)
    calls = [task for task in tasks if task["Subject"] == TASK]
    still_open = sum(task["Status"] != CLOSED for task in calls)
    found = []
    if still_open != inactive:
        found.append(f"{still_open} open tasks where {int(inactive)} is right")
    if not inactive <= notes <= times or not inactive <= len(calls) <= times:
        found.append(f"{notes} notes and {len(calls)} tasks for {times} times of being inactive")
    return found
