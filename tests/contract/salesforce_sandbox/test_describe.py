"""What the org says about its objects."""

import httpx
import pytest
from simple_salesforce import Salesforce

from crosswalk_sandbox.process import SandboxProcess
from crosswalk_sandbox.salesforce.ids import check_characters, to_id18

from .builders import API


@pytest.mark.parametrize(
    ("name", "prefix", "field_count"), [("Lead", "00Q", 59), ("Contact", "003", 64), ("Account", "001", 64)]
)
def test_describe_has_the_recorded_fields_and_the_integrations_own(
    org: Salesforce, name: str, prefix: str, field_count: int
) -> None:
    described = getattr(org, name).describe()

    fields = {field["name"]: field for field in described["fields"]}
    assert (described["keyPrefix"], len(fields)) == (prefix, field_count)
    user_id = fields["Auth0_User_Id__c"]
    assert (user_id["type"], user_id["length"]) == ("string", 255)
    assert user_id["externalId"] and user_id["unique"] and user_id["caseSensitive"] and user_id["nillable"]
    assert described["urls"]["sobject"] == f"/services/data/v59.0/sobjects/{name}"


def test_every_field_has_every_attribute(org: Salesforce) -> None:
    fields = org.Lead.describe()["fields"]

    assert {frozenset(field) for field in fields} == {frozenset(fields[0])}
    assert len(fields[0]) == 57


def test_global_describe_lists_the_objects(org: Salesforce) -> None:
    listed = org.describe()

    assert {each["name"]: each["keyPrefix"] for each in listed["sobjects"]} == {
        "Account": "001",
        "Asset": "02i",
        "Campaign": "701",
        "CampaignMember": "00v",
        "Case": "500",
        "Contact": "003",
        "ContactPointEmail": "9Vl",
        "ContactPointTypeConsent": "0ZX",
        "Contract": "800",
        "DataUsePurpose": "0ZW",
        "Event": "00U",
        "Individual": "0PK",
        "Lead": "00Q",
        "Opportunity": "006",
        "OpportunityLineItem": "00k",
        "PermissionSet": "0PS",
        "PermissionSetAssignment": "0Pa",
        "Product2": "01t",
        "Profile": "00e",
        "Task": "00T",
        "User": "005",
    }
    assert (listed["encoding"], listed["maxBatchSize"]) == ("UTF-8", 200)


def test_versions_are_listed_without_a_token(anonymous: httpx.Client) -> None:
    versions = anonymous.get("/services/data/").json()

    assert versions[-1] == {"label": "Summer '25", "url": "/services/data/v64.0", "version": "64.0"}
    assert {"label": "Winter '24", "url": "/services/data/v59.0", "version": "59.0"} in versions


@pytest.mark.parametrize("path", ["/services/data/v12.0/limits", "/services/data/v64.0/unicorns", "/services/nothing"])
def test_unknown_path_is_not_found_in_the_vendors_words(http: httpx.Client, path: str) -> None:
    reply = http.get(path)

    assert reply.status_code == 404
    assert reply.json() == [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]


def test_method_that_a_path_lacks_is_refused(http: httpx.Client) -> None:
    reply = http.put(f"{API}/limits")

    assert (reply.status_code, reply.json()[0]["errorCode"]) == (405, "METHOD_NOT_ALLOWED")


def test_records_are_counted_by_object(sandbox: SandboxProcess, org: Salesforce) -> None:
    org.Account.create({"Name": "Engines"})

    assert org.restful("limits/recordCount", {"sObjects": "Account"}) == {"sObjects": [{"count": 1, "name": "Account"}]}


@pytest.mark.parametrize("recorded", ["0015500001QdZPKAA3", "0035500001H9kZuAAJ", "0065500000KQ12XAAT"])
def test_check_characters_agree_with_recorded_ids(recorded: str) -> None:
    assert check_characters(recorded[:15]) == recorded[15:]
    assert to_id18(recorded[:15]) == to_id18(recorded) == recorded
