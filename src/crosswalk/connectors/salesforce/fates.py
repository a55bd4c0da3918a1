"""What became of records: a query that sees the recycle bin, and what the rows in it mean.

`queryAll` gives deleted rows too. The losers of a merge have `IsDeleted` and `MasterRecordId`; a converted lead has
`IsConverted` and the ids of what it became ("Object Reference", Lead and Contact).
"""

import asyncio
from collections.abc import Mapping, Sequence
from urllib.parse import quote_plus

from crosswalk.connectors.parallel import map_parallel
from crosswalk.connectors.salesforce.query import Row, query_pages, record_of
from crosswalk.connectors.salesforce.soql import MAX_ENCODED_BYTES, candidates_query, chunk_values
from crosswalk.connectors.salesforce.transport import Transport
from crosswalk.domain.fate import Alive, Converted, Deleted, Fate, Merged, Vanished
from crosswalk.domain.ids import RecordId
from crosswalk.domain.record import Record

_CONVERSION = ("IsConverted", "ConvertedContactId", "ConvertedAccountId", "ConvertedOpportunityId")

_TELLING: Mapping[str, tuple[str, ...]] = {
    "account": ("MasterRecordId",),
    "contact": ("MasterRecordId",),
    "lead": ("MasterRecordId", *_CONVERSION),
}
"""What tells the fate of a record besides `IsDeleted`; records of other objects are neither merged nor converted."""


async def find_fates(
    transport: Transport, gate: asyncio.Semaphore, *, object_name: str, fields: Sequence[str], ids: Sequence[RecordId]
) -> dict[RecordId, Fate]:
    """Return what became of each of these records, 200 in a call; those that are alive come with `fields`.

    Raises
    ------
    CallRefused, Unreachable, CredentialsRefused, MalformedAnswer
        Salesforce did not answer; then nothing is known about any.
    """
    telling = ("IsDeleted", *_TELLING.get(object_name.lower(), ()))
    select = (*telling, *fields)
    room = max(1, MAX_ENCODED_BYTES - len(quote_plus(candidates_query(object_name, select, "Id", ()))))

    async def find(chunk: list[str]) -> list[Row]:
        soql = candidates_query(object_name, select, "Id", chunk)
        return [row async for page in query_pages(transport, soql, deleted_too=True) for row in page]

    found = await map_parallel(find, chunk_values(list(ids), room), gate)
    wanted = {name.lower() for name in fields}
    unasked = frozenset(name for name in telling if name.lower() not in wanted)
    records = [record_of(object_name, row) for rows in found for row in rows]
    fates = {record.id: _fate(record, unasked) for record in records}
    return {id_: fates.get(id_, Vanished()) for id_ in ids}


def _fate(record: Record, unasked: frozenset[str]) -> Fate:
    """What a row says; a lead that was converted and then deleted lives on in its contact all the same."""
    told = record.fields
    master = _id(record, "MasterRecordId")
    if master is not None and told.get("IsDeleted") is True:
        return Merged(master)
    if told.get("IsConverted") is True:
        return Converted(
            _id(record, "ConvertedContactId"),
            _id(record, "ConvertedAccountId"),
            _id(record, "ConvertedOpportunityId"),
        )
    if told.get("IsDeleted") is True:
        return Deleted()
    fields = {name: value for name, value in told.items() if name not in unasked}
    return Alive(Record(record.object, record.id, fields))


def _id(record: Record, field: str) -> RecordId | None:
    value = record.fields.get(field)
    return RecordId(value) if isinstance(value, str) and value else None
