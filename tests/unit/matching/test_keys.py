"""Match keys, and what to ask Salesforce for."""

import pytest

from crosswalk.domain.values import ValueType
from crosswalk.matching.keys import MatchKey, keys_to_query, normalise_key
from crosswalk.reconcile.compiled import CompiledSync
from tests.core_builders import BY_EMAIL, BY_ID, EXTERNAL_ID, a_rule, a_sync, a_target, an_identity, evaluate_one


@pytest.mark.parametrize(
    ("value", "type_", "normal"),
    [
        ("Ada@Example.com ", ValueType.EMAIL, "ada@example.com"),
        ("  STRASSE ", ValueType.TEXT, "strasse"),
        ("Straße", ValueType.TEXT, "strasse"),
        ("(212) 555-0100", ValueType.PHONE, "+12125550100"),
        (5.0, ValueType.INTEGER, "5"),
        (True, ValueType.BOOLEAN, "true"),
        ("", ValueType.TEXT, None),
        (None, ValueType.TEXT, None),
        ("no address", ValueType.EMAIL, None),
        (5, ValueType.TEXT, None),
    ],
)
def test_key_is_compared_in_its_normal_form(value: object, type_: ValueType, normal: str | None) -> None:
    assert normalise_key(value, type_, "US") == normal


def test_evaluation_has_one_key_for_each_rule() -> None:
    sync = CompiledSync(a_sync(a_target(match=(BY_ID, BY_EMAIL))))

    verified = evaluate_one(sync, an_identity("auth0|Ada", email="Ada@Example.com", email_verified=True))
    unverified = evaluate_one(sync, an_identity("auth0|Ada", email="Ada@Example.com", email_verified=False))

    by_id = MatchKey("external_id", "Contact", EXTERNAL_ID, "auth0|Ada", "auth0|ada")
    by_email = MatchKey("email", "Contact", "Email", "Ada@example.com", "ada@example.com")
    assert verified.targets[0].keys == (by_id, by_email)
    assert unverified.targets[0].keys == (by_id, None)


def test_empty_or_unfitting_match_value_skips_the_rule_without_an_error() -> None:
    sync = CompiledSync(a_sync(a_target(match=(a_rule("email", "Email", "user.email", ValueType.EMAIL),))))

    for email in ("", None, "nobody", ["a@b.example"], 7):
        evaluation = evaluate_one(sync, an_identity(email=email))
        assert (evaluation.targets[0].keys, evaluation.errors) == ((None,), ())


def test_look_ups_are_gathered_by_field_each_value_once() -> None:
    definition = a_sync(a_target(match=(BY_ID, BY_EMAIL)), a_target(object_="Lead", match=(BY_EMAIL,)))
    sync = CompiledSync(definition)
    evaluations = sync.evaluate(
        [
            an_identity("auth0|1", email="ada@example.com", email_verified=True),
            an_identity("auth0|2", email="ADA@example.com", email_verified=True),
            an_identity("auth0|3", email="bob@example.com", email_verified=False),
            an_identity("auth0|4", email="carl@example.com", email_verified=True),
        ]
    )

    wanted = keys_to_query(evaluations, definition, skip={"auth0|4"})

    assert wanted == {
        ("Contact", EXTERNAL_ID): ["auth0|1", "auth0|2", "auth0|3"],
        ("Contact", "Email"): ["ada@example.com"],
        ("Lead", "Email"): ["ada@example.com"],
    }
    assert list(wanted) == [("Contact", EXTERNAL_ID), ("Contact", "Email"), ("Lead", "Email")]


def test_filtered_identities_are_not_looked_up() -> None:
    definition = a_sync(a_target(match=(BY_ID,)), filter_="user.active")
    evaluations = CompiledSync(definition).evaluate([an_identity("auth0|1", active=False)])

    assert keys_to_query(evaluations, definition) == {}
