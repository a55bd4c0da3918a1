"""Several calls in one: composite, batch, graph and tree, and the recorded traffic of a real org played again."""

from typing import Any

import httpx
import pytest

from crosswalk_sandbox.process import SandboxProcess
from crosswalk_sandbox.salesforce.rules import DuplicateRule

from .builders import API, a_lead, typed
from .in_process import Clock, an_org, client_of
from .replay import Replay, exchanges_of

ACCOUNT, CONTACT = f"{API}/sobjects/Account", f"{API}/sobjects/Contact"


def a_step(name: str, method: str, url: str, body: Any = None, **more: Any) -> dict[str, Any]:
    step = {"referenceId": name, "method": method, "url": url, **more}
    return step if body is None else {**step, "body": body}


def run(http: httpx.Client, *steps: dict[str, Any], all_or_none: bool = False) -> list[dict[str, Any]]:
    reply = http.post(f"{API}/composite", json={"allOrNone": all_or_none, "compositeRequest": list(steps)})
    assert reply.status_code == 200
    results: list[dict[str, Any]] = reply.json()["compositeResponse"]
    return results


def test_later_step_uses_what_an_earlier_one_created(http: httpx.Client) -> None:
    results = run(
        http,
        a_step("account", "POST", ACCOUNT, {"Name": "Engines"}),
        a_step("contact", "POST", CONTACT, {"LastName": "Byron", "AccountId": "@{account.id}"}),
        a_step("read", "GET", f"{CONTACT}/@{{contact.id}}?fields=LastName,AccountId"),
        a_step("found", "GET", f"{API}/query/?q=SELECT Id FROM Contact WHERE Id = '@{{contact.id}}'"),  # noqa: S608
        a_step("rename", "PATCH", f"{CONTACT}/@{{found.records[0].Id}}", {"Title": "Ms @{read.LastName}"}),
    )

    account, contact, read, found, rename = results
    account_id = account["body"]["id"]
    assert account == {
        "body": {"id": account_id, "success": True, "errors": []},
        "httpHeaders": {"Location": f"{ACCOUNT}/{account_id}"},
        "httpStatusCode": 201,
        "referenceId": "account",
    }
    assert read["body"]["AccountId"] == account_id
    assert found["body"]["totalSize"] == 1
    assert rename == {"body": None, "httpHeaders": {}, "httpStatusCode": 204, "referenceId": "rename"}
    assert http.get(f"{CONTACT}/{contact['body']['id']}").json()["Title"] == "Ms Byron"


def test_failed_step_fails_those_that_refer_to_it_and_no_others(http: httpx.Client, sandbox: SandboxProcess) -> None:
    bad, orphan, other = run(
        http,
        a_step("bad", "POST", CONTACT, {"LastName": "Byron", "Email": "nowhere"}),
        a_step("orphan", "PATCH", f"{CONTACT}/@{{bad.id}}", {"Title": "x"}),
        a_step("other", "POST", CONTACT, {"LastName": "Babbage"}),
    )

    assert bad["httpStatusCode"] == 400
    assert bad["body"] == [
        {
            "message": "Email: invalid email address: nowhere",
            "errorCode": "INVALID_EMAIL_ADDRESS",
            "fields": ["Email"],
        }
    ]
    message = "Invalid reference specified. No value for bad.id found in bad"
    assert orphan["body"] == [{"errorCode": "PROCESSING_HALTED", "message": message}]
    assert other["httpStatusCode"] == 201
    assert [write["fields"]["LastName"] for write in sandbox.writes()] == ["Babbage"]


def test_all_or_none_undoes_every_step(http: httpx.Client, sandbox: SandboxProcess) -> None:
    collection = {"records": [typed("Contact", {"LastName": "Byron"})], "allOrNone": True}
    first, second, third = run(
        http,
        a_step("first", "POST", f"{API}/composite/sobjects", collection),
        a_step("second", "PATCH", f"{CONTACT}/003Hs0000000009", {"LastName": "x"}),
        a_step("third", "POST", CONTACT, {"LastName": "Babbage"}),
        all_or_none=True,
    )

    undone = [
        {
            "errorCode": "PROCESSING_HALTED",
            "message": "The transaction was rolled back since another operation in the same transaction failed.",
        }
    ]
    assert (first["httpStatusCode"], first["body"]) == (400, undone)
    assert (second["httpStatusCode"], second["body"][0]["errorCode"]) == (404, "NOT_FOUND")
    assert (third["httpStatusCode"], third["body"]) == (400, undone)
    assert sandbox.writes() == []
    assert sandbox.state()["salesforce"]["Contact"] == []


def test_composite_counts_as_one_call(http: httpx.Client) -> None:
    steps = [a_step(f"r{number}", "POST", CONTACT, {"LastName": "B"}) for number in range(25)]
    reply = http.post(f"{API}/composite", json={"compositeRequest": steps})

    assert [each["httpStatusCode"] for each in reply.json()["compositeResponse"]] == [201] * 25
    assert reply.headers["sforce-limit-info"] == "api-usage=1/100000"


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ([a_step(f"r{number}", "GET", ACCOUNT) for number in range(26)], "LIMIT_EXCEEDED"),
        ([a_step(f"r{number}", "GET", f"{API}/query?q=x") for number in range(6)], "LIMIT_EXCEEDED"),
        ([a_step("same", "GET", ACCOUNT), a_step("same", "GET", ACCOUNT)], "INVALID_INPUT"),
        ([a_step("with space", "GET", ACCOUNT)], "INVALID_INPUT"),
        ([a_step("verb", "BREW", ACCOUNT)], "INVALID_INPUT"),
        ([], "INVALID_INPUT"),
    ],
)
def test_composite_that_breaks_a_rule_is_refused_whole(http: httpx.Client, steps: list[Any], code: str) -> None:
    reply = http.post(f"{API}/composite", json={"compositeRequest": steps})

    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, code)


def test_composite_inside_a_composite_is_refused(http: httpx.Client) -> None:
    (result,) = run(http, a_step("inner", "POST", f"{API}/composite", {"compositeRequest": []}))

    assert (result["httpStatusCode"], result["body"][0]["errorCode"]) == (400, "INVALID_INPUT")


def test_step_has_its_own_headers(http: httpx.Client) -> None:
    account = http.post(ACCOUNT, json={"Name": "Engines"}).json()["id"]

    since = {"If-Modified-Since": "Fri, 31 Dec 2100 00:00:00 GMT"}
    (result,) = run(http, a_step("read", "GET", f"{ACCOUNT}/{account}", httpHeaders=since))

    assert (result["httpStatusCode"], result["body"]) == (304, None)
    assert list(result["httpHeaders"]) == ["Last-Modified"]


async def test_step_says_for_itself_that_it_may_save_a_duplicate() -> None:
    org = an_org(Clock())
    org.rules.add_duplicates(DuplicateRule(object="Contact", match=["Email"], action="allow"))
    twin = {"LastName": "Byron", "Email": "ada@example.com"}
    org.insert("Contact", twin)
    allowed = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    steps = [a_step("bare", "POST", CONTACT, twin), a_step("allowed", "POST", CONTACT, twin, httpHeaders=allowed)]

    async with client_of(org) as client:
        reply = await client.post(f"{API}/composite", json={"compositeRequest": steps}, headers=allowed)

    bare, saved = reply.json()["compositeResponse"]
    assert (bare["httpStatusCode"], bare["body"][0]["errorCode"]) == (400, "DUPLICATES_DETECTED")
    assert saved["httpStatusCode"] == 201


def test_batch_gives_each_call_its_own_result(http: httpx.Client) -> None:
    calls = [
        {"method": "POST", "url": "v62.0/sobjects/Account", "richInput": {"Name": "Engines"}},
        {"method": "GET", "url": "v62.0/query?q=SELECT COUNT() FROM Account"},
        {"method": "GET", "url": "v62.0/sobjects/Account/001Hs0000000009"},
        {"method": "GET", "url": "v62.0/limits"},
    ]

    body = http.post(f"{API}/composite/batch", json={"batchRequests": calls}).json()

    assert body["hasErrors"] is True
    assert [each["statusCode"] for each in body["results"]] == [201, 200, 404, 200]
    assert body["results"][1]["result"] == {"totalSize": 1, "done": True, "records": []}
    assert body["results"][2]["result"][0]["errorCode"] == "NOT_FOUND"


async def test_step_that_reads_many_rows_is_part_of_its_transaction() -> None:
    org = an_org(Clock())
    ids = [org.insert("Contact", {"LastName": "Byron"}) for _ in range(600)]
    window = "start=2026-03-01T12:00:00Z&end=2026-03-01T12:01:00Z"
    steps = [
        a_step("touched", "GET", f"{CONTACT}/updated?{window}"),
        a_step("gone", "DELETE", f"{CONTACT}/@{{touched.ids[599]}}"),
    ]

    async with client_of(org) as client:
        reply = await client.post(f"{API}/composite", json={"compositeRequest": steps, "allOrNone": True})

    touched, gone = reply.json()["compositeResponse"]
    assert touched["body"]["ids"] == ids
    assert gone["httpStatusCode"] == 204
    assert org.tables["Contact"].rows[ids[599]]["IsDeleted"] is True


def test_batch_halts_after_an_error_when_asked_to(http: httpx.Client, sandbox: SandboxProcess) -> None:
    calls = [
        {"method": "POST", "url": "v62.0/sobjects/Account", "richInput": {}},
        {"method": "POST", "url": "v62.0/sobjects/Account", "richInput": {"Name": "Engines"}},
    ]

    body = http.post(f"{API}/composite/batch", json={"batchRequests": calls, "haltOnError": True}).json()

    assert [each["statusCode"] for each in body["results"]] == [400, 412]
    assert body["results"][1]["result"][0]["errorCode"] == "BATCH_PROCESSING_HALTED"
    assert sandbox.writes() == []


def test_each_graph_is_a_transaction_of_its_own(http: httpx.Client, sandbox: SandboxProcess) -> None:
    def a_graph(graph_id: str, email: str) -> dict[str, Any]:
        contact = {"LastName": "Byron", "Email": email, "AccountId": "@{a.id}"}
        steps = [a_step("a", "POST", ACCOUNT, {"Name": graph_id}), a_step("c", "POST", CONTACT, contact)]
        return {"graphId": graph_id, "compositeRequest": steps}

    graphs = {"graphs": [a_graph("good", "ada@example.com"), a_graph("bad", "nowhere")]}
    good, bad = http.post(f"{API}/composite/graph", json=graphs).json()["graphs"]

    assert (good["graphId"], good["isSuccessful"]) == ("good", True)
    assert [each["httpStatusCode"] for each in good["graphResponse"]["compositeResponse"]] == [201, 201]
    assert (bad["graphId"], bad["isSuccessful"]) == ("bad", False)
    codes = [each["body"][0]["errorCode"] for each in bad["graphResponse"]["compositeResponse"]]
    assert codes == ["PROCESSING_HALTED", "INVALID_EMAIL_ADDRESS"]
    assert [account["Name"] for account in sandbox.state()["salesforce"]["Account"]] == ["good"]


def test_graphs_hold_500_nodes_and_no_more(http: httpx.Client) -> None:
    def graphs_of(count: int) -> dict[str, Any]:
        steps = [a_step(f"n{number}", "POST", CONTACT, {"LastName": "B"}) for number in range(count)]
        return {"graphs": [{"graphId": "g", "compositeRequest": steps}]}

    full = http.post(f"{API}/composite/graph", json=graphs_of(500)).json()
    over = http.post(f"{API}/composite/graph", json=graphs_of(501))

    assert full["graphs"][0]["isSuccessful"] is True
    assert (over.status_code, over.json()[0]["errorCode"]) == (400, "LIMIT_EXCEEDED")


def a_branch(reference: str, **fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Contact", "referenceId": reference}, "LastName": "Byron", **fields}


def a_tree(*children: dict[str, Any]) -> dict[str, Any]:
    root = {"attributes": {"type": "Account", "referenceId": "a"}, "Name": "Engines"}
    return {"records": [{**root, "Contacts": {"records": list(children)}}]}


def test_tree_creates_children_with_their_parent(http: httpx.Client, sandbox: SandboxProcess) -> None:
    reply = http.post(f"{API}/composite/tree/Account", json=a_tree(a_branch("c1"), a_branch("c2")))

    assert reply.status_code == 201
    body = reply.json()
    account_id = body["results"][0]["id"]
    assert body["hasErrors"] is False
    assert [each["referenceId"] for each in body["results"]] == ["a", "c1", "c2"]
    contacts = sandbox.state()["salesforce"]["Contact"]
    assert [contact["AccountId"] for contact in contacts] == [account_id, account_id]


def test_tree_with_a_bad_record_creates_nothing(http: httpx.Client, sandbox: SandboxProcess) -> None:
    reply = http.post(f"{API}/composite/tree/Account", json=a_tree(a_branch("c1"), a_branch("c2", Email="nowhere")))

    assert reply.status_code == 400
    assert reply.json() == {
        "hasErrors": True,
        "results": [
            {
                "referenceId": "c2",
                "errors": [
                    {
                        "statusCode": "INVALID_EMAIL_ADDRESS",
                        "message": "Email: invalid email address: nowhere",
                        "fields": ["Email"],
                    }
                ],
            }
        ],
    }
    assert sandbox.writes() == []


@pytest.mark.parametrize(
    ("children", "expected"),
    [
        ([a_branch("c"), a_branch("c")], ("c", "Duplicate ReferenceId provided in the request.")),
        ([{"LastName": "Byron"}], ("", "Include a reference ID for each record in the request.")),
        (
            [a_branch("c", Unicorns={"records": []})],
            ("c", "No such relationship 'Unicorns' on sobject of type Contact"),
        ),
    ],
)
def test_tree_that_is_badly_made_says_why(
    http: httpx.Client, children: list[dict[str, Any]], expected: tuple[str, str]
) -> None:
    reply = http.post(f"{API}/composite/tree/Account", json=a_tree(*children))

    (result,) = reply.json()["results"]
    assert (reply.status_code, result["referenceId"], result["errors"][0]["message"]) == (400, *expected)


def test_tree_of_more_than_200_records_is_refused(http: httpx.Client) -> None:
    reply = http.post(f"{API}/composite/tree/Account", json=a_tree(*(a_branch(f"c{n}") for n in range(200))))

    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")


@pytest.mark.parametrize("name", ["composite_references", "composite_parallel"])
def test_recorded_composites_get_the_recorded_replies(http: httpx.Client, name: str) -> None:
    replay = Replay(http)

    for exchange in exchanges_of(name):
        replay.check(exchange)


def test_recorded_counts_get_the_recorded_replies(http: httpx.Client) -> None:
    for number in range(17):
        http.post(ACCOUNT, json={"Name": f"Account {number}"})

    for exchange in exchanges_of("composite_counts"):
        Replay(http).check(exchange)


def test_upsert_by_key_finds_its_parent_by_the_parents_key(http: httpx.Client) -> None:
    account = http.post(ACCOUNT, json={"Name": "Engines", "Auth0_User_Id__c": "org|1"}).json()["id"]
    fields = {"LastName": "Byron", "Account": {"Auth0_User_Id__c": "org|1"}}

    created = http.patch(f"{CONTACT}/Auth0_User_Id__c/auth0%7C1", json=fields)
    moved = http.patch(f"{CONTACT}/Auth0_User_Id__c/auth0%7C1", json={"Account": {"Auth0_User_Id__c": "org|2"}})

    assert created.status_code == 201
    assert http.get(f"{CONTACT}/{created.json()['id']}").json()["AccountId"] == account
    message = "Foreign key external ID: org|2 not found for field Auth0_User_Id__c in entity Account"
    assert (moved.status_code, moved.json()[0]["message"]) == (400, message)


def test_collection_upsert_finds_parents_by_key(http: httpx.Client) -> None:
    account = http.post(ACCOUNT, json={"Name": "Engines", "Auth0_User_Id__c": "org|1"}).json()["id"]
    records = [
        typed("Contact", {"LastName": "A", "Auth0_User_Id__c": "1", "Account": {"Auth0_User_Id__c": "org|1"}}),
        typed("Contact", {"LastName": "B", "Auth0_User_Id__c": "2", "Account": {"Auth0_User_Id__c": "org|9"}}),
    ]

    results = http.patch(f"{API}/composite/sobjects/Contact/Auth0_User_Id__c", json={"records": records}).json()

    assert [each["success"] for each in results] == [True, False]
    assert http.get(f"{CONTACT}/{results[0]['id']}").json()["AccountId"] == account


def test_lead_is_created_by_a_batch_like_by_any_call(http: httpx.Client) -> None:
    calls = [{"method": "PATCH", "url": "v62.0/sobjects/Lead/Auth0_User_Id__c/auth0%7C1", "richInput": a_lead()}]

    body = http.post(f"{API}/composite/batch", json={"batchRequests": calls}).json()

    assert body["results"][0]["result"]["created"] is True
