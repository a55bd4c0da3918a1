"""What a case is: the states that are given, and the plan that is expected."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from crosswalk.config.problem import KeyPath
from crosswalk.domain.decision import Choice
from crosswalk.domain.effect import HeldEffect
from crosswalk.domain.fate import Fate
from crosswalk.domain.ids import UserId
from crosswalk.domain.place import Place
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue, Side

Profile: TypeAlias = Mapping[str, Any]
"""An Auth0 user as the Management API gives it."""


class CandidateGiven(Struct, frozen=True):
    """A record that the org has, and the identity that it is linked to already, if it is."""

    record: Record
    linked_to: UserId | None = None


class AccountGiven(Struct, frozen=True):
    """Another user of the same person, and the record that is linked to it, if one is."""

    user_id: UserId
    record: Record | None = None


class SideDecided(Struct, frozen=True):
    """Whose value a person decided for; made about the present values, or about those that are given."""

    side: Side
    auth0: FieldValue = None
    salesforce: FieldValue = None
    of_now: bool = True


class DecidedGiven(Struct, frozen=True):
    """What a person decided about the identity: which record is its own, and whose value fields get."""

    choice: Choice | None = None
    fields: Mapping[str, SideDecided] = {}
    by: str = "somebody"


class Given(Struct, frozen=True):
    """The states before.

    Parameters
    ----------
    user
        The Auth0 user; `None` in a case about a deal.
    deleted
        Whether the user is gone, with `user` as its last state.
    record, base, evidence
        The linked record; where what both sides last agreed on is not what it has (`None`: they never agreed on
        anything); and why the two are linked.
    unread
        Fields of the linked record about which the hub knows nothing yet, because they were only just mapped.
    unagreed
        Fields that the record has, but about whose value the sides never agreed.
    became
        What became of the linked record; what it turned into is one of the candidates.
    candidates
        The other records of the org.
    decided
        What a person decided.
    quarantined
        The fields that are left alone because somebody else keeps writing them back.
    beside
        Other users that change at the same time.
    gone
        Users who are gone from Auth0: the same person may take over what was theirs.
    accounts, account_of
        Users who became accounts of this one, or the user of whom this one became an account.
    deal, contact, contact_user
        An opportunity, its contact, and that contact's user.
    held, episode
        What flows did before, and did not undo; and the how manieth time it is.
    owner, account
        Who owns the record's account, and which it is.
    """

    user: Profile | None = None
    deleted: bool = False
    record: Record | None = None
    base: Mapping[str, FieldValue] | None = {}
    evidence: str = "external_id"
    unread: tuple[str, ...] = ()
    unagreed: tuple[str, ...] = ()
    became: Fate | None = None
    candidates: tuple[CandidateGiven, ...] = ()
    decided: DecidedGiven = DecidedGiven()
    quarantined: tuple[str, ...] = ()
    beside: tuple[Profile, ...] = ()
    gone: tuple[UserId, ...] = ()
    accounts: tuple[AccountGiven, ...] = ()
    account_of: AccountGiven | None = None
    deal: Record | None = None
    contact: Record | None = None
    contact_user: UserId | None = None
    held: tuple[HeldEffect, ...] = ()
    episode: int = 0
    owner: str | None = None
    account: str | None = None


class Case(Struct, frozen=True):
    """One case.

    Parameters
    ----------
    name, place
        What it is called, and where it is written.
    sync
        The sync that it is about.
    given
        The states.
    earlier
        States from before, in order, in which flows did what they wanted: what they did is held now.
    expect
        The parts of the plan that are expected, in the words of `observing`.
    only
        Whether nothing else may come of it.
    places
        The line of each expectation, by its path.
    """

    name: str
    place: Place
    sync: str
    given: Given
    expect: Mapping[str, Any]
    only: bool = False
    earlier: tuple[Given, ...] = ()
    places: Mapping[KeyPath, Place] = {}

    def place_of(self, path: KeyPath) -> Place:
        """Where an expectation is written, or the innermost thing around it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, self.place)
