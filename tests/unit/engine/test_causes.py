"""Dead letters that fail for one reason have one name, whoever they are about, and their words tell nobody's values."""

import pytest

from crosswalk.domain.values import FieldValue
from crosswalk.engine.causes import cause_of, without_values


@pytest.mark.parametrize(
    ("message", "values", "alike"),
    [
        (
            "Title: data value too large: Countess of Lovelace (max length=10)",
            [],
            "Title: data value too large: <value> (max length=10)",
        ),
        (
            "Email: invalid email address: ada@",
            [],
            "Email: invalid email address: <value>",
        ),
        (
            "Tier__c: bad value for restricted picklist field: Platinum",
            [],
            "Tier__c: bad value for restricted picklist field: <value>",
        ),
        ("Ada Lovelace may not be a customer", ["Ada", "Ada Lovelace"], "<value> may not be a customer"),
        ("The name Al is short", ["Al"], "The name Al is short"),
        ("write to ada.l@example.co.uk, please", [], "write to <e-mail>, please"),
        ("see https://acme.example/x?y=1 for 003Aa000004Xy7BMAS", [], "see <address> for <record>"),
        ("auth0|65f1c0ffee has +46 8 555 12 34 and 'secret'", [], "<user> has <number> and <value>"),
        ("Required fields are missing: [LastName]", [], "Required fields are missing: [LastName]"),
        ("You can't close it", [], "You can't close it"),
        (
            "SELECT Id FROM Lead WHERE City = 'Wien' ERROR: No such column 'Tier__c' on entity 'Lead'",
            [],
            "SELECT Id FROM Lead WHERE City = <value> ERROR: No such column 'Tier__c' on entity 'Lead'",
        ),
        ("CustomerTrigger: line 12, column 1", [], "CustomerTrigger: line <number>, column <number>"),
    ],
)
def test_words_lose_what_is_one_persons(message: str, values: list[FieldValue], alike: str) -> None:
    assert without_values(message, values) == alike


def test_a_cause_is_named_for_code_object_field_and_words() -> None:
    first = cause_of(
        "STRING_TOO_LONG", "Contact", ["Title"], "Title: data value too large: Countess (max length=5)", {}
    )
    second = cause_of("STRING_TOO_LONG", "Contact", ["Title"], "Title: data value too large: Earl (max length=5)", {})
    other = cause_of("STRING_TOO_LONG", "Contact", ["Title"], "Title: data value too large: Earl (max length=9)", {})

    assert first == second
    assert first.rpartition(".")[0] == "STRING_TOO_LONG.Contact.Title"
    assert other != first


def test_a_cause_can_stand_in_an_address() -> None:
    name = cause_of("invalid_body", "Auth0 user", ["app_metadata.tier", "a b/c?"], "no", {})

    assert name.rpartition(".")[0] == "invalid_body.Auth0_user.a_b_c_+app_metadata_tier"
