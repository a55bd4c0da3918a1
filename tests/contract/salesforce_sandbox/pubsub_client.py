"""A client of the Pub/Sub API as the vendor's quick start builds one: plain grpcio, fastavro, and its bitmap rules.

It shares nothing with the product but the code that the vendor's proto generates.
"""

import io
import json
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import fastavro
import grpc

from crosswalk_pubsub.pubsub_api_pb2 import (
    CUSTOM,
    EARLIEST,
    ConsumerEvent,
    FetchRequest,
    FetchResponse,
    SchemaRequest,
    TopicInfo,
    TopicRequest,
)
from crosswalk_pubsub.pubsub_api_pb2_grpc import PubSubStub

SECONDS = 10


class Received:
    """One event, read with the schema that it names."""

    def __init__(self, consumed: ConsumerEvent, schema: dict[str, Any]) -> None:
        self.replay_id = consumed.replay_id
        self.uuid = consumed.event.id
        self.schema_id = consumed.event.schema_id
        stream = io.BytesIO(consumed.event.payload)
        self.fields: dict[str, Any] = fastavro.schemaless_reader(stream, fastavro.parse_schema(schema), None)  # type: ignore[assignment]
        assert stream.read() == b""
        self.header: dict[str, Any] = self.fields.pop("ChangeEventHeader", {})
        self.changed = names_of(schema, self.header.get("changedFields", []))
        self.nulled = names_of(schema, self.header.get("nulledFields", []))

    @property
    def kind(self) -> str:
        return str(self.header["changeType"])

    @property
    def ids(self) -> list[str]:
        return list(self.header["recordIds"])

    def values(self) -> dict[str, Any]:
        """The fields that came with a value."""
        return {name: value for name, value in self.fields.items() if value is not None}


def brief(events: list[Received]) -> list[tuple[str, str, list[str]]]:
    """Each event's object, kind and records."""
    return [(each.header["entityName"], each.kind, each.ids) for each in events]


def names_of(schema: dict[str, Any], bitmaps: list[str]) -> list[str]:
    """The vendor's rule: reversed bits name positions; `4-0x10` are bits of the record at position 4."""
    names = []
    for bitmap in bitmaps:
        position, _, text = bitmap.rpartition("-")
        bits = bin(int(text[2:], 16))[2:][::-1]
        assert len(text) % 2 == 0
        fields, prefix = schema["fields"], ""
        if position:
            outer = fields[int(position)]
            record = _record(schema, outer["type"])
            fields, prefix = record["fields"], outer["name"] + "."
        names += [prefix + fields[index]["name"] for index, bit in enumerate(bits) if bit == "1"]
    return names


def _record(schema: dict[str, Any], union: list[Any]) -> dict[str, Any]:
    known = {
        each["name"]: each
        for field in schema["fields"]
        for each in (field["type"] if isinstance(field["type"], list) else [])
        if isinstance(each, dict)
    }
    found = union[-1]
    return found if isinstance(found, dict) else known[found]


class PubSubClient:
    """A channel to the org with a session."""

    def __init__(self, endpoint: str, ca_file: Path, *, token: str, instance_url: str, tenant_id: str) -> None:
        self.channel = grpc.secure_channel(endpoint, grpc.ssl_channel_credentials(ca_file.read_bytes()))
        self.stub = PubSubStub(self.channel)
        self.metadata = (("accesstoken", token), ("instanceurl", instance_url), ("tenantid", tenant_id))
        self._schemas: dict[str, dict[str, Any]] = {}

    def topic(self, name: str) -> TopicInfo:
        return self.stub.GetTopic(TopicRequest(topic_name=name), metadata=self.metadata, timeout=SECONDS)

    def schema(self, schema_id: str) -> dict[str, Any]:
        if schema_id not in self._schemas:
            info = self.stub.GetSchema(SchemaRequest(schema_id=schema_id), metadata=self.metadata, timeout=SECONDS)
            self._schemas[schema_id] = json.loads(info.schema_json)
        return self._schemas[schema_id]

    def read(self, consumed: ConsumerEvent) -> Received:
        return Received(consumed, self.schema(consumed.event.schema_id))

    def subscribe(
        self, topic: str, number: int = 100, *, after: bytes | None = None, preset: int = EARLIEST
    ) -> "Stream":
        first = FetchRequest(topic_name=topic, num_requested=number, replay_preset=preset)
        if after is not None:
            first = FetchRequest(topic_name=topic, num_requested=number, replay_preset=CUSTOM, replay_id=after)
        return Stream(self, first)

    def events(self, topic: str, count: int) -> list[Received]:
        """The first events that the org keeps on a topic."""
        with self.subscribe(topic) as stream:
            return stream.events(count)


class Stream:
    """A subscription; its responses are read by a thread, so that a test can wait for each with a limit."""

    def __init__(self, client: PubSubClient, first: FetchRequest) -> None:
        self._client = client
        self._requests: queue.Queue[FetchRequest | None] = queue.Queue()
        self._requests.put(first)
        self._responses: queue.Queue[FetchResponse | grpc.RpcError | None] = queue.Queue()
        requests: Iterator[FetchRequest] = iter(self._requests.get, None)
        self._call = client.stub.Subscribe(requests, metadata=client.metadata, timeout=60)
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._requests.put(None)
        self._call.cancel()

    def ask(self, number: int, topic: str = "") -> None:
        self._requests.put(FetchRequest(topic_name=topic, num_requested=number))

    def end_requests(self) -> None:
        self._requests.put(None)

    def response(self) -> FetchResponse:
        """The next response; the stream's error when it ends with one, `EOFError` when it ends well."""
        found = self._responses.get(timeout=SECONDS)
        if found is None:
            raise EOFError
        if isinstance(found, grpc.RpcError):
            raise found
        return found

    def events(self, count: int) -> list[Received]:
        """The next events, of which no more may come with them."""
        received: list[Received] = []
        while len(received) < count:
            received += [self._client.read(each) for each in self.response().events]
        assert len(received) == count
        return received

    def error(self) -> grpc.RpcError:
        """What the stream ends with."""
        while True:
            try:
                self.response()
            except grpc.RpcError as error:
                return error

    def _read(self) -> None:
        try:
            for response in self._call:
                self._responses.put(response)
            self._responses.put(None)
        except grpc.RpcError as error:
            self._responses.put(error)


def code_of(error: grpc.RpcError) -> str:
    """The vendor's code in an error's trailing metadata, without what all codes start with."""
    trailing = {each.key: each.value for each in error.trailing_metadata()}
    assert trailing["rpc-id"] in error.details()
    return str(trailing["error-code"]).removeprefix("sfdc.platform.eventbus.grpc.")
