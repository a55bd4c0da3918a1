"""Every recorded payload of a real org, beside what the sandbox answers in the same case: same keys, same types.

What differs stands in `DESCRIBE_DIFFERENCES` and `EXCHANGE_DIFFERENCES` with its reason, and nothing else may.
"""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from crosswalk_sandbox.process import SandboxProcess

from .builders import API
from .shapes import differences

FIXTURES = Path(__file__).parents[2] / "fixtures" / "salesforce"
DESCRIBED = ("Account", "Account.person", "Case", "Contact", "Event", "Lead", "Opportunity", "global")
RECORD_ID = re.compile(r"\b00[136Q][A-Za-z0-9]{15}\b|\b001[A-Za-z0-9]{15}\b")

OTHER_OBJECTS = "the recorded orgs have objects of many more products; the page of the sandbox lists the 21 it has"
OWN_FIELDS = (
    "the recorded orgs have custom fields and packages of their projects, the sandbox has the integration's own"
)
NOT_VISIBLE = "the recorded user could not see it"
OTHER_RELEASE = "recorded with an older or newer release of the API"
RECORD_TYPES = "the sandbox has no record types beside the ones that come with an org"

DESCRIBE_DIFFERENCES: tuple[tuple[str, str, str], ...] = (
    (r".*", r"\$\.childRelationships\[.*\] lacking", OTHER_OBJECTS),
    (r"Account.*|Contact|Lead", r"\$\.fields\[\w+__p?c\] (lacking|too much)", OWN_FIELDS),
    (r"Account.*", r"\$\.fields\[RecordTypeId\] lacking", RECORD_TYPES),
    (r"Account\.person", r"\$\.recordTypeInfos\[.*\] (lacking|too much)", RECORD_TYPES),
    (r"Contact|Lead", r"\$\.fields\[(HasOptedOutOfEmail|HasOptedOutOfFax|DoNotCall)\] too much", NOT_VISIBLE),
    (
        r"Account\.person",
        r"\$\.fields\[(IsPartner|IsCustomerPortal|ChannelProgram\w+|OperatingHoursId)\] too much",
        "of products that this recorded org lacks and the one of describe.Account.json has",
    ),
    (
        r"Account\.person",
        r"\$\.supportedScopes\[.*\] lacking",
        "a scope of a product that the sandbox does not emulate",
    ),
    (
        r"Account\.person",
        r"\$\.(associateEntityType|associateParentEntity|sobjectDescribeOption) lacking",
        "the sandbox's Account follows the recording of describe.Account.json",
    ),
    (r"Account\.person", r"\$\.urls\.defaultValues too much", OTHER_RELEASE),
    (r"Case", r"\$\.(associateEntityType|associateParentEntity|sobjectDescribeOption) too much", OTHER_RELEASE),
    (r"Event", r"\$\.fields\[Recurrence\w+\] lacking", "recurring events are not emulated"),
    (r"Opportunity", r"\$\.fields\[Last\w+ChangedHistoryId\] lacking", "the history of amounts is not emulated"),
    (r"global", r"\$\.sobjects\[.*\] lacking", OTHER_OBJECTS),
    (r"global", r"\$\.sobjects\[\w+\] too much", "the recorded list is a selection of an org's objects"),
    (
        r"global",
        r"\$\.sobjects\[Event\]\.urls\.(approvalLayouts|listviews) lacking",
        "the sandbox's Event follows the recording of describe.Event.json, which lacks them",
    ),
)
"""Which recording, which place, and why; each is found at least once."""

EXCHANGE_DIFFERENCES: tuple[tuple[str, str, str], ...] = (
    (r"extract_standard_objects", r"status is 400, recorded 200", RECORD_TYPES + ": queries of them are refused"),
)


def loaded(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text(encoding="utf-8"))


def unexplained(name: str, found: list[str], table: tuple[tuple[str, str, str], ...]) -> list[str]:
    return [
        line
        for line in found
        if not any(re.fullmatch(f".*(?:{file})", name) and re.fullmatch(place, line) for file, place, _ in table)
    ]


def described(http: httpx.Client, sandbox: SandboxProcess, name: str) -> Any:
    if name == "Account.person":
        sandbox.administer("person-accounts")
    path = "" if name == "global" else f"/{name.partition('.')[0]}/describe"
    return http.get(f"{API}/sobjects{path}").json()


@pytest.mark.parametrize("name", DESCRIBED)
def test_describe_has_the_recorded_keys_and_types(http: httpx.Client, sandbox: SandboxProcess, name: str) -> None:
    found = list(differences(loaded(f"describe.{name}.json"), described(http, sandbox, name)))

    assert unexplained(name, found, DESCRIBE_DIFFERENCES) == []


def test_each_difference_that_is_explained_is_there(http: httpx.Client, sandbox: SandboxProcess) -> None:
    lines = {
        name: list(differences(loaded(f"describe.{name}.json"), described(http, sandbox, name)))
        for name in (*(name for name in DESCRIBED if name != "Account.person"), "Account.person")
    }

    superfluous = [
        (file, place)
        for file, place, _ in DESCRIBE_DIFFERENCES
        if not any(re.fullmatch(file, name) and re.fullmatch(place, line) for name in lines for line in lines[name])
    ]
    assert superfluous == []


@pytest.mark.parametrize("name", [each for each in DESCRIBED if each != "global"])
def test_recorded_fields_have_the_recorded_values_too(http: httpx.Client, sandbox: SandboxProcess, name: str) -> None:
    """But for lengths and choices of picklists that the two recorded Accounts have differently."""
    recorded = {field["name"]: field for field in loaded(f"describe.{name}.json")["fields"]}
    own = {field["name"]: field for field in described(http, sandbox, name)["fields"]}

    differing = {
        (field, key)
        for field in recorded.keys() & own.keys()
        for key, value in recorded[field].items()
        if own[field][key] != value
    }
    expected = {
        "Event": {("WhatId", "referenceTo")},
        "Account.person": {
            *((field, key) for field in _LONGER_PICKLISTS for key in ("length", "byteLength")),
            ("Type", "picklistValues"),
        },
    }
    assert differing == expected.get(name, set())


_LONGER_PICKLISTS = ("Type", "Industry", "Ownership", "Rating", "AccountSource")


class Playback:
    """Plays a recording, each org's own ids standing for one another."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._ids: dict[str, str] = {}

    def prepare(self, rows: list[dict[str, Any]]) -> None:
        """Create the accounts that the recorded org had before."""
        writable = {
            field["name"]
            for field in self._http.get(f"{API}/sobjects/Account/describe").json()["fields"]
            if field["createable"]
        }
        for row in rows:
            fields = {name: value for name, value in row.items() if name in writable and value is not None}
            reply = self._http.post(f"{API}/sobjects/Account", json=fields)
            assert reply.status_code == 201, reply.text
            self._ids[row["Id"]] = reply.json()["id"]

    def differences(self, exchange: dict[str, Any]) -> list[str]:
        """Where the sandbox's answer differs in its status, its keys or its types."""
        request, expected = exchange["request"], exchange["response"]
        uri = self._own(re.sub(r"^https://[^/]+", "", request["uri"]))
        body = None if request["body"] is None else json.loads(self._own(json.dumps(request["body"])))
        reply = self._http.request(request["method"], uri, json=body)
        if reply.status_code != expected["status"]:
            return [f"status is {reply.status_code}, recorded {expected['status']}"]
        found = list(differences(expected["body"], reply.json()))
        theirs, ours = RECORD_ID.findall(json.dumps(expected["body"])), RECORD_ID.findall(reply.text)
        if len(theirs) == len(ours):
            self._ids |= {
                recorded: own for recorded, own in zip(theirs, ours, strict=True) if recorded not in self._ids
            }
        return found

    def _own(self, text: str) -> str:
        text = text.replace("vxx.0", "v62.0")
        return RECORD_ID.sub(lambda match: self._ids.get(match.group(), match.group()), text)


RECORDINGS = sorted(path.stem for path in (FIXTURES / "exchanges").glob("*.json"))
WITH_ACCOUNTS_BEFORE = ("test_updates_task", "test_datasets_extract_standard_objects")


@pytest.mark.parametrize("name", RECORDINGS)
def test_recorded_calls_are_answered_with_the_recorded_keys_and_types(http: httpx.Client, name: str) -> None:
    exchanges = loaded(f"exchanges/{name}.json")
    playback = Playback(http)
    if name.endswith(WITH_ACCOUNTS_BEFORE):
        first = next(each for each in exchanges if "records" in each["response"]["body"])
        playback.prepare(first["response"]["body"]["records"])

    found = [line for exchange in exchanges for line in playback.differences(exchange)]

    assert unexplained(name, found, EXCHANGE_DIFFERENCES) == []
