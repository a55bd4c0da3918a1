"""The Salesforce org as the engine sees it: a small facade over the resources of this package."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Self

import msgspec

from crosswalk.connectors.allowance import UNLIMITED, Allowance
from crosswalk.connectors.base import (
    ApiUsage,
    BulkBook,
    BulkJob,
    ChangeBatch,
    DeletesRecords,
    DescribesObjects,
    Done,
    Failure,
    FindsCandidates,
    FindsFates,
    FollowsChanges,
    ObjectDescription,
    PublishesEvents,
    WriteResult,
    WritesInBulk,
    WritesRecords,
)
from crosswalk.connectors.errors import ConnectorError, MalformedAnswer
from crosswalk.connectors.http import open_http
from crosswalk.connectors.logins import OPEN, LoginGate
from crosswalk.connectors.parallel import map_parallel
from crosswalk.connectors.salesforce import deletes, fates, platform_events, record_poll
from crosswalk.connectors.salesforce import query as queries
from crosswalk.connectors.salesforce.auth import TokenEndpoint
from crosswalk.connectors.salesforce.bulk_ingest import wait_for_job
from crosswalk.connectors.salesforce.bulk_query import bulk_query, everything
from crosswalk.connectors.salesforce.bulk_writes import write_in_bulk
from crosswalk.connectors.salesforce.collections import Call, plan_calls, send_call
from crosswalk.connectors.salesforce.describe import describe
from crosswalk.connectors.salesforce.errors import result_of_failed_call
from crosswalk.connectors.salesforce.last_writer import last_writer
from crosswalk.connectors.salesforce.limits import Limit, decode_limits
from crosswalk.connectors.salesforce.look_ups import look_up
from crosswalk.connectors.salesforce.pubsub.calls import PubSubCalls
from crosswalk.connectors.salesforce.pubsub.subscription import ChangeSubscription, topic_of
from crosswalk.connectors.salesforce.row_locks import retry_locked
from crosswalk.connectors.salesforce.settings import SalesforceSettings
from crosswalk.connectors.salesforce.transport import Transport
from crosswalk.connectors.shared_token import SharedToken, permitted
from crosswalk.connectors.vendor_clock import VendorClock
from crosswalk.domain.event import Event
from crosswalk.domain.fate import Fate
from crosswalk.domain.ids import RecordId
from crosswalk.domain.look_up import LookUp
from crosswalk.domain.quarantine import LastWriter
from crosswalk.domain.record import Record
from crosswalk.domain.record_writes import EventPublish, RecordDelete
from crosswalk.domain.write import RecordWrite


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SalesforceClient(
    FindsCandidates,
    FindsFates,
    FollowsChanges,
    WritesRecords,
    WritesInBulk,
    DeletesRecords,
    PublishesEvents,
    DescribesObjects,
):
    """One org.

    An asynchronous context manager; leaving it closes the connections.

    Parameters
    ----------
    settings
        The org and how to get in.
    on_usage
        Called with the API usage that the org reports with each answer.
    now
        The time in UTC.
    allowance
        Asked before each call; without one, calls are made at once.
    logins
        Decides whether a token may be asked for; without one, it may.
    """

    def __init__(
        self,
        settings: SalesforceSettings,
        on_usage: Callable[[ApiUsage], None] | None = None,
        now: Callable[[], datetime] = _utc_now,
        allowance: Allowance = UNLIMITED,
        logins: LoginGate = OPEN,
    ) -> None:
        self._settings = settings
        self._http = open_http(settings.ca_file, settings.timeouts)
        self._clock = VendorClock(lambda: now().timestamp())
        fetch = TokenEndpoint(settings, self._http, self._clock).fetch
        tokens = SharedToken(permitted(fetch, allowance), time.monotonic, logins)
        self._tokens = tokens
        self._transport = Transport(settings, self._http, tokens, now, on_usage, allowance, self._clock)
        self._pubsub = PubSubCalls(settings, tokens)
        self._api_version = settings.api_version
        self._gate = asyncio.Semaphore(settings.parallel_calls)
        self._bulk_above = settings.bulk_above

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._pubsub.close()
        await self._http.aclose()

    @property
    def usage(self) -> ApiUsage | None:
        """The API usage that the org reported last."""
        return self._transport.usage

    @property
    def calls(self) -> int:
        """How many API calls this client has made (tokens are not API calls)."""
        return self._transport.calls

    async def authenticate(self) -> None:
        """Get an access token if there is none, to find out early whether the credentials are good.

        Raises
        ------
        CredentialsRefused, Unreachable, CallRefused, MalformedAnswer
            Why there is none.
        """
        await self._transport.authenticate()

    @property
    def login(self) -> str:
        """What tells the credentials of this client from others."""
        return self._settings.login

    async def renew_token(self) -> None:
        """Get a new token, to see whether the credentials are good by now. Raises what `authenticate` does."""
        await self._tokens.renew()

    async def query(self, soql: str) -> list[queries.Row]:
        """Return all rows that `soql` selects, as Salesforce gave them."""
        return await queries.query(self._transport, soql)

    async def find_candidates(
        self, object_name: str, fields: Sequence[str], key_field: str, values: Sequence[str]
    ) -> list[Record]:
        """Return the records of an object whose `key_field` equals one of `values`.

        The values go out in chunks of up to 200; equal and empty ones are dropped. Salesforce compares text without
        regard to case. Converted leads are left out: the person's record is the contact that the lead became.
        """
        return await queries.find_candidates(
            self._transport,
            self._gate,
            object_name=object_name,
            fields=fields,
            key_field=key_field,
            values=values,
        )

    async def look_up(self, look_ups: Sequence[LookUp]) -> list[list[Record]]:
        """Return the records that each look-up finds, in their order: up to five queries of 200 keys in one call.

        Converted leads are left out, as in `find_candidates`.
        """
        return await look_up(self._transport, self._gate, self._api_version, look_ups)

    async def find_fates(
        self, object_name: str, fields: Sequence[str], ids: Sequence[RecordId]
    ) -> dict[RecordId, Fate]:
        """Return what became of each of these records, also of deleted ones; those that are there come with `fields`.

        The ids go out in chunks of up to 200.
        """
        return await fates.find_fates(self._transport, self._gate, object_name=object_name, fields=fields, ids=ids)

    def changes_since(
        self, object_name: str, fields: Sequence[str], since: str, read_to: str | None = None
    ) -> AsyncIterator[list[Event]]:
        """Yield an event for each record that changed at or after `since`, deleted ones too, oldest first, in pages.

        Times are in UTC as Salesforce writes them (`2026-01-31T10:00:00.000+0000`). The records of the second
        `read_to`, which was read before, give another event: it may not have been over then.
        """
        return record_poll.changes_since(self._transport, object_name, fields, since, read_to)

    def follow_changes(
        self, object_name: str, fields: Sequence[str], position: str | None
    ) -> AsyncGenerator[ChangeBatch]:
        """Yield what happens to an object's records after `position`, by the Pub/Sub API; `None` starts at now.

        No call of the REST API is used up by it. It ends when the stream does: resume at the last position.
        """
        return ChangeSubscription(self._pubsub, object_name, fields).follow(position)

    async def check_changes(self, object_name: str) -> None:
        """Ask whether changes of an object are told.

        Raises
        ------
        ChangesNotCaptured
            The org makes no change events of it, or not for the hub's user.
        ConnectorError
            It could not be asked.
        """
        await self._pubsub.check(topic_of(object_name))

    async def newest_change(self, object_name: str) -> str:
        """Return when an object's records last changed; the present time of the org where there are none."""
        return await record_poll.newest_change(self._transport, object_name, self._clock.now)

    async def write(self, writes: Sequence[RecordWrite]) -> list[WriteResult]:
        """Write records and return what became of each, in the order of `writes`.

        Creates are upserts by external id, updates go by record id, both up to 200 in a call. A call that fails fails
        its own records only, as `RetryLater` where repeating may help; so does an org that gives no token, which is
        found out before the first call. Records that somebody else had locked are sent again at once, apart.
        """
        if not writes:
            return []
        try:
            await self._transport.authenticate()
        except ConnectorError as error:
            return [result_of_failed_call(error)] * len(writes)
        results: dict[int, WriteResult] = {}

        async def send(call: Call) -> list[WriteResult]:
            return await send_call(self._transport, call)

        for wave in plan_calls(writes):
            for call, outcome in zip(wave, await map_parallel(send, wave, self._gate), strict=True):
                results.update(zip(call.positions, outcome, strict=True))
        return await retry_locked(writes, [results[position] for position in range(len(writes))], send)

    @property
    def bulk_above(self) -> int:
        """A job is made where there are more records of one object and kind than this."""
        return self._bulk_above

    async def write_in_bulk(self, writes: Sequence[RecordWrite], book: BulkBook) -> list[WriteResult]:
        """Write records as `write` does, many of one object and kind by a job of the Bulk API 2.0.

        `book` learns of each job before anything is uploaded, and tells of those that were made for the batch before.
        """
        if not writes:
            return []
        return await write_in_bulk(self._transport, writes, book, self._bulk_above, self.write)

    async def wait_for_job(self, job: BulkJob) -> None:
        """Return when a job is over, whatever came of it; one that was never closed is given up."""
        await wait_for_job(self._transport, job)

    async def delete_record(self, write: RecordDelete) -> Done | Failure:
        """Delete a record by its external id; one that is gone already counts as deleted."""
        return await deletes.delete_record(self._transport, write)

    async def publish_event(self, write: EventPublish) -> Done | Failure:
        """Publish a platform event."""
        return await platform_events.publish_event(self._transport, write)

    async def last_writer(self, object_name: str, record_id: RecordId) -> LastWriter | None:
        """Return who changed a record last; `None` where the record is gone."""
        return await last_writer(self._transport, object_name, record_id)

    def bulk_query(
        self, object_name: str, fields: Sequence[str], condition: str | None = None
    ) -> AsyncIterator[tuple[tuple[str, ...], AsyncIterator[bytes]]]:
        """Yield all records of an object by a job of the org's: page by page the columns, then the rows as CSV text.

        Converted leads are left out, as in `find_candidates`; `condition` is trusted SOQL.
        """
        return bulk_query(self._transport, everything(object_name, fields, condition))

    async def describe(self, object_name: str) -> ObjectDescription:
        """Return what the org says about an object and its fields."""
        return await describe(self._transport, object_name)

    async def limits(self) -> dict[str, Limit]:
        """Return the org's limits by name, `DailyApiRequests` among them."""
        answer = await self._transport.send("GET", "limits")
        try:
            return decode_limits(answer)
        except msgspec.DecodeError as error:
            raise MalformedAnswer("Salesforce", "GET limits", "limits by name as JSON", "something else") from error
