"""What is done with an identity that has no link: every situation with every reaction to it."""

import pytest
from msgspec.structs import replace

from crosswalk.domain.decision import CreateNew, Decided, LeaveAlone, LinkTo
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import UserId
from crosswalk.domain.match_rule import Reaction, Reactions
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.domain.values import ValueType
from crosswalk.domain.write import Action
from tests.core_builders import (
    BY_EMAIL,
    BY_ID,
    EXTERNAL_ID,
    NOON,
    a_field,
    a_record,
    a_rule,
    a_sync,
    a_target,
    an_identity,
)
from tests.unit.matching.scene import plan_one

VERIFIED = an_identity("auth0|ada", email="ada@example.com", email_verified=True, family_name="Lovelace")
UNVERIFIED = an_identity("auth0|ada", email="ada@example.com", email_verified=False, family_name="Lovelace")
NO_ADDRESS = an_identity("auth0|ada", family_name="Lovelace")
ELSEWHERE = an_identity(
    "auth0|ada", email="ada@example.com", email_verified=True, family_name="Lovelace", last_known_as="Byron"
)
ADAS = a_record("0030000000000001AAA", Email="ada@example.com", LastName="Lovelace")
DOUBLE = a_record("0030000000000002AAA", Email="ada@example.com", LastName="Byron")
BOBS = a_record("0030000000000003AAA", Email="ada@example.com", LastName="Byron", **{EXTERNAL_ID: "auth0|bob"})

SCENES: dict[Situation, tuple[Identity, tuple[Record, ...]]] = {
    Situation.MATCHED: (VERIFIED, (ADAS,)),
    Situation.NO_MATCH: (VERIFIED, ()),
    Situation.AMBIGUOUS: (VERIFIED, (ADAS, DOUBLE)),
    Situation.ALREADY_LINKED: (VERIFIED, (BOBS,)),
    Situation.DOUBTFUL: (ELSEWHERE, (DOUBLE,)),
    Situation.KEY_MISSING: (NO_ADDRESS, ()),
    Situation.KEY_UNVERIFIED: (UNVERIFIED, ()),
    Situation.UNVERIFIED_MATCH: (UNVERIFIED, (ADAS,)),
}

LINK, CREATE, WAIT, CONFLICT = Reaction.LINK, Reaction.CREATE, Reaction.WAIT, Reaction.CONFLICT

ALLOWED = {
    Situation.MATCHED: (LINK, WAIT, CONFLICT),
    Situation.NO_MATCH: (CREATE, WAIT, CONFLICT),
    Situation.AMBIGUOUS: (WAIT, CONFLICT),
    Situation.ALREADY_LINKED: (CREATE, WAIT, CONFLICT),
    Situation.DOUBTFUL: (CREATE, WAIT, CONFLICT),
    Situation.KEY_MISSING: (CREATE, WAIT, CONFLICT),
    Situation.KEY_UNVERIFIED: (CREATE, WAIT, CONFLICT),
    Situation.UNVERIFIED_MATCH: (LINK, CREATE, WAIT, CONFLICT),
}


def planned(situation: Situation, reactions: Reactions, *, create: bool = True) -> Plan:
    # A name that the person had before is no proof: the record has to be alike in the rest.
    former = a_rule("former name", "LastName", "user.last_known_as", least_similarity=0.9)
    rules = (BY_ID, former) if situation is Situation.DOUBTFUL else (BY_ID, BY_EMAIL)
    target = a_target(a_field("LastName", "user.family_name"), create=create, match=rules)
    identity, records = SCENES[situation]
    return plan_one(a_sync(target, reactions=reactions), identity, *records)


def done(plan: Plan) -> Reaction | None:
    """What a plan does, as far as its writes and its conflict show."""
    if plan.conflict is not None:
        return CONFLICT
    if plan.record is not None:
        return LINK
    if plan.waits_for:
        return WAIT
    return CREATE if [write.action for write in plan.record_writes] == [Action.CREATE] else None


@pytest.mark.parametrize(("situation", "reaction"), [(s, r) for s, reactions in ALLOWED.items() for r in reactions])
def test_each_situation_has_the_reaction_that_the_sync_wants(situation: Situation, reaction: Reaction) -> None:
    plan = planned(situation, replace(Reactions(), **{situation.value: reaction}))

    assert (plan.situation, done(plan)) == (situation, reaction)
    assert (plan.writes == ()) is (reaction in (WAIT, CONFLICT))


@pytest.mark.parametrize(
    ("situation", "reaction"),
    [
        (Situation.MATCHED, LINK),
        (Situation.NO_MATCH, CREATE),
        (Situation.AMBIGUOUS, CONFLICT),
        (Situation.ALREADY_LINKED, CONFLICT),
        (Situation.DOUBTFUL, CONFLICT),
        (Situation.KEY_MISSING, WAIT),
        (Situation.KEY_UNVERIFIED, CREATE),
        (Situation.UNVERIFIED_MATCH, WAIT),
    ],
)
def test_without_a_word_in_the_configuration_the_safe_reaction_is_taken(
    situation: Situation, reaction: Reaction
) -> None:
    assert done(planned(situation, Reactions())) is reaction


def test_an_unverified_address_neither_takes_a_record_nor_doubles_it() -> None:
    plan = planned(Situation.UNVERIFIED_MATCH, Reactions())

    assert (plan.writes, plan.record) == ((), None)
    assert plan.waits_for == (
        "The match rule email found a record by a value that is not verified. Nothing is done until that changes, or "
        "somebody decides."
    )


def test_where_no_target_may_be_created_nothing_is() -> None:
    for situation in (Situation.NO_MATCH, Situation.KEY_UNVERIFIED):
        plan = planned(situation, Reactions(), create=False)

        assert (plan.situation, plan.writes, plan.conflict) == (situation, (), None)


def test_a_conflict_carries_its_candidates_with_score_and_evidence() -> None:
    plan = planned(Situation.AMBIGUOUS, Reactions())

    assert plan.conflict is not None
    first, second = plan.conflict.candidates
    assert (first.record, second.record) == (ADAS, DOUBLE)
    assert first.score == 1.0
    assert second.score < 0.75
    assert [(each.field, each.identity_value, each.record_value) for each in second.evidence] == [
        ("Email", "ada@example.com", "ada@example.com"),
        ("LastName", "Lovelace", "Byron"),
    ]


def test_a_conflict_about_a_record_of_another_user_names_both() -> None:
    plan = planned(Situation.ALREADY_LINKED, Reactions())

    assert plan.conflict is not None
    assert [(each.record, each.linked_to) for each in plan.conflict.candidates] == [(BOBS, "auth0|bob")]


def test_an_unverified_key_links_nobody_to_one_of_several_or_to_a_record_of_another() -> None:
    target = a_target(a_field("LastName", "user.family_name"))
    sync = a_sync(target, reactions=Reactions(unverified_match=LINK))

    for records in ((ADAS, DOUBLE), (BOBS,)):
        plan = plan_one(sync, UNVERIFIED, *records)
        assert (plan.situation, done(plan)) == (Situation.UNVERIFIED_MATCH, CONFLICT)


def test_a_decision_goes_before_the_reactions() -> None:
    asking = Reactions(matched=WAIT, no_match=WAIT)
    sync = a_sync(a_target(a_field("LastName", "user.family_name"), create=False), reactions=asking)

    linked = plan_one(sync, VERIFIED, ADAS, decided=Decided(LinkTo("Contact", ADAS.id), "grace", NOON))
    created = plan_one(sync, VERIFIED, ADAS, DOUBLE, decided=Decided(CreateNew("Contact"), "grace", NOON))
    left = plan_one(sync, VERIFIED, ADAS, decided=Decided(LeaveAlone(), "grace", NOON))

    assert (linked.record, linked.evidence, done(linked)) == (ADAS, "decision of grace", LINK)
    assert done(created) is CREATE
    assert (left.situation, left.writes, left.record, left.conflict) == (Situation.LEFT_ALONE, (), None, None)


def test_nobody_is_created_whose_rule_failed() -> None:
    failing = a_rule("phone", "Phone", "user.phone.number", ValueType.PHONE)
    sync = a_sync(a_target(a_field("LastName", "user.family_name"), match=(BY_ID, BY_EMAIL, failing)))

    plan = plan_one(sync, VERIFIED)

    assert plan.writes == ()
    assert [error.field for error in plan.errors] == ["Phone"]


def test_a_failing_condition_on_the_record_links_nobody_and_creates_nobody() -> None:
    rule = a_rule("email", "Email", "user.email", ValueType.EMAIL, where="record.Owner.Name === 'Ada'")
    sync = a_sync(a_target(a_field("LastName", "user.family_name"), match=(rule,)))

    plan = plan_one(sync, VERIFIED, ADAS)

    assert (plan.user_id, plan.writes, plan.record) == (UserId("auth0|ada"), (), None)
    assert [error.message for error in plan.errors] == [
        "where of the match rule email failed: TypeError: cannot read property 'Name' of undefined"
    ]
