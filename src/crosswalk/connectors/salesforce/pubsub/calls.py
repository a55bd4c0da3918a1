"""One small layer that every call of the Pub/Sub API goes through: connection, metadata, errors, limits of time."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import urlsplit

import grpc

from crosswalk.connectors.errors import CredentialsRefused, MalformedAnswer, Unreachable
from crosswalk.connectors.http import tls_context
from crosswalk.connectors.salesforce.pubsub.refusals import refusal_of
from crosswalk.connectors.salesforce.pubsub.refused_sessions import RefusedSessions
from crosswalk.connectors.salesforce.settings import SalesforceSettings
from crosswalk.connectors.shared_token import SharedToken, Token
from crosswalk_pubsub import EventSchema
from crosswalk_pubsub.pubsub_api_pb2 import FetchRequest, FetchResponse, SchemaInfo, SchemaRequest, TopicRequest
from crosswalk_pubsub.pubsub_api_pb2_grpc import PubSubStub

LONGEST_SILENCE_S = 300.0
"""Salesforce sends something within 270 seconds: after this long the connection is dead."""


class Stream:
    """One subscription that is open.

    Parameters
    ----------
    call
        The call of gRPC.
    service, name
        The host and the call, for errors.
    write_s
        The most seconds that asking may take, connecting included.
    look
        Raises why a stream cannot be opened, where there is a reason.
    """

    def __init__(
        self,
        call: grpc.aio.StreamStreamCall,
        service: str,
        name: str,
        write_s: float,
        look: Callable[[], Awaitable[None]],
    ) -> None:
        self._call = call
        self._service = service
        self._name = name
        self._write_s = write_s
        self._has_begun = False
        self._is_over = False
        self._look = look

    async def ask(self, request: FetchRequest) -> None:
        """Ask for events.

        Raises
        ------
        SessionEnded, ConnectorError
            The org refused, or there is no connection.
        """
        try:
            async with asyncio.timeout(self._write_s):
                await self._call.write(request)
        except TimeoutError as error:
            raise Unreachable(self._service, self._name, f"not connected within {self._write_s:g} s") from error
        except asyncio.InvalidStateError:
            return  # the stream has ended: reading tells how
        except grpc.aio.AioRpcError as error:
            # It ended meanwhile, and of why gRPC only says that asking failed.
            if self._has_begun:
                self._is_over = True  # whoever opens another stream is told
                return
            await self._look()
            raise refusal_of(error, self._service, self._name) from error

    async def read(self) -> FetchResponse | None:
        """Return the next response; `None` when the org has ended the stream. Raises the same."""
        if self._is_over:
            return None
        try:
            async with asyncio.timeout(LONGEST_SILENCE_S):
                response = await self._call.read()
        except TimeoutError as error:
            raise Unreachable(self._service, self._name, f"silence for {LONGEST_SILENCE_S:g} s") from error
        except grpc.aio.AioRpcError as error:
            raise refusal_of(error, self._service, self._name) from error
        self._has_begun = True
        return response if isinstance(response, FetchResponse) else None

    def close(self) -> None:
        """End it."""
        self._call.cancel()


class PubSubCalls:
    """The Pub/Sub API of one org.

    Parameters
    ----------
    settings
        The org.
    tokens
        Where access tokens come from.
    """

    def __init__(self, settings: SalesforceSettings, tokens: SharedToken) -> None:
        self._settings = settings
        self._tokens = tokens
        self.refused_sessions = RefusedSessions(time.monotonic)
        self._channel: grpc.aio.Channel | None = None
        self._schemas: dict[str, EventSchema] = {}

    async def token(self) -> Token:
        """Return the token of the org. Raises what signing in raises."""
        return await self._tokens.get()

    async def renewed(self, refused: Token) -> Token:
        """Return another token than the one that was refused. Raises the same."""
        return await self._tokens.replace(refused)

    def taken(self) -> None:
        """The Pub/Sub API took the token."""
        self.refused_sessions.accepted()
        self._tokens.taken()

    def subscribe(self, token: Token, topic: str) -> Stream:
        """Open a stream; it starts with the first request.

        Raises
        ------
        CredentialsRefused
            It is not known which organization to name.
        """
        call = self._stub().Subscribe(metadata=self._metadata(token))
        timeouts = self._settings.timeouts
        name = f"Subscribe {topic}"
        look = partial(self._look_at, token, topic, name)
        return Stream(call, self._settings.pubsub_endpoint, name, timeouts.connect + timeouts.write, look)

    async def check(self, topic: str) -> None:
        """Ask whether there is such a topic for the hub's user; raises what a stream of it would be refused with."""
        await self._look_at(await self.token(), topic, f"GetTopic {topic}")

    async def _look_at(self, token: Token, topic: str, name: str) -> None:
        """Ask for a topic alone: what refuses a stream refuses this, too."""
        try:
            await self._stub().GetTopic(
                TopicRequest(topic_name=topic), metadata=self._metadata(token), timeout=self._settings.timeouts.read
            )
        except grpc.aio.AioRpcError as error:
            raise refusal_of(error, self._settings.pubsub_endpoint, name) from error

    async def schema(self, token: Token, schema_id: str) -> EventSchema:
        """Return a schema; each is asked for once, since what an id stands for never changes.

        Raises
        ------
        SessionEnded, ConnectorError
            The org refused, or could not be reached.
        """
        known = self._schemas.get(schema_id)
        if known is not None:
            return known
        service, name = self._settings.pubsub_endpoint, f"GetSchema {schema_id}"
        try:
            info: SchemaInfo = await self._stub().GetSchema(
                SchemaRequest(schema_id=schema_id),
                metadata=self._metadata(token),
                timeout=self._settings.timeouts.read,
            )
        except grpc.aio.AioRpcError as error:
            raise refusal_of(error, service, name) from error
        try:
            schema = EventSchema(info.schema_json)
        except ValueError as error:
            raise MalformedAnswer(service, name, "an Avro schema of a record", "something else") from error
        self._schemas[schema_id] = schema
        return schema

    async def close(self) -> None:
        """Close the connection; streams that are open end."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    def _stub(self) -> PubSubStub:
        if self._channel is None:
            credentials = grpc.ssl_channel_credentials(self._authorities())
            self._channel = grpc.aio.secure_channel(self._settings.pubsub_endpoint, credentials)
        return PubSubStub(self._channel)

    def _authorities(self) -> bytes | None:
        """The certificate authorities to trust, PEM; `None` for those that gRPC brings along."""
        if self._settings.ca_file is None:
            return None
        trusted = tls_context(self._settings.ca_file).get_ca_certs(binary_form=True)
        return "".join(ssl.DER_cert_to_PEM_cert(each) for each in trusted).encode()

    def _metadata(self, token: Token) -> tuple[tuple[str, str], ...]:
        organization = self._settings.organization_id or token.organization_id
        if not organization:
            raise CredentialsRefused(
                urlsplit(self._settings.login_url).netloc,
                "organization_unknown",
                "signing in did not tell the id of the org",
                "Set organization_id in the org's change_events: Setup > Company Information shows it (00D…).",
            )
        return (
            ("accesstoken", token.value.reveal()),
            ("instanceurl", token.instance_url),
            ("tenantid", organization),
        )
