"""Queries over HTTP: what they find, their pages, and the vendor's complaints."""

from typing import Any

import httpx
import pytest
from simple_salesforce import Salesforce, SalesforceMalformedRequest

from .builders import API, a_lead, typed

PEOPLE = [
    a_lead(FirstName="Ada", LastName="Byron", Email="ada@example.com", NumberOfEmployees=10, City="London"),
    a_lead(FirstName="Grace", LastName="Hopper", Email="grace@example.com", NumberOfEmployees=200),
    a_lead(
        FirstName="alan", LastName="O'Turing", Email="alan@example.com", City="Wilmslow", Auth0_User_Id__c="auth0|A"
    ),
    a_lead(FirstName="Édith", LastName="100%_sure", NumberOfEmployees=30, Marketing_Consent__c=True),
]


@pytest.fixture
def people(http: httpx.Client) -> httpx.Client:
    http.post(f"{API}/composite/sobjects", json={"records": [typed("Lead", each) for each in PEOPLE]})
    return http


def found(http: httpx.Client, where: str) -> list[str]:
    reply = http.get(f"{API}/query", params={"q": f"SELECT FirstName FROM Lead {where}"})  # noqa: S608 - SOQL of a test
    assert reply.status_code == 200, reply.text
    return [record["FirstName"] for record in reply.json()["records"]]


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("WHERE Email = 'ADA@Example.com'", ["Ada"]),
        ("WHERE FirstName = 'ALAN'", ["alan"]),
        ("WHERE Auth0_User_Id__c = 'auth0|A'", ["alan"]),
        ("WHERE Auth0_User_Id__c = 'AUTH0|A'", []),
        ("WHERE LastName = 'O\\'Turing'", ["alan"]),
        ("WHERE LastName LIKE '100\\%\\_s%'", ["Édith"]),
        ("WHERE LastName LIKE '%ppe_'", ["Grace"]),
        ("WHERE FirstName LIKE 'éd%'", ["Édith"]),
        ("WHERE Email IN ('ada@example.com', 'GRACE@example.com', 'x')", ["Ada", "Grace"]),
        ("WHERE Email NOT IN ('ada@example.com', 'grace@example.com')", ["alan", "Édith"]),
        ("WHERE Email = null", ["Édith"]),
        ("WHERE Email = ''", ["Édith"]),
        ("WHERE City != 'London'", ["Grace", "alan", "Édith"]),
        ("WHERE NumberOfEmployees > 10 AND NumberOfEmployees <= 200", ["Grace", "Édith"]),
        ("WHERE NumberOfEmployees < 20", ["Ada"]),
        ("WHERE Marketing_Consent__c = TRUE", ["Édith"]),
        ("WHERE (NOT City = 'London') AND NumberOfEmployees != null", ["Grace", "Édith"]),
        ("WHERE City = 'London' OR (City = 'Wilmslow' AND FirstName != 'Ada')", ["Ada", "alan"]),
        ("WHERE CreatedDate > 2020-01-01T00:00:00Z AND FirstName = 'Ada'", ["Ada"]),
        ("WHERE CreatedDate > 2999-01-01T00:00:00+02:00", []),
        ("WHERE Id = '00QHs0000000002'", ["Grace"]),
        ("WHERE Owner.Name = 'integration user' AND Email LIKE 'a%'", ["Ada", "alan"]),
        ("ORDER BY FirstName DESC LIMIT 2", ["Édith", "Grace"]),
        ("ORDER BY NumberOfEmployees DESC NULLS LAST", ["Grace", "Édith", "Ada", "alan"]),
        ("ORDER BY City, FirstName DESC", ["Édith", "Grace", "Ada", "alan"]),
        ("ORDER BY FirstName LIMIT 2 OFFSET 1", ["alan", "Grace"]),
    ],
)
def test_query_finds_the_rows_that_the_vendor_would(people: httpx.Client, where: str, names: list[str]) -> None:
    assert found(people, where) == names


def test_selected_parent_field_comes_inside_its_relationship(org: Salesforce) -> None:
    account_id = org.Account.create({"Name": "Engines"})["id"]
    org.Contact.create({"LastName": "Byron", "AccountId": account_id})
    org.Contact.create({"LastName": "Alone"})

    records = org.query("SELECT LastName, account.name FROM contact ORDER BY LastName")["records"]

    assert [(each["LastName"], each["Account"]) for each in records] == [
        ("Alone", None),
        (
            "Byron",
            {
                "attributes": {"type": "Account", "url": f"/services/data/v59.0/sobjects/Account/{account_id}"},
                "Name": "Engines",
            },
        ),
    ]


def test_counting_returns_no_rows(people: httpx.Client) -> None:
    reply = people.get(f"{API}/query", params={"q": "select count() from Lead where City != null"})

    assert reply.json() == {"totalSize": 2, "done": True, "records": []}


def test_large_result_comes_in_pages_of_2000(http: httpx.Client, org: Salesforce) -> None:
    for start in range(0, 4200, 200):
        rows = [typed("Account", {"Name": f"Account {number:04}"}) for number in range(start, start + 200)]
        http.post(f"{API}/composite/sobjects", json={"records": rows})

    pages = [org.query("SELECT Name FROM Account ORDER BY Name")]
    while not pages[-1]["done"]:
        pages.append(org.query_more(pages[-1]["nextRecordsUrl"], identifier_is_url=True))

    assert [len(page["records"]) for page in pages] == [2000, 2000, 200]
    assert {page["totalSize"] for page in pages} == {4200}
    assert pages[2]["records"][-1]["Name"] == "Account 4199"
    assert len(org.query_all("SELECT Id FROM Account")["records"]) == 4200


def test_page_size_follows_the_query_options_header(http: httpx.Client) -> None:
    rows = [typed("Account", {"Name": f"{number}"}) for number in range(200)]
    http.post(f"{API}/composite/sobjects", json={"records": rows})
    http.post(f"{API}/composite/sobjects", json={"records": rows})

    options = {"Sforce-Query-Options": "batchSize=250"}
    page = http.get(f"{API}/query", params={"q": "SELECT Id FROM Account"}, headers=options).json()

    assert (len(page["records"]), page["done"], page["totalSize"]) == (250, False, 400)


@pytest.mark.parametrize(
    ("query", "code", "ending"),
    [
        ("SELECT Id FORM Lead", "MALFORMED_QUERY", "ERROR at Row:1:Column:11\nunexpected token: 'FORM'"),
        ("SELECT Id FROM Lead WHERE", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Lead WHERE City = 'a' AND City = 'b' OR City = 'c'", "MALFORMED_QUERY", "token: 'OR'"),
        ("SELECT Id FROM Lead WHERE NOT City = 'a' AND City = 'b'", "MALFORMED_QUERY", "unexpected token: 'AND'"),
        ("SELECT Id FROM Lead WHERE City = 'a", "MALFORMED_QUERY", "unexpected token: '''"),
        ("SELECT Id FROM Lead WHERE City = '\\z'", "MALFORMED_QUERY", "\\uXXXX"),
        ("SELECT Id FROM Lead LIMIT 1.5", "MALFORMED_QUERY", "unexpected token: '1.5'"),
        ("SELECT Id FROM Unicorn", "INVALID_TYPE", None),
        ("SELECT Nickname FROM Lead", "INVALID_FIELD", None),
        ("SELECT Id FROM Lead WHERE Nickname = 'x'", "INVALID_FIELD", None),
        ("SELECT Id FROM Lead WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered in a query call"),
        ("SELECT Id FROM Lead ORDER BY Address", "INVALID_FIELD", "can not be sorted in a query call"),
        ("SELECT Pet.Name FROM Lead", "INVALID_FIELD", None),
        (
            "SELECT Id FROM Lead WHERE City = 5",
            "INVALID_FIELD",
            "value of filter criterion for field 'City' must be of type string and should be enclosed in quotes",
        ),
        ("SELECT Id FROM Lead WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: x"),
        ("SELECT Id FROM Lead WHERE Id LIKE 'x%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on id field"),
        ("SELECT Id FROM Lead OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
    ],
)
def test_wrong_query_is_refused_in_the_vendors_words(
    http: httpx.Client, query: str, code: str, ending: str | None
) -> None:
    reply = http.get(f"{API}/query", params={"q": query})

    error = reply.json()[0]
    assert (reply.status_code, error["errorCode"]) == (400, code)
    assert error["message"].endswith(
        ending or "Please reference your WSDL or the describe call for the appropriate names."
    )


def test_unknown_field_is_named_with_its_object(org: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest) as caught:
        org.query("SELECT Id,\n Nickname FROM Lead")

    message: Any = caught.value.content[0]["message"]
    assert "ERROR at Row:2:Column:2\nNo such column 'Nickname' on entity 'Lead'." in message


def test_address_of_more_than_16_kilobytes_is_refused(http: httpx.Client) -> None:
    reply = http.get(f"{API}/query", params={"q": "SELECT Id FROM Lead WHERE City = '" + "x" * 16_400 + "'"})

    assert reply.status_code == 414
    assert reply.json()[0]["message"] == "URI Too Long"


def test_unknown_cursor_is_refused(http: httpx.Client) -> None:
    reply = http.get(f"{API}/query/01g000000000000-2000")

    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


def test_client_reads_children_and_aggregates(org: Salesforce) -> None:
    account_id = org.Account.create({"Name": "Engines"})["id"]
    org.Contact.create({"LastName": "Byron", "AccountId": account_id})

    children = org.query("SELECT Id, (SELECT LastName FROM Contacts) FROM Account")["records"][0]["Contacts"]
    total = org.query("SELECT COUNT(Id) n FROM Contact")

    assert [each["LastName"] for each in children["records"]] == ["Byron"]
    assert (total["totalSize"], total["records"][0]["n"]) == (1, 1)
