"""The suite's own judgement: the same seed draws the same run, and no damage to either side escapes the oracle."""

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.chaos.oracle import CLOSED, INACTIVE, KEY, NOTE, STANDING, TASK, differences
from tests.chaos.people import Act, Origin, Person
from tests.chaos.schedule import draw

World = dict[str, list[dict[str, Any]]]

BLOCKED = Person(1, Origin.CONTACT, "Ada", "King", "person1@example.com", "user", "Fair", "Navy", "Countess")
NEW = Person(2, Origin.SIGN_UP, "Grace", "Hopper", "moved@example.com", "user", None, None, "Admiral")
TWINS = Person(3, Origin.TWINS, "Jean", "Bartik", "person3@example.com", "user")
GONE = Person(4, Origin.CONTACT, "Kay", "Antonelli", "person4@example.com", "user", "Fair", "Army", left=True)
BLOCKED.blocked, BLOCKED.times_blocked = True, 1
BLOCKED.user_titles, NEW.user_titles = ["Lady", "Countess"], ["Admiral"]
PEOPLE = [BLOCKED, NEW, TWINS, GONE]


def a_contact(person: Person, number: int, **fields: Any) -> dict[str, Any]:
    made = {
        "Id": f"003{number}",
        "FirstName": person.given,
        "LastName": person.family,
        "Email": person.email,
        "Department": person.department,
        "LeadSource": person.source or "Web",
        "Title": person.title,
        KEY: person.user_id,
        STANDING: INACTIVE if person.blocked or person.left else None,
        **fields,
    }
    return {name: value for name, value in made.items() if value is not None}


def a_user(person: Person, user_id: str = "") -> dict[str, Any]:
    return {
        "user_id": user_id or person.user_id,
        "email": person.email,
        "given_name": person.given,
        "family_name": person.family,
        "user_metadata": {"title": person.title},
        "app_metadata": {"crm": {"department": person.department}},
    }


def tasks_of(record: str, *statuses: str) -> list[dict[str, Any]]:
    return [{"WhoId": record, "Subject": NOTE, "Status": CLOSED} for _ in statuses] + [
        {"WhoId": record, "Subject": TASK, "Status": status} for status in statuses
    ]


def a_right_world() -> World:
    return {
        "users": [a_user(BLOCKED), a_user(NEW), a_user(TWINS), a_user(TWINS, TWINS.twin_id)],
        "Contact": [
            a_contact(BLOCKED, 1),
            a_contact(NEW, 2),
            a_contact(TWINS, 3, **{KEY: TWINS.twin_id}),
            a_contact(GONE, 4),
        ],
        "Task": [*tasks_of("0031", "Not Started"), *tasks_of("0034", "Not Started")],
    }


def judged(world: World) -> list[str]:
    return differences(PEOPLE, world["users"], {"Contact": world["Contact"], "Task": world["Task"]})


def test_a_world_in_which_all_is_as_people_did_it_is_right() -> None:
    assert judged(a_right_world()) == []


DAMAGES: dict[str, tuple[Callable[[World], Any], str]] = {
    "a lost record": (lambda w: w["Contact"].pop(1), "person 2 has 0 records"),
    "a record twice": (lambda w: w["Contact"].append(a_contact(NEW, 9)), "person 2 has 2 records"),
    "a record of the other twin": (lambda w: w["Contact"].append(a_contact(TWINS, 9)), "person 3 has 2 records"),
    "a record of nobody": (lambda w: w["Contact"].append({"Id": "0039", "Email": "x@example.com"}), "nobody's record"),
    "a lost change of a name": (lambda w: w["Contact"][1].update(LastName="Old"), "person 2: the record's last name"),
    "a lost change of an address": (lambda w: w["Contact"][1].update(Email="person2@example.com"), "record's address"),
    "a lost edit of the org": (lambda w: w["users"][0].update(app_metadata={}), "the user's department"),
    "an edit that was not undone": (lambda w: w["Contact"][0].update(FirstName="Wrong"), "the record's first name"),
    "another lead source": (lambda w: w["Contact"][0].update(LeadSource="Web"), "the record's lead source"),
    "two titles": (lambda w: w["Contact"][1].update(Title="Ensign"), "one title"),
    "a missing mark": (lambda w: w["Contact"][0].pop(STANDING), "the record's standing is None"),
    "a missing task": (lambda w: w["Task"].pop(1), "0 open tasks where 1 is right"),
    "a task twice": (lambda w: w["Task"].append(w["Task"][1]), "2 open tasks where 1 is right"),
    "a note too many": (lambda w: w["Task"].append(w["Task"][0]), "2 notes and 1 tasks for 1 times"),
    "a task for somebody who never left": (lambda w: w["Task"].extend(tasks_of("0032", CLOSED)), "1 notes and 1 tasks"),
    "a user who came back": (lambda w: w["users"].append(a_user(GONE)), "person 4: the user is there again"),
    "a user who is gone": (lambda w: w["users"].pop(1), "person 2: the user is gone"),
    "a link of the wrong user": (lambda w: w["Contact"][1].update({KEY: "auth0|x"}), "nobody's record"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_the_oracle_sees(name: str) -> None:
    damage, expected = DAMAGES[name]
    world = copy.deepcopy(a_right_world())

    damage(world)

    assert [each for each in judged(world) if re.search(re.escape(expected), each)]


def test_the_same_seed_draws_the_same_run_and_another_one_draws_another() -> None:
    assert draw(7) == draw(7)
    assert draw(7).deeds != draw(8).deeds


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_run_has_a_thousand_changes_in_an_order_that_can_be(seed: int) -> None:
    schedule = draw(seed)

    assert len(schedule.deeds) >= 1_000
    for person in schedule.people:
        acts = [deed.act for deed in schedule.deeds if deed.person == person.number]
        known_first = {Origin.CONTACT: [Act.MAKE_CONTACT, Act.SIGN_UP]}.get(person.origin, [Act.SIGN_UP])
        assert acts[: len(known_first)] == known_first
        assert Act.LEAVE not in acts[:-1]
        assert acts.count(Act.BLOCK) - acts.count(Act.UNBLOCK) == person.blocked
