"""Which record belongs to an identity."""

from collections.abc import Mapping

from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.record import Record
from crosswalk.matching.candidates import Candidates
from crosswalk.matching.resolution import AlreadyLinked, Ambiguous, Matched, NoMatch, Resolution, resolve
from crosswalk.reconcile.compiled import CompiledSync
from tests.core_builders import BY_EMAIL, BY_ID, EXTERNAL_ID, a_record, a_sync, a_target, an_identity, evaluate_one

CONTACT = a_target(create=False)
LEAD = a_target(object_="Lead")
SYNC = a_sync(CONTACT, LEAD)
ADA = an_identity("auth0|ada", email="ada@example.com", email_verified=True)


def resolve_among(
    *records: Record,
    identity: Identity = ADA,
    owners: Mapping[RecordId, UserId] | None = None,
    definition: SyncDefinition = SYNC,
) -> Resolution:
    found: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        for field in (EXTERNAL_ID, "Email"):
            found.setdefault((record.object, field), []).append(record)
    evaluation = evaluate_one(CompiledSync(definition), identity)
    return resolve(evaluation, definition, Candidates.of(definition, found), owners or {})


def test_record_with_the_external_id_is_the_match() -> None:
    record = a_record(**{EXTERNAL_ID: "auth0|ada", "Email": "old@example.com"})

    assert resolve_among(record) == Matched(0, record, "external_id")


def test_verified_email_matches_without_regard_to_case() -> None:
    record = a_record(Email="ADA@Example.com")

    assert resolve_among(record) == Matched(0, record, "email")


def test_unverified_email_matches_nothing() -> None:
    identity = an_identity("auth0|ada", email="ada@example.com", email_verified=False)

    assert resolve_among(a_record(Email="ada@example.com"), identity=identity) == NoMatch(1)


def test_earlier_rule_wins() -> None:
    by_id = a_record("0030000000000001AAA", **{EXTERNAL_ID: "auth0|ada"})
    by_email = a_record("0030000000000002AAA", Email="ada@example.com")

    assert resolve_among(by_email, by_id) == Matched(0, by_id, "external_id")


def test_earlier_target_wins() -> None:
    contact = a_record(Email="ada@example.com")
    lead = a_record("00Q0000000000001AAA", "Lead", **{EXTERNAL_ID: "auth0|ada"})

    assert resolve_among(lead, contact) == Matched(0, contact, "email")


def test_later_target_is_tried_when_the_first_has_nothing() -> None:
    lead = a_record("00Q0000000000001AAA", "Lead", Email="ada@example.com")

    assert resolve_among(lead) == Matched(1, lead, "email")


def test_without_a_match_the_first_target_that_may_be_created_is_chosen() -> None:
    assert resolve_among() == NoMatch(1)
    assert resolve_among(definition=a_sync(CONTACT)) == NoMatch(None)


def test_several_records_are_ambiguous_and_listed_by_id() -> None:
    first = a_record("0030000000000001AAA", Email="ada@example.com")
    second = a_record("0030000000000002AAA", Email="Ada@example.com")

    assert resolve_among(second, first) == Ambiguous(0, "email", (first, second))


def test_one_record_found_twice_is_one_candidate() -> None:
    record = a_record(Email="ada@example.com")

    assert resolve_among(record, record) == Matched(0, record, "email")


def test_record_linked_to_another_identity_is_not_taken() -> None:
    record = a_record(Email="ada@example.com")

    resolution = resolve_among(record, owners={record.id: UserId("auth0|bob")})

    assert resolution == AlreadyLinked(0, record, UserId("auth0|bob"), "email")


def test_record_with_another_user_s_external_id_is_not_taken() -> None:
    record = a_record(Email="ada@example.com", **{EXTERNAL_ID: "auth0|bob"})

    assert resolve_among(record) == AlreadyLinked(0, record, UserId("auth0|bob"), "email")


def test_record_that_is_linked_to_this_very_identity_is_a_match() -> None:
    record = a_record(Email="ada@example.com", **{EXTERNAL_ID: None})

    assert resolve_among(record, owners={record.id: UserId("auth0|ada")}) == Matched(0, record, "email")


def test_converted_lead_is_no_candidate() -> None:
    converted = a_record("00Q0000000000001AAA", "Lead", Email="ada@example.com", IsConverted=True)
    open_ = a_record("00Q0000000000002AAA", "Lead", Email="ada@example.com", IsConverted=False)

    assert resolve_among(converted) == NoMatch(1)
    assert resolve_among(converted, open_) == Matched(1, open_, "email")


def test_user_ids_that_differ_by_case_are_different_users() -> None:
    upper = a_record("0030000000000001AAA", **{EXTERNAL_ID: "auth0|ADA"})
    exact = a_record("0030000000000002AAA", **{EXTERNAL_ID: "auth0|ada"})

    assert resolve_among(upper, exact) == Matched(0, exact, "external_id")
    assert resolve_among(upper) == AlreadyLinked(0, upper, UserId("auth0|ADA"), "external_id")


def test_ambiguity_is_not_resolved_by_a_later_rule_or_target() -> None:
    definition = a_sync(a_target(match=(BY_EMAIL, BY_ID)), LEAD)
    doubles = [a_record(f"003000000000000{n}AAA", Email="ada@example.com") for n in (1, 2)]
    exact = a_record("0030000000000003AAA", **{EXTERNAL_ID: "auth0|ada"})

    assert resolve_among(*doubles, exact, definition=definition) == Ambiguous(0, "email", tuple(doubles))
