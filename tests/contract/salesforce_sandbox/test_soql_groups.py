"""Aggregates, groups, children and date literals in queries."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk_sandbox.salesforce import ApiError, Org
from crosswalk_sandbox.salesforce.soql.days import days_of, is_days

from .orgs import an_org, selected, values

DEALS = [
    ("Alpha", "Web", 10.0, "2026-01-15"),
    ("Beta", "Web", 30.0, "2026-02-10"),
    ("Gamma", "Other", None, "2026-02-20"),
    ("Delta", None, 5.0, "2026-03-04"),
]


@pytest.fixture(scope="module")
def org() -> Org:
    """For tests that only read."""
    return an_engine_maker()


def an_engine_maker() -> Org:
    org = an_org()
    account = org.insert("Account", {"Name": "Engines"})
    org.insert("Account", {"Name": "Empty"})
    for last_name, email in (("Byron", "ada@example.com"), ("Babbage", None)):
        org.insert("Contact", {"LastName": last_name, "Email": email, "AccountId": account})
    for name, source, amount, close in DEALS:
        fields = {"Name": name, "LeadSource": source, "Amount": amount, "CloseDate": close, "AccountId": account}
        org.insert("Opportunity", {**fields, "StageName": "Prospecting"})
    return org


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            "SELECT LeadSource, COUNT(Id), SUM(Amount) FROM Opportunity GROUP BY LeadSource ORDER BY LeadSource",
            [(None, 1, 5.0), ("Other", 1, None), ("Web", 2, 40.0)],
        ),
        ("SELECT COUNT(Amount) filled, COUNT_DISTINCT(LeadSource) kinds FROM Opportunity", [(3, 2)]),
        ("SELECT MIN(CloseDate), MAX(Name), AVG(Amount) FROM Opportunity", [("2026-01-15", "Gamma", 15.0)]),
        ("SELECT MAX(Amount) FROM Opportunity WHERE Name = 'nobody'", [(None,)]),
        ("SELECT LeadSource FROM Opportunity GROUP BY LeadSource HAVING COUNT(Id) > 1", [("Web",)]),
        (
            "SELECT LeadSource src, COUNT(Id) n FROM Opportunity WHERE LeadSource != null GROUP BY LeadSource "
            "ORDER BY COUNT(Id) DESC, LeadSource LIMIT 1",
            [("Web", 2)],
        ),
        ("SELECT Account.Name, COUNT(Id) FROM Contact GROUP BY Account.Name", [("Engines", 2)]),
        (
            "SELECT Name FROM Opportunity WHERE AccountId IN (SELECT AccountId FROM Contact) AND Amount < 6",
            [("Delta",)],
        ),
        ("SELECT Name FROM Account WHERE Id NOT IN (SELECT AccountId FROM Contact)", [("Empty",)]),
    ],
)
def test_groups_and_aggregates(org: Org, query: str, expected: list[Any]) -> None:
    assert values(org, query) == expected


def test_aggregate_result_has_the_vendors_names(org: Org) -> None:
    query = "SELECT LeadSource, COUNT(Id), MAX(Amount) top, MIN(Amount) FROM Opportunity GROUP BY LeadSource"

    web = next(record for record in selected(org, query) if record["LeadSource"] == "Web")

    assert web == {
        "attributes": {"type": "AggregateResult"},
        "LeadSource": "Web",
        "expr0": 2,
        "top": 30.0,
        "expr1": 10.0,
    }


@pytest.mark.parametrize(
    ("query", "code", "ending"),
    [
        ("SELECT Name, COUNT(Id) FROM Lead", "MALFORMED_QUERY", "Field must be grouped or aggregated: Name"),
        (
            "SELECT Email, COUNT(Id) FROM Lead GROUP BY Title",
            "MALFORMED_QUERY",
            "Field must be grouped or aggregated: Email",
        ),
        (
            "SELECT COUNT(Id) FROM Lead GROUP BY CreatedDate",
            "MALFORMED_QUERY",
            "field 'CreatedDate' can not be grouped in a query call",
        ),
        ("SELECT SUM(Title) FROM Lead", "MALFORMED_QUERY", "field Title does not support aggregate operator SUM"),
        ("SELECT COUNT(Id) a, MAX(Title) a FROM Lead", "MALFORMED_QUERY", "duplicate alias: a"),
        ("SELECT Title t FROM Lead", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
        ("SELECT Id FROM Lead WHERE COUNT(Id) > 1", "MALFORMED_QUERY", "unexpected token: 'COUNT'"),
        (
            "SELECT Id, (SELECT Id FROM Kontacts) FROM Account",
            "INVALID_TYPE",
            "Please reference your WSDL or the describe call for the appropriate names.",
        ),
        ("SELECT Id FROM Lead WHERE Title = TODAY", "INVALID_FIELD", "should be enclosed in quotes"),
    ],
)
def test_wrong_groups_are_refused_in_the_vendors_words(org: Org, query: str, code: str, ending: str) -> None:
    with pytest.raises(ApiError) as refused:
        selected(org, query)

    assert (refused.value.status, refused.value.code) == (400, code)
    assert refused.value.message.endswith(ending)


def test_more_groups_than_a_page_are_refused() -> None:
    org = an_org()
    org.load("Lead", ({"LastName": f"L{number}", "Company": "C"} for number in range(2001)))

    with pytest.raises(ApiError, match="EXCEEDED_ID_LIMIT: Aggregate query does not support queryMore"):
        selected(org, "SELECT LastName, COUNT(Id) FROM Lead GROUP BY LastName")
    assert len(selected(org, "SELECT LastName, COUNT(Id) FROM Lead GROUP BY LastName LIMIT 2000")) == 2000


def test_children_come_inside_their_parent(org: Org) -> None:
    query = "SELECT Name, (SELECT LastName FROM Contacts WHERE Email != null ORDER BY LastName) FROM Account"

    engines, empty = selected(org, query)

    (contact,) = engines["Contacts"]["records"]
    assert (engines["Contacts"]["totalSize"], engines["Contacts"]["done"]) == (1, True)
    assert contact["LastName"] == "Byron"
    assert contact["attributes"]["type"] == "Contact"
    assert empty["Contacts"] is None


def test_parents_of_parents_and_of_several_kinds() -> None:
    org = an_engine_maker()
    org.insert("Contact", {"LastName": "Alone"})
    ada = selected(org, "SELECT Id FROM Contact WHERE LastName = 'Byron'")[0]["Id"]
    lead = org.insert("Lead", {"LastName": "Lovelace", "Company": "C"})
    for who in (ada, lead, None):
        org.insert("Task", {"Subject": "Call", "WhoId": who})

    tasks = selected(org, "SELECT Who.Name, Who.Type, Owner.Profile.Name, Account.Name FROM Task ORDER BY Who.Name")

    assert [(each["Who"] and (each["Who"]["Name"], each["Who"]["Type"])) for each in tasks] == [
        None,
        ("Byron", "Contact"),
        ("Lovelace", "Lead"),
    ]
    assert tasks[1]["Owner"]["Profile"]["Name"] == "Minimum Access - API Only Integrations"
    assert [each["Account"] and each["Account"]["Name"] for each in tasks] == [None, "Engines", None]


@pytest.mark.parametrize(
    ("literal", "start", "end"),
    [
        ("TODAY", "2026-03-04", "2026-03-05"),
        ("YESTERDAY", "2026-03-03", "2026-03-04"),
        ("TOMORROW", "2026-03-05", "2026-03-06"),
        ("THIS_WEEK", "2026-03-01", "2026-03-08"),
        ("LAST_WEEK", "2026-02-22", "2026-03-01"),
        ("THIS_MONTH", "2026-03-01", "2026-04-01"),
        ("LAST_MONTH", "2026-02-01", "2026-03-01"),
        ("NEXT_QUARTER", "2026-04-01", "2026-07-01"),
        ("THIS_FISCAL_QUARTER", "2026-01-01", "2026-04-01"),
        ("LAST_YEAR", "2025-01-01", "2026-01-01"),
        ("LAST_N_DAYS:3", "2026-03-01", "2026-03-05"),
        ("NEXT_N_DAYS:3", "2026-03-05", "2026-03-08"),
        ("N_DAYS_AGO:3", "2026-03-01", "2026-03-02"),
        ("LAST_90_DAYS", "2025-12-04", "2026-03-05"),
        ("LAST_N_WEEKS:2", "2026-02-15", "2026-03-01"),
        ("LAST_N_MONTHS:2", "2026-01-01", "2026-03-01"),
        ("NEXT_N_YEARS:1", "2027-01-01", "2028-01-01"),
        ("N_MONTHS_AGO:1", "2026-02-01", "2026-03-01"),
        ("N_FISCAL_YEARS_AGO:2", "2024-01-01", "2025-01-01"),
        ("LAST_N_FISCAL_QUARTERS:2", "2025-07-01", "2026-01-01"),
        ("NEXT_N_FISCAL_YEARS:1", "2027-01-01", "2028-01-01"),
    ],
)
def test_date_literals_stand_for_the_days_that_the_vendor_documents(literal: str, start: str, end: str) -> None:
    assert is_days(literal)
    assert days_of(literal, date(2026, 3, 4)) == (date.fromisoformat(start), date.fromisoformat(end))


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("CloseDate = TODAY", ["Delta"]),
        ("CloseDate = this_month", ["Delta"]),
        ("CloseDate < THIS_MONTH", ["Alpha", "Beta", "Gamma"]),
        ("CloseDate >= LAST_MONTH", ["Beta", "Gamma", "Delta"]),
        ("CloseDate IN (LAST_MONTH, TODAY)", ["Beta", "Gamma", "Delta"]),
        ("CloseDate != LAST_N_DAYS:20", ["Alpha", "Beta"]),
        ("CreatedDate = TODAY AND CloseDate > LAST_MONTH", ["Delta"]),
        ("CreatedDate > TODAY", []),
    ],
)
def test_date_literals_filter_rows(org: Org, where: str, names: list[str]) -> None:
    assert [name for (name,) in values(org, f"SELECT Name FROM Opportunity WHERE {where}")] == names  # noqa: S608 - SOQL of a test


@pytest.mark.parametrize(
    "text", ["THIS_DAY", "THIS_FISCAL_MONTH", "N_FISCAL_DAYS_AGO:1", "N_DAYS:1", "LAST_N_DAYS_AGO:1"]
)
def test_what_only_looks_like_a_date_literal_is_none(text: str) -> None:
    assert not is_days(text)


LITERALS = st.one_of(
    st.sampled_from(["TODAY", "YESTERDAY", "TOMORROW", "LAST_90_DAYS", "NEXT_90_DAYS"]),
    st.builds("{}_{}".format, st.sampled_from(["LAST", "THIS", "NEXT"]), st.sampled_from(["WEEK", "MONTH", "QUARTER"])),
    st.builds(
        "{}_N_{}:{}".format,
        st.sampled_from(["LAST", "NEXT"]),
        st.sampled_from(["DAYS", "WEEKS", "MONTHS", "QUARTERS", "YEARS"]),
        st.integers(1, 400),
    ),
)


@given(LITERALS, st.dates(date(1990, 1, 1), date(2030, 1, 1)), st.integers(-400, 400))
def test_a_day_is_before_within_or_after_a_date_literal(literal: str, today: date, offset: int) -> None:
    day = today + timedelta(days=offset)
    org = an_org(now=datetime(today.year, today.month, today.day, 23, 59, tzinfo=UTC))
    org.insert("Opportunity", {"Name": "One", "StageName": "Prospecting", "CloseDate": day.isoformat()})

    found = {
        operator: bool(selected(org, f"SELECT Id FROM Opportunity WHERE CloseDate {operator} {literal}"))  # noqa: S608 - SOQL of a test
        for operator in ("=", "!=", "<", "<=", ">", ">=")
    }

    assert [found["<"], found["="], found[">"]].count(True) == 1
    assert found["!="] is not found["="]
    assert found["<="] is (found["<"] or found["="])
    assert found[">="] is (found[">"] or found["="])


ROWS = st.lists(st.tuples(st.sampled_from(["Web", "web", "Other", None]), st.none() | st.integers(-5, 5)), max_size=12)


@given(ROWS)
def test_groups_agree_with_python(rows: list[tuple[str | None, int | None]]) -> None:
    org = an_org()
    expected: dict[str | None, list[int | None]] = defaultdict(list)
    for index, (site, size) in enumerate(rows):
        org.insert("Account", {"Name": f"A{index}", "Site": site, "NumberOfEmployees": size})
        expected[site and site.lower()].append(size)

    query = "SELECT Site, COUNT(Id), COUNT(NumberOfEmployees), SUM(NumberOfEmployees) FROM Account GROUP BY Site"
    found = {site and site.lower(): tuple(rest) for site, *rest in values(org, query)}

    assert found == {
        site: (len(sizes), len(known), sum(known) if known else None)
        for site, sizes in expected.items()
        for known in [[size for size in sizes if size is not None]]
    }
