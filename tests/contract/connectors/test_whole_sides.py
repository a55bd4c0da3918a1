"""Reading a whole side by a job of the vendor's: every user by an export, every record by a bulk query."""

import csv
import gzip
import json
import time

import httpx
import pytest

from crosswalk.connectors.auth0.client import Auth0Client
from crosswalk.connectors.auth0.export import export_users
from crosswalk.connectors.auth0.settings import Auth0Settings
from crosswalk.connectors.auth0.token import TokenEndpoint
from crosswalk.connectors.auth0.transport import Transport
from crosswalk.connectors.errors import CallRefused, MalformedAnswer
from crosswalk.connectors.salesforce.bulk_query import bulk_query, everything
from crosswalk.connectors.salesforce.client import SalesforceClient
from crosswalk.connectors.secret import Secret
from crosswalk.connectors.shared_token import SharedToken
from crosswalk_sandbox.process import SandboxProcess
from tests.contract.connectors.test_salesforce_connector import a_lead
from tests.e2e.hub.vendors import auth0_client, sign_up

SETTINGS = Auth0Settings(domain="acme.auth0.com", client_id="c", client_secret=Secret("s"))


async def export(tenant: Auth0Client) -> list[dict[str, object]]:
    return [json.loads(line) async for lines in tenant.export_users() for line in lines]


async def rows(org: SalesforceClient, *fields: str, condition: str | None = None) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    async for columns, pieces in org.bulk_query("Lead", fields, condition):
        text = b"".join([piece async for piece in pieces]).decode()
        found += csv.DictReader(text.splitlines(keepends=True), columns)
    return found


async def test_an_export_has_each_user_as_a_read_has_them(tenant: Auth0Client, sandbox: SandboxProcess):
    with auth0_client(sandbox.access) as auth0:
        for name in ("zoë", "mei", "ivan"):
            sign_up(auth0, f"{name}@example.com", user_metadata={"café": {"seat": name}}, app_metadata={"tier": "gold"})

    exported = {str(user["user_id"]): user for user in await export(tenant)}

    read = await tenant.read_users([*exported])  # type: ignore[list-item]  # ids as texts
    assert len(exported) == 3
    assert exported == {user_id: json.loads(one.profile) for user_id, one in read.items() if one is not None}


async def test_an_export_costs_a_handful_of_calls(tenant: Auth0Client, sandbox: SandboxProcess):
    sandbox.seed(scenario="people", people=400)

    exported = await export(tenant)

    assert len(exported) > 200
    assert tenant.calls <= 5


async def test_an_empty_tenant_is_exported_as_nobody(tenant: Auth0Client):
    assert await export(tenant) == []


async def test_a_bulk_query_gives_texts_with_commas_quotes_and_lines_whole(org: SalesforceClient):
    await org.write([a_lead("auth0|1", Title='He said "hi", twice', Description="one\ntwo, three"), a_lead("auth0|2")])

    found = await rows(org, "Auth0_User_Id__c", "Title", "Description")

    assert sorted((row["Auth0_User_Id__c"], row["Title"], row["Description"]) for row in found) == [
        ("auth0|1", 'He said "hi", twice', "one\ntwo, three"),
        ("auth0|2", "", ""),
    ]


async def test_a_bulk_query_follows_its_pages(org: SalesforceClient):
    await org.write([a_lead(f"auth0|{number}") for number in range(25)])
    pages = []

    async for columns, pieces in bulk_query(org._transport, everything("Lead", ["Auth0_User_Id__c"]), page=10):
        pages.append((columns, b"".join([piece async for piece in pieces]).count(b"\n")))

    names = ("Id", "Auth0_User_Id__c")
    assert pages == [(names, 10), (names, 10), (names, 5)]


async def test_a_bulk_query_leaves_out_what_its_condition_excludes(org: SalesforceClient):
    await org.write([a_lead("auth0|1", Title="Buyer"), a_lead("auth0|2", Title="Seller")])

    found = await rows(org, "Title", condition="Title = 'Seller'")

    assert [row["Title"] for row in found] == ["Seller"]


async def test_a_bulk_query_for_a_field_that_is_not_there_is_refused_with_the_orgs_words(org: SalesforceClient):
    with pytest.raises(CallRefused, match="No such column 'Nickname'"):
        await rows(org, "Nickname")


async def test_a_file_that_ends_too_early_is_no_export():
    cut = gzip.compress(b'{"user_id":"auth0|1"}\n' * 1000)[:-20]
    answers = {
        "/api/v2/jobs/users-exports": httpx.Response(200, json={"id": "job_1", "status": "pending"}),
        "/api/v2/jobs/job_1": httpx.Response(
            200, json={"id": "job_1", "status": "completed", "location": "https://files.example.com/export.gz"}
        ),
        "/oauth/token": httpx.Response(200, json={"access_token": "t", "expires_in": 600, "token_type": "Bearer"}),
        "/export.gz": httpx.Response(200, stream=httpx.ByteStream(cut)),
    }
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda asked: answers[asked.url.path])) as http:
        tokens = SharedToken(TokenEndpoint(SETTINGS, http, time.monotonic).fetch, time.monotonic)
        transport = Transport(SETTINGS, http, tokens, time.time, lambda: 0.5)

        with pytest.raises(MalformedAnswer, match="one that ends too early"):
            [lines async for lines in export_users(transport, http)]
