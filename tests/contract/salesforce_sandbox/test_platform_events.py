"""Platform events: defined by an administrator, published over both APIs, received by subscribers."""

import io
import queue
from collections.abc import Iterator
from typing import Any

import fastavro
import grpc
import httpx
import pytest
from simple_salesforce import Salesforce

from crosswalk_pubsub.pubsub_api_pb2 import PUBLISH, ProducerEvent, PublishRequest, PublishResponse
from crosswalk_sandbox.process import SandboxFailedError, SandboxProcess

from .builders import API, typed
from .pubsub_client import PubSubClient, code_of

ORDERS = "/event/Order_Event__e"
FIELDS: list[dict[str, Any]] = [
    {"name": "Order_Number__c", "is_required": True},
    {"name": "Amount__c", "type": "double"},
    {"name": "Placed__c", "type": "datetime"},
    {"name": "Is_Gift__c", "type": "boolean"},
]
USER = "005Hs0000000001IAA"


@pytest.fixture(autouse=True)
def order_event(sandbox: SandboxProcess) -> None:
    sandbox.administer("platform-events", name="Order_Event__e", fields=FIELDS)


def an_order(pubsub: PubSubClient, id_: str = "mine", **fields: Any) -> ProducerEvent:
    """An event as a client encodes it with the topic's schema."""
    schema_id = pubsub.topic(ORDERS).schema_id
    event = {"CreatedDate": 1735689600000, "CreatedById": USER, "Order_Number__c": "1", **fields}
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(pubsub.schema(schema_id)), event)
    return ProducerEvent(id=id_, schema_id=schema_id, payload=stream.getvalue())


def publish(pubsub: PubSubClient, *events: ProducerEvent, topic: str = ORDERS) -> PublishResponse:
    request = PublishRequest(topic_name=topic, events=events)
    return pubsub.stub.Publish(request, metadata=pubsub.metadata, timeout=10)


def test_topic_takes_and_gives_events_of_its_schema(pubsub: PubSubClient) -> None:
    topic = pubsub.topic(ORDERS)

    assert (topic.can_publish, topic.can_subscribe) == (True, True)
    schema = pubsub.schema(topic.schema_id)
    assert (schema["name"], schema["namespace"]) == ("Order_Event__e", "com.sforce.eventbus")
    assert schema["fields"][:2] == [
        {"name": "CreatedDate", "type": "long", "doc": "CreatedDate:DateTime"},
        {"name": "CreatedById", "type": "string", "doc": "CreatedBy:EntityId"},
    ]
    words = [(each["name"], each["type"], each["doc"].rpartition(":")[0]) for each in schema["fields"][2:]]
    assert words == [
        ("Order_Number__c", "string", "Data:Text"),
        ("Amount__c", ["null", "double"], "Data:Double"),
        ("Placed__c", ["null", "long"], "Data:DateTime"),
        ("Is_Gift__c", ["null", "boolean"], "Data:Boolean"),
    ]


def test_published_event_reaches_subscribers(pubsub: PubSubClient) -> None:
    response = publish(pubsub, an_order(pubsub, "a", Amount__c=9.5), an_order(pubsub, "b", Order_Number__c="2"))

    events = pubsub.events(ORDERS, 2)

    assert [(each.correlation_key, each.HasField("error")) for each in response.results] == [("a", False), ("b", False)]
    assert [each.replay_id for each in response.results] == [each.replay_id for each in events]
    assert response.schema_id == events[0].schema_id
    assert [each.uuid for each in events] == ["a", "b"]
    assert events[0].values() == {
        "CreatedDate": 1735689600000,
        "CreatedById": USER,
        "Order_Number__c": "1",
        "Amount__c": 9.5,
    }


def test_platform_events_are_no_changes(pubsub: PubSubClient, org: Salesforce) -> None:
    publish(pubsub, an_order(pubsub))
    org.Contact.create({"LastName": "Byron"})

    assert pubsub.events("/data/ChangeEvents", 1)[0].kind == "CREATE"
    assert len(pubsub.events(ORDERS, 1)) == 1


def test_one_event_that_cannot_be_read_holds_back_no_other(pubsub: PubSubClient) -> None:
    broken = ProducerEvent(id="broken", schema_id=pubsub.topic(ORDERS).schema_id, payload=b"\x01")
    foreign = ProducerEvent(id="foreign", schema_id="x" * 22, payload=b"\x01")

    results = publish(pubsub, broken, an_order(pubsub, "good"), foreign).results

    assert [each.correlation_key for each in results] == ["broken", "good", "foreign"]
    assert [each.HasField("error") for each in results] == [True, False, True]
    assert results[0].error.code == PUBLISH
    assert "deserialized" in results[0].error.msg
    assert [each.uuid for each in pubsub.events(ORDERS, 1)] == ["good"]


def test_event_larger_than_a_megabyte_fails(pubsub: PubSubClient) -> None:
    [result] = publish(pubsub, an_order(pubsub, Order_Number__c="x" * 1_000_001)).results

    assert "1000000 bytes" in result.error.msg


def test_publishing_fails_when_ordered_and_works_when_repeated(pubsub: PubSubClient, sandbox: SandboxProcess) -> None:
    sandbox.administer("event-faults", fail_publish_next=1)

    [first] = publish(pubsub, an_order(pubsub)).results
    [second] = publish(pubsub, an_order(pubsub)).results

    assert (first.HasField("error"), second.HasField("error")) == (True, False)


@pytest.mark.parametrize(
    ("topic", "status", "code"),
    [
        ("", grpc.StatusCode.INVALID_ARGUMENT, "publish.topic.validation.empty"),
        ("/event/Nothing__e", grpc.StatusCode.NOT_FOUND, "topic.not.found"),
        ("/data/ContactChangeEvent", grpc.StatusCode.PERMISSION_DENIED, "publish.topic.cannot.publish"),
    ],
)
def test_not_every_topic_takes_events(pubsub: PubSubClient, topic: str, status: grpc.StatusCode, code: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        publish(pubsub, an_order(pubsub), topic=topic)

    assert (caught.value.code(), code_of(caught.value)) == (status, code)


def test_request_without_events_is_refused(pubsub: PubSubClient) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        publish(pubsub)

    assert code_of(caught.value) == "publish.event.count.invalid"


def test_stream_publishes_each_request_and_keeps_its_topic(pubsub: PubSubClient) -> None:
    def requests() -> Iterator[PublishRequest]:
        yield PublishRequest(topic_name=ORDERS, events=[an_order(pubsub, "a")])
        yield PublishRequest(events=[an_order(pubsub, "b"), an_order(pubsub, "c")])
        yield PublishRequest(topic_name="/event/Other__e", events=[an_order(pubsub, "d")])

    call = pubsub.stub.PublishStream(requests(), metadata=pubsub.metadata, timeout=10)

    assert [each.correlation_key for each in next(call).results] == ["a"]
    assert [each.correlation_key for each in next(call).results] == ["b", "c"]
    with pytest.raises(grpc.RpcError) as caught:
        next(call)
    assert code_of(caught.value) == "publish.topic.mismatch"
    assert [each.uuid for each in pubsub.events(ORDERS, 3)] == ["a", "b", "c"]


def test_publishing_stream_can_be_broken_off(pubsub: PubSubClient, sandbox: SandboxProcess) -> None:
    requests: queue.Queue[PublishRequest | None] = queue.Queue()
    requests.put(PublishRequest(topic_name=ORDERS, events=[an_order(pubsub)]))
    call = pubsub.stub.PublishStream(iter(requests.get, None), metadata=pubsub.metadata, timeout=10)
    next(call)

    sandbox.administer("event-faults", disconnect=True)

    with pytest.raises(grpc.RpcError) as caught:
        next(call)
    assert (caught.value.code(), code_of(caught.value)) == (grpc.StatusCode.UNAVAILABLE, "service.unavailable")
    requests.put(None)


def test_event_is_published_by_creating_it_over_rest(pubsub: PubSubClient, http: httpx.Client) -> None:
    order = {"Order_Number__c": "7", "Amount__c": 3, "Placed__c": "2025-01-01T00:00:00Z"}
    reply = http.post(f"{API}/sobjects/Order_Event__e", json=order)

    [event] = pubsub.events(ORDERS, 1)

    body = reply.json()
    assert (reply.status_code, body["success"], len(body["id"])) == (201, True, 18)
    assert body["errors"] == [{"statusCode": "OPERATION_ENQUEUED", "message": event.uuid, "fields": []}]
    assert {name: value for name, value in event.fields.items() if name != "CreatedDate"} == {
        "CreatedById": USER,
        "Order_Number__c": "7",
        "Amount__c": 3.0,
        "Placed__c": 1735689600000,
        "Is_Gift__c": False,
    }


def test_events_are_published_by_collections_too(pubsub: PubSubClient, http: httpx.Client) -> None:
    records = [typed("Order_Event__e", {"Order_Number__c": str(number)}) for number in range(3)]
    records.insert(1, typed("Order_Event__e", {"Amount__c": 1}))

    results = http.post(f"{API}/composite/sobjects", json={"records": records}).json()

    assert [each["success"] for each in results] == [True, False, True, True]
    assert results[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert [each.fields["Order_Number__c"] for each in pubsub.events(ORDERS, 3)] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("order", "code"),
    [({}, "REQUIRED_FIELD_MISSING"), ({"Order_Number__c": "1", "Colour__c": "red"}, "INVALID_FIELD")],
)
def test_event_that_breaks_its_definition_is_refused(http: httpx.Client, order: dict[str, Any], code: str) -> None:
    reply = http.post(f"{API}/sobjects/Order_Event__e", json=order)

    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, code)


def test_events_of_an_earlier_definition_can_still_be_published_and_read(
    pubsub: PubSubClient, sandbox: SandboxProcess
) -> None:
    old = an_order(pubsub, "old")
    sandbox.administer("platform-events", name="Order_Event__e", fields=[*FIELDS, {"name": "Note__c"}])
    new = an_order(pubsub, "new", Note__c="hello")

    publish(pubsub, old, new)

    first, second = pubsub.events(ORDERS, 2)
    assert (first.schema_id, second.schema_id) == (old.schema_id, new.schema_id)
    assert ("Note__c" in first.fields, second.fields["Note__c"]) == (False, "hello")


def test_events_of_the_old_kind_are_kept_for_a_day(
    pubsub: PubSubClient, sandbox: SandboxProcess, http: httpx.Client, anonymous: httpx.Client
) -> None:
    sandbox.administer("platform-events", name="Old__e", fields=[{"name": "Note__c"}], volume="StandardVolume")
    http.post(f"{API}/sobjects/Old__e", json={"Note__c": "gone"})
    http.post(f"{API}/sobjects/Order_Event__e", json={"Order_Number__c": "kept"})

    sandbox.clock(advance=25 * 3600.0)
    access = sandbox.access.salesforce
    form = {"grant_type": "client_credentials", "client_id": access.client_id, "client_secret": access.client_secret}
    token = anonymous.post("/services/oauth2/token", data=form).json()["access_token"]
    pubsub.metadata = (("accesstoken", token), *pubsub.metadata[1:])
    sandbox.administer("event-faults", keepalive_s=0.05)

    assert pubsub.events(ORDERS, 1)[0].fields["Order_Number__c"] == "kept"
    with pubsub.subscribe("/event/Old__e") as stream:
        assert list(stream.response().events) == []


def test_definition_needs_the_ending_of_platform_events(sandbox: SandboxProcess) -> None:
    with pytest.raises(SandboxFailedError, match="__e"):
        sandbox.administer("platform-events", name="Order__c", fields=[])


def test_reset_takes_definitions_away(pubsub: PubSubClient, sandbox: SandboxProcess) -> None:
    sandbox.reset()

    with pytest.raises(grpc.RpcError) as caught:
        pubsub.topic(ORDERS)
    assert code_of(caught.value) == "topic.not.found"
