"""How the record of an identity is found: match rules, and what is done with what they find."""

from enum import StrEnum

from msgspec import Struct

from crosswalk.domain.place import Place
from crosswalk.domain.values import ValueType


class Normalisation(Struct, frozen=True):
    """Differences that do not count when two keys are compared, beyond those that never count for their type.

    Parameters
    ----------
    plus_address
        E-mail: `ada+shop@example.com` is `ada@example.com`.
    dots_of
        E-mail: the domains (lower case) at which dots before the @ mean nothing, such as `gmail.com`.
    accents
        Text: `Müller` is `Muller`.
    spaces
        Text: `SW1A 1AA` is `SW1A1AA`.
    case
        Text: letter case counts. Salesforce's own comparison never sees it, so it is looked at afterwards.
    """

    plus_address: bool = False
    dots_of: tuple[str, ...] = ()
    accents: bool = False
    spaces: bool = False
    case: bool = False


class MatchPart(Struct, frozen=True):
    """One value that a record has to hold, in any of some fields.

    Parameters
    ----------
    fields
        The fields of which one has to hold it, for example `Phone` and `MobilePhone`.
    expression
        The JavaScript expression over `user` that gives the value.
    type, normalisation
        How it is compared.
    """

    fields: tuple[str, ...]
    expression: str
    type: ValueType
    normalisation: Normalisation = Normalisation()


class MatchRule(Struct, frozen=True):
    """One way to find the record of an identity: the records that hold the values of all parts.

    Parameters
    ----------
    name
        What it is called in the audit trail.
    parts
        What a record has to hold: all of them.
    condition
        An expression over `user`; where it is not true, the key is unverified, and the rule links nobody.
    where
        An expression over `user` and `record`; a record for which it is not true is no candidate.
    least_similarity
        How alike a record has to be, from 0 to 1, to be linked by this rule; `None` where the key alone is enough.
    """

    name: str
    parts: tuple[MatchPart, ...]
    place: Place
    condition: str | None = None
    where: str | None = None
    least_similarity: float | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields that the rule compares, each once."""
        return tuple(dict.fromkeys(field for part in self.parts for field in part.fields))


class Reaction(StrEnum):
    """What is done with an identity that has no link yet."""

    LINK = "link"
    """Link it with the record that was found."""
    CREATE = "create"
    """Make a new record, of the first target that allows it."""
    WAIT = "wait"
    """Nothing, until something about the identity changes."""
    CONFLICT = "conflict"
    """Ask a person."""


class Reactions(Struct, frozen=True):
    """The reaction to each situation in which an identity without a link can be; the names are those of `Situation`."""

    matched: Reaction = Reaction.LINK
    no_match: Reaction = Reaction.CREATE
    ambiguous: Reaction = Reaction.CONFLICT
    already_linked: Reaction = Reaction.CONFLICT
    doubtful: Reaction = Reaction.CONFLICT
    key_missing: Reaction = Reaction.WAIT
    """Without a key nobody can say whether the person is in the org already: a new record might be the second."""
    key_unverified: Reaction = Reaction.CREATE
    """No record holds the unverified key, so a new record doubles nobody."""
    unverified_match: Reaction = Reaction.WAIT
    """Linking would hand a record to whoever claims its address, creating would double it; verification settles it."""


class AutomaticLink(Struct, frozen=True):
    """When the best of several candidates is linked without asking anybody.

    Parameters
    ----------
    score
        The least similarity of the best, from 0 to 1.
    margin
        By how much it has to be more similar than the second.
    """

    score: float
    margin: float
