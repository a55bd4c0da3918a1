"""Change data capture: which events a change has, and what is in them."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from simple_salesforce import Salesforce

from crosswalk_sandbox.process import SandboxFailedError, SandboxProcess
from crosswalk_sandbox.salesforce.catalog import OBJECT_NAMES, enable_person_accounts, standard_objects
from crosswalk_sandbox.salesforce.pubsub.change_schema import ChangeSchema

from .builders import API, a_lead, typed
from .pubsub_client import PubSubClient, brief

ALL = "/data/ChangeEvents"
CONTACTS = "/data/ContactChangeEvent"
RECORDED = Path(__file__).parents[2] / "unit" / "pubsub" / "recorded"
NEW_YEAR = 1735689600000  # 1 January 2025, midnight UTC
CHANGES = {
    "CampaignMember": ("Status", "Responded"),
    "ContactPointEmail": ("EmailAddress", "ada.byron@example.com"),
    "ContactPointTypeConsent": ("CaptureSource", "Phone"),
    "Individual": ("HasOptedOutTracking", True),
    "User": ("Title", "Countess"),
}
"""A field of these objects with another value; the others get a description."""


@pytest.mark.parametrize("name", ["Account", "Contact"])
def test_schema_has_the_recorded_types_in_the_recorded_order(name: str) -> None:
    recorded: dict[str, Any] = json.loads((RECORDED / f"{name}ChangeEvent.json").read_text(encoding="utf-8"))
    theirs = {field["name"]: field for field in recorded["fields"]}
    plain, with_people = standard_objects(), standard_objects()
    enable_person_accounts(with_people)
    # The recorded org had state and country picklists, whose codes an address has too.
    for record in (option for field in theirs.values() for option in field["type"] if isinstance(option, dict)):
        record["fields"] = [each for each in record["fields"] if each["name"] not in ("StateCode", "CountryCode")]

    ours = {field["name"]: field for field in ChangeSchema(plain[name]).schema.plain["fields"]}
    people = {field["name"]: field for field in ChangeSchema(with_people[name]).schema.plain["fields"]}

    standard = [each for each in ours if not each.endswith("__c")]
    assert standard == [each for each in theirs if each in ours]
    assert {each: people[each] for each in people if each in theirs} == {
        each: theirs[each] for each in theirs if each in people
    }
    assert set(people) - set(theirs) == {each for each in people if each.endswith(("__c", "__pc"))}


def test_new_record_comes_with_all_its_values(pubsub: PubSubClient, http: httpx.Client) -> None:
    contact = {
        "FirstName": "Ada",
        "LastName": "Byron",
        "Email": "ada@example.com",
        "MailingCity": "London",
        "MailingLatitude": 51.5,
        "Birthdate": "2025-01-01",
    }
    made = http.post(f"{API}/sobjects/Contact", json=contact).json()["id"]
    row = http.get(f"{API}/sobjects/Contact/{made}").json()

    [event] = pubsub.events(CONTACTS, 1)

    stamp = event.header["commitTimestamp"]
    assert event.header == {
        "entityName": "Contact",
        "recordIds": [made],
        "changeType": "CREATE",
        "changeOrigin": "com/salesforce/api/rest/62.0",
        "transactionKey": event.header["transactionKey"],
        "sequenceNumber": 1,
        "commitTimestamp": stamp,
        "commitNumber": event.header["commitNumber"],
        "commitUser": row["CreatedById"],
        "nulledFields": [],
        "diffFields": [],
        "changedFields": [],
    }
    assert len(event.header["transactionKey"]) == 36
    no_place = dict.fromkeys(("Street", "State", "PostalCode", "Country", "Longitude", "GeocodeAccuracy"))
    assert event.values() == {
        "Name": {"Salutation": None, "FirstName": "Ada", "LastName": "Byron"},
        "Email": "ada@example.com",
        "MailingAddress": {**no_place, "City": "London", "Latitude": 51.5},
        "Birthdate": NEW_YEAR,
        "OwnerId": row["OwnerId"],
        "HasOptedOutOfEmail": False,
        "HasOptedOutOfFax": False,
        "DoNotCall": False,
        "Marketing_Consent__c": False,
        "CleanStatus": "Pending",
        "CreatedDate": stamp,
        "CreatedById": row["CreatedById"],
        "LastModifiedDate": stamp,
        "LastModifiedById": row["CreatedById"],
    }
    assert stamp % 1000 == 0


def one_of_each(http: httpx.Client) -> dict[str, str]:
    """Create a record of every object that has change events and return their ids; some name others by object."""
    profile = http.get(f"{API}/query", params={"q": "SELECT Id FROM Profile LIMIT 1"}).json()["records"][0]["Id"]
    ids: dict[str, str] = {}
    wanted: dict[str, dict[str, Any]] = {
        "Account": {"Name": "Engines"},
        "Individual": {"LastName": "Byron"},
        "Contact": {"LastName": "Byron", "AccountId": "Account", "IndividualId": "Individual"},
        "Lead": a_lead(),
        "Opportunity": {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-05-01"},
        "Product2": {"Name": "Engine"},
        "OpportunityLineItem": {
            "OpportunityId": "Opportunity",
            "Product2Id": "Product2",
            "Quantity": 3,
            "UnitPrice": 2,
        },
        "Contract": {"AccountId": "Account", "StartDate": "2026-01-01", "ContractTerm": 12},
        "Asset": {"Name": "Engine 1", "AccountId": "Account"},
        "Case": {"Subject": "Broken"},
        "Task": {"Subject": "Call", "WhoId": "Contact"},
        "Event": {"Subject": "Visit", "StartDateTime": "2026-03-05T10:00:00Z", "DurationInMinutes": 30},
        "Campaign": {"Name": "Spring"},
        "CampaignMember": {"CampaignId": "Campaign", "LeadId": "Lead"},
        "User": a_user_record(profile),
        "ContactPointEmail": {"ParentId": "Individual", "EmailAddress": "ada@example.com"},
        "DataUsePurpose": {"Name": "Newsletter"},
        "ContactPointTypeConsent": a_consent_record(),
    }
    for name, fields in wanted.items():
        body = {key: ids.get(str(value), value) for key, value in fields.items()}
        reply = http.post(f"{API}/sobjects/{name}", json=body)
        assert reply.status_code == 201, f"{name}: {reply.text}"
        ids[name] = reply.json()["id"]
    return ids


def a_user_record(profile_id: str) -> dict[str, Any]:
    address = "ada@example.com"
    named = {"Username": address, "LastName": "Byron", "Email": address, "Alias": "ada", "ProfileId": profile_id}
    at_home = {"TimeZoneSidKey": "Europe/London", "LocaleSidKey": "en_GB", "LanguageLocaleKey": "en_US"}
    return {**named, **at_home, "EmailEncodingKey": "UTF-8"}


def a_consent_record() -> dict[str, Any]:
    given = {"PartyId": "Individual", "DataUsePurposeId": "DataUsePurpose", "PrivacyConsentStatus": "OptIn"}
    captured = {"CaptureDate": "2026-03-01T10:00:00Z", "CaptureContactPointType": "Web", "CaptureSource": "Web form"}
    return {"Name": "Ada", "ContactPointType": "Email", **given, **captured}


def test_every_object_has_change_events_of_its_own_schema(pubsub: PubSubClient, http: httpx.Client) -> None:
    ids = one_of_each(http)

    assert set(ids) == set(OBJECT_NAMES) - {"PermissionSet", "PermissionSetAssignment", "Profile"}
    for name, made in ids.items():
        field, value = CHANGES.get(name, ("Description", "changed"))
        assert http.patch(f"{API}/sobjects/{name}/{made}", json={field: value}).status_code == 204, name
    changed = [each for each in pubsub.events(ALL, 2 * len(ids)) if each.kind == "UPDATE"]

    assert [(each.header["entityName"], each.ids) for each in changed] == [(name, [made]) for name, made in ids.items()]
    for event in changed:
        name = event.header["entityName"]
        field, value = CHANGES.get(name, ("Description", "changed"))
        assert field in event.changed, name
        assert event.fields[field] == value, name
        topic = pubsub.topic(f"/data/{name}ChangeEvent")
        assert topic.schema_id == event.schema_id, name


def test_update_tells_what_changed_and_nothing_else(pubsub: PubSubClient, org: Salesforce) -> None:
    made = org.Contact.create(
        {"FirstName": "Ada", "LastName": "Byron", "Title": "Countess", "Phone": "1", "MailingCity": "London"}
    )["id"]

    org.Contact.update(
        made,
        {"LastName": "Lovelace", "Phone": "1", "Title": None, "MailingCity": None, "MailingCountry": "UK"},
    )

    event = pubsub.events(CONTACTS, 2)[1]
    assert (event.kind, event.ids) == ("UPDATE", [made])
    assert event.changed == [
        "Title",
        "LastModifiedDate",
        "Name.LastName",
        "MailingAddress.City",
        "MailingAddress.Country",
    ]
    assert event.nulled == ["Title", "MailingAddress.City"]
    place = dict.fromkeys(
        ("Street", "City", "State", "PostalCode", "Country", "Latitude", "Longitude", "GeocodeAccuracy")
    )
    assert event.values() == {
        "Name": {"Salutation": None, "FirstName": None, "LastName": "Lovelace"},
        "MailingAddress": {**place, "Country": "UK"},
        "LastModifiedDate": event.header["commitTimestamp"],
    }


def test_update_that_changes_nothing_is_told_by_its_time_alone(pubsub: PubSubClient, org: Salesforce) -> None:
    made = org.Contact.create({"LastName": "Byron"})["id"]

    org.Contact.update(made, {"LastName": "Byron"})

    assert pubsub.events(CONTACTS, 2)[1].changed == ["LastModifiedDate"]


def test_what_the_org_computes_counts_as_changed(pubsub: PubSubClient, org: Salesforce) -> None:
    fields = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-01-01", "Amount": 100}
    made = org.Opportunity.create(fields)["id"]

    org.Opportunity.update(made, {"StageName": "Closed Won"})

    event = pubsub.events("/data/OpportunityChangeEvent", 2)[1]
    assert {"StageName", "Probability", "ExpectedRevenue", "IsClosed", "IsWon"} <= set(event.changed)
    assert (event.fields["Probability"], event.fields["IsWon"]) == (100.0, True)


def test_deletion_has_no_values_and_undeletion_all(
    pubsub: PubSubClient, org: Salesforce, sandbox: SandboxProcess
) -> None:
    made = org.Contact.create({"LastName": "Byron", "Email": "ada@example.com"})["id"]
    org.Contact.delete(made)
    sandbox.administer("undelete", object="Contact", id=made)

    _, deleted, undeleted = pubsub.events(CONTACTS, 3)

    assert (deleted.kind, deleted.ids, deleted.values()) == ("DELETE", [made], {})
    assert (undeleted.kind, undeleted.ids) == ("UNDELETE", [made])
    assert undeleted.fields["Email"] == "ada@example.com"
    assert (undeleted.changed, deleted.changed) == ([], [])


@pytest.mark.parametrize(
    ("options", "origin"),
    [
        ("client=crosswalk", "com/salesforce/api/rest/62.0;client=crosswalk"),
        ("defaultNamespace=abc, client=my app", "com/salesforce/api/rest/62.0;client=my app"),
        ("defaultNamespace=abc", "com/salesforce/api/rest/62.0"),
    ],
)
def test_origin_names_the_client_that_the_call_names(
    pubsub: PubSubClient, http: httpx.Client, options: str, origin: str
) -> None:
    records = [typed("Contact", {"LastName": "Byron"})]
    http.post(f"{API}/composite/sobjects", json={"records": records}, headers={"Sforce-Call-Options": options})

    assert pubsub.events(CONTACTS, 1)[0].header["changeOrigin"] == origin


def test_origin_tells_people_from_clients(pubsub: PubSubClient, sandbox: SandboxProcess, http: httpx.Client) -> None:
    http.post(f"{API}/sobjects/Contact", json={"LastName": "A"}, headers={"Sforce-Call-Options": "client=crosswalk"})
    sandbox.administer("save", object="Contact", fields={"LastName": "B"})

    _, by_person = pubsub.events(CONTACTS, 2)

    assert by_person.header["changeOrigin"] == "com/salesforce/api/soap/62.0;client=SfdcInternalAPI/"


def test_bulk_jobs_have_their_own_origin(pubsub: PubSubClient, http: httpx.Client) -> None:
    order = {"object": "Contact", "operation": "insert", "lineEnding": "LF"}
    job = f"{API}/jobs/ingest/{http.post(f'{API}/jobs/ingest', json=order).json()['id']}"
    http.put(f"{job}/batches", content=b"LastName\nByron\nLovelace\n", headers={"Content-Type": "text/csv"})
    http.patch(job, json={"state": "UploadComplete"}, headers={"Sforce-Call-Options": "client=crosswalk"})

    events = pubsub.events(CONTACTS, 2)

    assert {each.header["changeOrigin"] for each in events} == {"com/salesforce/api/bulkapi/62.0;client=crosswalk"}
    assert len({each.header["transactionKey"] for each in events}) == 2


def test_records_that_change_alike_share_one_event(pubsub: PubSubClient, http: httpx.Client) -> None:
    records = [typed("Contact", {"LastName": name}) for name in "ABCD"]
    ids = [each["id"] for each in http.post(f"{API}/composite/sobjects", json={"records": records}).json()]
    titles = ["Countess", "Countess", "Baron", "Countess"]

    updates = [typed("Contact", {"id": id_, "Title": title}) for id_, title in zip(ids, titles, strict=True)]
    http.patch(f"{API}/composite/sobjects", json={"records": updates})
    http.delete(f"{API}/composite/sobjects", params={"ids": ",".join(ids[:3])})

    events = pubsub.events(CONTACTS, 7)
    made, updated, deleted = events[:4], events[4:6], events[6]
    assert [each.ids for each in made] == [[each] for each in ids]
    assert [each.header["sequenceNumber"] for each in made] == [1, 2, 3, 4]
    assert [(each.ids, each.fields["Title"]) for each in updated] == [
        ([ids[0], ids[1], ids[3]], "Countess"),
        ([ids[2]], "Baron"),
    ]
    assert (deleted.kind, deleted.ids) == ("DELETE", ids[:3])
    keys = [each.header["transactionKey"] for each in events]
    assert [len(set(keys[:4])), len(set(keys[4:6])), len(set(keys))] == [1, 1, 3]
    commits = [each.header["commitNumber"] for each in events]
    assert sorted(commits) == commits


def test_what_was_rolled_back_never_happened(pubsub: PubSubClient, http: httpx.Client) -> None:
    records = [typed("Contact", {"LastName": "Kept"}), typed("Contact", {"LastName": None})]
    http.post(f"{API}/composite/sobjects", json={"records": records, "allOrNone": True})
    http.post(f"{API}/composite/sobjects", json={"records": records, "allOrNone": False})

    [event] = pubsub.events(CONTACTS, 1)

    assert event.fields["Name"]["LastName"] == "Kept"


def test_record_that_one_transaction_changes_twice_has_one_event(pubsub: PubSubClient, http: httpx.Client) -> None:
    calls = [
        {"method": "POST", "url": f"{API}/sobjects/Contact", "referenceId": "made", "body": {"LastName": "Byron"}},
        {
            "method": "PATCH",
            "url": f"{API}/sobjects/Contact/@{{made.id}}",
            "referenceId": "changed",
            "body": {"FirstName": "Ada"},
        },
    ]
    http.post(f"{API}/composite", json={"allOrNone": True, "compositeRequest": calls}).raise_for_status()

    [event] = pubsub.events(CONTACTS, 1)

    assert (event.kind, event.changed) == ("CREATE", [])
    assert event.fields["Name"] == {"Salutation": None, "FirstName": "Ada", "LastName": "Byron"}


def test_record_that_is_gone_when_the_transaction_ends_is_told_as_deleted_or_not_at_all(
    pubsub: PubSubClient, http: httpx.Client
) -> None:
    known = http.post(f"{API}/sobjects/Contact", json={"LastName": "Known"}).json()["id"]
    path = f"{API}/sobjects/Contact"
    calls: list[dict[str, Any]] = [
        {"method": "POST", "url": path, "referenceId": "new", "body": {"LastName": "Brief"}},
        {"method": "DELETE", "url": f"{path}/@{{new.id}}", "referenceId": "gone"},
        {"method": "PATCH", "url": f"{path}/{known}", "referenceId": "changed", "body": {"Title": "Countess"}},
        {"method": "DELETE", "url": f"{path}/{known}", "referenceId": "gone_too"},
        {"method": "POST", "url": f"{API}/sobjects/Lead", "referenceId": "last", "body": a_lead()},
    ]
    http.post(f"{API}/composite", json={"allOrNone": True, "compositeRequest": calls}).raise_for_status()

    _, deleted, last = pubsub.events(ALL, 3)

    assert (deleted.kind, deleted.ids, deleted.values(), deleted.changed) == ("DELETE", [known], {}, [])
    assert (last.header["entityName"], last.header["sequenceNumber"]) == ("Lead", 2)


def test_conversion_makes_three_records_and_then_updates_the_lead(
    pubsub: PubSubClient, org: Salesforce, sandbox: SandboxProcess
) -> None:
    lead = org.Lead.create(a_lead())["id"]

    made = sandbox.administer("convert", leadId=lead)

    _, *events = pubsub.events(ALL, 5)
    assert brief(events) == [
        ("Account", "CREATE", [made["accountId"]]),
        ("Contact", "CREATE", [made["contactId"]]),
        ("Opportunity", "CREATE", [made["opportunityId"]]),
        ("Lead", "UPDATE", [lead]),
    ]
    assert [each.header["sequenceNumber"] for each in events] == [1, 2, 3, 4]
    assert len({each.header["transactionKey"] for each in events}) == 1
    converted = events[-1]
    assert set(converted.changed) >= {"Status", "IsConverted", "ConvertedDate", "ConvertedAccountId"}
    assert "LastModifiedDate" not in converted.changed
    assert converted.fields["ConvertedContactId"] == made["contactId"]


def test_merge_deletes_the_loser_and_updates_the_master(
    pubsub: PubSubClient, org: Salesforce, sandbox: SandboxProcess
) -> None:
    master, loser = (org.Contact.create({"LastName": name})["id"] for name in ("Byron", "Lovelace"))
    task = org.Task.create({"Subject": "Call", "WhoId": loser})["id"]

    sandbox.administer("merge", object="Contact", master=master, losers=[loser], fields={"Title": "Countess"})

    events = pubsub.events(ALL, 6)[3:]
    assert brief(events) == [
        ("Task", "UPDATE", [task]),
        ("Contact", "DELETE", [loser]),
        ("Contact", "UPDATE", [master]),
    ]
    assert events[0].fields["WhoId"] == master
    assert events[2].changed == ["Title", "LastModifiedDate"]


def test_deletion_of_an_account_deletes_its_contacts_in_the_same_transaction(
    pubsub: PubSubClient, org: Salesforce
) -> None:
    account = org.Account.create({"Name": "Engines"})["id"]
    contacts = [org.Contact.create({"LastName": name, "AccountId": account})["id"] for name in "AB"]

    org.Account.delete(account)

    events = pubsub.events(ALL, 5)[3:]
    assert brief(events) == [("Account", "DELETE", [account]), ("Contact", "DELETE", contacts)]
    assert events[0].header["transactionKey"] == events[1].header["transactionKey"]


def test_person_account_has_an_event_for_each_of_its_two_records(
    pubsub: PubSubClient, org: Salesforce, sandbox: SandboxProcess
) -> None:
    sandbox.administer("person-accounts")
    account = org.Account.create({"LastName": "Byron", "PersonEmail": "ada@example.com"})["id"]
    org.Account.update(account, {"FirstName": "Ada"})
    contact = org.Account.get(account)["PersonContactId"]

    events = pubsub.events(ALL, 4)

    assert brief(events) == [
        ("Account", "CREATE", [account]),
        ("Contact", "CREATE", [contact]),
        ("Account", "UPDATE", [account]),
        ("Contact", "UPDATE", [contact]),
    ]
    made, _, changed, mirrored = events
    assert made.fields["Name"] == {"Salutation": None, "FirstName": None, "LastName": "Byron"}
    assert (made.fields["PersonEmail"], made.fields["PersonContactId"]) == ("ada@example.com", contact)
    assert changed.changed == mirrored.changed == ["LastModifiedDate", "Name.FirstName"]
    assert changed.fields["Name"] == {"Salutation": None, "FirstName": "Ada", "LastName": None}


def test_business_account_is_called_by_a_text(pubsub: PubSubClient, org: Salesforce) -> None:
    account = org.Account.create({"Name": "Engines", "NumberOfEmployees": 3, "AnnualRevenue": 10})["id"]
    org.Account.update(account, {"Name": "More Engines"})

    made, changed = pubsub.events("/data/AccountChangeEvent", 2)

    assert (made.fields["Name"], made.fields["NumberOfEmployees"], made.fields["AnnualRevenue"]) == ("Engines", 3, 10.0)
    assert (changed.changed, changed.fields["Name"]) == (["Name", "LastModifiedDate"], "More Engines")


def test_custom_object_has_a_channel_and_its_fields_the_vendors_types(
    pubsub: PubSubClient, org: Salesforce, sandbox: SandboxProcess
) -> None:
    fields: list[dict[str, Any]] = [
        {"name": "Level__c", "type": "picklist", "values": ["Gold"]},
        {"name": "Since__c", "type": "datetime"},
        {"name": "Rate__c", "type": "percent"},
        {"name": "Notes__c", "type": "textarea", "length": 5000},
        {"name": "Person__c", "type": "reference", "reference_to": "Contact"},
    ]
    sandbox.administer("objects", name="Membership__c", fields=fields)
    org.Membership__c.create({"Name": "One", "Level__c": "Gold", "Since__c": "2025-01-01T00:00:00Z", "Rate__c": 5})

    [event] = pubsub.events("/data/Membership__ChangeEvent", 1)

    assert event.header["entityName"] == "Membership__c"
    given = {
        name: value for name, value in event.values().items() if name in ("Name", "Level__c", "Since__c", "Rate__c")
    }
    assert given == {"Name": "One", "Level__c": "Gold", "Since__c": NEW_YEAR, "Rate__c": 5.0}
    schema = pubsub.schema(event.schema_id)
    words = {field["name"]: field["doc"].rpartition(":")[0] for field in schema["fields"] if "__c" in field["name"]}
    assert words == {
        "Level__c": "Data:DynamicEnum",
        "Since__c": "Data:DateTime",
        "Rate__c": "Data:Percent",
        "Notes__c": "Data:StringPlusClob",
        "Person__c": "ForeignKey:EntityId",
    }


def test_new_field_gives_a_new_schema_and_the_old_one_stays_good(
    pubsub: PubSubClient, org: Salesforce, sandbox: SandboxProcess
) -> None:
    made = org.Contact.create({"LastName": "Byron"})["id"]
    [before] = pubsub.events(CONTACTS, 1)

    sandbox.administer("fields", object="Contact", field={"name": "Points__c", "type": "double"})
    org.Contact.update(made, {"Points__c": 7})

    old, new = pubsub.events(CONTACTS, 2)
    assert (old.schema_id, old.uuid) == (before.schema_id, before.uuid)
    assert new.schema_id == pubsub.topic(CONTACTS).schema_id != old.schema_id
    assert (new.fields["Points__c"], new.changed) == (7.0, ["LastModifiedDate", "Points__c"])


def test_only_selected_objects_are_captured(pubsub: PubSubClient, org: Salesforce, sandbox: SandboxProcess) -> None:
    sandbox.administer("change-data-capture", objects=["Contact"])
    org.Lead.create(a_lead())
    contact = org.Contact.create({"LastName": "Byron"})["id"]

    assert brief(pubsub.events(ALL, 1)) == [("Contact", "CREATE", [contact])]
    with pytest.raises(Exception, match="not found"):
        pubsub.topic("/data/LeadChangeEvent")
    with pytest.raises(SandboxFailedError, match="Nothing, Profile"):
        sandbox.administer("change-data-capture", objects=["Contact", "Nothing", "Profile"])
