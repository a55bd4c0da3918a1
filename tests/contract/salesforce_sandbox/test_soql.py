"""The query language itself: quoting, and conditions against an oracle in Python."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk_sandbox.salesforce import ApiError, Org, RecordRefused
from crosswalk_sandbox.salesforce.custom_schema import CustomField, describe_field
from crosswalk_sandbox.salesforce.soql import parse_query, run_query
from crosswalk_sandbox.salesforce.soql.syntax import And, Comparison, FieldPath, Literal, Membership, Not, Or
from crosswalk_sandbox.salesforce.soql.tokens import tokenize, unquote

ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def quote(text: str) -> str:
    return "'" + "".join(ESCAPES.get(char, char) for char in text) + "'"


def condition_of(text: str) -> Any:
    return parse_query(f"SELECT Id FROM Lead WHERE {text}").where  # noqa: S608 - SOQL of a test


def shape(condition: Any) -> Any:
    """The tree without positions: names for comparisons, tuples for the rest."""
    match condition:
        case And(parts):
            return ("and", *map(shape, parts))
        case Or(parts):
            return ("or", *map(shape, parts))
        case Not(inner):
            return ("not", shape(inner))
        case Comparison(path) | Membership(path):
            return path.parts[0]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_quoted_text_reads_back_as_itself(text: str) -> None:
    token, end = tokenize(quote(text))

    assert (token.kind, end.kind) == ("string", "end")
    assert unquote(token.text) == text


@given(st.text("abcXYZ01 '\\\n%_é"))
def test_any_text_finds_the_record_that_has_it(text: str) -> None:
    org = Org(instance_url="https://x", client_id="i", client_secret="s", username="u", jwt_certificate_pem=None)
    org.insert("Account", {"Name": "other"})
    org.insert("Account", {"Name": "match", "Site": text[:80]})
    query = parse_query(f"SELECT Name FROM Account WHERE Site = {quote(text[:80].strip())} AND Name != 'other'")  # noqa: S608 - SOQL of a test

    assert [record["Name"] for record in run_query(query, org, version="v62.0").records] == ["match"]


@pytest.mark.parametrize(
    ("quoted", "value"),
    [(r"'a\'b'", "a'b"), (r"'\u00e9'", "é"), (r"'\\n'", "\\n"), (r"'\%\_'", "%_"), (r"'\"'", '"'), (r"'\z'", None)],
)
def test_escapes_read_as_the_vendor_documents_them(quoted: str, value: str | None) -> None:
    assert unquote(quoted) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A = 1 AND B = 2 AND C = 3", ("and", "A", "B", "C")),
        ("A = 1 OR B = 2 OR C = 3", ("or", "A", "B", "C")),
        ("(A = 1 AND B = 2) OR C = 3", ("or", ("and", "A", "B"), "C")),
        ("A = 1 AND (B = 2 OR C = 3)", ("and", "A", ("or", "B", "C"))),
        ("NOT (A = 1 OR B = 2)", ("not", ("or", "A", "B"))),
        ("(NOT A = 1) AND B NOT IN (1, 2)", ("and", ("not", "A"), "B")),
        ("((A = 1))", "A"),
    ],
)
def test_parentheses_decide_how_conditions_nest(text: str, expected: Any) -> None:
    assert shape(condition_of(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "A = 1 AND B = 2 OR C = 3",
        "A = 1 OR B = 2 AND C = 3",
        "NOT A = 1 AND B = 2",
        "A = 1 AND NOT B = 2",
        "NOT NOT A = 1",
    ],
)
def test_connectives_do_not_mix_without_parentheses(text: str) -> None:
    with pytest.raises(ApiError, match="MALFORMED_QUERY"):
        condition_of(text)


@pytest.mark.parametrize(
    ("written", "kind", "value"),
    [
        ("'x'", "string", "x"),
        ("-1.5", "number", -1.5),
        ("true", "boolean", True),
        ("NULL", "null", None),
        ("2024-02-29", "date", "2024-02-29"),
        ("2024-01-02T03:04:05Z", "datetime", "2024-01-02T03:04:05.000+0000"),
        ("2024-01-02T03:04:05.678+02:00", "datetime", "2024-01-02T01:04:05.678+0000"),
    ],
)
def test_literals_have_their_kind(written: str, kind: str, value: Any) -> None:
    condition = condition_of(f"A <= {written}")

    assert condition.path == FieldPath(("A",), 26)
    assert condition.operator == "<="
    assert isinstance(condition.literal, Literal)
    assert (condition.literal.kind, condition.literal.value) == (kind, value)


ROWS = [
    {"Name": f"{city}{size}", "Site": city, "NumberOfEmployees": size}
    for city in ("Bonn", "bonn", "Rome", None)
    for size in (1, 2, None)
]


def folded(row: dict[str, Any]) -> str | None:
    return row["Site"] and row["Site"].lower()


LEAVES: list[tuple[str, Any]] = [
    ("Site = 'BONN'", lambda row: folded(row) == "bonn"),
    ("Site != 'rome'", lambda row: folded(row) != "rome"),
    ("Site LIKE '%o%'", lambda row: "o" in (folded(row) or "")),
    ("Site IN ('Rome', 'Oslo')", lambda row: folded(row) == "rome"),
    ("Site NOT IN ('Rome')", lambda row: folded(row) != "rome"),
    ("NumberOfEmployees < 2", lambda row: row["NumberOfEmployees"] == 1),
    ("NumberOfEmployees >= 1", lambda row: row["NumberOfEmployees"] is not None),
    ("NumberOfEmployees = null", lambda row: row["NumberOfEmployees"] is None),
]


def negated(inner: tuple[str, Any]) -> tuple[str, Any]:
    text, accepts = inner
    return f"(NOT ({text}))", lambda row: not accepts(row)


def joined(word: str, parts: list[tuple[str, Any]]) -> tuple[str, Any]:
    decide = all if word == "AND" else any
    text = f" {word} ".join(f"({text})" for text, _ in parts)
    return f"({text})", lambda row: decide(accepts(row) for _, accepts in parts)


CONDITIONS = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.one_of(
        st.builds(negated, inner),
        st.builds(joined, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def org() -> Org:
    org = Org(instance_url="https://x", client_id="i", client_secret="s", username="u", jwt_certificate_pem=None)
    for row in ROWS:
        org.insert("Account", row)
    return org


@given(condition=CONDITIONS)
def test_conditions_select_what_python_would(org: Org, condition: tuple[str, Any]) -> None:
    text, accepts = condition
    query = parse_query(f"SELECT Name FROM Account WHERE {text}")  # noqa: S608 - SOQL of a test

    names = [record["Name"] for record in run_query(query, org, version="v62.0").records]

    assert names == [row["Name"] for row in ROWS if accepts(row)]


@pytest.fixture(scope="module")
def choosy() -> Org:
    """An org whose accounts choose any of three colours."""
    org = Org(instance_url="https://x", client_id="i", client_secret="s", username="u", jwt_certificate_pem=None)
    colours = CustomField("Colours__c", type="multipicklist", values=["Red", "Green", "Blue"], is_restricted=True)
    org.add_custom_field("Account", describe_field(colours))
    for chosen in ("Red", "blue;RED", "Red;Green;Blue", None):
        org.insert("Account", {"Name": chosen or "none", "Colours__c": chosen})
    return org


def chosen_by(org: Org, where: str) -> list[str | None]:
    query = parse_query(f"SELECT Colours__c FROM Account WHERE {where}")  # noqa: S608 - SOQL of a test
    return [record["Colours__c"] for record in run_query(query, org, version="v62.0").records]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("Colours__c INCLUDES ('Green')", ["Red;Green;Blue"]),
        ("Colours__c includes ('blue;red', 'Green')", ["Red;Blue", "Red;Green;Blue"]),
        ("Colours__c INCLUDES ('')", [None]),
        ("Colours__c EXCLUDES ('Blue')", ["Red", None]),
        ("Colours__c EXCLUDES ('Red;Green', 'Blue')", ["Red", None]),
        ("Colours__c = 'Blue;Red'", ["Red;Blue"]),
        ("Colours__c != 'Red'", ["Red;Blue", "Red;Green;Blue", None]),
        ("(NOT Colours__c INCLUDES ('Red')) AND Colours__c = null", [None]),
    ],
)
def test_choices_are_found_by_what_they_include(choosy: Org, where: str, expected: list[str | None]) -> None:
    assert chosen_by(choosy, where) == expected


@pytest.mark.parametrize(
    "where",
    ["Name INCLUDES ('Red')", "Colours__c LIKE 'R%'", "Colours__c > 'Red'", "Name != 'x' AND Name EXCLUDES ('Red')"],
)
def test_an_operator_that_the_field_does_not_have_is_refused(choosy: Org, where: str) -> None:
    with pytest.raises(ApiError, match=r"invalid operator on (multipicklist|string) field") as refused:
        chosen_by(choosy, where)

    assert refused.value.code == "INVALID_QUERY_FILTER_OPERATOR"


def test_choices_are_those_of_the_field_and_come_in_its_order(choosy: Org) -> None:
    with pytest.raises(RecordRefused, match="bad value for restricted picklist field: Pink"):
        choosy.insert("Account", {"Name": "x", "Colours__c": "Red;Pink"})

    [green, *_] = chosen_by(choosy, "Name = 'Red;Green;Blue'")
    assert green == "Red;Green;Blue"
    with pytest.raises(ApiError, match="can not be sorted in a query call"):
        chosen_by(choosy, "Name != null ORDER BY Colours__c")
