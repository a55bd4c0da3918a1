"""Match keys: how they are compared, and what to ask Salesforce for."""

import pytest

from crosswalk.domain.decision import Decided, LinkTo
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.evaluation import Evaluation
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.look_up import LookUp, SearchedPart
from crosswalk.domain.match_rule import MatchPart, MatchRule, Normalisation
from crosswalk.domain.values import ValueType
from crosswalk.matching.keys import MatchKey
from crosswalk.matching.look_ups import LookUpName, look_ups
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.tracking import tracked_fields
from tests.core_builders import (
    BY_EMAIL,
    BY_ID,
    EXTERNAL_ID,
    NOON,
    a_place,
    a_record,
    a_rule,
    a_sync,
    a_target,
    an_identity,
    evaluate_one,
)


def key_of(value: object, type_: ValueType, **options: bool | tuple[str, ...]) -> str | None:
    """The compared form of a user's value, under a rule that ignores what `options` say."""
    rule = a_rule("rule", "F", "user.value", type_, normalisation=Normalisation(**options))  # type: ignore[arg-type]
    sync = CompiledSync(a_sync(a_target(match=(rule,))), default_region="US")
    (key,) = evaluate_one(sync, an_identity(value=value)).targets[0].keys
    return None if key is None else key.normal


def asked(
    definition: SyncDefinition, *evaluations: Evaluation, skip: frozenset[UserId] = frozenset()
) -> dict[LookUpName, LookUp]:
    select = {target.object: tracked_fields(target) for target in definition.targets}
    return look_ups(evaluations, CompiledSync(definition, default_region="US").rules, select, {}, skip=skip)


@pytest.mark.parametrize(
    ("value", "type_", "normal"),
    [
        ("Ada@Example.com ", ValueType.EMAIL, "ada@example.com"),
        ("ada@BÜCHER.example", ValueType.EMAIL, "ada@bücher.example"),
        ("ada@xn--bcher-kva.example", ValueType.EMAIL, "ada@bücher.example"),
        ("ada+shop@example.com", ValueType.EMAIL, "ada+shop@example.com"),
        ("  STRASSE ", ValueType.TEXT, "strasse"),
        ("Straße", ValueType.TEXT, "strasse"),
        ("Mu\u0308ller", ValueType.TEXT, "müller"),
        ("(212) 555-0100", ValueType.PHONE, "+12125550100"),
        (5.0, ValueType.INTEGER, "5"),
        (True, ValueType.BOOLEAN, "true"),
        ("", ValueType.TEXT, None),
        (None, ValueType.TEXT, None),
        ("no address", ValueType.EMAIL, None),
        (5, ValueType.TEXT, None),
        ("x" * 256, ValueType.TEXT, None),
    ],
)
def test_key_is_compared_in_its_normal_form(value: object, type_: ValueType, normal: str | None) -> None:
    assert key_of(value, type_) == normal


@pytest.mark.parametrize(
    ("value", "type_", "options", "normal"),
    [
        ("Ada+Shop@Example.com", ValueType.EMAIL, {"plus_address": True}, "ada@example.com"),
        ("+ada@example.com", ValueType.EMAIL, {"plus_address": True}, "+ada@example.com"),
        ("A.d.a@GMail.com", ValueType.EMAIL, {"dots_of": ("gmail.com",)}, "ada@gmail.com"),
        ("a.d.a@example.com", ValueType.EMAIL, {"dots_of": ("gmail.com",)}, "a.d.a@example.com"),
        ("Müller-Groß", ValueType.TEXT, {"accents": True}, "muller-gross"),
        ("Ǽble Øre", ValueType.TEXT, {"accents": True}, "aeble ore"),
        ("SW1A 1AA", ValueType.TEXT, {"spaces": True}, "sw1a1aa"),
        ("O Neill", ValueType.TEXT, {"case": True}, "O Neill"),
    ],
)
def test_what_a_rule_ignores_does_not_count(
    value: str, type_: ValueType, options: dict[str, bool | tuple[str, ...]], normal: str
) -> None:
    assert key_of(value, type_, **options) == normal


def test_evaluation_has_one_key_for_each_rule_and_knows_whether_it_is_verified() -> None:
    sync = CompiledSync(a_sync(a_target(match=(BY_ID, BY_EMAIL))))

    verified = evaluate_one(sync, an_identity("auth0|Ada", email="Ada@Example.com", email_verified=True))
    unverified = evaluate_one(sync, an_identity("auth0|Ada", email="Ada@Example.com", email_verified=False))

    by_id = MatchKey("external_id", "Contact", f"{EXTERNAL_ID}:text", ("auth0|Ada",), "auth0|ada")
    by_email = MatchKey("email", "Contact", "Email:email", ("Ada@example.com",), "ada@example.com")
    by_unverified = MatchKey("email", "Contact", "Email:email", ("Ada@example.com",), "ada@example.com", verified=False)
    assert verified.targets[0].keys == (by_id, by_email)
    assert unverified.targets[0].keys == (by_id, by_unverified)


def test_empty_or_unfitting_match_value_gives_no_key_and_no_error() -> None:
    sync = CompiledSync(a_sync(a_target(match=(a_rule("email", "Email", "user.email", ValueType.EMAIL),))))

    for email in ("", None, "nobody", ["a@b.example"], 7):
        evaluation = evaluate_one(sync, an_identity(email=email))
        assert (evaluation.targets[0].keys, evaluation.errors) == ((None,), ())


def test_a_value_that_fails_where_the_condition_is_not_true_is_nobody_s_mistake() -> None:
    rule = a_rule("phone", "Phone", "user.phone.number", ValueType.PHONE, "user.phone !== undefined")
    sync = CompiledSync(a_sync(a_target(match=(rule,))))

    evaluation = evaluate_one(sync, an_identity())

    assert (evaluation.targets[0].keys, evaluation.errors) == ((None,), ())


def test_a_key_of_several_parts_needs_all_of_them() -> None:
    parts = (
        MatchPart(("LastName",), "user.family_name", ValueType.TEXT),
        MatchPart(("MailingPostalCode",), "user.postcode", ValueType.TEXT, Normalisation(spaces=True)),
    )
    sync = CompiledSync(a_sync(a_target(match=(MatchRule("name and place", parts, a_place()),))))

    whole = evaluate_one(sync, an_identity(family_name="Lovelace", postcode="SW1A 1AA")).targets[0].keys[0]
    half = evaluate_one(sync, an_identity(family_name="Lovelace")).targets[0].keys[0]

    assert whole is not None
    assert (whole.values, whole.normal) == (("Lovelace", "SW1A 1AA"), "lovelace\x1fsw1a1aa")
    assert half is None


def test_look_ups_are_gathered_by_what_they_compare_each_key_once() -> None:
    definition = a_sync(a_target(match=(BY_ID, BY_EMAIL)), a_target(object_="Lead", match=(BY_EMAIL,)))
    evaluations = CompiledSync(definition).evaluate(
        [
            an_identity("auth0|1", email="ada@example.com", email_verified=True),
            an_identity("auth0|2", email="ADA@example.com", email_verified=False),
            an_identity("auth0|3"),
            an_identity("auth0|4", email="carl@example.com", email_verified=True),
        ]
    )

    wanted = asked(definition, *evaluations, skip=frozenset({UserId("auth0|4")}))

    select = (EXTERNAL_ID, "Email")
    by_id, email = (SearchedPart((EXTERNAL_ID,)),), (SearchedPart(("Email",)),)
    assert wanted == {
        ("Contact", f"{EXTERNAL_ID}:text"): LookUp(
            "Contact", select, by_id, ((("auth0|1",),), (("auth0|2",),), (("auth0|3",),))
        ),
        ("Contact", "Email:email"): LookUp("Contact", select, email, ((("ADA@example.com",),),)),
        ("Lead", "Email:email"): LookUp("Lead", select, email, ((("ADA@example.com",),),)),
    }


def test_two_rules_that_compare_alike_share_a_look_up() -> None:
    verified = a_rule("verified", "Email", "user.email", ValueType.EMAIL, "user.email_verified")
    company = a_rule("company", "Email", "user.email", ValueType.EMAIL, "user.email.endsWith('@acme.example')")
    definition = a_sync(a_target(match=(verified, company)))

    wanted = asked(definition, evaluate_one(CompiledSync(definition), an_identity(email="ada@acme.example")))

    assert [look_up.keys for look_up in wanted.values()] == [((("ada@acme.example",),),)]


def test_filtered_identities_are_not_looked_up() -> None:
    definition = a_sync(a_target(match=(BY_ID,)), filter_="user.active")

    assert asked(definition, *CompiledSync(definition).evaluate([an_identity("auth0|1", active=False)])) == {}


def test_a_record_that_a_person_named_is_asked_for_by_its_id() -> None:
    sync = CompiledSync(a_sync(a_target(match=(BY_ID,))))
    record = a_record()
    decided = Decided(LinkTo("Contact", record.id), "grace@example.com", NOON)
    gone = Decided(LinkTo("Asset", RecordId("02i0000000000001AAA")), "grace@example.com", NOON)
    evaluations = sync.evaluate([an_identity("auth0|1"), an_identity("auth0|2")])
    decisions = {UserId("auth0|1"): decided, UserId("auth0|2"): gone}

    wanted = look_ups(evaluations, sync.rules, {"Contact": ("Email",)}, decisions)

    assert wanted["Contact", "Id"] == LookUp("Contact", ("Email",), (SearchedPart(("Id",)),), (((record.id,),),))
    assert ("Asset", "Id") not in wanted
