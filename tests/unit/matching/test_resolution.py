"""Which record belongs to an identity."""

from collections.abc import Mapping

import pytest

from crosswalk.domain.decision import Choice, CreateNew, Decided, LeaveAlone, LinkTo
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.match_rule import AutomaticLink, MatchPart, MatchRule, Normalisation
from crosswalk.domain.record import Record
from crosswalk.domain.values import ValueType
from crosswalk.matching.candidates import Candidates
from crosswalk.matching.resolution import (
    AlreadyLinked,
    Ambiguous,
    Bonds,
    Doubtful,
    KeyMissing,
    KeyUnverified,
    LeftAlone,
    Matched,
    NewDecided,
    NoMatch,
    Resolution,
    Scene,
    UnverifiedMatch,
    resolve,
)
from crosswalk.reconcile.compiled import CompiledSync
from tests.core_builders import (
    BY_EMAIL,
    BY_ID,
    EXTERNAL_ID,
    NOON,
    a_field,
    a_place,
    a_record,
    a_rule,
    a_sync,
    a_target,
    an_identity,
)
from tests.unit.matching.scene import found_by_everything, resolve_batch, resolve_one

CONTACT = a_target(create=False)
LEAD = a_target(object_="Lead")
SYNC = a_sync(CONTACT, LEAD)
PHONE = a_rule("phone", ("MobilePhone", "Phone"), "user.phone", ValueType.PHONE)
ADA = an_identity("auth0|ada", email="ada@example.com", email_verified=True)
UNVERIFIED = an_identity("auth0|ada", email="ada@example.com", email_verified=False)


def resolve_among(
    *records: Record,
    identity: Identity = ADA,
    owners: Mapping[RecordId, UserId] | None = None,
    definition: SyncDefinition = SYNC,
    decided: Decided | None = None,
) -> Resolution:
    return resolve_one(definition, identity, *records, owners=owners, decided=decided)


def ids(resolution: Resolution) -> list[str]:
    assert isinstance(resolution, Ambiguous | UnverifiedMatch)
    return [candidate.record.id for candidate in resolution.candidates]


def test_record_with_the_external_id_is_the_match() -> None:
    record = a_record(**{EXTERNAL_ID: "auth0|ada", "Email": "old@example.com"})

    assert resolve_among(record) == Matched(0, record, "external_id")


def test_verified_email_matches_without_regard_to_case() -> None:
    record = a_record(Email="ADA@Example.com")

    assert resolve_among(record) == Matched(0, record, "email")


def test_unverified_email_never_says_whose_record_it_is() -> None:
    resolution = resolve_among(a_record(Email="ada@example.com"), identity=UNVERIFIED)

    assert isinstance(resolution, UnverifiedMatch)
    assert (resolution.rule, ids(resolution)) == ("email", ["0030000000000001AAA"])


def test_unverified_email_that_no_record_has_doubles_nobody() -> None:
    assert resolve_among(a_record(Email="bob@example.com"), identity=UNVERIFIED) == KeyUnverified(("email",))


def test_a_verified_key_decides_whatever_an_unverified_one_finds() -> None:
    phone = a_rule("phone", "Phone", "user.phone", ValueType.PHONE)
    definition = a_sync(a_target(match=(BY_EMAIL, phone)))
    identity = an_identity("auth0|ada", email="ada@example.com", email_verified=False, phone="+12125550100")
    by_email = a_record("0030000000000001AAA", Email="ada@example.com")
    by_phone = a_record("0030000000000002AAA", Phone="(212) 555-0100")

    assert resolve_among(by_email, by_phone, identity=identity, definition=definition) == Matched(0, by_phone, "phone")


def test_nothing_to_be_found_by_is_a_situation_of_its_own() -> None:
    assert resolve_among(identity=an_identity("auth0|ada")) == KeyMissing()
    assert resolve_among(a_record(**{EXTERNAL_ID: "auth0|ada"}), identity=an_identity("auth0|ada")) == Matched(
        0, a_record(**{EXTERNAL_ID: "auth0|ada"}), "external_id"
    )


def test_a_sync_that_only_goes_by_the_external_id_misses_no_key() -> None:
    assert resolve_among(identity=an_identity("auth0|ada"), definition=a_sync(a_target(match=(BY_ID,)))) == NoMatch()


def test_earlier_rule_wins() -> None:
    by_id = a_record("0030000000000001AAA", **{EXTERNAL_ID: "auth0|ada"})
    by_email = a_record("0030000000000002AAA", Email="ada@example.com")

    assert resolve_among(by_email, by_id) == Matched(0, by_id, "external_id")


def test_earlier_target_wins() -> None:
    contact = a_record(Email="ada@example.com")
    lead = a_record("00Q0000000000001AAA", "Lead", Email="ada@example.com")

    assert resolve_among(lead, contact) == Matched(0, contact, "email")


def test_record_that_carries_the_user_s_id_goes_before_what_other_rules_find_in_an_earlier_target() -> None:
    contact = a_record(Email="ada@example.com")
    lead = a_record("00Q0000000000001AAA", "Lead", **{EXTERNAL_ID: "auth0|ada"})

    assert resolve_among(lead, contact) == Matched(1, lead, "external_id")


def test_later_target_is_tried_when_the_first_has_nothing() -> None:
    lead = a_record("00Q0000000000001AAA", "Lead", Email="ada@example.com")

    assert resolve_among(lead) == Matched(1, lead, "email")


def test_without_any_record_there_is_no_match() -> None:
    assert resolve_among() == NoMatch()


def test_several_records_are_ambiguous_and_equally_similar_ones_stand_by_id() -> None:
    first = a_record("0030000000000001AAA", Email="ada@example.com")
    second = a_record("0030000000000002AAA", Email="Ada@example.com")

    resolution = resolve_among(second, first)

    assert isinstance(resolution, Ambiguous)
    assert (resolution.target_index, resolution.rule) == (0, "email")
    assert ids(resolution) == [first.id, second.id]


def test_one_record_found_twice_is_one_candidate() -> None:
    record = a_record(Email="ada@example.com")

    assert resolve_among(record, record) == Matched(0, record, "email")


@pytest.mark.parametrize("fields", [{}, {EXTERNAL_ID: "auth0|bob"}])
def test_record_of_another_identity_is_not_taken(fields: dict[str, str]) -> None:
    record = a_record(Email="ada@example.com", **fields)
    owners = {} if fields else {record.id: UserId("auth0|bob")}

    resolution = resolve_among(record, owners=owners)

    assert isinstance(resolution, AlreadyLinked)
    assert (resolution.other_user, resolution.candidate.record, resolution.rule) == ("auth0|bob", record, "email")
    assert resolution.candidate.linked_to == "auth0|bob"


def test_record_that_is_linked_to_this_very_identity_is_a_match() -> None:
    record = a_record(Email="ada@example.com", **{EXTERNAL_ID: None})

    assert resolve_among(record, owners={record.id: UserId("auth0|ada")}) == Matched(0, record, "email")


def test_the_record_of_whom_the_user_was_parted_from_is_none_of_theirs() -> None:
    record, bob = a_record(Email="ada@example.com"), UserId("auth0|bob")
    sync = CompiledSync(SYNC, default_region="US")
    (ada,) = sync.evaluate([ADA])
    candidates = Candidates.of(sync.rules, found_by_everything(sync, [record]))
    scene = Scene(SYNC, candidates, {record.id: bob}, bonds=Bonds(apart={ADA.user_id: bob}))

    assert resolve(ada, scene) == NoMatch()


def test_among_doubles_the_one_that_carries_the_user_s_own_id_is_the_match() -> None:
    definition = a_sync(a_target(match=(BY_EMAIL,)))
    double = a_record("0030000000000001AAA", Email="ada@example.com")
    own = a_record("0030000000000002AAA", Email="ada@example.com", **{EXTERNAL_ID: "auth0|ada"})

    assert resolve_among(double, own, definition=definition) == Matched(0, own, "email")


def test_converted_lead_is_no_candidate() -> None:
    converted = a_record("00Q0000000000001AAA", "Lead", Email="ada@example.com", IsConverted=True)
    open_ = a_record("00Q0000000000002AAA", "Lead", Email="ada@example.com", IsConverted=False)

    assert resolve_among(converted) == NoMatch()
    assert resolve_among(converted, open_) == Matched(1, open_, "email")


def test_user_ids_that_differ_by_case_are_different_users() -> None:
    upper = a_record("0030000000000001AAA", **{EXTERNAL_ID: "auth0|ADA"})
    exact = a_record("0030000000000002AAA", **{EXTERNAL_ID: "auth0|ada"})

    assert resolve_among(upper, exact) == Matched(0, exact, "external_id")
    resolution = resolve_among(upper)
    assert isinstance(resolution, AlreadyLinked)
    assert resolution.other_user == "auth0|ADA"


def test_ambiguity_is_not_resolved_by_a_later_rule_or_target() -> None:
    definition = a_sync(a_target(match=(BY_EMAIL, PHONE)), LEAD)
    identity = an_identity("auth0|ada", email="ada@example.com", email_verified=True, phone="+12125550100")
    doubles = [a_record(f"003000000000000{n}AAA", Email="ada@example.com") for n in (1, 2)]
    exact = a_record("0030000000000003AAA", Phone="+12125550100")

    found = resolve_among(*doubles, exact, identity=identity, definition=definition)

    assert ids(found) == [double.id for double in doubles]


@pytest.mark.parametrize(
    ("field", "written"), [("Phone", "(212) 555-0100"), ("MobilePhone", "212.555.0100"), ("Phone", "+1 212 5550100")]
)
def test_a_number_matches_in_any_of_the_rule_s_fields_however_it_is_written(field: str, written: str) -> None:
    record = a_record(**{field: written})
    identity = an_identity("auth0|ada", phone="+12125550100")

    assert resolve_among(record, identity=identity, definition=a_sync(a_target(match=(PHONE,)))) == Matched(
        0, record, "phone"
    )


def test_folded_addresses_match_where_the_rule_says_so() -> None:
    identity = an_identity("auth0|ada", email="a.d.a+shop@gmail.com")
    record = a_record(Email="ada@gmail.com")
    folding = Normalisation(plus_address=True, dots_of=("gmail.com",))
    rule = a_rule("email", "Email", "user.email", ValueType.EMAIL, normalisation=folding)
    strict = a_rule("email", "Email", "user.email", ValueType.EMAIL)

    assert resolve_among(record, identity=identity, definition=a_sync(a_target(match=(rule,)))) == Matched(
        0, record, "email"
    )
    assert resolve_among(record, identity=identity, definition=a_sync(a_target(match=(strict,)))) == NoMatch()


def test_all_parts_of_a_rule_have_to_match() -> None:
    parts = (
        MatchPart(("LastName",), "user.family_name", ValueType.TEXT, Normalisation(accents=True)),
        MatchPart(
            ("MailingPostalCode", "OtherPostalCode"), "user.postcode", ValueType.TEXT, Normalisation(spaces=True)
        ),
    )
    definition = a_sync(a_target(match=(MatchRule("name and place", parts, a_place()),)))
    identity = an_identity("auth0|ada", family_name="Müller", postcode="SW1A 1AA")
    right = a_record("0030000000000001AAA", LastName="MULLER", OtherPostalCode="sw1a1aa")
    elsewhere = a_record("0030000000000002AAA", LastName="Müller", MailingPostalCode="EC1A 1BB")
    other = a_record("0030000000000003AAA", LastName="Mahler", MailingPostalCode="SW1A 1AA")

    assert resolve_among(right, elsewhere, other, identity=identity, definition=definition) == Matched(
        0, right, "name and place"
    )


def test_a_condition_on_the_record_keeps_candidates_out() -> None:
    rule = a_rule("email", "Email", "user.email", ValueType.EMAIL, where="record.Country === user.country")
    definition = a_sync(a_target(match=(rule,)))
    identity = an_identity("auth0|ada", email="ada@example.com", country="US")
    here = a_record("0030000000000001AAA", Email="ada@example.com", Country="US")
    there = a_record("0030000000000002AAA", Email="ada@example.com", Country="CA")

    assert resolve_among(here, there, identity=identity, definition=definition) == Matched(0, here, "email")
    assert resolve_among(there, identity=identity, definition=definition) == NoMatch()


BY_NAME_TOO = a_sync(
    a_target(a_field("LastName", "user.family_name"), a_field("City", "user.city"), match=(BY_EMAIL,)),
    automatic_link=AutomaticLink(score=0.9, margin=0.2),
)
LOVELACE = an_identity("auth0|ada", email="ada@example.com", email_verified=True, family_name="Lovelace", city="London")


def test_candidates_stand_with_the_most_similar_first_and_say_why() -> None:
    stranger = a_record("0030000000000001AAA", Email="ada@example.com", LastName="Byron", City="London")
    likely = a_record("0030000000000002AAA", Email="ada@example.com", LastName="Lovelace", City=None)
    definition = a_sync(*BY_NAME_TOO.targets)

    resolution = resolve_among(stranger, likely, identity=LOVELACE, definition=definition)

    assert isinstance(resolution, Ambiguous)
    assert ids(resolution) == [likely.id, stranger.id]
    best = resolution.candidates[0]
    assert [(each.field, each.similarity) for each in best.evidence] == [
        ("Email", 1.0),
        ("LastName", 1.0),
        ("City", None),
    ]
    assert best.score == pytest.approx((4 + 2.5 + 0.5) / 7.5, abs=1e-4)


def test_the_best_of_several_is_linked_only_where_the_sync_wants_it_and_it_stands_out() -> None:
    likely = a_record("0030000000000001AAA", Email="ada@example.com", LastName="Lovelace", City="London")
    stranger = a_record("0030000000000002AAA", Email="ada@example.com", LastName="Byron", City="Oslo")
    twin = a_record("0030000000000003AAA", Email="ada@example.com", LastName="Lovelace", City="London")
    poor = a_record("0030000000000004AAA", Email="ada@example.com", LastName="Loveday", City="Oslo")

    linked = resolve_among(likely, stranger, identity=LOVELACE, definition=BY_NAME_TOO)

    assert linked == Matched(0, likely, "email, the most similar of 2")
    for others in ((likely, twin), (poor, stranger)):
        assert isinstance(resolve_among(*others, identity=LOVELACE, definition=BY_NAME_TOO), Ambiguous)
    asking = a_sync(*BY_NAME_TOO.targets)
    assert isinstance(resolve_among(likely, stranger, identity=LOVELACE, definition=asking), Ambiguous)


def test_the_best_of_several_is_not_taken_from_somebody_else() -> None:
    likely = a_record("0030000000000001AAA", Email="ada@example.com", LastName="Lovelace", City="London")
    stranger = a_record("0030000000000002AAA", Email="ada@example.com", LastName="Byron", City="Oslo")

    resolution = resolve_among(
        likely, stranger, identity=LOVELACE, definition=BY_NAME_TOO, owners={likely.id: UserId("auth0|bob")}
    )

    assert isinstance(resolution, Ambiguous)
    assert resolution.candidates[0].linked_to == "auth0|bob"


LIKENESS = a_sync(
    a_target(
        a_field("LastName", "user.family_name"),
        a_field("FirstName", "user.given_name"),
        a_field("City", "user.city"),
        match=(a_rule("last name", "LastName", "user.family_name", least_similarity=0.6), BY_EMAIL),
    )
)


def test_a_key_that_many_share_links_only_records_that_are_alike() -> None:
    person = an_identity("auth0|ada", family_name="Lovelace", given_name="Ada", city="London")
    self_ = a_record("0030000000000001AAA", LastName="Lovelace", FirstName="Ada", City="Londn")
    cousin = a_record("0030000000000002AAA", LastName="Lovelace", FirstName="Ralph", City="Surrey")

    resolution = resolve_among(cousin, identity=person, definition=LIKENESS)

    assert resolve_among(self_, cousin, identity=person, definition=LIKENESS) == Matched(0, self_, "last name")
    assert isinstance(resolution, Doubtful)
    assert [each.record for each in resolution.candidates] == [cousin]


def test_what_is_too_different_does_not_stand_in_the_way_of_a_later_rule() -> None:
    person = an_identity("auth0|ada", family_name="Lovelace", city="London", email="a@x.example", email_verified=True)
    cousin = a_record("0030000000000002AAA", LastName="Lovelace", FirstName="Ralph", City="Surrey", Email="r@y.example")
    by_email = a_record("0030000000000003AAA", LastName="King", Email="a@x.example")

    assert resolve_among(cousin, by_email, identity=person, definition=LIKENESS) == Matched(0, by_email, "email")


def decided(choice: Choice) -> Decided:
    return Decided(choice, "grace@example.com", NOON)


def test_a_decision_goes_before_all_rules() -> None:
    by_id = a_record("0030000000000001AAA", **{EXTERNAL_ID: "auth0|ada"})
    chosen = a_record("0030000000000002AAA", Email="somebody@example.com")

    to_record = resolve_among(by_id, chosen, decided=decided(LinkTo("Contact", chosen.id)))
    new = resolve_among(by_id, decided=decided(CreateNew("Lead")))
    alone = resolve_among(by_id, decided=decided(LeaveAlone()))

    assert to_record == Matched(0, chosen, "decision of grace@example.com", decided=True)
    assert new == NewDecided(1, "grace@example.com")
    assert alone == LeftAlone("grace@example.com")


def test_a_decision_that_cannot_be_carried_out_any_more_leaves_it_to_the_rules() -> None:
    record = a_record(Email="ada@example.com")

    for choice in (LinkTo("Contact", RecordId("0030000000000009AAA")), LinkTo("Asset", record.id), CreateNew("Asset")):
        assert resolve_among(record, decided=decided(choice)) == Matched(0, record, "email")


def test_a_decision_takes_no_record_from_another_identity() -> None:
    record = a_record()

    resolution = resolve_among(
        record, owners={record.id: UserId("auth0|bob")}, decided=decided(LinkTo("Contact", record.id))
    )

    assert isinstance(resolution, AlreadyLinked)
    assert resolution.rule == "decision of grace@example.com"


def test_of_two_identities_in_a_batch_only_one_gets_the_record() -> None:
    record = a_record(Email="ada@example.com", **{EXTERNAL_ID: None})
    first = an_identity("auth0|b", email="ada@example.com", email_verified=True)
    second = an_identity("google-oauth2|a", email="ada@example.com", email_verified=True)

    resolved = resolve_batch(SYNC, [second, first], [record])

    other = resolved[second.user_id]
    assert resolved[first.user_id] == Matched(0, record, "email")
    assert isinstance(other, AlreadyLinked)
    assert other.other_user == "auth0|b"


def test_in_a_batch_the_stronger_claim_gets_the_record() -> None:
    rule = a_rule("phone", "Phone", "user.phone", ValueType.PHONE)
    definition = a_sync(a_target(match=(BY_EMAIL, rule)))
    record = a_record(Email="ada@example.com", Phone="+12125550100")
    by_phone = an_identity("auth0|a", phone="+12125550100")
    by_email = an_identity("auth0|b", email="ada@example.com", email_verified=True)
    chosen = an_identity("auth0|c")

    resolved = resolve_batch(definition, [by_phone, by_email], [record])
    overruled = resolve_batch(
        definition,
        [by_phone, by_email, chosen],
        [record],
        decisions={chosen.user_id: decided(LinkTo("Contact", record.id))},
    )

    assert [type(resolved[user]) for user in ("auth0|a", "auth0|b")] == [AlreadyLinked, Matched]  # type: ignore[index]
    assert [type(overruled[each.user_id]) for each in (by_phone, by_email, chosen)] == [
        AlreadyLinked,
        AlreadyLinked,
        Matched,
    ]
