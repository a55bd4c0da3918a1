"""Following an org's changes by the Pub/Sub API."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from crosswalk.connectors.base import ChangeBatch
from crosswalk.connectors.errors import ChangesNotCaptured, CredentialsRefused, CursorLost, Unreachable
from crosswalk.connectors.salesforce.changes import change_of
from crosswalk.connectors.salesforce.client import SalesforceClient
from crosswalk.connectors.salesforce.pubsub.calls import PubSubCalls
from crosswalk.connectors.salesforce.pubsub.subscription import ChangeSubscription
from crosswalk.connectors.salesforce.settings import SalesforceSettings
from crosswalk.connectors.secret import Secret
from crosswalk.connectors.shared_token import SharedToken, Token
from crosswalk.domain.change import ChangeKind, RecordChange
from crosswalk.domain.event import Event
from crosswalk.domain.ids import RecordId
from crosswalk.domain.place import Place
from crosswalk.domain.write import Action, FieldWrite, Reason, RecordWrite
from crosswalk_sandbox.process import SandboxProcess

DEADLINE_S = 60
TRACKED = ("Email", "Title", "FirstName", "MailingCity", "Birthdate", "SystemModstamp")
BY_PERSON = "com/salesforce/api/soap/62.0;client=SfdcInternalAPI/"


@pytest.fixture
def pubsub_settings(salesforce_settings: SalesforceSettings, sandbox: SandboxProcess) -> SalesforceSettings:
    sandbox.administer("event-faults", clear=True)
    return msgspec.structs.replace(salesforce_settings, pubsub_endpoint=sandbox.access.salesforce.pubsub_endpoint)


@pytest.fixture
async def org(pubsub_settings: SalesforceSettings) -> AsyncIterator[SalesforceClient]:
    async with SalesforceClient(pubsub_settings) as client:
        yield client


class Records:
    """What a person does in the org's pages."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self._sandbox = sandbox

    def make(self, object_name: str = "Contact", **fields: Any) -> str:
        if object_name == "Contact":
            fields = {"LastName": "Byron", **fields}
        return str(self._sandbox.administer("save", object=object_name, fields=fields)["id"])

    def change(self, record_id: str, object_name: str = "Contact", **fields: Any) -> None:
        self._sandbox.administer("save", object=object_name, id=record_id, fields=fields)


@pytest.fixture
def records(sandbox: SandboxProcess) -> Records:
    return Records(sandbox)


async def batches(
    org: SalesforceClient, position: str | None, object_name: str = "Contact", tracked: tuple[str, ...] = TRACKED
) -> AsyncGenerator[ChangeBatch]:
    async with asyncio.timeout(DEADLINE_S), aclosing(org.follow_changes(object_name, tracked, position)) as following:
        async for batch in following:
            yield batch


async def end_of_stream(org: SalesforceClient, sandbox: SandboxProcess, object_name: str = "Contact") -> str:
    """The position behind all that has happened."""
    sandbox.administer("event-faults", keepalive_s=0.05)
    async with aclosing(batches(org, None, object_name)) as following:
        async for batch in following:
            sandbox.administer("event-faults", keepalive_s=270.0)
            return batch.position
    raise AssertionError("the stream ended")


async def events_after(
    org: SalesforceClient,
    position: str,
    count: int,
    object_name: str = "Contact",
    tracked: tuple[str, ...] = TRACKED,
) -> list[Event]:
    """The events that follow a position, of which there have to be so many."""
    found: list[Event] = []
    async with aclosing(batches(org, position, object_name, tracked)) as following:
        async for batch in following:
            found += batch.events
            if len(found) >= count:
                break
    assert len(found) == count
    return found


async def changes_after(
    org: SalesforceClient,
    position: str,
    count: int,
    object_name: str = "Contact",
    tracked: tuple[str, ...] = TRACKED,
) -> list[RecordChange]:
    return [change_of(event) for event in await events_after(org, position, count, object_name, tracked)]


async def test_every_kind_of_change_is_told_with_the_values_that_the_rest_api_gives(
    org: SalesforceClient, sandbox: SandboxProcess, records: Records
) -> None:
    start = await end_of_stream(org, sandbox)
    contact = records.make(FirstName="Ada", Email="ada@example.com", MailingCity="London", Birthdate="2025-01-31")
    records.change(contact, FirstName="Augusta", MailingCity=None, MailingCountry="UK", Birthdate="1990-12-01")
    sandbox.administer("delete", object="Contact", id=contact)
    sandbox.administer("undelete", object="Contact", id=contact)

    made, changed, deleted, undeleted = await changes_after(org, start, 4)

    [row] = await org.query("SELECT CreatedDate FROM Contact")
    assert (made.object, made.id, made.kind, made.origin, made.untold) == (
        "Contact",
        contact,
        ChangeKind.CREATED,
        BY_PERSON,
        (),
    )
    assert {
        name: made.fields[name]
        for name in ("FirstName", "LastName", "Title", "Email", "MailingCity", "Birthdate", "DoNotCall", "CreatedDate")
    } == {
        "FirstName": "Ada",
        "LastName": "Byron",
        "Title": None,
        "Email": "ada@example.com",
        "MailingCity": "London",
        "Birthdate": "2025-01-31",
        "DoNotCall": False,
        "CreatedDate": row["CreatedDate"],
    }
    times = {"LastModifiedDate": changed.fields["LastModifiedDate"]}
    assert changed == RecordChange(
        "Contact",
        RecordId(contact),
        ChangeKind.UPDATED,
        {"FirstName": "Augusta", "MailingCity": None, "MailingCountry": "UK", "Birthdate": "1990-12-01", **times},
        BY_PERSON,
    )
    assert (deleted.kind, deleted.id, deleted.fields) == (ChangeKind.DELETED, contact, {})
    assert (undeleted.kind, undeleted.fields["FirstName"]) == (ChangeKind.UNDELETED, "Augusta")


async def test_values_of_custom_fields_and_objects_come_in_the_form_of_the_rest_api(
    org: SalesforceClient, sandbox: SandboxProcess, records: Records
) -> None:
    fields: list[dict[str, Any]] = [
        {"name": "Since__c", "type": "datetime"},
        {"name": "Born__c", "type": "date"},
        {"name": "Rate__c", "type": "percent"},
        {"name": "Seats__c", "type": "double"},
        {"name": "Active__c", "type": "boolean"},
    ]
    sandbox.administer("objects", name="Membership__c", fields=fields)
    start = await end_of_stream(org, sandbox, "Membership__c")
    given = {
        "Since__c": "2025-01-01T10:30:00Z",
        "Born__c": "1969-12-31",
        "Rate__c": 5.5,
        "Seats__c": 3,
        "Active__c": True,
    }
    records.make("Membership__c", Name="One", **given)

    [change] = await changes_after(org, start, 1, "Membership__c", tuple(given))

    [row] = await org.query("SELECT Since__c, Born__c, Rate__c, Seats__c, Active__c FROM Membership__c")
    assert {name: change.fields[name] for name in given} == {name: row[name] for name in given}
    assert change.fields["Since__c"] == "2025-01-01T10:30:00.000+0000"
    assert (change.object, change.untold) == ("Membership__c", ())


async def test_a_field_that_is_new_is_told_by_the_new_schema(
    org: SalesforceClient, sandbox: SandboxProcess, records: Records
) -> None:
    start = await end_of_stream(org, sandbox)
    contact = records.make()
    sandbox.administer("fields", object="Contact", field={"name": "Points__c", "type": "double"})
    records.change(contact, Points__c=7)

    _, changed = await changes_after(org, start, 2, tracked=("Points__c",))

    assert (changed.fields["Points__c"], changed.untold) == (7, ())


async def test_what_the_org_computes_is_left_open(
    org: SalesforceClient, sandbox: SandboxProcess, records: Records
) -> None:
    start = await end_of_stream(org, sandbox)
    contact = records.make(FirstName="Ada")
    records.change(contact, Title="Countess")
    records.change(contact, FirstName="Augusta")

    made, titled, renamed = await changes_after(
        org, start, 3, tracked=("Name", "Score_Formula__c", "Account.Name", "Title")
    )

    assert made.untold == ("Name", "Score_Formula__c", "Account.Name")
    assert titled.untold == ("Score_Formula__c",)
    assert renamed.untold == ("Name", "Score_Formula__c")


async def test_records_that_change_alike_have_an_event_each(
    org: SalesforceClient, sandbox: SandboxProcess, records: Records
) -> None:
    contacts = [records.make() for _ in range(3)]
    start = await end_of_stream(org, sandbox)
    writes = [an_update(contact, "Title", "Countess") for contact in contacts]
    await org.write(writes)

    events = await events_after(org, start, 3)

    changes = [change_of(event) for event in events]
    assert [change.id for change in changes] == contacts
    assert {change.fields["Title"] for change in changes} == {"Countess"}
    assert {change.origin for change in changes} == {"com/salesforce/api/rest/62.0;client=Crosswalk"}
    assert len({event.id for event in events}) == 3
    assert {event.record.id for event in events if event.record} == set(contacts)
    assert {event.type for event in events} == {"Contact.updated"}


def an_update(contact: str, field: str, value: str) -> RecordWrite:
    write = FieldWrite(field, None, value, Reason.CHANGED, Place("", 0))
    return RecordWrite(Action.UPDATE, "Contact", RecordId(contact), ("Id", contact), (write,))


async def test_a_gap_says_that_the_record_has_to_be_read(
    org: SalesforceClient, sandbox: SandboxProcess, records: Records
) -> None:
    contact = records.make()
    start = await end_of_stream(org, sandbox)
    sandbox.administer("event-faults", gap_next=2)
    records.change(contact, Title="Countess")
    sandbox.administer("delete", object="Contact", id=contact)

    changes = await changes_after(org, start, 2)

    assert [(each.id, each.kind, each.fields) for each in changes] == [(contact, ChangeKind.UNKNOWN, {})] * 2


async def test_an_overflow_says_since_when_changes_are_not_told(
    org: SalesforceClient, sandbox: SandboxProcess, records: Records
) -> None:
    contacts = [records.make() for _ in range(3)]
    start = await end_of_stream(org, sandbox)
    sandbox.administer("event-faults", overflow_after=1)
    before = datetime.now(UTC) - timedelta(seconds=2)
    await org.write([an_update(contact, "Title", f"Title {contact}") for contact in contacts])
    sandbox.administer("event-faults", clear=True)
    records.change(contacts[0], Title="Countess")

    told = [batch async for batch in until(batches(org, start), contacts[0], times=1)]

    [missed] = [each for batch in told for each in batch.missed]
    assert missed.since is not None
    assert before <= missed.since <= datetime.now(UTC)
    assert "more than events are made for" in missed.why
    assert told[-1].events[-1].record is not None
    assert change_of(told[-1].events[-1]).fields["Title"] == "Countess"


async def until(following: AsyncIterator[ChangeBatch], record_id: str, times: int) -> AsyncGenerator[ChangeBatch]:
    """Batches up to the one with so many events of a record."""
    seen = 0
    async for batch in following:
        yield batch
        seen += sum(event.record is not None and event.record.id == record_id for event in batch.events)
        if seen >= times:
            return


async def test_an_event_that_comes_twice_is_the_same_event(
    org: SalesforceClient, sandbox: SandboxProcess, records: Records
) -> None:
    start = await end_of_stream(org, sandbox)
    sandbox.administer("event-faults", duplicate_next=1)
    contact = records.make()
    records.change(contact, Title="Countess")

    first, second, third = await events_after(org, start, 3)

    assert first == second
    assert third.id != first.id
    assert await events_after(org, start, 3) == [first, second, third]


async def test_shuffled_events_keep_their_own_times_and_values(
    org: SalesforceClient, sandbox: SandboxProcess, records: Records
) -> None:
    contact = records.make()
    start = await end_of_stream(org, sandbox)
    sandbox.administer("event-faults", shuffle_next=5, shuffle_seed=3)
    for number in range(5):
        records.change(contact, Title=f"Title {number}")

    changes = await changes_after(org, start, 5)

    titles = [change.fields["Title"] for change in changes]
    assert titles != sorted(titles, key=str)
    assert sorted(titles, key=str) == ["Title 0", "Title 1", "Title 2", "Title 3", "Title 4"]


async def test_events_come_once_each_across_broken_streams(
    org: SalesforceClient, sandbox: SandboxProcess, records: Records
) -> None:
    position = await end_of_stream(org, sandbox)
    made: list[str] = []
    told: list[str] = []
    for number in range(3):
        made.append(records.make(FirstName=f"Number {number}"))
        with pytest.raises(Unreachable, match="UNAVAILABLE: The Pub/Sub API service is unavailable"):
            async for batch in batches(org, position):
                position = batch.position
                told += [event.record.id for event in batch.events if event.record]
                sandbox.administer("event-faults", disconnect=True)

    assert told == made


@pytest.mark.parametrize("count", [1, 60])
async def test_a_session_that_ends_is_renewed_and_nothing_is_lost(
    org: SalesforceClient, sandbox: SandboxProcess, records: Records, count: int
) -> None:
    """Whether the stream ends while events are awaited, or while more of them are being asked for."""
    contacts = [records.make() for _ in range(count)]
    position = await end_of_stream(org, sandbox)
    await org.write([an_update(contact, "Title", contact) for contact in contacts])
    told: list[str] = []
    late = ""

    async for batch in batches(org, position):  # ends well, to be resumed
        position = batch.position
        told += [event.record.id for event in batch.events if event.record]
        sandbox.faults(revoke_tokens=True)
        late = late or records.make(FirstName="Late")
    while len(told) <= count:
        told += [event.record.id for event in await events_after(org, position, count + 1 - len(told)) if event.record]

    assert told == [*contacts, late]


async def test_a_session_that_ended_before_is_renewed_at_once(
    org: SalesforceClient, sandbox: SandboxProcess, records: Records
) -> None:
    start = await end_of_stream(org, sandbox)
    contact = records.make()
    sandbox.faults(revoke_tokens=True)

    [event] = await events_after(org, start, 1)

    assert event.record is not None
    assert event.record.id == contact


async def test_a_wrong_organization_is_told_as_refused_credentials(
    pubsub_settings: SalesforceSettings, sandbox: SandboxProcess
) -> None:
    settings = msgspec.structs.replace(pubsub_settings, organization_id="00D000000000009AAA")
    async with SalesforceClient(settings) as client:
        with pytest.raises(CredentialsRefused, match="organization_id") as first:
            await anext(batches(client, None))
        with pytest.raises(CredentialsRefused) as second:
            await anext(batches(client, None))

    assert second.value is first.value  # nobody logged in again for it


@pytest.mark.parametrize("is_expired", [True, False])
async def test_a_position_that_the_org_does_not_know_is_a_lost_cursor(
    org: SalesforceClient, sandbox: SandboxProcess, records: Records, is_expired: bool
) -> None:
    position = await end_of_stream(org, sandbox) if is_expired else "ff" * 10
    records.make()
    sandbox.administer("event-faults", expire=True)

    with pytest.raises(CursorLost, match=r"replayid\.corrupted"):
        await anext(batches(org, position))


async def test_an_object_that_is_not_captured_is_told_apart(org: SalesforceClient, sandbox: SandboxProcess) -> None:
    sandbox.administer("change-data-capture", objects=["Lead"])

    with pytest.raises(ChangesNotCaptured, match="/data/ContactChangeEvent") as caught:
        await anext(batches(org, None))

    assert (caught.value.status, caught.value.code) == (404, "topic.not.found")


async def test_more_events_than_may_be_asked_for_at_once_all_come(
    org: SalesforceClient, sandbox: SandboxProcess, records: Records
) -> None:
    contacts = [records.make() for _ in range(20)]
    start = await end_of_stream(org, sandbox)
    for number in range(15):
        await org.write([an_update(contact, "Title", f"{number} {contact}") for contact in contacts])

    changes = await changes_after(org, start, 300)

    assert len({(change.id, change.fields["Title"]) for change in changes}) == 300


async def test_no_more_events_come_at_once_than_were_asked_for(
    org: SalesforceClient, sandbox: SandboxProcess, records: Records
) -> None:
    contacts = [records.make() for _ in range(200)]
    start = await end_of_stream(org, sandbox)
    await org.write([an_update(contact, "Title", contact) for contact in contacts])

    sizes = [len(batch.events) async for batch in until(batches(org, start), contacts[-1], times=1)]

    assert max(sizes) <= 100
    assert sum(sizes) == 200


async def test_silence_moves_the_position(org: SalesforceClient, sandbox: SandboxProcess, records: Records) -> None:
    start = await end_of_stream(org, sandbox)
    sandbox.administer("event-faults", keepalive_s=0.05)
    records.make("Lead", LastName="Other", Company="Engines")  # of another topic, on the same bus

    positions: list[str] = []
    async with aclosing(batches(org, start)) as following:
        async for batch in following:
            assert batch.events == ()
            positions.append(batch.position)
            if len(positions) == 2:
                break

    assert positions[0] > start


async def test_an_endpoint_that_is_not_there_is_unreachable(pubsub_settings: SalesforceSettings) -> None:
    async with SalesforceClient(msgspec.structs.replace(pubsub_settings, pubsub_endpoint="127.0.0.1:1")) as client:
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1 gave no answer to Subscribe /data/ContactChangeEvent"):
            await anext(batches(client, None))


async def test_a_server_with_another_authority_is_not_trusted(pubsub_settings: SalesforceSettings) -> None:
    endpoint = pubsub_settings.pubsub_endpoint

    async def token() -> Token:
        return Token(Secret("of no use here"), organization_id="00D000000000009AAA")

    calls = PubSubCalls(msgspec.structs.replace(pubsub_settings, ca_file=None), SharedToken(token, time.monotonic))
    with pytest.raises(Unreachable, match=endpoint):
        await anext(ChangeSubscription(calls, "Contact", TRACKED).follow(None))
    await calls.close()
