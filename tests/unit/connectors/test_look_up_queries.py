"""The queries of a look-up: what they ask for, and how much goes into one."""

import pytest

from crosswalk.connectors.salesforce.soql import MAX_CHARACTERS, look_up_queries
from crosswalk.domain.look_up import LookUp, SearchedPart

EMAIL = SearchedPart(("Email",))


def test_one_part_in_one_field():
    look_up = LookUp("Lead", ("FirstName", "email"), (EMAIL,), ((("a@x.org",),), (("o'b@x.org",),)))

    assert list(look_up_queries(look_up, "IsConverted = false")) == [
        r"SELECT Id,FirstName,email FROM Lead WHERE Email IN ('a@x.org','o\'b@x.org') AND IsConverted = false"
    ]


def test_every_form_in_any_of_the_fields():
    look_up = LookUp("Contact", (), (SearchedPart(("MobilePhone", "Phone")),), ((("+1212", "(212)"),),))

    assert list(look_up_queries(look_up, "IsDeleted = false")) == [
        "SELECT Id FROM Contact WHERE (MobilePhone IN ('+1212','(212)') OR Phone IN ('+1212','(212)')) "
        "AND IsDeleted = false"
    ]


def test_all_parts_together_each_value_once():
    parts = (SearchedPart(("LastName",)), SearchedPart(("Birthdate",), quoted=False))
    keys = ((("Ito",), ("1990-01-31",)), (("Ito",), ("1957-12-02",)))

    assert list(look_up_queries(LookUp("Contact", ("LastName",), parts, keys))) == [
        "SELECT Id,LastName FROM Contact WHERE LastName IN ('Ito') AND Birthdate IN (1990-01-31,1957-12-02)"
    ]


def test_no_more_than_200_keys_stand_in_a_query():
    keys = tuple(((f"{number}@example.com",),) for number in range(450))

    queries = list(look_up_queries(LookUp("Lead", (), (EMAIL,), keys)))

    assert [query.count("@") for query in queries] == [200, 200, 50]


def test_no_query_is_longer_than_salesforce_takes():
    keys = tuple((tuple(f"{number}-{form}-{'x' * 200}" for form in range(12)),) for number in range(100))

    queries = list(look_up_queries(LookUp("Lead", (), (SearchedPart(("Phone", "MobilePhone")),), keys)))

    assert max(map(len, queries)) <= MAX_CHARACTERS
    assert sum(query.count("Phone IN") for query in queries) == 2 * len(queries) > 2
    assert sum(f"'{number}-0-" in query for number in range(100) for query in queries) == 100


@pytest.mark.parametrize("value", ["1990-01-31) OR (Id != null", "true OR x", "'a'", ""])
def test_nothing_but_a_value_stands_without_quotation_marks(value: str):
    look_up = LookUp("Lead", (), (SearchedPart(("Birthdate",), quoted=False),), (((value,),),))

    with pytest.raises(ValueError, match="expected a number, a date, true or false for Birthdate"):
        list(look_up_queries(look_up))
