"""Changed records by their time of change, for orgs without change data capture: one query for any number of them."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from hashlib import blake2b

import msgspec

from crosswalk.connectors.errors import MalformedAnswer
from crosswalk.connectors.salesforce.changes import change_event
from crosswalk.connectors.salesforce.query import Row, query, query_pages, record_of
from crosswalk.connectors.salesforce.transport import Transport
from crosswalk.domain.change import ChangeKind, RecordChange
from crosswalk.domain.event import Event, Source
from crosswalk.domain.record import MODIFIED_FIELD

_FORM = "%Y-%m-%dT%H:%M:%S.%f%z"


async def changes_since(
    transport: Transport, object_name: str, fields: Sequence[str], since: str, read_to: str | None = None
) -> AsyncIterator[list[Event]]:
    """Yield the events of all records that changed at or after `since`, oldest first, a page at a time.

    Records in the recycle bin are among them, which is how a deletion is seen. A record that changed twice since then
    gives one event, in its newest state. Raises what `query` raises.

    Parameters
    ----------
    since
        A time as Salesforce writes it.
    read_to
        The newest time of change that was read before. Times of change are whole seconds, and that second may have
        been read before it was over; its records therefore give another event, even in the state that was seen: what
        came between may have been changed back.
    """
    names = ",".join(dict.fromkeys(["Id", "IsDeleted", MODIFIED_FIELD, *fields]))
    soql = (
        f"SELECT {names} FROM {object_name} WHERE {MODIFIED_FIELD} >= {literal(since)} "  # noqa: S608  names of a mapping
        f"ORDER BY {MODIFIED_FIELD} ASC, Id ASC"
    )
    async for page in query_pages(transport, soql, deleted_too=True):
        yield [_event(object_name, row, read_to) for row in page]


async def newest_change(transport: Transport, object_name: str, now: Callable[[], datetime]) -> str:
    """Return when an object's records last changed; where there are none, what time it is at the org by its answer."""
    soql = f"SELECT {MODIFIED_FIELD} FROM {object_name} ORDER BY {MODIFIED_FIELD} DESC LIMIT 1"  # noqa: S608
    rows = await query(transport, soql)
    return str(rows[0][MODIFIED_FIELD]) if rows else position_of(now())


def position_of(at: datetime) -> str:
    """A time as Salesforce writes it: UTC, milliseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}+0000"


def time_of(position: str) -> datetime:
    """The time that Salesforce wrote.

    Raises
    ------
    ValueError
        It is no time.
    """
    return datetime.strptime(position, _FORM).astimezone(UTC)


def literal(position: str) -> str:
    """A time as a SOQL literal, checked to be nothing else."""
    return time_of(position).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _event(object_name: str, row: Row, read_to: str | None) -> Event:
    record = record_of(object_name, row)
    fields = dict(record.fields)
    deleted, modified = fields.pop("IsDeleted", False) is True, str(fields.get(MODIFIED_FIELD))
    try:
        occurred_at = time_of(modified)
    except ValueError as error:
        found = "a record without a time of change"
        raise MalformedAnswer("Salesforce", "GET queryAll", f"{MODIFIED_FIELD} as a time", found) from error
    kind = ChangeKind.DELETED if deleted else ChangeKind.UPDATED
    # A record may change twice in a second: so what was read counts, too.
    seen = blake2b(msgspec.json.encode(fields, order="sorted"), digest_size=8).hexdigest()
    again = "/again" if modified == read_to else ""
    event_id = f"{object_name}/{record.id}/{modified}/{kind.value}/{seen}{again}"
    return change_event(event_id, Source.RECORD_POLL, RecordChange(object_name, record.id, kind, fields), occurred_at)
