"""SOQL texts: literals that cannot break out, queries that fit into a URL."""

from urllib.parse import quote_plus

import pytest

from crosswalk.connectors.salesforce.soql import candidates_query, chunk_values, quote


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("ana@example.com", "'ana@example.com'"),
        ("O'Brien", r"'O\'Brien'"),
        ("back\\slash", r"'back\\slash'"),
        ("\\' OR Name LIKE '%", r"'\\\' OR Name LIKE \'%'"),
        ("two\nlines\tand\rmore", r"'two\nlines\tand\rmore'"),
        ('"quoted"', r"'\"quoted\"'"),
        ("陽子", "'陽子'"),
    ],
)
def test_a_literal_is_escaped(text: str, literal: str):
    assert quote(text) == literal


def test_the_query_selects_id_and_key_once():
    query = candidates_query(
        "Lead", ["FirstName", "email", "Id"], "Email", ["a@x.org", "o'b@x.org"], "IsConverted = false"
    )

    assert query == (
        r"SELECT Id,Email,FirstName FROM Lead WHERE Email IN ('a@x.org','o\'b@x.org') AND IsConverted = false"
    )


def test_values_go_out_once_each_and_never_more_than_200_together():
    values = [f"{number}@example.com" for number in range(450)]

    chunks = list(chunk_values([*values, "", "7@example.com"]))

    assert [len(chunk) for chunk in chunks] == [200, 200, 50]
    assert [value for chunk in chunks for value in chunk] == values


def test_chunks_of_long_values_fit_into_the_url():
    values = [f"{'陽' * 40}{number}" for number in range(100)]

    chunks = list(chunk_values(values, room=2000))

    assert [value for chunk in chunks for value in chunk] == values
    assert all(len(quote_plus(",".join(quote(value) for value in chunk))) <= 2000 for chunk in chunks)
    assert len(chunks) > 10


def test_one_value_that_is_longer_than_the_room_goes_alone():
    assert list(chunk_values(["a" * 50, "b", "c"], room=20)) == [["a" * 50], ["b", "c"]]


def test_nothing_to_look_for_is_no_query():
    assert list(chunk_values(["", ""])) == []
