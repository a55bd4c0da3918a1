"""Why a field has its value, in words."""

import pytest

from crosswalk.domain.values import FieldValue, Owner, ValueType
from crosswalk.domain.write import FieldWrite, Reason
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.explain import FieldExplanation, explain_field
from tests.core_builders import a_field, a_link, a_place, a_record, a_sync, a_target, an_identity, evaluate_one


def explain(owner: Owner, value: object, base: FieldValue, record: FieldValue) -> FieldExplanation:
    sync = CompiledSync(a_sync(a_target(a_field("Email", "user.email", owner, ValueType.EMAIL, line=8))))
    evaluation = evaluate_one(sync, an_identity(email=value)).targets[0]
    return explain_field(sync.targets[0], "Email", evaluation, a_link(a_record(Email=record), {"Email": base}))


def test_explanation_has_the_three_values_the_mapping_and_the_outcome() -> None:
    explanation = explain(Owner.AUTH0, "new@example.com", "old@example.com", "old@example.com")

    assert explanation == FieldExplanation(
        object="Contact",
        field="Email",
        identity_value="new@example.com",
        has_opinion=True,
        record_value="old@example.com",
        record_known=True,
        base="old@example.com",
        base_known=True,
        owner=Owner.AUTH0,
        expression="user.email",
        place=a_place(8),
        write=FieldWrite("Email", "old@example.com", "new@example.com", Reason.CHANGED, a_place(8)),
        because="The value changed in Auth0, and that change wins.",
    )


@pytest.mark.parametrize(
    ("owner", "value", "base", "record", "because"),
    [
        (Owner.AUTH0, "a@x.example", "a@x.example", "A@x.example", "Both sides have the same value."),
        (
            Owner.AUTH0,
            "a@x.example",
            "a@x.example",
            "b@x.example",
            "The value was edited in Salesforce, but Auth0 owns the field.",
        ),
        (Owner.AUTH0, None, None, None, "Auth0 has no value for the field, and there is nothing to clear."),
        (Owner.INITIAL, "a@x.example", None, None, "The field is empty in Salesforce, and Auth0 may fill it."),
        (
            Owner.INITIAL,
            "a@x.example",
            None,
            "b@x.example",
            "Auth0 may fill the field only while it is empty, and it has a value in Salesforce.",
        ),
        (Owner.SALESFORCE, "a@x.example", None, None, "Salesforce owns the field, so its value stands."),
        (
            Owner.AUTH0,
            "nonsense",
            None,
            None,
            "The expression has no usable value, so the field is left alone: expected an e-mail address such as "
            "ada@example.com, got a text of 8 characters.",
        ),
    ],
)
def test_reason_is_one_sentence(
    owner: Owner, value: object, base: FieldValue, record: FieldValue, because: str
) -> None:
    assert explain(owner, value, base, record).because == because


def test_field_without_an_opinion_is_explained() -> None:
    sync = CompiledSync(a_sync(a_target(a_field("Email", "user.email"))))
    evaluation = evaluate_one(sync, an_identity()).targets[0]

    explanation = explain_field(sync.targets[0], "Email", evaluation, None)

    assert (explanation.has_opinion, explanation.write) == (False, None)
    assert explanation.because == "The expression gives undefined: it has no opinion, so the field is left alone."


def test_identity_without_a_record_is_explained() -> None:
    sync = CompiledSync(a_sync(a_target(a_field("Email", "user.email"))))
    evaluation = evaluate_one(sync, an_identity(email="a@x.example")).targets[0]

    explanation = explain_field(sync.targets[0], "Email", evaluation, None)

    assert explanation.write == FieldWrite("Email", None, "a@x.example", Reason.CREATED, a_place())
    assert explanation.because == "The record will be created with this value."
