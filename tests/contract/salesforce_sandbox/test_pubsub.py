"""The Pub/Sub API: topics, schemas, subscriptions, where they resume, and how calls are refused."""

import json
from ssl import create_default_context

import grpc
import httpx
import pytest
from simple_salesforce import Salesforce

from crosswalk_pubsub.pubsub_api_pb2 import (
    CUSTOM,
    LATEST,
    FetchRequest,
    ManagedFetchRequest,
    SchemaRequest,
)
from crosswalk_sandbox.process import SandboxProcess

from .builders import API, typed
from .pubsub_client import PubSubClient, code_of

CONTACTS = "/data/ContactChangeEvent"
NOTHING = b"\x00" * 10


def make_contacts(org: Salesforce, count: int, first: int = 1) -> list[str]:
    """Contacts in one call each, so that each has an event of its own."""
    return [org.Contact.create({"LastName": f"Contact {number}"})["id"] for number in range(first, first + count)]


def test_topic_of_an_object_names_its_schema(pubsub: PubSubClient, sandbox: SandboxProcess) -> None:
    topic = pubsub.topic(CONTACTS)

    assert (topic.topic_name, topic.can_subscribe, topic.can_publish) == (CONTACTS, True, False)
    assert topic.tenant_guid == f"CORE/prod/{sandbox.access.salesforce.organization_id}"
    schema = pubsub.schema(topic.schema_id)
    assert (schema["type"], schema["name"], schema["namespace"]) == (
        "record",
        "ContactChangeEvent",
        "com.sforce.eventbus",
    )


def test_channel_of_all_changes_has_no_schema_of_its_own(pubsub: PubSubClient) -> None:
    topic = pubsub.topic("/data/ChangeEvents")

    assert (topic.schema_id, topic.can_subscribe) == ("", True)


@pytest.mark.parametrize(
    "name", ["/data/NothingChangeEvent", "/data/ProfileChangeEvent", "/event/Nothing__e", "Contact", "/data/Contact"]
)
def test_unknown_topic_is_not_found(pubsub: PubSubClient, name: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        pubsub.topic(name)

    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert code_of(caught.value) == "topic.not.found"
    assert f"and topic {name} not found" in caught.value.details()
    with pubsub.subscribe(name) as stream:
        assert stream.error().code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    ("schema_id", "code"), [("", "schema.validation.failed"), ("x" * 22, "schema.meta.permission")]
)
def test_unknown_schema_is_refused(pubsub: PubSubClient, schema_id: str, code: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        pubsub.stub.GetSchema(SchemaRequest(schema_id=schema_id), metadata=pubsub.metadata, timeout=10)

    assert code_of(caught.value) == code


def test_blank_topic_is_refused(pubsub: PubSubClient) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        pubsub.topic("")

    assert (caught.value.code(), code_of(caught.value)) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "topic.validation.empty",
    )


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("accesstoken", "00D000000000000!wrong", "service.auth.error"),
        ("instanceurl", "https://other.example", "service.auth.error"),
        ("tenantid", "00D000000000009AAA", "service.auth.error"),
        ("accesstoken", "", "service.auth.headers.invalid"),
        ("instanceurl", None, "service.auth.headers.invalid"),
        ("tenantid", None, "service.auth.headers.invalid"),
    ],
)
def test_wrong_credentials_open_nothing(pubsub: PubSubClient, header: str, value: str | None, code: str) -> None:
    given = {**dict(pubsub.metadata), header: value}
    pubsub.metadata = tuple((name, each) for name, each in given.items() if each is not None)  # type: ignore[assignment]

    with pytest.raises(grpc.RpcError) as caught:
        pubsub.topic(CONTACTS)

    assert (caught.value.code(), code_of(caught.value)) == (grpc.StatusCode.UNAUTHENTICATED, code)
    with pubsub.subscribe(CONTACTS) as stream:
        assert stream.error().code() is grpc.StatusCode.UNAUTHENTICATED


def test_no_more_events_come_than_were_asked_for(pubsub: PubSubClient, org: Salesforce) -> None:
    ids = make_contacts(org, 7)

    with pubsub.subscribe(CONTACTS, 3) as stream:
        first = stream.response()
        stream.ask(2)
        second = stream.response()

    assert [pubsub.read(each).ids for each in first.events] == [[each] for each in ids[:3]]
    assert (first.pending_num_requested, first.latest_replay_id) == (0, first.events[-1].replay_id)
    assert [pubsub.read(each).ids for each in second.events] == [[each] for each in ids[3:5]]
    assert second.pending_num_requested == 0


def test_requests_add_up_and_what_is_pending_is_told(
    pubsub: PubSubClient, sandbox: SandboxProcess, org: Salesforce
) -> None:
    sandbox.administer("event-faults", keepalive_s=0.05)
    with pubsub.subscribe(CONTACTS, 2) as stream:
        stream.ask(3)
        while stream.response().pending_num_requested != 5:
            pass

        make_contacts(org, 1)
        while not (response := stream.response()).events:
            pass

    assert (len(response.events), response.pending_num_requested) == (1, 4)


def test_at_most_a_hundred_events_are_pending(pubsub: PubSubClient, http: httpx.Client) -> None:
    records = [typed("Contact", {"LastName": f"Contact {number}"}) for number in range(120)]
    http.post(f"{API}/composite/sobjects", json={"records": records}).raise_for_status()

    with pubsub.subscribe(CONTACTS, 5000) as stream:
        received, pending = 0, 1
        while pending:
            response = stream.response()
            received, pending = received + len(response.events), response.pending_num_requested
        assert received == 100
        stream.ask(50)
        assert len(stream.events(20)) == 20


@pytest.mark.parametrize("number", [0, -1])
def test_asking_for_nothing_is_refused(pubsub: PubSubClient, number: int) -> None:
    with pubsub.subscribe(CONTACTS, number) as stream:
        error = stream.error()

    assert (error.code(), code_of(error)) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "subscription.fetch.requested.events.invalid",
    )


def test_topic_cannot_change_within_a_stream(pubsub: PubSubClient) -> None:
    with pubsub.subscribe(CONTACTS) as stream:
        stream.ask(1, topic="/data/LeadChangeEvent")
        error = stream.error()

    assert (error.code(), code_of(error)) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "subscription.fetch.topic.mismatch",
    )


def test_silence_is_broken_with_a_place_to_resume_from(
    pubsub: PubSubClient, sandbox: SandboxProcess, org: Salesforce
) -> None:
    sandbox.administer("event-faults", keepalive_s=0.05)
    make_contacts(org, 1)
    with pubsub.subscribe(CONTACTS, preset=LATEST) as stream:
        alive = stream.response()
    [contact] = make_contacts(org, 1, first=2)

    assert (list(alive.events), alive.pending_num_requested) == ([], 100)
    with pubsub.subscribe(CONTACTS, after=alive.latest_replay_id) as stream:
        assert stream.events(1)[0].ids == [contact]


def test_latest_means_from_now_on(pubsub: PubSubClient, sandbox: SandboxProcess, org: Salesforce) -> None:
    sandbox.administer("event-faults", keepalive_s=0.05)
    make_contacts(org, 1)

    with pubsub.subscribe(CONTACTS, preset=LATEST) as stream:
        assert list(stream.response().events) == []
        [later] = make_contacts(org, 1, first=2)
        assert stream.events(1)[0].ids == [later]


def test_events_come_once_each_across_a_reconnect(pubsub: PubSubClient, org: Salesforce) -> None:
    ids = make_contacts(org, 3)
    with pubsub.subscribe(CONTACTS, 2) as stream:
        before = stream.events(2)
    ids += make_contacts(org, 2, first=4)

    with pubsub.subscribe(CONTACTS, after=before[-1].replay_id) as stream:
        after = stream.events(3)

    assert [each.ids[0] for each in before + after] == ids
    replay_ids = [each.replay_id for each in before + after]
    assert sorted(set(replay_ids)) == replay_ids
    numbers = [int.from_bytes(each[:8], "big") for each in replay_ids]
    assert [len(each) for each in replay_ids] == [10] * 5
    assert numbers != list(range(numbers[0], numbers[0] + 5))


def test_an_event_stays_the_same_however_often_it_is_read(pubsub: PubSubClient, org: Salesforce) -> None:
    [contact] = make_contacts(org, 1)
    [first] = pubsub.events(CONTACTS, 1)
    org.Contact.update(contact, {"LastName": "Another"})

    second = pubsub.events(CONTACTS, 2)[0]

    assert (second.uuid, second.replay_id, second.fields, second.header) == (
        first.uuid,
        first.replay_id,
        first.fields,
        first.header,
    )


def test_custom_needs_a_replay_id(pubsub: PubSubClient) -> None:
    with pubsub.subscribe(CONTACTS, preset=CUSTOM) as stream:
        error = stream.error()

    assert code_of(error) == "subscription.fetch.replayid.validation.failed"


@pytest.mark.parametrize("replay_id", [b"x", NOTHING, b"\xff" * 8 + b"\x00\x00"])
def test_what_is_no_place_in_the_stream_is_refused(pubsub: PubSubClient, org: Salesforce, replay_id: bytes) -> None:
    make_contacts(org, 1)

    with pubsub.subscribe(CONTACTS, after=replay_id) as stream:
        error = stream.error()

    assert (error.code(), code_of(error)) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "subscription.fetch.replayid.corrupted",
    )


def test_replay_ids_expire_when_ordered(pubsub: PubSubClient, sandbox: SandboxProcess, org: Salesforce) -> None:
    make_contacts(org, 1)
    [old] = pubsub.events(CONTACTS, 1)

    sandbox.administer("event-faults", expire=True)

    with pubsub.subscribe(CONTACTS, after=old.replay_id) as stream:
        assert code_of(stream.error()) == "subscription.fetch.replayid.corrupted"
    [new] = make_contacts(org, 1, first=2)
    assert pubsub.events(CONTACTS, 1)[0].ids == [new]


def test_events_are_kept_for_three_days_of_the_orgs_time(
    pubsub: PubSubClient, sandbox: SandboxProcess, org: Salesforce, anonymous: httpx.Client
) -> None:
    make_contacts(org, 1)
    [old] = pubsub.events(CONTACTS, 1)
    access = sandbox.access.salesforce
    form = {"grant_type": "client_credentials", "client_id": access.client_id, "client_secret": access.client_secret}

    for hours, is_kept in ((71, True), (2, False)):
        sandbox.clock(advance=hours * 3600.0)
        token = anonymous.post("/services/oauth2/token", data=form).json()["access_token"]
        pubsub.metadata = (("accesstoken", token), *pubsub.metadata[1:])
        if is_kept:
            assert pubsub.events(CONTACTS, 1)[0].uuid == old.uuid
            continue
        with pubsub.subscribe(CONTACTS, after=old.replay_id) as stream:
            assert code_of(stream.error()) == "subscription.fetch.replayid.corrupted"


def test_a_session_that_ends_ends_its_streams(pubsub: PubSubClient, sandbox: SandboxProcess, org: Salesforce) -> None:
    make_contacts(org, 1)
    with pubsub.subscribe(CONTACTS) as stream:
        stream.events(1)

        sandbox.faults(revoke_tokens=True)
        stream.ask(1)

        error = stream.error()
    assert (error.code(), code_of(error)) == (grpc.StatusCode.UNAUTHENTICATED, "service.auth.error")


def test_a_broken_stream_is_resumed_without_loss(
    pubsub: PubSubClient, sandbox: SandboxProcess, org: Salesforce
) -> None:
    ids = make_contacts(org, 2)
    with pubsub.subscribe(CONTACTS) as stream:
        received = stream.events(2)
        sandbox.administer("event-faults", disconnect=True)
        error = stream.error()
    ids += make_contacts(org, 1, first=3)

    assert (error.code(), code_of(error)) == (grpc.StatusCode.UNAVAILABLE, "service.unavailable")
    with pubsub.subscribe(CONTACTS, after=received[-1].replay_id) as stream:
        received += stream.events(1)
    assert [each.ids[0] for each in received] == ids


def test_calls_can_be_refused_as_unavailable(pubsub: PubSubClient, sandbox: SandboxProcess) -> None:
    sandbox.administer("event-faults", unavailable_next=2)

    for _ in range(2):
        with pytest.raises(grpc.RpcError) as caught:
            pubsub.topic(CONTACTS)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert pubsub.topic(CONTACTS).can_subscribe


def test_a_stream_ends_well_when_the_client_asks_no_more(pubsub: PubSubClient, org: Salesforce) -> None:
    make_contacts(org, 1)
    with pubsub.subscribe(CONTACTS) as stream:
        stream.events(1)

        stream.end_requests()

        with pytest.raises(EOFError):
            stream.response()


def test_managed_subscriptions_are_not_emulated(pubsub: PubSubClient) -> None:
    requests = iter([ManagedFetchRequest(developer_name="Managed", num_requested=1)])

    with pytest.raises(grpc.RpcError, match="Use Subscribe") as caught:
        next(pubsub.stub.ManagedSubscribe(requests, metadata=pubsub.metadata, timeout=10))

    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_several_subscribers_get_the_same_events(pubsub: PubSubClient, org: Salesforce) -> None:
    with pubsub.subscribe(CONTACTS) as one, pubsub.subscribe("/data/ChangeEvents") as other:
        [contact] = make_contacts(org, 1)

        first, second = one.events(1)[0], other.events(1)[0]

    assert first.ids == second.ids == [contact]
    assert (first.uuid, first.replay_id) == (second.uuid, second.replay_id)


def test_schema_ids_stand_for_the_text_of_a_schema(pubsub: PubSubClient) -> None:
    ids = {name: pubsub.topic(f"/data/{name}ChangeEvent").schema_id for name in ("Contact", "Lead", "Account")}

    assert len(set(ids.values())) == 3
    assert all(len(each) == 22 for each in ids.values())
    info = pubsub.stub.GetSchema(SchemaRequest(schema_id=ids["Lead"]), metadata=pubsub.metadata, timeout=10)
    assert (info.schema_id, json.loads(info.schema_json)["name"]) == (ids["Lead"], "LeadChangeEvent")


def test_an_empty_stream_of_requests_ends_well(pubsub: PubSubClient) -> None:
    no_requests: list[FetchRequest] = []

    assert list(pubsub.stub.Subscribe(iter(no_requests), metadata=pubsub.metadata, timeout=10)) == []


def test_each_org_has_a_stream_of_its_own(pubsub: PubSubClient, sandbox: SandboxProcess, org: Salesforce) -> None:
    second = sandbox.add_org("second")
    try:
        form = {"grant_type": "client_credentials", "client_id": second.client_id}
        tls = create_default_context(cafile=str(sandbox.access.ca_file))
        with httpx.Client(base_url=second.instance_url, verify=tls, timeout=10, trust_env=False) as http:
            reply = http.post("/services/oauth2/token", data={**form, "client_secret": second.client_secret})
        other = PubSubClient(
            second.pubsub_endpoint,
            sandbox.access.ca_file,
            token=reply.json()["access_token"],
            instance_url=second.instance_url,
            tenant_id=second.organization_id,
        )
        make_contacts(org, 1)
        sandbox.administer("save", org="second", object="Contact", fields={"LastName": "Of the second"})

        assert other.events(CONTACTS, 1)[0].fields["Name"]["LastName"] == "Of the second"
        other.metadata = pubsub.metadata
        with pytest.raises(grpc.RpcError) as caught:
            other.topic(CONTACTS)
        assert code_of(caught.value) == "service.auth.error"
        other.channel.close()
    finally:
        sandbox.remove_org("second")
