"""Many records of one object by a Bulk API 2.0 job: some ten calls, however many records there are.

`POST jobs/ingest` makes a job, `PUT …/batches` uploads its rows, `PATCH` closes it, `GET` tells how far it is, and then
`successfulResults`, `failedResults` and `unprocessedrecords` tell what became of each row ("Bulk API 2.0").

Whoever asks for the job is told its id before anything is uploaded. So after a crash its results are read, and nothing
is written twice; and nothing newer is written while it may still be under way.
"""

import asyncio

import httpx
import msgspec
from msgspec import Struct

from crosswalk.connectors.base import BulkJob
from crosswalk.connectors.errors import CallRefused, ConnectorError, MalformedAnswer, Unreachable
from crosswalk.connectors.http import describe_failure
from crosswalk.connectors.salesforce.bulk_csv import RowResult, fold_key, read_results
from crosswalk.connectors.salesforce.transport import Transport
from crosswalk.connectors.whole_side import waits

LONGEST_JOB_S = 3600.0
FAILED_LOOKS = 5
"""So many looks at a job may fail in a row; the job itself goes on meanwhile."""

_CSV = "text/csv; charset=UTF-8"
_ENDED = frozenset({"JobComplete", "Failed", "Aborted"})


class _Info(Struct, rename="camel"):
    id: str
    state: str = ""
    number_records_processed: int = 0
    number_records_failed: int = 0


_decode = msgspec.json.Decoder(_Info).decode


async def create_job(transport: Transport, object_name: str, key: str) -> BulkJob:
    """Make a job that updates by id where `key` is `Id`, and otherwise upserts by that external id.

    Raises
    ------
    CallRefused, Unreachable, CredentialsRefused, MalformedAnswer
        There is no job.
    """
    order = {"object": object_name, "contentType": "CSV", "columnDelimiter": "COMMA", "lineEnding": "LF"}
    if key == "Id":
        order["operation"] = "update"
    else:
        order |= {"operation": "upsert", "externalIdFieldName": key}
    answer = await transport.send("POST", "jobs/ingest", content=msgspec.json.encode(order))
    return BulkJob(_read(answer).id, object_name, key)


async def fill_job(transport: Transport, job: BulkJob, content: bytes) -> None:
    """Upload the rows of a job and let it begin; raises the same."""
    await transport.send("PUT", f"{_path(job)}/batches", content=content, content_type=_CSV)
    await _set_state(transport, job, "UploadComplete")


async def results_of_job(transport: Transport, job: BulkJob) -> dict[str, RowResult]:
    """Wait for a job's end and return what became of its rows, by their keys; rows that it did not get to are missing.

    A job that was never closed is given up: nothing of it was written.

    Raises
    ------
    CallRefused, Unreachable, CredentialsRefused, MalformedAnswer
        Nobody knows what became of it; it has to be asked for again.
    """
    info = await _ended(transport, job)
    if info is None:
        return {}
    results: dict[str, RowResult] = {}
    kinds = []
    if info.number_records_processed > info.number_records_failed:
        kinds.append("successfulResults")
    if info.number_records_failed:
        kinds.append("failedResults")
    for kind in kinds:
        for found in read_results(await _file(transport, f"{_path(job)}/{kind}")):
            results[fold_key(job.key, found.row.get(job.key, ""))] = found
    return results


async def _file(transport: Transport, path: str) -> bytes:
    try:
        async with transport.stream("GET", path, query={}) as answer:
            return await answer.aread()
    except httpx.TransportError as error:
        raise Unreachable("Salesforce", f"GET {path}", describe_failure(error)) from error


async def wait_for_job(transport: Transport, job: BulkJob) -> None:
    """Return when a job is over, whatever came of it; raises the same."""
    await _ended(transport, job)


async def _ended(transport: Transport, job: BulkJob) -> _Info | None:
    """What a job says about itself at its end; `None` where there is none, or it never began."""
    waited_s, failed = 0.0, 0
    for wait_s in waits():
        if waited_s > LONGEST_JOB_S:
            break
        try:
            info, failed = _read(await transport.send("GET", _path(job))), 0
        except CallRefused as error:
            if error.status == 404:
                return None
            failed += 1
            if failed >= FAILED_LOOKS or not _may_pass(error):
                raise
        except Unreachable:
            failed += 1
            if failed >= FAILED_LOOKS:
                raise
        else:
            if info.state in _ENDED:
                return info
            if info.state == "Open":
                await _set_state(transport, job, "Aborted")
                return None
        await asyncio.sleep(wait_s)
        waited_s += wait_s
    raise Unreachable("Salesforce", f"GET {_path(job)}", f"the job was not done within {LONGEST_JOB_S / 60:g} minutes")


def refuses_bulk(error: ConnectorError) -> bool:
    """Whether the org takes no such job, so that other calls have to do."""
    return isinstance(error, CallRefused) and 400 <= error.status < 500 and not _may_pass(error) and error.status != 401


def _may_pass(error: CallRefused) -> bool:
    return error.status in (408, 429) or error.status >= 500


async def _set_state(transport: Transport, job: BulkJob, state: str) -> None:
    await transport.send("PATCH", _path(job), content=msgspec.json.encode({"state": state}))


def _path(job: BulkJob) -> str:
    return f"jobs/ingest/{job.id}"


def _read(answer: bytes) -> _Info:
    try:
        return _decode(answer)
    except msgspec.DecodeError as error:
        raise MalformedAnswer("Salesforce", "jobs/ingest", "a job as JSON", "something else") from error
