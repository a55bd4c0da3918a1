"""The events that the Streaming API brings: their form, their order, and where a subscription starts."""

import re

import httpx
import pytest
from simple_salesforce import Salesforce

from crosswalk_sandbox.process import SandboxProcess
from crosswalk_sandbox.salesforce.pubsub.bus import Event
from crosswalk_sandbox.salesforce.streaming.channels import find_channel
from crosswalk_sandbox.salesforce.streaming.clients import Subscription

from .builders import API, a_lead, typed
from .comet import Comet, Reply
from .in_process import Clock, an_org

CONTACTS, ALL = "/data/ContactChangeEvent", "/data/ChangeEvents"
ORDERS = "/event/Order_Event__e"


def last_names(events: list[Reply]) -> list[str]:
    return [each["data"]["payload"]["Name"]["LastName"] for each in events]


def test_change_event_is_json_with_names_and_without_what_only_the_pubsub_api_tells(
    comet: Comet, org: Salesforce
) -> None:
    subscribed = comet.subscribe(CONTACTS)
    made = org.Contact.create({"LastName": "Byron", "Birthdate": "1815-12-10", "MailingLatitude": 51.5})["id"]

    event, reply = comet.poll()

    answer = {"clientId": comet.client_id, "id": "7", "successful": True}
    assert subscribed == {**answer, "channel": "/meta/subscribe", "subscription": CONTACTS}
    assert reply == {**answer, "channel": "/meta/connect"}
    assert (event.keys(), event["channel"]) == ({"channel", "data"}, CONTACTS)
    data = event["data"]
    assert (data.keys(), data["event"].keys()) == ({"schema", "payload", "event"}, {"replayId"})
    header = data["payload"].pop("ChangeEventHeader")
    assert header.keys() == {
        "entityName", "recordIds", "changeType", "changeOrigin", "transactionKey", "sequenceNumber",
        "commitTimestamp", "commitNumber", "commitUser", "changedFields",
    }  # fmt: skip
    assert (header["recordIds"], header["changeType"], header["changedFields"]) == ([made], "CREATE", [])
    moment = org.Contact.get(made)["CreatedDate"].replace("+0000", "Z")
    by = dict.fromkeys(("OwnerId", "CreatedById", "LastModifiedById"), header["commitUser"])
    told = {name: value for name, value in data["payload"].items() if not isinstance(value, bool)}
    assert told == {
        "Name": {"LastName": "Byron"},
        "CleanStatus": "Pending",
        "Birthdate": "1815-12-10",
        "MailingAddress": {"Latitude": 51.5},
        "CreatedDate": moment,
        "LastModifiedDate": moment,
        **by,
    }


def test_gap_event_is_a_header_alone(comet: Comet, org: Salesforce, sandbox: SandboxProcess) -> None:
    comet.subscribe(CONTACTS)
    sandbox.administer("event-faults", gap_next=1)
    org.Contact.create({"LastName": "Byron"})

    [event] = comet.drain()

    assert event["data"]["payload"].keys() == {"ChangeEventHeader"}
    assert event["data"]["payload"]["ChangeEventHeader"]["changeType"] == "GAP_CREATE"


@pytest.mark.parametrize(
    ("version", "about"),
    [("51.0", {"replayId"}), ("52.0", {"EventApiName", "EventUuid", "replayId"})],
)
def test_platform_event_names_itself_from_version_52_on(
    http: httpx.Client, org: Salesforce, sandbox: SandboxProcess, version: str, about: set[str]
) -> None:
    fields = [{"name": "Number__c"}, {"name": "Placed__c", "type": "datetime"}, {"name": "Amount__c", "type": "double"}]
    sandbox.administer("platform-events", name="Order_Event__e", fields=fields)
    comet = Comet(http, version)
    comet.handshake()
    comet.subscribe(ORDERS)
    order = {"Number__c": "1", "Placed__c": "2026-03-01T13:00:00+01:00"}
    http.post(f"{API}/sobjects/Order_Event__e", json=order).raise_for_status()

    [event] = comet.drain()

    payload = event["data"]["payload"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", payload.pop("CreatedDate"))
    assert payload.pop("CreatedById").startswith("005")
    assert payload == {"Number__c": "1", "Placed__c": "2026-03-01T12:00:00.000Z", "Amount__c": None}
    assert event["data"]["event"].keys() == about


def test_events_of_all_channels_come_in_the_order_of_their_replay_ids(comet: Comet, org: Salesforce) -> None:
    reply = comet.subscribe([CONTACTS, ALL])
    org.Lead.create(a_lead())
    org.Contact.create({"LastName": "Byron"})

    events = comet.drain()

    assert reply["subscription"] == [CONTACTS, ALL]
    told = [(each["channel"], each["data"]["payload"]["ChangeEventHeader"]["entityName"]) for each in events]
    assert told == [(ALL, "Lead"), (CONTACTS, "Contact"), (ALL, "Contact")]
    assert len({each["data"]["event"]["replayId"] for each in events[1:]}) == 1
    assert comet.drain() == []


def test_many_events_come_in_batches(comet: Comet, http: httpx.Client) -> None:
    comet.subscribe(CONTACTS)
    names = [f"N{number:03}" for number in range(250)]
    for some in (names[:200], names[200:]):
        records = [typed("Contact", {"LastName": name}) for name in some]
        http.post(f"{API}/composite/sobjects", json={"records": records}).raise_for_status()

    batches = [comet.drain() for _ in range(3)]

    assert [len(each) for each in batches] == [200, 50, 0]
    assert last_names([event for batch in batches for event in batch]) == names


def test_large_events_come_in_several_batches_and_none_is_lost() -> None:
    org = an_org(Clock())
    client = org.events.clients.add("005", 62)
    start = org.events.bus.end()
    client.subscriptions = {name: Subscription(find_channel(org, name), start) for name in (CONTACTS, ALL)}
    for name in "ABC":
        org.insert("Contact", {"LastName": name})

    def encode(channel: str, _number: int, event: Event, _version: int) -> bytes:
        return f"{channel} {event.message().uuid} ".encode().ljust(1_000_000)

    batches = [client.take(org.events.bus, encode) for _ in range(4)]

    told = [message.split()[0].decode() for batch in batches for message in batch]
    assert [len(batch) for batch in batches] == [3, 3, 0, 0]
    assert told == [CONTACTS, ALL] * 3


def test_subscription_starts_where_its_replay_id_says(comet: Comet, org: Salesforce) -> None:
    for name in "AB":
        org.Contact.create({"LastName": name})
    comet.subscribe(CONTACTS, -2)
    both = comet.drain()
    after_a = both[0]["data"]["event"]["replayId"]

    comet.subscribe(CONTACTS, str(after_a))
    later = comet.drain()
    comet.subscribe(CONTACTS, -1)
    none = comet.drain()

    assert (last_names(both), last_names(later), none) == (["A", "B"], ["B"], [])


@pytest.mark.parametrize("replay_id", [1, "soon", True, 1.5, -3, 9_000_000_000_000_000])
def test_replay_id_that_is_none_is_refused(comet: Comet, replay_id: object) -> None:
    reply = comet.subscribe(CONTACTS, replay_id)

    assert reply["error"] == (
        f"400::The replayId {{{replay_id}}} you provided was invalid.  Please provide a valid ID, "
        "-2 to replay all events, or -1 to replay only new events."
    )
    assert (reply["successful"], reply["clientId"], reply["subscription"]) == (False, comet.client_id, CONTACTS)


def test_replay_id_expires_with_its_events(comet: Comet, org: Salesforce, sandbox: SandboxProcess) -> None:
    org.Contact.create({"LastName": "Byron"})
    comet.subscribe(CONTACTS, -2)
    [event] = comet.drain()
    replay_id = event["data"]["event"]["replayId"]
    sandbox.clock(advance=73 * 3600)
    comet.log_in(sandbox.access.salesforce)
    comet.handshake()

    reply = comet.subscribe(CONTACTS, replay_id)

    assert reply["error"].startswith(f"400::The replayId {{{replay_id}}} you provided was invalid.")


def test_events_wait_for_the_client_when_its_poll_breaks_off(comet: Comet, org: Salesforce) -> None:
    comet.subscribe(CONTACTS)
    with pytest.raises(httpx.ReadTimeout):
        comet.http.post(comet.path, json=[comet.connect()], timeout=httpx.Timeout(5, read=0.1))
    org.Contact.create({"LastName": "Byron"})

    assert last_names(comet.drain()) == ["Byron"]


def test_unsubscribed_channel_brings_nothing_more(comet: Comet, org: Salesforce) -> None:
    comet.subscribe([CONTACTS, ALL])
    [reply] = comet.send(comet.about("/meta/unsubscribe", subscription=CONTACTS))
    org.Contact.create({"LastName": "Byron"})

    assert (reply["successful"], reply["subscription"]) == (True, CONTACTS)
    assert [each["channel"] for each in comet.drain()] == [ALL]
