"""A whole sync evaluated for some identities."""

import pytest

from crosswalk.domain.plan import FieldError
from crosswalk.domain.values import ValueType
from crosswalk.expressions.errors import ExpressionSyntaxError
from crosswalk.reconcile.compiled import CompiledSync
from tests.core_builders import (
    a_field,
    a_place,
    a_rule,
    a_sync,
    a_target,
    an_identity,
    an_identity_of,
    evaluate_one,
)


def test_every_target_gets_its_own_values() -> None:
    sync = CompiledSync(
        a_sync(
            a_target(a_field("Name", "user.name"), a_field("Age__c", "user.age", type_=ValueType.INTEGER)),
            a_target(a_field("LastName", "user.name.toUpperCase()"), object_="Lead"),
        )
    )

    evaluation = evaluate_one(sync, an_identity(name="Ada", age=36))

    assert [target.values for target in evaluation.targets] == [{"Name": "Ada", "Age__c": 36}, {"LastName": "ADA"}]
    assert (evaluation.filtered, evaluation.errors) == (False, ())


@pytest.mark.parametrize(("active", "filtered"), [(True, False), (False, True), (None, True)])
def test_filter_leaves_out_those_for_whom_it_is_not_true(active: bool | None, filtered: bool) -> None:
    sync = CompiledSync(a_sync(a_target(), filter_="user.active"))

    evaluation = evaluate_one(sync, an_identity(active=active))

    assert (evaluation.filtered, evaluation.errors) == (filtered, ())


def test_filter_about_a_missing_property_is_not_true() -> None:
    assert evaluate_one(CompiledSync(a_sync(a_target(), filter_="user.active")), an_identity()).filtered


@pytest.mark.parametrize(
    ("filter_", "message"),
    [
        ("user.a.b", "the filter failed: TypeError: cannot read property 'b' of undefined"),
        ("'yes'", "the filter failed: expected true or false; write a comparison, or Boolean(…)"),
        ("['yes']", "the filter failed: expected true or false; write a comparison, or Boolean(…)"),
        ("1", "the filter failed: expected true or false; write a comparison, or Boolean(…)"),
    ],
)
def test_filter_that_fails_leaves_the_identity_alone_and_says_so(filter_: str, message: str) -> None:
    evaluation = evaluate_one(CompiledSync(a_sync(a_target(), filter_=filter_)), an_identity())

    assert evaluation.filtered
    assert evaluation.errors == (FieldError(evaluation.user_id, "", "filter", a_place(99), message),)


def test_match_rule_that_fails_is_skipped_and_reported() -> None:
    rule = a_rule("phone", "Phone", "user.phone.number", line=7)
    sync = CompiledSync(a_sync(a_target(a_field("Name", "user.name"), match=(rule,))))

    evaluation = evaluate_one(sync, an_identity(name="Ada"))

    assert evaluation.targets[0].values == {"Name": "Ada"}
    assert evaluation.targets[0].keys == (None,)
    message = "the match rule phone failed: TypeError: cannot read property 'number' of undefined"
    assert evaluation.errors == (FieldError(evaluation.user_id, "Contact", "Phone", a_place(7), message),)


def test_unreadable_profile_is_an_error_of_its_identity_only() -> None:
    sync = CompiledSync(a_sync(a_target(a_field("Name", "user.name"))))

    good, bad, last = sync.evaluate(
        [an_identity("auth0|1", name="A"), an_identity_of(b"[1]", "auth0|2"), an_identity("auth0|3", name="C")]
    )

    assert (good.targets[0].values, last.targets[0].values) == ({"Name": "A"}, {"Name": "C"})
    assert (bad.filtered, bad.targets[0].values, bad.targets[0].keys) == (True, {}, (None, None))
    assert [(error.user_id, error.field, error.message) for error in bad.errors] == [
        ("auth0|2", "profile", "expected a user as a JSON object, but it is another kind of JSON")
    ]


def test_nobody_to_evaluate_gives_nothing() -> None:
    assert CompiledSync(a_sync(a_target(a_field("Name", "user.name")))).evaluate([]) == []


def test_every_bad_expression_of_a_sync_is_reported_at_once() -> None:
    fields = a_field("A", "user.", line=1), a_field("B", "user.b", line=2), a_field("C", "user b", line=3)
    rule = a_rule("r", "A", "user.a", condition="&&", line=4)

    with pytest.raises(ExpressionSyntaxError) as caught:
        CompiledSync(a_sync(a_target(*fields, match=(rule,)), filter_="1 1"))

    assert [problem.place.line for problem in caught.value.problems] == [99, 1, 3, 4]
