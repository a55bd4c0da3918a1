"""People of both systems, what they and their salespeople do, and what both sides must hold in the end.

Nothing here asks Crosswalk: what is expected follows from who owns a field, in a line or two for each. The user owns
the names and the address, Salesforce the department, and the title belongs to whoever changed it last.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Act(StrEnum):
    """What somebody does."""

    MAKE_CONTACT = "a salesperson makes a contact"
    SIGN_UP = "the person signs up"
    RENAME = "the person changes the family name"
    MOVE = "the person changes the address"
    TITLE = "the person changes the title"
    BLOCK = "the user is blocked"
    UNBLOCK = "the user is unblocked"
    LEAVE = "the user is deleted"
    DEPARTMENT = "a salesperson changes the department"
    POSITION = "a salesperson changes the title"
    SCRIBBLE_RECORD = "a salesperson changes the first name, which is the user's to say"
    SCRIBBLE_USER = "somebody changes the department in Auth0, which is Salesforce's to say"


OF_RECORD = frozenset({Act.DEPARTMENT, Act.POSITION, Act.SCRIBBLE_RECORD})
"""What needs the person's record to be there."""


class Deed(NamedTuple):
    """One change on one side."""

    person: int
    act: Act
    value: str = ""


class Origin(StrEnum):
    """How somebody came to be known."""

    CONTACT = "has a contact before there is a user"
    SIGN_UP = "signs up first"
    TWINS = "signs up twice with one address"


@dataclass
class Person:
    """Somebody, and what both sides have to hold about them in the end."""

    number: int
    origin: Origin
    given: str
    family: str
    email: str
    title_side: str
    """Who changes the title: `user`, `record` or `both`."""
    source: str | None = None
    """The lead source that the contact was made with, which a user never changes."""
    department: str | None = None
    title: str | None = None
    user_titles: list[str] = field(default_factory=list)
    record_titles: list[str] = field(default_factory=list)
    blocked: bool = False
    times_blocked: int = 0
    left: bool = False

    @property
    def user_id(self) -> str:
        """The id of the person's user."""
        return f"auth0|{self.number:024x}"

    @property
    def twin_id(self) -> str:
        """The id of the second user of somebody who signed up twice."""
        return f"auth0|{self.number + 0x1000000:024x}"

    @property
    def titles(self) -> set[str | None]:
        """The titles that both sides may have in the end: the last one, or where both change it, either's last one."""
        if self.title_side == "both":
            return {*self.user_titles[-1:], *self.record_titles[-1:]} or {None}
        return {self.title}

    def live(self, chance: random.Random, most_edits: int) -> Iterator[Deed]:
        """What is done about this person, in its order, noting what follows from it."""
        if self.origin is Origin.CONTACT:
            self.source, self.department = "Fair", f"Department {self.number}"
            yield Deed(self.number, Act.MAKE_CONTACT, self.department)
        if self.title_side != "record":
            self._titled(f"Founder {self.number}", self.user_titles)
        yield Deed(self.number, Act.SIGN_UP)
        if self.origin is Origin.TWINS:
            return
        for edit in range(chance.randint(2, most_edits)):
            deed = self._edit(chance, edit)
            if deed is not None:
                yield deed
        if chance.random() < 0.05:
            self.left = True
            yield Deed(self.number, Act.LEAVE)

    def _edit(self, chance: random.Random, edit: int) -> Deed | None:
        """One of the acts, drawn; nothing where it is none that this person can do now."""
        act = chance.choice([*Act][2:])
        word = f"{edit}x{self.number}"
        if act in _NEEDS and not _NEEDS[act](self):
            return None
        value = f"{_VALUES.get(act, '')}{word}"
        match act:
            case Act.RENAME:
                self.family = value
            case Act.MOVE:
                self.email = value = f"{value}@example.com"
            case Act.TITLE:
                self._titled(value, self.user_titles)
            case Act.POSITION:
                self._titled(value, self.record_titles)
            case Act.BLOCK | Act.UNBLOCK:
                self.blocked = act is Act.BLOCK
                self.times_blocked += self.blocked
            case Act.DEPARTMENT:
                self.department = value
            case _:
                pass
        return Deed(self.number, act, value)

    def _titled(self, title: str, of_side: list[str]) -> None:
        of_side.append(title)
        self.title = title


_NEEDS: dict[Act, Callable[[Person], bool]] = {
    Act.MOVE: lambda person: person.origin is Origin.SIGN_UP,
    Act.TITLE: lambda person: person.title_side != "record",
    Act.POSITION: lambda person: person.title_side != "user",
    Act.BLOCK: lambda person: not person.blocked,
    Act.UNBLOCK: lambda person: person.blocked,
    Act.SCRIBBLE_USER: lambda person: person.origin is Origin.CONTACT,
    Act.LEAVE: lambda _: False,
}
"""What has to hold for an edit; somebody leaves last of all."""

_VALUES = {
    Act.RENAME: "Family",
    Act.MOVE: "moved.",
    Act.TITLE: "User's ",
    Act.POSITION: "Record's ",
    Act.DEPARTMENT: "Department ",
    Act.SCRIBBLE_RECORD: "Wrong",
    Act.SCRIBBLE_USER: "Nowhere ",
}
