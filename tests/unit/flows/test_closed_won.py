"""What ought to be while a deal is won."""

import pytest
from msgspec.structs import replace

from crosswalk.domain.flow import ClosedWonFlow, Invitation
from crosswalk.domain.ids import UserId
from crosswalk.domain.user_writes import TicketIssue, UserCreate
from crosswalk.flows.closed_won import CompiledClosedWon, Deal, Wanted, fields_of, new_user_id, wanted_effects
from tests.core_builders import EXTERNAL_ID, a_place, a_record

FLOW = ClosedWonFlow(
    when="deal.IsWon === true",
    tier="deal.Account.Tier__c",
    contact_field="ContactId",
    deal_fields=("Account.Tier__c",),
    roles={"Gold": ("gold", "support")},
    connection="Users",
    organization="org_1",
    invitation=Invitation("Link__c", 3600),
    place=a_place(),
)
CONTACT = a_record("003000000000001AAA", Email="ada@example.com", FirstName="Ada", LastName="Lovelace")
MADE = new_user_id(CONTACT)
GOLD = Deal(True, "Gold")


def wanted(deal: Deal = GOLD, user_id: UserId | None = MADE, flow: ClosedWonFlow = FLOW) -> Wanted:
    return wanted_effects(flow, deal, CONTACT, user_id, EXTERNAL_ID)


def test_a_won_deal_wants_a_linked_user_with_roles_membership_and_an_invitation() -> None:
    assert [effect.key for effect in wanted().effects] == [
        f"link/{CONTACT.id}/{MADE}",
        f"user/{CONTACT.id}",
        f"role/{MADE}/gold",
        f"role/{MADE}/support",
        f"member/{MADE}/org_1",
        f"ticket/{MADE}",
    ]


def test_the_new_users_id_is_known_beforehand_and_its_profile_is_the_contacts() -> None:
    [user] = [effect.write for effect in wanted().effects if isinstance(effect.write, UserCreate)]

    assert MADE == "auth0|003000000000001AAA"
    assert (user.email, user.connection) == ("ada@example.com", "Users")
    assert user.profile == {
        "given_name": "Ada",
        "family_name": "Lovelace",
        "user_id": "003000000000001AAA",
        "email_verified": False,
        "verify_email": False,
    }


def test_roles_and_memberships_are_taken_back_and_users_and_invitations_are_not() -> None:
    taken_back = {effect.key.partition("/")[0]: effect.undo is not None for effect in wanted().effects}

    assert taken_back == {"link": False, "user": False, "role": True, "member": True, "ticket": False}


def test_an_existing_user_is_not_invited() -> None:
    effects = wanted(user_id=UserId("auth0|old")).effects

    assert not [effect for effect in effects if isinstance(effect.write, TicketIssue)]
    assert "role/auth0|old/gold" in [effect.key for effect in effects]


def test_a_deal_that_is_not_won_wants_nothing() -> None:
    assert wanted(Deal(False, "Gold")) == Wanted()


@pytest.mark.parametrize(
    ("deal", "contact", "problem"),
    [
        (Deal(True, "Gold"), None, "has no primary contact"),
        (Deal(True, "Gold"), a_record("003000000000002AAA"), "contact 003000000000002AAA has no e-mail address"),
        (Deal(True, "Tin"), CONTACT, "tier 'Tin' is not in the table (expected: Gold)"),
        (Deal(True, None), CONTACT, "tier None is not in the table"),
        (Deal(True, problem="The tier of the deal could not be told: x."), CONTACT, "could not be told: x."),
    ],
)
def test_what_a_won_deal_lacks_is_said(deal: Deal, contact: object, problem: str) -> None:
    found = wanted_effects(FLOW, deal, contact, None, None)  # type: ignore[arg-type]  # the cases' mixed types

    assert found.effects == ()
    assert problem in str(found.problem)


def test_expressions_see_the_account_inside_the_deal() -> None:
    deals = [
        a_record("006000000000001AAA", "Opportunity", IsWon=True, **{"Account.Tier__c": "Gold"}),
        a_record("006000000000002AAA", "Opportunity", IsWon=False, **{"Account.Tier__c": None}),
        a_record("006000000000003AAA", "Opportunity", IsWon=True, Account=None),
    ]

    first, second, third = CompiledClosedWon(FLOW).judge(deals)

    assert (first, second) == (Deal(True, "Gold"), Deal(False, None))
    assert third.won
    assert str(third.problem).startswith("The tier of the deal could not be told: TypeError")


def test_a_condition_that_fails_counts_as_not_won_and_says_why() -> None:
    flow = replace(FLOW, when="deal.Missing.Deeper")

    [deal] = CompiledClosedWon(flow).judge([a_record("006000000000001AAA", "Opportunity")])

    assert not deal.won
    assert str(deal.problem).startswith("The condition of the flow failed: TypeError")


def test_what_is_read_of_an_opportunity() -> None:
    assert fields_of(FLOW) == ("StageName", "IsWon", "IsClosed", "AccountId", "ContactId", "Account.Tier__c")
