"""Following the changes of one object: events as they happen over one long-lived stream, with a place to resume at."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from crosswalk.connectors.base import ChangeBatch, Missed
from crosswalk.connectors.errors import CallRefused, CredentialsRefused, CursorLost, MalformedAnswer
from crosswalk.connectors.salesforce.pubsub.calls import PubSubCalls
from crosswalk.connectors.salesforce.pubsub.change_events import ChangeEventReader, Overflow
from crosswalk.connectors.salesforce.pubsub.refusals import SessionEnded
from crosswalk.connectors.shared_token import Token
from crosswalk.domain.event import Event
from crosswalk_pubsub import PayloadUnreadableError
from crosswalk_pubsub.pubsub_api_pb2 import CUSTOM, LATEST, ConsumerEvent, FetchRequest, FetchResponse

MOST_PENDING = 100
"""Events that may be asked for and not delivered yet; Salesforce takes no more."""

SCHEMA_GONE = frozenset({400, 403, 404})


def topic_of(object_name: str) -> str:
    """The topic of an object's changes: `/data/ContactChangeEvent`, `/data/Thing__ChangeEvent` for `Thing__c`."""
    stem = object_name.removesuffix("c") if object_name.endswith("__c") else object_name
    return f"/data/{stem}ChangeEvent"


class ChangeSubscription:
    """The changes of one object's records.

    Parameters
    ----------
    calls
        The org.
    object_name, tracked
        The object, and the fields of which somebody wants to know.
    """

    def __init__(self, calls: PubSubCalls, object_name: str, tracked: Sequence[str]) -> None:
        self._calls = calls
        self._object = object_name
        self._tracked = tracked
        self._topic = topic_of(object_name)
        self._readers: dict[str, ChangeEventReader] = {}

    async def follow(self, position: str | None) -> AsyncGenerator[ChangeBatch]:
        """Yield what happens after `position` until the stream ends; the caller resumes at the last position it got.

        More events are asked for as the caller takes what there is, so a slow caller slows the org down.

        Parameters
        ----------
        position
            `ChangeBatch.position` of the last batch that was stored; `None` starts at now.

        Raises
        ------
        CursorLost
            The org no longer knows the position: events may have been missed.
        ChangesNotCaptured
            The org makes no events of this object's changes, or not for this user.
        CredentialsRefused
            The org refuses a new token, too.
        Unreachable, CallRefused
            The connection broke, or the org refused.
        """
        first = self._first_request(position)
        self._calls.refused_sessions.check()
        token = await self._calls.token()
        heard = False
        try:
            async with aclosing(self._stream(token, first)) as batches:
                async for batch in batches:
                    heard = True
                    yield batch
                return
        except SessionEnded:
            token = await self._calls.renewed(token)
            if heard:
                return
        try:
            async with aclosing(self._stream(token, first)) as batches:
                async for batch in batches:
                    yield batch
        except SessionEnded as error:
            hint = "Check the endpoint, and organization_id if it is set."
            refused = CredentialsRefused("the Pub/Sub API", "UNAUTHENTICATED", str(error), hint)
            self._calls.refused_sessions.refused(refused)
            raise refused from error

    def _first_request(self, position: str | None) -> FetchRequest:
        if position is None:
            return FetchRequest(topic_name=self._topic, num_requested=MOST_PENDING, replay_preset=LATEST)
        try:
            replay_id = bytes.fromhex(position)
        except ValueError as error:
            raise CursorLost(
                service="the hub",
                call=f"Subscribe {self._topic}",
                status=400,
                code="POSITION_UNREADABLE",
                message="expected a replay id in hexadecimal digits as the stored position, found another text",
            ) from error
        return FetchRequest(
            topic_name=self._topic, num_requested=MOST_PENDING, replay_preset=CUSTOM, replay_id=replay_id
        )

    async def _stream(self, token: Token, first: FetchRequest) -> AsyncGenerator[ChangeBatch]:
        stream = self._calls.subscribe(token, self._topic)
        try:
            await stream.ask(first)
            while (response := await stream.read()) is not None:
                self._calls.taken()
                yield await self._batch(token, response)
                if response.pending_num_requested <= MOST_PENDING // 2:
                    await stream.ask(FetchRequest(num_requested=MOST_PENDING - response.pending_num_requested))
        finally:
            stream.close()

    async def _batch(self, token: Token, response: FetchResponse) -> ChangeBatch:
        events: list[Event] = []
        missed: list[Missed] = []
        for consumed in response.events:
            try:
                events += await self._read(token, consumed)
            except Overflow as overflow:
                missed.append(Missed(str(overflow), overflow.committed_at))
            except PayloadUnreadableError as error:
                missed.append(Missed(str(error)))
        return ChangeBatch(response.latest_replay_id.hex(), tuple(events), tuple(missed))

    async def _read(self, token: Token, consumed: ConsumerEvent) -> list[Event]:
        schema_id = consumed.event.schema_id
        reader = self._readers.get(schema_id)
        if reader is None:
            try:
                schema = await self._calls.schema(token, schema_id)
            except (CallRefused, MalformedAnswer) as error:
                if isinstance(error, CallRefused) and error.status not in SCHEMA_GONE:
                    raise
                # Raising here would stop the subscription at this event for ever.
                raise PayloadUnreadableError(self._topic, f"a schema that cannot be had ({error})") from error
            reader = self._readers[schema_id] = ChangeEventReader(schema, self._object, self._tracked)
        return reader.read(consumed.event.payload, consumed.event.id or consumed.replay_id.hex())
