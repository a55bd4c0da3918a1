"""The methods of the Pub/Sub API."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, TypeVar

import grpc

from crosswalk_pubsub.pubsub_api_pb2 import (
    FetchRequest,
    FetchResponse,
    ManagedFetchRequest,
    PublishRequest,
    PublishResponse,
    SchemaInfo,
    SchemaRequest,
    TopicInfo,
    TopicRequest,
)
from crosswalk_sandbox.salesforce.pubsub.access import authenticate, tenant_guid
from crosswalk_sandbox.salesforce.pubsub.publishing import PublishRequests, publish, topic_to_publish
from crosswalk_sandbox.salesforce.pubsub.refusals import Context, Refusal, abort, invalid, topic_not_found, unavailable
from crosswalk_sandbox.salesforce.pubsub.subscription import Subscription
from crosswalk_sandbox.salesforce.pubsub.topics import Topic, find_topic

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.org import Org

Answered = TypeVar("Answered")


class PubSubService:
    """Serves one org; the names are those of the proto.

    Parameters
    ----------
    org
        The org.
    """

    def __init__(self, org: "Org") -> None:
        self._org = org

    async def GetTopic(self, request: TopicRequest, context: Context) -> TopicInfo:  # noqa: N802
        async def answer(rpc_id: str, _token: str) -> TopicInfo:
            topic = self._topic(request.topic_name)
            return TopicInfo(
                topic_name=topic.name,
                tenant_guid=tenant_guid(self._org),
                can_publish=topic.can_publish,
                can_subscribe=True,
                schema_id=topic.schema_id,
                rpc_id=rpc_id,
            )

        return await self._answer(context, answer)

    async def GetSchema(self, request: SchemaRequest, context: Context) -> SchemaInfo:  # noqa: N802
        async def answer(rpc_id: str, _token: str) -> SchemaInfo:
            if not request.schema_id.strip():
                raise invalid("schema.validation.failed", "The schema ID is blank. Provide a schema ID.")
            text = self._org.events.schema_json(request.schema_id)
            if text is None:
                message = f"The schema {request.schema_id} not found. Ensure the schema ID is correct."
                raise Refusal(grpc.StatusCode.NOT_FOUND, "schema.meta.permission", message)
            return SchemaInfo(schema_json=text, schema_id=request.schema_id, rpc_id=rpc_id)

        return await self._answer(context, answer)

    async def Publish(self, request: PublishRequest, context: Context) -> PublishResponse:  # noqa: N802
        async def answer(rpc_id: str, _token: str) -> PublishResponse:
            return publish(self._org, topic_to_publish(self._org, request.topic_name), request, rpc_id)

        return await self._answer(context, answer)

    async def Subscribe(  # noqa: N802
        self, requests: AsyncIterator[FetchRequest], context: Context
    ) -> AsyncIterator[FetchResponse]:
        rpc_id = str(uuid.uuid4())
        following: asyncio.Task[None] | None = None
        try:
            token = await self._admit(context)
            first = await anext(requests, None)
            if first is None:
                return
            subscription = Subscription(self._org, self._topic(first.topic_name), first, token, rpc_id)
            following = asyncio.create_task(subscription.follow(requests))
            async with aclosing(subscription.responses()) as responses:
                async for response in responses:
                    yield response
        except Refusal as refusal:
            await abort(context, refusal, rpc_id)
        finally:
            if following is not None:
                following.cancel()

    async def PublishStream(  # noqa: N802
        self, requests: AsyncIterator[PublishRequest], context: Context
    ) -> AsyncIterator[PublishResponse]:
        rpc_id = str(uuid.uuid4())
        topic: Topic | None = None
        stream = PublishRequests(requests)
        self._org.events.streams.add(stream)
        try:
            await self._admit(context)
            while (request := await stream.next()) is not None:
                authenticate(self._org, context.invocation_metadata() or ())
                topic = topic or topic_to_publish(self._org, request.topic_name)
                yield publish(self._org, topic, request, rpc_id)
        except Refusal as refusal:
            await abort(context, refusal, rpc_id)
        finally:
            self._org.events.streams.discard(stream)

    async def ManagedSubscribe(self, _requests: AsyncIterator[ManagedFetchRequest], context: Context) -> None:  # noqa: N802
        message = "The sandbox does not emulate managed subscriptions. Use Subscribe and keep the replay id yourself."
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, message)

    async def _answer(self, context: Context, answer: Callable[[str, str], Awaitable[Answered]]) -> Answered:
        rpc_id = str(uuid.uuid4())
        try:
            return await answer(rpc_id, await self._admit(context))
        except Refusal as refusal:
            await abort(context, refusal, rpc_id)

    async def _admit(self, context: Context) -> str:
        """The session of a call, after the org's latency; `Refusal` when it is not to be served."""
        if self._org.latency_ms > 0:
            await asyncio.sleep(self._org.latency_ms / 1000)
        if self._org.events.faults.take_unavailable():
            raise unavailable()
        return authenticate(self._org, context.invocation_metadata() or ())

    def _topic(self, name: str) -> Topic:
        if not name.strip():
            raise invalid("topic.validation.empty", "The topic name is blank. Provide a topic name.")
        topic = find_topic(self._org, name)
        if topic is None:
            raise topic_not_found(tenant_guid(self._org), name)
        return topic
