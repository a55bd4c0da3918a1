"""The work of a job that writes: header, rows in chunks of 200 as the vendor's triggers see them, result files."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from crosswalk_sandbox.salesforce.bulk.csv_rows import NULL, Column, CsvInvalid, Row, find_column
from crosswalk_sandbox.salesforce.bulk.jobs import IngestJob, JobFailed
from crosswalk_sandbox.salesforce.errors import ApiError, RecordProblem, RecordRefused
from crosswalk_sandbox.salesforce.ids import to_id18
from crosswalk_sandbox.salesforce.org import Org
from crosswalk_sandbox.salesforce.recycle_bin import purge_with_children
from crosswalk_sandbox.salesforce.turns import Turns

_CHUNK = 200


async def run_ingest(job: IngestJob, org: Org) -> None:
    """Write the rows of a job's file; what is not written stays in `unprocessed`.

    Raises
    ------
    JobFailed
        When the file cannot be read or its header does not fit the object and the operation.
    """
    upload = job.upload or b""
    header: Row = []
    rows: Iterator[Row] = iter(())
    try:
        rows = await asyncio.to_thread(job.form.read, upload)
        header = next(rows, [])
        await _write_rows(job, _Writer(job, org, header), rows)
    except CsvInvalid as invalid:
        if not header:
            job.unprocessed = upload.decode(errors="replace")
        raise JobFailed(str(invalid)) from None
    finally:
        if header:
            job.unprocessed = await asyncio.to_thread(_rest, job, header, rows)
        job.upload = None


async def _write_rows(job: IngestJob, writer: "_Writer", rows: Iterator[Row]) -> None:
    job.successes.append(job.form.write("sf__Id", "sf__Created", *writer.header))
    job.failures.append(job.form.write("sf__Id", "sf__Error", *writer.header))
    turns = Turns()
    while not job.has_ended and (chunk := list(islice(rows, _CHUNK))):
        repeated = writer.repeated_keys(chunk)
        for row in chunk:
            writer.write(row, repeated)
            await turns.give()


def _rest(job: IngestJob, header: Row, rows: Iterator[Row]) -> str:
    """The rows that were not read yet, as a file; what cannot be read ends it."""
    lines = [job.form.write(*header)]
    try:
        lines += [job.form.write(*row) for row in rows]
    except CsvInvalid:
        return "".join(lines)
    return "".join(lines)


class _Writer:
    """Writes single rows into the org and their results into the job.

    Parameters
    ----------
    job
        The job.
    org
        Where to write.
    header
        The first row of the file; it is checked here.
    """

    def __init__(self, job: IngestJob, org: Org, header: Row) -> None:
        self.header = header
        self._job = job
        self._org = org
        self._name = job.object_name
        self._key = org.key_field(self._name, job.external_id_field) if job.external_id_field else None
        self._columns = self._check_header()
        self._key_index = self._find_key()

    def repeated_keys(self, chunk: list[Row]) -> set[str]:
        """Keys that several rows of a chunk share: the vendor refuses them all."""
        if self._key_index is None:
            return set()
        counts = Counter(self._fold(row[self._key_index]) for row in chunk if len(row) > self._key_index)
        return {key for key, count in counts.items() if count > 1 and key not in ("", NULL)}

    def write(self, row: Row, repeated: set[str]) -> None:
        """Write one row; its result goes to the job."""
        job, row_id = self._job, ""
        try:
            if len(row) > len(self.header):
                message = f"The row has {len(row)} cells, the header has {len(self.header)}"
                raise RecordRefused(RecordProblem("BAD_CSV_ROW", message))
            row_id = self._given_id(row)
            row_id, is_new = self._apply(row, repeated)
            job.successes.append(job.form.write(row_id, str(is_new).lower(), *row))
        except RecordRefused as refused:
            error = ";".join(_error_text(problem) for problem in refused.problems)
            self._fail(row_id, error, row)
        except ApiError as error:
            self._fail(row_id, f"{error.code}:{error.message}:--", row)
        job.processed += 1

    def _fail(self, row_id: str, error: str, row: Row) -> None:
        self._job.failures.append(self._job.form.write(row_id, error, *row))
        self._job.failed += 1

    def _apply(self, row: Row, repeated: set[str]) -> tuple[str, bool]:
        """The id of the record, and whether it is new."""
        org, name, operation = self._org, self._name, self._job.operation
        fields: dict[str, Any] = {}
        for column, cell in zip(self._columns, row, strict=False):
            column.put(cell, fields)
        if operation == "insert":
            return org.insert(name, fields, source="api"), True
        if operation == "upsert":
            return self._upsert(fields, repeated)
        row_id = str(fields.pop("Id", None) or "")
        if not row_id:
            message = f"Id not specified in an {operation} call"
            raise RecordRefused(RecordProblem("MISSING_ARGUMENT", message))
        if operation == "update":
            if self._fold(row_id) in repeated:
                raise RecordRefused(RecordProblem("DUPLICATE_VALUE", f"Duplicate id specified: {row_id}", ["Id"]))
            org.update(name, row_id, fields, source="api")
        else:
            org.delete(name, row_id, source="api")
        id18 = to_id18(row_id) or row_id
        if operation == "hardDelete":
            purge_with_children(org, name, id18)
        return id18, False

    def _upsert(self, fields: dict[str, Any], repeated: set[str]) -> tuple[str, bool]:
        key = self._key
        if key is None:
            raise JobFailed("InvalidJob : an upsert needs its externalIdFieldName")
        value = fields.pop(key.name, None)
        if value is None and key.name != "Id":
            raise RecordRefused(RecordProblem("MISSING_ARGUMENT", f"{key.name} not specified"))
        if value is not None and self._fold(str(value)) in repeated:
            raise RecordRefused(RecordProblem("DUPLICATE_VALUE", f"Duplicate external id specified: {value}"))
        return self._org.upsert(self._name, key, value, fields, source="api")

    def _given_id(self, row: Row) -> str:
        """The id that the row itself names, for the result of a row that fails."""
        index = next((i for i, column in enumerate(self._columns) if column.field.name == "Id"), None)
        return row[index] if index is not None and index < len(row) else ""

    def _check_header(self) -> list[Column]:
        if not self.header:
            raise JobFailed("InvalidBatch : Records not found: the upload has no header row")
        org, operation = self._org, self._job.operation
        columns = []
        for name in self.header:
            column = find_column(org.objects[self._name], org.objects, name)
            if column is None:
                raise JobFailed(f"InvalidBatch : Field name not found : {name}")
            columns.append(column)
        names = [column.field.name for column in columns]
        if len(set(names)) < len(names):
            repeated = next(name for name, count in Counter(names).items() if count > 1)
            raise JobFailed(f"InvalidBatch : Field name is given twice : {repeated}")
        if operation in ("delete", "hardDelete") and names != ["Id"]:
            raise JobFailed(f"InvalidBatch : The '{operation}' batch must contain only ids")
        return columns

    def _find_key(self) -> int | None:
        """The column of the rows' key, which all operations but insert need."""
        operation = self._job.operation
        if operation == "insert":
            return None
        wanted = self._key.name if operation == "upsert" and self._key is not None else "Id"
        for index, column in enumerate(self._columns):
            if column.field.name == wanted and column.relationship is None:
                return index
        raise JobFailed(f"InvalidBatch : Field name not found : {wanted}")

    def _fold(self, value: str) -> str:
        if self._key is not None and self._key.name != "Id":
            return value if self._key.case_sensitive else value.lower()
        return to_id18(value) or value


def _error_text(problem: RecordProblem) -> str:
    """The form of a result file's `sf__Error`: `CODE:message:Field1 Field2 --`."""
    fields = f"{' '.join(problem.fields)} " if problem.fields else ""
    return f"{problem.code}:{problem.message}:{fields}--"
