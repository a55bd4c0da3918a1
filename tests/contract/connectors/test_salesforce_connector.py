"""The Salesforce connector against the sandbox org; what it wrote is read back by simple-salesforce."""

from typing import Any

import msgspec
import pytest
import requests
from simple_salesforce import Salesforce

from crosswalk.connectors.base import ApiUsage, ConfigurationWrong, LinkLost, Rejected, RetryLater, Written
from crosswalk.connectors.errors import CallRefused, CredentialsRefused, Unreachable
from crosswalk.connectors.http import Timeouts
from crosswalk.connectors.salesforce.client import SalesforceClient
from crosswalk.connectors.salesforce.settings import ClientCredentials, JwtBearer, SalesforceSettings
from crosswalk.connectors.secret import Secret
from crosswalk.domain.ids import RecordId
from crosswalk.domain.place import Place
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite
from crosswalk_sandbox.process import SandboxProcess

PLACE = Place("crosswalk.yaml", 1)
KEY = "Auth0_User_Id__c"


def a_lead(user_id: str, **fields: FieldValue) -> RecordWrite:
    values: dict[str, FieldValue] = {"LastName": "Ito", "Company": "Ito Ltd", **fields}
    return RecordWrite(Action.CREATE, "Lead", None, (KEY, user_id), field_writes(values))


def an_update(record_id: str, user_id: str = "auth0|1", **fields: FieldValue) -> RecordWrite:
    return RecordWrite(Action.UPDATE, "Lead", RecordId(record_id), (KEY, user_id), field_writes(fields))


def field_writes(values: dict[str, FieldValue]) -> tuple[FieldWrite, ...]:
    return tuple(FieldWrite(name, None, value, Reason.CHANGED, PLACE) for name, value in values.items())


def other_client(sandbox: SandboxProcess) -> Salesforce:
    """simple-salesforce, signed in by client credentials."""
    access = sandbox.access.salesforce
    session = requests.Session()
    # Otherwise REQUESTS_CA_BUNDLE of the machine would win over the sandbox's CA.
    session.trust_env = False
    session.verify = str(sandbox.access.ca_file)
    answer = session.post(
        f"{access.instance_url}/services/oauth2/token",
        data={
            "grant_type": "client_credentials",
            "client_id": access.client_id,
            "client_secret": access.client_secret,
        },
        timeout=10,
    )
    return Salesforce(instance_url=access.instance_url, session_id=answer.json()["access_token"], session=session)


def leads_of(sandbox: SandboxProcess) -> list[dict[str, Any]]:
    soql = f"SELECT Id, LastName, Title, {KEY} FROM Lead ORDER BY {KEY}"  # noqa: S608
    records: list[dict[str, Any]] = other_client(sandbox).query_all(soql)["records"]
    return records


async def create(org: SalesforceClient, *writes: RecordWrite) -> list[str]:
    results = await org.write(writes)
    return [result.record_id for result in results if isinstance(result, Written)]


async def test_a_created_record_is_there_for_another_client(org: SalesforceClient, sandbox: SandboxProcess):
    results = await org.write([a_lead("auth0|1", Title="Buyer")])

    [lead] = leads_of(sandbox)
    assert results == [Written(RecordId(lead["Id"]), created=True)]
    assert (lead["LastName"], lead["Title"], lead[KEY]) == ("Ito", "Buyer", "auth0|1")


async def test_the_same_create_again_updates_the_record_it_made(org: SalesforceClient, sandbox: SandboxProcess):
    [record_id] = await create(org, a_lead("auth0|1", Title="Buyer"))

    results = await org.write([a_lead("auth0|1", Title="Engineer")])

    assert results == [Written(RecordId(record_id), created=False)]
    assert [lead["Title"] for lead in leads_of(sandbox)] == ["Engineer"]


async def test_two_writes_for_one_record_are_applied_in_order(org: SalesforceClient, sandbox: SandboxProcess):
    results = await org.write([a_lead("auth0|1", Title="first"), a_lead("auth0|1", Title="second")])

    assert [result.created for result in results if isinstance(result, Written)] == [True, False]
    assert [lead["Title"] for lead in leads_of(sandbox)] == ["second"]


async def test_an_update_clears_a_field_with_null(org: SalesforceClient, sandbox: SandboxProcess):
    [record_id] = await create(org, a_lead("auth0|1", Title="Buyer"))

    results = await org.write([an_update(record_id, Title=None)])

    assert results == [Written(RecordId(record_id), created=False)]
    assert [lead["Title"] for lead in leads_of(sandbox)] == [None]


async def test_a_thousand_changes_cost_five_calls(org: SalesforceClient, sandbox: SandboxProcess):
    record_ids = await create(org, *(a_lead(f"auth0|{number:04}") for number in range(1000)))
    before = org.calls

    results = await org.write(
        [an_update(record_id, f"auth0|{number:04}", Title=f"T{number}") for number, record_id in enumerate(record_ids)]
    )

    assert [result.record_id for result in results if isinstance(result, Written)] == record_ids
    assert org.calls - before == 5
    assert [lead["Title"] for lead in leads_of(sandbox)] == [f"T{number}" for number in range(1000)]


async def test_one_bad_record_of_200_leaves_its_neighbours_written(org: SalesforceClient, sandbox: SandboxProcess):
    writes = [a_lead(f"auth0|{number:03}", Title="x" * 200 if number == 77 else "ok") for number in range(200)]

    results = await org.write(writes)

    assert isinstance(results[77], Rejected)
    assert (results[77].code, results[77].fields) == ("STRING_TOO_LONG", ("Title",))
    assert sum(isinstance(result, Written) for result in results) == 199
    assert len(leads_of(sandbox)) == 199


async def test_a_value_of_the_wrong_json_type_leaves_its_neighbours_written(
    org: SalesforceClient, sandbox: SandboxProcess
):
    writes = [a_lead(f"auth0|{number:03}", NumberOfEmployees="many" if number == 50 else 5) for number in range(100)]

    results = await org.write(writes)

    assert isinstance(results[50], Rejected)
    assert sum(isinstance(result, Written) for result in results) == 99
    assert len(leads_of(sandbox)) == 99


async def test_an_unknown_field_is_a_wrong_configuration(org: SalesforceClient):
    [result] = await org.write([a_lead("auth0|1", Shoe_Size__c=43)])

    assert isinstance(result, ConfigurationWrong)
    assert result.code == "INVALID_FIELD"
    assert "Shoe_Size__c" in result.message


async def test_an_unknown_external_id_field_is_a_wrong_configuration(org: SalesforceClient):
    write = RecordWrite(Action.CREATE, "Lead", None, ("Nope__c", "1"), field_writes({"LastName": "Ito"}))

    [result] = await org.write([write])

    assert isinstance(result, ConfigurationWrong)


async def test_a_required_field_that_is_missing_is_named(org: SalesforceClient):
    write = RecordWrite(Action.CREATE, "Lead", None, (KEY, "auth0|1"), field_writes({"LastName": "Ito"}))

    [result] = await org.write([write])

    assert isinstance(result, Rejected)
    assert (result.code, result.fields) == ("REQUIRED_FIELD_MISSING", ("Company",))


async def test_an_update_of_a_deleted_record_is_a_lost_link(org: SalesforceClient, sandbox: SandboxProcess):
    [record_id] = await create(org, a_lead("auth0|1"))
    other_client(sandbox).Lead.delete(record_id)

    [result] = await org.write([an_update(record_id, Title="x")])

    assert isinstance(result, LinkLost)
    assert result.code == "ENTITY_IS_DELETED"


async def test_a_locked_row_is_sent_again_alone_and_written(org: SalesforceClient, sandbox: SandboxProcess):
    record_ids = await create(org, a_lead("auth0|1"), a_lead("auth0|2"))
    sandbox.faults(lock_once=[record_ids[0]])
    writes = [an_update(record_ids[0], "auth0|1", Title="a"), an_update(record_ids[1], "auth0|2", Title="b")]
    before = org.calls

    results = await org.write(writes)

    assert results == [Written(RecordId(record_id), created=False) for record_id in record_ids]
    assert org.calls - before == 2


async def test_an_outage_is_tried_later_and_loses_nothing(org: SalesforceClient, sandbox: SandboxProcess):
    await org.authenticate()
    sandbox.faults(fail_next=1, status=503)

    first = await org.write([a_lead("auth0|1"), a_lead("auth0|2")])
    second = await org.write([a_lead("auth0|1"), a_lead("auth0|2")])

    assert [(result.code, result.after_s) for result in first if isinstance(result, RetryLater)] == [
        ("SERVER_UNAVAILABLE", 2.0),
        ("SERVER_UNAVAILABLE", 2.0),
    ]
    assert [result.created for result in second if isinstance(result, Written)] == [True, True]


async def test_an_outage_of_the_token_endpoint_is_tried_later_too(org: SalesforceClient, sandbox: SandboxProcess):
    sandbox.faults(fail_next=1, status=503)

    first = await org.write([a_lead("auth0|1")])
    second = await org.write([a_lead("auth0|1")])

    assert first == [RetryLater("SERVER_UNAVAILABLE", "no token was given", 2.0)]
    assert isinstance(second[0], Written)


async def test_one_call_that_fails_leaves_the_others_written(org: SalesforceClient, sandbox: SandboxProcess):
    await org.authenticate()
    sandbox.faults(fail_next=1, status=503)

    results = await org.write([a_lead(f"auth0|{number:03}") for number in range(600)])

    assert sum(isinstance(result, RetryLater) for result in results) == 200
    assert sum(isinstance(result, Written) for result in results) == 400


async def test_a_lost_answer_is_repeated_without_a_second_record(org: SalesforceClient, sandbox: SandboxProcess):
    sandbox.faults(drop_after_write=1)

    [first] = await org.write([a_lead("auth0|1")])
    [second] = await org.write([a_lead("auth0|1")])

    assert isinstance(first, RetryLater)
    assert first.code == "UNREACHABLE"
    assert isinstance(second, Written)
    assert not second.created
    assert len(leads_of(sandbox)) == 1


async def test_a_slow_answer_times_out_and_is_tried_later(
    salesforce_settings: SalesforceSettings, sandbox: SandboxProcess
):
    settings = msgspec.structs.replace(salesforce_settings, timeouts=Timeouts(read=0.3))
    async with SalesforceClient(settings) as org:
        await org.authenticate()
        sandbox.settings(latency_ms=3000)

        [result] = await org.write([a_lead("auth0|1")])

    assert isinstance(result, RetryLater)
    assert "ReadTimeout" in result.message


async def test_an_exhausted_limit_waits_for_the_window(org: SalesforceClient, sandbox: SandboxProcess):
    await org.authenticate()
    sandbox.faults(
        fail_next=1, status=403, error_code="REQUEST_LIMIT_EXCEEDED", message="TotalRequests Limit exceeded."
    )

    [result] = await org.write([a_lead("auth0|1")])

    assert result == RetryLater("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 300.0)


async def test_a_revoked_token_is_replaced_without_anybody_noticing(org: SalesforceClient, sandbox: SandboxProcess):
    await create(org, a_lead("auth0|1"))
    sandbox.faults(revoke_tokens=True)

    results = await org.write([a_lead(f"auth0|{number:03}") for number in range(600)])

    assert sum(isinstance(result, Written) for result in results) == 600


async def test_the_jwt_bearer_flow_signs_in(salesforce_settings: SalesforceSettings, sandbox: SandboxProcess):
    access = sandbox.access.salesforce
    credentials = JwtBearer(access.client_id, access.username, Secret(access.private_key_file.read_text()))
    async with SalesforceClient(msgspec.structs.replace(salesforce_settings, credentials=credentials)) as org:
        assert await org.query("SELECT Id FROM Lead") == []


async def test_a_wrong_audience_is_explained(salesforce_settings: SalesforceSettings, sandbox: SandboxProcess):
    access = sandbox.access.salesforce
    key = Secret(access.private_key_file.read_text())
    credentials = JwtBearer(access.client_id, access.username, key, audience="https://elsewhere.example.com")
    async with SalesforceClient(msgspec.structs.replace(salesforce_settings, credentials=credentials)) as org:
        with pytest.raises(CredentialsRefused) as caught:
            await org.authenticate()

    assert caught.value.error == "invalid_grant"
    assert "Set the audience" in str(caught.value)


async def test_with_a_wrong_secret_writes_wait_and_nothing_is_sent(salesforce_settings: SalesforceSettings):
    wrong = ClientCredentials(salesforce_settings.credentials.client_id, Secret("wrong-secret"))
    async with SalesforceClient(msgspec.structs.replace(salesforce_settings, credentials=wrong)) as org:
        (result,) = await org.write([a_lead("auth0|1")])

    assert isinstance(result, RetryLater)
    assert "wrong-secret" not in result.message
    assert "Check the client id" in result.message
    assert org.calls == 0


async def test_a_certificate_of_an_unknown_authority_is_not_trusted(salesforce_settings: SalesforceSettings):
    async with SalesforceClient(msgspec.structs.replace(salesforce_settings, ca_file=None)) as org:
        with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            await org.authenticate()


async def test_candidates_are_found_by_any_of_many_values(org: SalesforceClient):
    await create(
        org,
        *(a_lead(f"auth0|{number:03}", Email=f"p{number}@example.com", FirstName="O'B") for number in range(450)),
    )
    before = org.calls

    found = await org.find_candidates(
        "Lead", ["FirstName"], "Email", [f"P{number}@example.com" for number in range(0, 900, 2)]
    )

    assert org.calls - before == 3
    assert sorted(str(record.fields["Email"]) for record in found) == sorted(
        f"p{number}@example.com" for number in range(0, 450, 2)
    )
    assert {record.fields["FirstName"] for record in found} == {"O'B"}
    assert {record.object for record in found} == {"Lead"}


async def test_a_candidate_carries_exactly_the_fields_asked_for(org: SalesforceClient):
    [record_id] = await create(org, a_lead("auth0|1", Email="o'brien@example.com", Title=None))

    found = await org.find_candidates("Lead", ["Title", KEY], "Email", ["o'brien@example.com", ""])

    fields = {"Email": "o'brien@example.com", "Title": None, KEY: "auth0|1"}
    assert found == [Record("Lead", RecordId(record_id), fields)]


async def test_no_values_are_no_call(org: SalesforceClient):
    assert await org.find_candidates("Lead", ["Title"], "Email", ["", ""]) == []
    assert org.calls == 0


async def test_a_query_follows_its_pages(org: SalesforceClient):
    await create(org, *(a_lead(f"auth0|{number:04}") for number in range(2100)))
    before = org.calls

    rows = await org.query(f"SELECT Id, {KEY} FROM Lead")  # noqa: S608

    assert len({row[KEY] for row in rows}) == 2100
    assert org.calls - before == 2


async def test_a_bad_query_says_what_the_org_says(org: SalesforceClient):
    with pytest.raises(CallRefused) as caught:
        await org.query("SELECT Shoe_Size__c FROM Lead")

    assert (caught.value.status, caught.value.code) == (400, "INVALID_FIELD")
    assert "Shoe_Size__c" in str(caught.value)


async def test_an_object_is_described(org: SalesforceClient):
    lead = await org.describe("Lead")

    title, key = lead.field("title"), lead.field(KEY)
    assert title is not None
    assert key is not None
    assert (lead.name, lead.createable) == ("Lead", True)
    assert (title.type, title.length, title.updateable, title.nillable) == ("string", 128, True, True)
    assert (key.external_id, key.unique) == (True, True)


async def test_an_unknown_object_is_not_found(org: SalesforceClient):
    with pytest.raises(CallRefused) as caught:
        await org.describe("Unicorn")

    assert (caught.value.status, caught.value.code) == (404, "NOT_FOUND")


async def test_usage_is_reported_with_each_answer(salesforce_settings: SalesforceSettings, sandbox: SandboxProcess):
    sandbox.settings(daily_limit=5000)
    reported: list[ApiUsage] = []
    async with SalesforceClient(salesforce_settings, on_usage=reported.append) as org:
        await org.query("SELECT Id FROM Lead")
        limits = await org.limits()

    assert [usage.limit for usage in reported] == [5000, 5000]
    assert reported[1].used == reported[0].used + 1
    assert org.usage == reported[1]
    assert limits["DailyApiRequests"].max == 5000
