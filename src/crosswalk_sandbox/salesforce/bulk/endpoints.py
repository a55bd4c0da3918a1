"""`jobs/ingest` and `jobs/query`: the calls that make, feed, end, list and read jobs."""

import asyncio
import base64
import binascii
from functools import partial
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from crosswalk_sandbox.salesforce.bulk.csv_rows import DELIMITERS, LINE_ENDINGS, CsvForm
from crosswalk_sandbox.salesforce.bulk.extract import BulkQuery
from crosswalk_sandbox.salesforce.bulk.ingest import run_ingest
from crosswalk_sandbox.salesforce.bulk.jobs import (
    INGEST_OPERATIONS,
    QUERY_OPERATIONS,
    IngestJob,
    Job,
    Jobs,
    QueryJob,
)
from crosswalk_sandbox.salesforce.errors import ApiError, not_found
from crosswalk_sandbox.salesforce.http import Path, decode_object, json_reply, org_of, read_object, version_of

LARGEST_UPLOAD = 150 * 1024 * 1024 * 3 // 4
"""Bytes: the vendor's 150 MB hold for the file in Base64."""

_LARGEST_PART = 100_000
_CSV_TYPE = "text/csv; charset=UTF-8"
_LIST_PAGE = 1000
_LARGEST_RESULT_PAGE = 250_000
_DELETABLE = ("UploadComplete", "JobComplete", "Failed", "Aborted")


async def create_ingest(request: Request) -> Response:
    """Makes a job; in the form of two parts, `job` and `content`, the job also starts at once."""
    org = org_of(request)
    is_multipart = request.headers.get("content-type", "").startswith("multipart/form-data")
    order, content = await _read_parts(request) if is_multipart else (await read_object(request), None)
    operation = order.get("operation")
    if operation not in INGEST_OPERATIONS:
        raise _bad_job(f"operation must be one of {', '.join(INGEST_OPERATIONS)}, not {operation}")
    name = _object_name(request, order.get("object"))
    key = order.get("externalIdFieldName")
    if operation == "upsert":
        if not key:
            message = f"External ID was blank for {name}. An External ID must be specified for upsert."
            raise _bad_job(message)
        try:
            key = org.key_field(name, str(key)).name
        except ApiError:
            message = f"Field name provided, {key} does not match an External ID, Salesforce Id, or indexed field for "
            raise _bad_job(message + name) from None
    jobs = jobs_of(request)
    job = IngestJob(
        id=jobs.next_id(),
        operation=operation,
        object_name=name,
        form=_form(order),
        version=version_of(request),
        created_by=org.acting_user_id,
        created=org.clock(),
        external_id_field=key if operation == "upsert" else None,
    )
    jobs.add(job)
    if content is not None:
        job.upload = content
        jobs.start(job, partial(run_ingest, job, org))
    return json_reply(_described(job))


async def upload(request: Request) -> Response:
    """The one file of a job, which has to be open."""
    job = _ingest_job(request)
    if int(request.headers.get("content-length") or 0) > LARGEST_UPLOAD:
        raise _too_large()
    data = await request.body()
    if len(data) > LARGEST_UPLOAD:
        raise _too_large()
    if job.state != "Open":
        raise _bad_state(f"Data can be uploaded to a job in state Open only, not {job.state}")
    if job.upload is not None:
        message = f"Found multiple contents for job: <{job.id}>, please 'Close' / 'Abort' / 'Delete' the current Job "
        raise _bad_state(message + "then create a new Job and make sure you only do 'PUT' once on a given Job.")
    job.upload = data
    return Response(status_code=201)


async def change_ingest(request: Request) -> Response:
    """Closes a job, so that its work starts, or aborts it."""
    job, state = _ingest_job(request), (await read_object(request)).get("state")
    if state == "Aborted":
        return _abort(request, job)
    if state != "UploadComplete" or job.state != "Open":
        raise _bad_state(f"The job cannot go from state {job.state} to {state}")
    jobs_of(request).start(job, partial(run_ingest, job, org_of(request)))
    return json_reply(_described(job))


async def create_query(request: Request) -> Response:
    """Makes a job that starts at once; a bad query is refused here."""
    org, order = org_of(request), await read_object(request)
    operation, text = order.get("operation"), order.get("query")
    if operation not in QUERY_OPERATIONS:
        raise _bad_job(f"operation must be one of {', '.join(QUERY_OPERATIONS)}, not {operation}")
    if not isinstance(text, str) or not text.strip():
        raise _bad_job("a query job needs its query")
    query, jobs = BulkQuery(org, text), jobs_of(request)
    job = QueryJob(
        id=jobs.next_id(),
        operation=operation,
        object_name=query.object_name,
        form=_form(order),
        version=version_of(request),
        created_by=org.acting_user_id,
        created=org.clock(),
        query=text,
    )
    jobs.add(job)
    jobs.start(job, partial(query.run, job))
    return json_reply(_described(job))


async def change_query(request: Request) -> Response:
    job, state = _query_job(request), (await read_object(request)).get("state")
    if state != "Aborted":
        raise _bad_state(f"A query job can be aborted only, not set to {state}")
    return _abort(request, job)


async def show_ingest(request: Request) -> Response:
    return json_reply(_shown(_ingest_job(request)))


async def show_query(request: Request) -> Response:
    return json_reply(_shown(_query_job(request)))


async def list_ingest(request: Request) -> Response:
    return _list(request, "ingest", [job for job in jobs_of(request).all() if isinstance(job, IngestJob)])


async def list_query(request: Request) -> Response:
    return _list(request, "query", [job for job in jobs_of(request).all() if isinstance(job, QueryJob)])


async def delete_ingest(request: Request) -> Response:
    return _delete(request, _ingest_job(request))


async def delete_query(request: Request) -> Response:
    return _delete(request, _query_job(request))


async def read_successes(request: Request) -> Response:
    return await _results(_ingest_job(request), lambda job: "".join(job.successes))


async def read_failures(request: Request) -> Response:
    return await _results(_ingest_job(request), lambda job: "".join(job.failures))


async def read_unprocessed(request: Request) -> Response:
    return await _results(_ingest_job(request), lambda job: job.unprocessed)


async def read_query_results(request: Request) -> Response:
    """A page of a result with its own header line; `Sforce-Locator` names the next one, or is `null`."""
    job = _query_job(request)
    if job.state != "JobComplete":
        raise _bad_state(f"Results can be read of a job in state JobComplete only, not {job.state}")
    start = _read_locator(request.query_params.get("locator"))
    asked = request.query_params.get("maxRecords", "")
    if asked and not (asked.isdigit() and int(asked) > 0):
        raise ApiError(400, "INVALID_ARGUMENT", f"maxRecords must be a positive whole number, not {asked}")
    end = min(start + min(int(asked or _LARGEST_RESULT_PAGE), _LARGEST_RESULT_PAGE), len(job.lines))
    headers = {
        "Sforce-NumberOfRecords": str(end - start),
        "Sforce-Locator": "null" if end >= len(job.lines) else _make_locator(end),
    }
    return Response(job.header + "".join(job.lines[start:end]), media_type=_CSV_TYPE, headers=headers)


def jobs_of(request: Request) -> Jobs:
    return org_of(request).jobs


def _ingest_job(request: Request) -> IngestJob:
    job = jobs_of(request).find(request.path_params["job"])
    if not isinstance(job, IngestJob):
        raise not_found()
    return job


def _query_job(request: Request) -> QueryJob:
    job = jobs_of(request).find(request.path_params["job"])
    if not isinstance(job, QueryJob):
        raise not_found()
    return job


async def _read_parts(request: Request) -> tuple[dict[str, Any], bytes]:
    """The job and the file of a call that has both."""
    async with request.form() as form:
        parts = {name: form.get(name) for name in ("job", "content")}
        texts = {name: await part.read() if isinstance(part, UploadFile) else part for name, part in parts.items()}
    data = {name: text.encode() if isinstance(text, str) else text for name, text in texts.items()}
    if data["job"] is None or data["content"] is None:
        raise _bad_job("a multipart request needs the parts job and content")
    if len(data["content"]) > _LARGEST_PART:
        raise _bad_job(f"the content of a multipart request can have {_LARGEST_PART} characters at most")
    return decode_object(data["job"]), data["content"]


def _form(order: dict[str, Any]) -> CsvForm:
    delimiter, ending = str(order.get("columnDelimiter") or "COMMA"), str(order.get("lineEnding") or "LF")
    if delimiter not in DELIMITERS:
        raise _bad_job(f"columnDelimiter must be one of {', '.join(DELIMITERS)}, not {delimiter}")
    if ending not in LINE_ENDINGS:
        raise _bad_job(f"lineEnding must be one of {', '.join(LINE_ENDINGS)}, not {ending}")
    if order.get("contentType", "CSV") != "CSV":
        raise _bad_job(f"contentType must be CSV, not {order['contentType']}")
    return CsvForm(delimiter, ending)


def _object_name(request: Request, name: Any) -> str:
    try:
        return org_of(request).object_type(str(name)).name
    except ApiError:
        raise _bad_job(f"Unable to find object: {name}") from None


def _described(job: Job) -> dict[str, Any]:
    """The reply to making or changing a job, and its entry in a list."""
    summary = job.summary()
    if isinstance(job, IngestJob):
        if job.external_id_field is not None:
            summary["externalIdFieldName"] = job.external_id_field
        if job.state == "Open":
            summary["contentUrl"] = f"services/data/{job.version}/jobs/ingest/{job.id}/batches"
    return summary


def _shown(job: Job) -> dict[str, Any]:
    """The reply to asking for one job."""
    shown = {**_described(job), "jobType": _job_type(job), **job.progress()}
    if isinstance(job, IngestJob):
        shown |= {
            "numberRecordsFailed": job.failed,
            "apiActiveProcessingTime": shown["totalProcessingTime"],
            "apexProcessingTime": 0,
        }
    if job.error is not None:
        shown["errorMessage"] = job.error
    return shown


def _job_type(job: Job) -> str:
    return "V2Ingest" if isinstance(job, IngestJob) else "V2Query"


def _list(request: Request, kind: str, jobs: list[Any]) -> Response:
    start = _read_locator(request.query_params.get("queryLocator"))
    end = start + _LIST_PAGE
    more = f"/services/data/{version_of(request)}/jobs/{kind}?queryLocator={_make_locator(end)}"
    records = [{**_described(job), "jobType": _job_type(job)} for job in jobs[start:end]]
    return json_reply(
        {"done": end >= len(jobs), "records": records, "nextRecordsUrl": more if end < len(jobs) else None}
    )


def _abort(request: Request, job: Job) -> Response:
    if job.has_ended:
        raise _bad_state(f"The job cannot go from state {job.state} to Aborted")
    if isinstance(job, IngestJob) and job.task is None:
        job.unprocessed = (job.upload or b"").decode(errors="replace")
    jobs_of(request).move(job, "Aborted")
    return json_reply(_described(job))


def _delete(request: Request, job: Job) -> Response:
    if job.state not in _DELETABLE:
        raise _bad_state(f"A job in state {job.state} cannot be deleted; abort it first")
    if job.task is not None:
        job.task.cancel()
    jobs_of(request).remove(job)
    return Response(status_code=204)


async def _results(job: IngestJob, read: Any) -> Response:
    """A result file; 204 while the job is not at its end."""
    if not job.has_ended:
        return Response(status_code=204)
    if job.task is not None:
        await asyncio.wait([job.task])
    return Response(read(job), media_type=_CSV_TYPE)


def _make_locator(start: int) -> str:
    return base64.urlsafe_b64encode(str(start).encode()).decode().rstrip("=")


def _read_locator(text: str | None) -> int:
    if not text or text == "null":
        return 0
    try:
        return int(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator") from None


def _bad_job(message: str) -> ApiError:
    return ApiError(400, "INVALIDJOB", f"InvalidJob : {message}")


def _bad_state(message: str) -> ApiError:
    return ApiError(400, "INVALIDJOBSTATE", message)


def _too_large() -> ApiError:
    return ApiError(413, "EXCEEDED_MAX_SIZE_REQUEST", f"The upload is larger than {LARGEST_UPLOAD} bytes")


_INGEST = "/services/data/{version}/jobs/ingest"
_QUERY = "/services/data/{version}/jobs/query"
PATHS = [
    Path(_INGEST, {"GET": list_ingest, "POST": create_ingest}),
    Path(f"{_INGEST}/{{job}}", {"GET": show_ingest, "PATCH": change_ingest, "DELETE": delete_ingest}),
    Path(f"{_INGEST}/{{job}}/batches", {"PUT": upload}),
    Path(f"{_INGEST}/{{job}}/successfulResults", {"GET": read_successes}),
    Path(f"{_INGEST}/{{job}}/failedResults", {"GET": read_failures}),
    Path(f"{_INGEST}/{{job}}/unprocessedrecords", {"GET": read_unprocessed}),
    Path(f"{_INGEST}/{{job}}/unprocessedRecords", {"GET": read_unprocessed}),
    Path(_QUERY, {"GET": list_query, "POST": create_query}),
    Path(f"{_QUERY}/{{job}}", {"GET": show_query, "PATCH": change_query, "DELETE": delete_query}),
    Path(f"{_QUERY}/{{job}}/results", {"GET": read_query_results}),
]
