"""Which writes go out by a job and which by calls, and what became of them all."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence

from crosswalk.connectors.base import BulkBook, BulkJob, WriteResult
from crosswalk.connectors.errors import ConnectorError
from crosswalk.connectors.salesforce.bulk_csv import (
    RowResult,
    can_be_a_row,
    files_of,
    fold_key,
    key_of,
    result_of_row,
    row_of,
)
from crosswalk.connectors.salesforce.bulk_ingest import create_job, fill_job, refuses_bulk, results_of_job
from crosswalk.connectors.salesforce.errors import result_of_failed_call
from crosswalk.connectors.salesforce.transport import Transport
from crosswalk.domain.write import RecordWrite

Found = dict[int, WriteResult]
"""Results by the places of their writes."""


async def write_in_bulk(
    transport: Transport,
    writes: Sequence[RecordWrite],
    book: BulkBook,
    above: int,
    by_calls: Callable[[Sequence[RecordWrite]], Awaitable[list[WriteResult]]],
) -> list[WriteResult]:
    """Write records, those of one object and kind by a job where there are more of them than `above`.

    What an earlier job for the same batch has written is not written again. What a job does not take or get to goes
    out by calls.
    """
    found: Found = {}
    for job in book.jobs:
        try:
            found |= _as_before(await results_of_job(transport, job), job, writes)
        except ConnectorError as error:
            # Nothing newer is written while the job may still be under way.
            return [result_of_failed_call(error)] * len(writes)
    groups = groups_above(writes, [place for place in range(len(writes)) if place not in found], above)
    in_jobs = {place for places in groups for place in places}
    rest = [place for place in range(len(writes)) if place not in found and place not in in_jobs]

    async def call(places: Sequence[int]) -> Found:
        results = await by_calls([writes[place] for place in places]) if places else []
        return dict(zip(places, results, strict=True))

    async def ingest(places: Sequence[int]) -> Found:
        done = await _ingest(transport, writes, places, book)
        return done | await call([place for place in places if place not in done])

    for part in await asyncio.gather(call(rest), *map(ingest, groups)):
        found |= part
    return [found[place] for place in range(len(writes))]


def groups_above(writes: Sequence[RecordWrite], places: Sequence[int], above: int) -> list[list[int]]:
    """The places of writes of one object and kind, where there are more than `above`, each about another record."""
    times = Counter((write.object.lower(), fold_key(*key)) for write in writes for key in _keys(write))
    groups: dict[tuple[str, str], list[int]] = {}
    for place in places:
        write = writes[place]
        is_alone = all(times[write.object.lower(), fold_key(*key)] == 1 for key in _keys(write))
        if is_alone and can_be_a_row(write):
            groups.setdefault((write.object, key_of(write)[0]), []).append(place)
    return [group for group in groups.values() if len(group) > above]


def _keys(write: RecordWrite) -> list[tuple[str, str]]:
    return [write.external_id] if write.record_id is None else [write.external_id, ("Id", write.record_id)]


def _as_before(results: Mapping[str, RowResult], job: BulkJob, writes: Sequence[RecordWrite]) -> Found:
    """The results of those writes that are the same as what a job was given."""
    found: Found = {}
    for place, write in enumerate(writes):
        column, value = key_of(write)
        told = results.get(fold_key(column, value)) if (write.object, column) == (job.object, job.key) else None
        if told is not None and told.row == row_of(write):
            found[place] = result_of_row(write, told)
    return found


async def _ingest(transport: Transport, writes: Sequence[RecordWrite], places: Sequence[int], book: BulkBook) -> Found:
    """Write by a job, or several where one file would be too large; what it did not get to is not in the result."""
    found: Found = {}
    rows = [row_of(writes[place]) for place in places]
    first = 0
    for content, number in files_of(rows):
        part = places[first : first + number]
        first += number
        column = key_of(writes[part[0]])[0]
        try:
            job = await create_job(transport, writes[part[0]].object, column)
        except ConnectorError as error:
            if not refuses_bulk(error):
                found |= dict.fromkeys(part, result_of_failed_call(error))
            continue
        await book.started(job)
        try:
            await fill_job(transport, job, content)
            results = await results_of_job(transport, job)
        except ConnectorError as error:
            found |= dict.fromkeys(part, result_of_failed_call(error))
            continue
        book.ended(job)
        for place in part:
            told = results.get(fold_key(*key_of(writes[place])))
            if told is not None:
                found[place] = result_of_row(writes[place], told)
    return found
