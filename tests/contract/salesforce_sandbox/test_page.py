"""The page on which a person plays the CRM user."""

import html
import re

import httpx

from crosswalk_sandbox.process import SandboxProcess

from .builders import API, a_lead


def test_page_shows_records_newest_first(http: httpx.Client) -> None:
    http.post(f"{API}/sobjects/Lead", json=a_lead(LastName="First"))
    http.post(f"{API}/sobjects/Lead", json=a_lead(LastName="<Second>"))

    text = http.get("/sandbox/").text

    assert text.index("Ada &lt;Second&gt;") < text.index("Ada First")
    assert "<Second>" not in text


def test_form_saves_only_what_the_person_changed(http: httpx.Client, sandbox: SandboxProcess) -> None:
    lead_id = http.post(f"{API}/sobjects/Lead", json=a_lead(Email="ada@example.com")).json()["id"]
    unchanged = {"FirstName": "Ada", "LastName": "Byron", "Email": "ada@example.com", "Company": "Analytical Engines"}

    form = unchanged | {"Status": "Open - Not Contacted", "Title": "Countess", "Marketing_Consent__c": "on"}
    reply = http.post(f"/sandbox/Lead/{lead_id}", data=form)

    assert (reply.status_code, reply.headers["location"]) == (303, "/sandbox/")
    saved = sandbox.writes()[-1]
    assert saved["fields"] == {"Title": "Countess", "Marketing_Consent__c": True}
    assert saved["source"] == "page"


def test_form_shows_why_a_value_is_refused(http: httpx.Client) -> None:
    lead_id = http.post(f"{API}/sobjects/Lead", json=a_lead()).json()["id"]

    reply = http.post(
        f"/sandbox/Lead/{lead_id}", data={"LastName": "", "Company": "x", "Status": "Open - Not Contacted"}
    )

    assert reply.status_code == 200
    assert "Required fields are missing: [LastName]" in html.unescape(reply.text)


def test_page_costs_no_api_calls(http: httpx.Client, sandbox: SandboxProcess) -> None:
    http.get("/sandbox/")

    assert sandbox.calls()["by_path"] == {"POST /services/oauth2/token": 1}


def test_record_that_is_not_there_has_no_form(http: httpx.Client) -> None:
    assert http.get("/sandbox/Lead/00QHs0000000009").status_code == 404
    assert http.get("/sandbox/Lead/00QHs0000000009/delete").status_code == 405
    assert http.get("/sandbox/Pet").status_code == 404


def test_every_object_has_its_records_on_a_page(http: httpx.Client, sandbox: SandboxProcess) -> None:
    fields = [
        {"name": "Chip__c", "is_required": True},
        {"name": "Tags__c", "type": "multipicklist", "values": ["A", "B"]},
    ]
    sandbox.administer("objects", name="Pet__c", label="Pet", label_plural="Pets", fields=fields)
    http.post(f"{API}/sobjects/Campaign", json={"Name": "Spring", "Type": "Email"})

    start, campaigns, pets = (http.get(f"/sandbox/{path}").text for path in ("", "Campaign", "Pet__c"))

    for name in ("Campaign", "DataUsePurpose", "OpportunityLineItem", "PermissionSetAssignment", "User", "Pet__c"):
        assert f"<a href=/sandbox/{name}>" in start
    assert ">Spring</a>" in campaigns
    assert "None yet." in pets


def test_a_person_creates_changes_and_deletes_a_record_of_any_object(
    http: httpx.Client, sandbox: SandboxProcess
) -> None:
    deal = {"Name": "Big deal", "StageName": "Prospecting", "CloseDate": "2026-05-01", "Amount": "200.5"}
    assert "name=StageName" in http.get("/sandbox/Opportunity/new").text
    assert "Required fields are missing" in http.post("/sandbox/Opportunity/new", data={"Name": "x"}).text

    assert http.post("/sandbox/Opportunity/new", data=deal).status_code == 303
    [created] = sandbox.writes()
    page = f"/sandbox/Opportunity/{created['id']}"
    form = dict(re.findall(r'<input name=(\w+)[^>]* value="([^"]*)"', http.get(page).text))
    assert form | {"Amount": "200.5"} == form
    assert http.post(page, data={**form, "StageName": "Prospecting", "Amount": "300"}).status_code == 303
    assert sandbox.writes()[-1]["fields"] == {"Amount": 300.0}
    assert http.post(f"{page}/delete").headers["location"] == "/sandbox/"

    assert http.get(page).status_code == 404
    assert [(each["operation"], each["source"]) for each in sandbox.writes()] == [
        ("create", "page"),
        ("update", "page"),
        ("delete", "page"),
    ]


def test_a_person_writes_every_field_that_there_is(http: httpx.Client, sandbox: SandboxProcess) -> None:
    contact_id = http.post(f"{API}/sobjects/Contact", json={"LastName": "Byron"}).json()["id"]
    assert "name=AssistantName" not in http.get(f"/sandbox/Contact/{contact_id}").text

    page = f"/sandbox/Contact/{contact_id}?all"
    assert "name=AssistantName" in http.get(page).text
    http.post(page, data={"LastName": "Byron", "AssistantName": "Babbage"})

    assert sandbox.writes()[-1]["fields"] == {"AssistantName": "Babbage"}


def test_forms_of_other_sites_change_nothing(http: httpx.Client, sandbox: SandboxProcess) -> None:
    lead_id = http.post(f"{API}/sobjects/Lead", json=a_lead()).json()["id"]
    elsewhere = {"origin": "https://evil.example"}

    replies = [
        http.post(f"/sandbox/Lead/{lead_id}{path}", data={"Company": "x"}, headers=elsewhere)
        for path in ("", "/convert", "/delete")
    ]

    assert [reply.status_code for reply in replies] == [403, 403, 403]
    assert len(sandbox.writes()) == 1
