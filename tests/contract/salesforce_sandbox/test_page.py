"""The page on which a person plays the CRM user."""

import html

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
    assert http.get("/sandbox/User/005Hs0000000001").status_code == 404
