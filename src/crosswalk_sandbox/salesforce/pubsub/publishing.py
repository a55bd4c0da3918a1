"""Publishing through the Pub/Sub API: each event has its own result, and one that fails holds back no other."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import grpc

from crosswalk_pubsub import PayloadUnreadableError, format_replay_id
from crosswalk_pubsub.pubsub_api_pb2 import (
    PUBLISH,
    Error,
    ProducerEvent,
    PublishRequest,
    PublishResponse,
    PublishResult,
)
from crosswalk_sandbox.salesforce.pubsub.access import tenant_guid
from crosswalk_sandbox.salesforce.pubsub.platform_events import Definition
from crosswalk_sandbox.salesforce.pubsub.refusals import Refusal, invalid, topic_not_found, unavailable
from crosswalk_sandbox.salesforce.pubsub.topics import Topic, find_topic

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.org import Org

LARGEST_EVENT = 1_000_000
"""Bytes of an event's payload."""

STREAM_SECONDS = 70.0
"""How long a publishing stream stays open without a request, as the vendor's proto says."""


class PublishRequests:
    """The requests of one publishing stream.

    Parameters
    ----------
    requests
        What the client sends.
    """

    def __init__(self, requests: AsyncIterator[PublishRequest]) -> None:
        self._requests = requests
        self._is_broken = False
        self._limit: asyncio.Timeout | None = None

    def break_off(self) -> None:
        """End the stream as unavailable."""
        self._is_broken = True
        if self._limit is not None:
            self._limit.reschedule(asyncio.get_running_loop().time())

    async def next(self) -> PublishRequest | None:
        """The next request, None when there are no more; `Refusal` when the stream has to end."""
        try:
            async with asyncio.timeout(0 if self._is_broken else STREAM_SECONDS) as self._limit:
                return await anext(self._requests, None)
        except TimeoutError:
            if self._is_broken:
                raise unavailable() from None
            message = f"No publish request was sent for {STREAM_SECONDS:g} seconds. Open the stream again."
            raise Refusal(grpc.StatusCode.UNAVAILABLE, "publish.stream.sweeper.timeout", message) from None
        finally:
            self._limit = None


def topic_to_publish(org: "Org", name: str) -> Topic:
    """The topic of a request; `Refusal` when there is none or it takes no events."""
    if not name:
        raise invalid("publish.topic.validation.empty", "The topic name is blank. Provide a topic name.")
    topic = find_topic(org, name)
    if topic is None:
        raise topic_not_found(tenant_guid(org), name)
    if not topic.can_publish:
        message = f"Events cannot be published on the topic {name}."
        raise Refusal(grpc.StatusCode.PERMISSION_DENIED, "publish.topic.cannot.publish", message)
    return topic


def publish(org: "Org", topic: Topic, request: PublishRequest, rpc_id: str) -> PublishResponse:
    """Publish what a request holds.

    Raises
    ------
    Refusal
        For a request without events, or for another topic.
    """
    if request.topic_name and request.topic_name != topic.name:
        message = f"The topic {request.topic_name} differs from the topic {topic.name} of the first request."
        raise invalid("publish.topic.mismatch", message)
    if not request.events:
        raise invalid("publish.event.count.invalid", "The request has no events. Provide at least one.")
    results = [_publish_one(org, topic, event) for event in request.events]
    return PublishResponse(results=results, schema_id=topic.schema_id, rpc_id=rpc_id)


def _publish_one(org: "Org", topic: Topic, event: ProducerEvent) -> PublishResult:
    definition = org.events.platform.of_schema(event.schema_id)
    problem = _problem(org, topic, definition, event)
    if definition is None or problem is not None:
        return PublishResult(error=Error(code=PUBLISH, msg=problem), correlation_key=event.id)
    org.events.platform.publish(definition, event.payload, event.id)
    return PublishResult(replay_id=format_replay_id(org.events.bus.end()), correlation_key=event.id)


def _problem(org: "Org", topic: Topic, definition: Definition | None, event: ProducerEvent) -> str | None:
    if definition is None or f"/event/{definition.name}" != topic.name:
        return f"The schema {event.schema_id!r} is none of the topic {topic.name}. Get the topic's schema again."
    if len(event.payload) > LARGEST_EVENT:
        return f"The event has {len(event.payload)} bytes. An event has {LARGEST_EVENT} bytes at most."
    try:
        definition.schema.decode(event.payload)
    except PayloadUnreadableError as error:
        return f"The payload cannot be deserialized: {error}."
    if org.events.faults.take_publish_failure():
        return "The event could not be published because of a system error. Try again later."
    return None
