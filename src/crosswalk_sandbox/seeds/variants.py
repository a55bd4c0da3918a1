"""How the same person looks in another system: spelt, typed and abbreviated otherwise."""

import random
from typing import Any

from crosswalk_sandbox.seeds.people import Person
from crosswalk_sandbox.seeds.places import without_marks


def spelled_otherwise(draw: random.Random, person: Person, row: dict[str, Any]) -> dict[str, Any]:
    """The person's record as the other system has it: about half are the same, each other one differs in one way.

    Parameters
    ----------
    draw
        The chance of this seed.
    person
        Who it is.
    row
        The contact or lead with everything spelled as the person does; it is changed.
    """
    chance = draw.random()
    if chance < 0.5:
        return row
    if chance < 0.6:
        row["Phone"] = person.phone_national
    elif chance < 0.67:
        row["Phone"] = person.phone
    elif chance < 0.75:
        row |= {
            "FirstName": without_marks(person.given_name.plain),
            "LastName": without_marks(person.family_name.plain),
        }
    elif chance < 0.82:
        row["Email"] = str(row["Email"]).upper()
    elif chance < 0.88:
        row["Email"] = _other_address(person)
    elif chance < 0.93:
        row["LastName"] = mistyped(draw, person.family_name.written)
    elif chance < 0.96:
        row["FirstName"] = f"{person.given_name.written[0]}."
    else:
        row["Email"] = None
    return row


def mistyped(draw: random.Random, text: str) -> str:
    """The text with two neighbours exchanged, as fingers do; of one letter, doubled."""
    if len(text) < 2:
        return text * 2
    at = int(draw.random() * (len(text) - 1))
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _other_address(person: Person) -> str:
    """The address without what comes after a plus, or else with it."""
    name, _, domain = person.email.partition("@")
    plain = name.partition("+")[0]
    return f"{plain}@{domain}" if plain != name else f"{name}+crm@{domain}"
