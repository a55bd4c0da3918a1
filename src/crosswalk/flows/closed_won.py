"""A won deal: its contact becomes a user with the roles of what was bought, and is invited."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from crosswalk.domain.effect import Effect, EffectStep, HeldEffect, Step
from crosswalk.domain.flow import ClosedWonFlow
from crosswalk.domain.ids import UserId
from crosswalk.domain.record import Record
from crosswalk.domain.user_writes import MembershipChange, RecordField, RoleChange, TicketIssue, UserCreate
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite
from crosswalk.expressions.program import Program
from crosswalk.expressions.results import BadProfile
from crosswalk.expressions.sandbox import Expression
from crosswalk.reconcile.effects import effect_steps

NAME = "closed_won"

CONTACT_FIELDS = ("Email", "FirstName", "LastName", "Name")
"""What has to be known of a contact to make a user of it."""


class Deal(Struct, frozen=True):
    """What the expressions say about a deal.

    Parameters
    ----------
    won
        Whether it is won.
    tier
        What was bought, if that could be told.
    problem
        Why not, in words for people.
    """

    won: bool
    tier: str | None = None
    problem: str | None = None


class Wanted(Struct, frozen=True):
    """What a deal wants.

    Parameters
    ----------
    effects
        In the order in which they have to come about.
    problem
        What keeps a won deal from having all of its effects; a person has to see to it.
    """

    effects: tuple[Effect, ...] = ()
    problem: str | None = None


class CompiledClosedWon:
    """The flow with its expressions compiled. May be used from any thread."""

    def __init__(self, flow: ClosedWonFlow) -> None:
        self.flow = flow
        self._program = Program([Expression(text, flow.place, scope="deal") for text in (flow.when, flow.tier)])

    def judge(self, deals: Sequence[Record]) -> list[Deal]:
        """What the expressions say about each deal, in order."""
        rows = self._program.run([msgspec.json.encode(_nested(deal)) for deal in deals])
        return [_read(row) for row in rows]


def wanted_effects(
    flow: ClosedWonFlow, deal: Deal, contact: Record | None, user_id: UserId | None, link_field: str | None
) -> Wanted:
    """What ought to be for a deal.

    Parameters
    ----------
    contact
        The deal's contact, if it has one.
    user_id
        The contact's user, if there is one.
    link_field
        The contact's field that holds the id of its user; written before a user is made, so that whatever hears of the
        new user finds the contact and makes no second record.
    """
    if not deal.won:
        return Wanted(problem=deal.problem)
    if deal.problem is not None:
        return Wanted(problem=deal.problem)
    if contact is None:
        return Wanted(
            problem="The deal is won, but has no primary contact: set one as contact role of the opportunity."
        )
    email = contact.fields.get("Email")
    if not isinstance(email, str) or not email:
        return Wanted(problem=f"The deal is won, but its contact {contact.id} has no e-mail address.")
    roles = flow.roles.get(deal.tier or "")
    if roles is None:
        known = ", ".join(flow.roles)
        return Wanted(problem=f"The deal is won, but its tier {deal.tier!r} is not in the table (expected: {known}).")
    because = f"A deal of tier {deal.tier} is won."
    new_id = new_user_id(contact)
    user = user_id or new_id
    effects = [_linked(flow, contact, user, link_field, because)] if link_field is not None else []
    effects.append(_user(flow, contact, email, new_id, because))
    effects += [
        Effect(f"role/{user}/{role}", RoleChange(user, role), RoleChange(user, role, granted=False), because)
        for role in roles
    ]
    if flow.organization is not None:
        joined, left = (MembershipChange(user, flow.organization, member) for member in (True, False))
        effects.append(Effect(f"member/{user}/{flow.organization}", joined, left, because))
    if flow.invitation is not None and user == new_id:
        # Only for a user that the deal made: whoever has an account already needs no password from us.
        to = RecordField(contact.object, contact.id, flow.invitation.field)
        effects.append(Effect(f"ticket/{user}", TicketIssue(user, flow.invitation.ttl_s, to), None, because, once=True))
    return Wanted(tuple(effects))


def next_round(
    flow: ClosedWonFlow,
    deal: Deal,
    contact: Record | None,
    user_id: UserId | None,
    link_field: str | None,
    held: Sequence[HeldEffect],
) -> tuple[Wanted, bool]:
    """The effects of this round, and whether there is another: the link first, then the user, then its rights.

    `held` is what was done for the deal and not undone; the rest is as in `wanted_effects`.
    """
    wanted = wanted_effects(flow, deal, contact, user_id, link_field)
    if user_id is not None or contact is None or not wanted.effects:
        return wanted, False
    made = user_key(contact)
    if any(each.effect.key == made for each in held):
        message = "The deal is won, but the user that was made for it is gone from Auth0; it is not made again."
        return Wanted(problem=message), False
    linked = link_field is None or contact.fields.get(link_field) == new_user_id(contact)
    first = 1 if link_field is not None else 0
    return Wanted(wanted.effects[: first + 1] if linked else wanted.effects[:first]), True


def steps_towards(
    flow: ClosedWonFlow,
    wanted: Wanted,
    held: Sequence[HeldEffect],
    shared: Collection[str],
    begun: Sequence[HeldEffect] = (),
) -> tuple[EffectStep, ...]:
    """What is to be done and undone for a deal; `shared` are the keys that another subject or flow holds too.

    What was begun is undone as if it were known to be done: taking a role away that nobody has does no harm.
    """
    steps = effect_steps(NAME, flow.place, wanted.effects, held, shared, begun)
    if wanted.problem is not None:
        # Nothing is taken away because something could not be found out.
        return tuple(step for step in steps if step.step is Step.DO)
    return steps


def get_in_the_way(steps: Mapping[UserId, Sequence[EffectStep]]) -> frozenset[UserId]:
    """The deals that have to come after others of a batch: what one gives or takes, another is just taking.

    Whether a role is taken from a user depends on who else holds it, so two deals must not let go of it at once.
    """
    given: set[str] = set()
    taken: set[str] = set()
    later: set[UserId] = set()
    for subject, each in steps.items():
        gives = {step.effect.key for step in each if step.step is Step.DO}
        takes = {step.effect.key for step in each if step.step is not Step.DO}
        if takes & (given | taken) or gives & taken:
            later.add(subject)
        else:
            given |= gives
            taken |= takes
    return frozenset(later)


def new_user_id(contact: Record) -> UserId:
    """The id of the user that the flow makes for a contact: known before the user is there, and always the same."""
    return UserId(f"auth0|{contact.id}")


def user_key(contact: Record) -> str:
    """Names the effect that a contact has a user."""
    return f"user/{contact.id}"


def _linked(flow: ClosedWonFlow, contact: Record, user: UserId, link_field: str, because: str) -> Effect:
    field = FieldWrite(link_field, contact.fields.get(link_field), user, Reason.LINKED, flow.place)
    write = RecordWrite(Action.UPDATE, contact.object, contact.id, (link_field, user), (field,))
    return Effect(f"link/{contact.id}/{user}", write, None, because, once=True)


def _user(flow: ClosedWonFlow, contact: Record, email: str, new_id: UserId, because: str) -> Effect:
    names = {"given_name": "FirstName", "family_name": "LastName", "name": "Name"}
    profile: dict[str, Any] = {key: value for key, field in names.items() if (value := contact.fields.get(field))}
    # The connection puts `auth0|` before it.
    profile |= {"user_id": new_id.partition("|")[2], "email_verified": False, "verify_email": False}
    return Effect(user_key(contact), UserCreate(email, flow.connection, profile), None, because, once=True)


def _read(row: Any) -> Deal:
    if isinstance(row, BadProfile):
        return Deal(False, problem=row.message)
    won, tier = row
    if isinstance(won, dict):
        return Deal(False, problem=f"The condition of the flow failed: {won['message']}.")
    if isinstance(tier, dict):
        return Deal(won is True, problem=f"The tier of the deal could not be told: {tier['message']}.")
    return Deal(won is True, tier if isinstance(tier, str) else None)


def _nested(record: Record) -> dict[str, Any]:
    """The record as expressions see it: `Account.Name` as a field of `Account`."""
    nested: dict[str, Any] = {"Id": record.id}
    for name, value in record.fields.items():
        *parents, last = name.split(".")
        at: dict[str, Any] = nested
        for parent in parents:
            inner = at.get(parent)
            at = at.setdefault(parent, {}) if not isinstance(inner, dict) else inner
        at[last] = value
    return nested


def fields_of(flow: ClosedWonFlow) -> tuple[str, ...]:
    """What has to be read of an opportunity."""
    return tuple(dict.fromkeys(["StageName", "IsWon", "IsClosed", "AccountId", flow.contact_field, *flow.deal_fields]))
