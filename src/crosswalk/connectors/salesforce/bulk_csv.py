"""Record writes as the CSV of a Bulk API 2.0 job, and its result files read back, row by row. Pure.

An empty cell leaves a field alone, and `#N/A` empties it. Result files repeat the rows as they were sent, behind
`sf__Id` and `sf__Created`, or `sf__Id` and `sf__Error` ("Bulk API 2.0", Get Job Successful/Failed Record Results).
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from crosswalk.connectors.base import RetryLater, WriteResult, Written
from crosswalk.connectors.salesforce.collections import named_records
from crosswalk.connectors.salesforce.errors import result_of
from crosswalk.domain.ids import RecordId
from crosswalk.domain.values import FieldValue
from crosswalk.domain.write import Action, RecordWrite

NULL = "#N/A"
LARGEST_UPLOAD = 100_000_000
"""Bytes: Salesforce's limit of 150 MB holds for the file in Base64, and it advises no more than this."""

_ERROR = re.compile(r"(?P<code>[A-Z_]+):(?P<message>.*):(?P<fields>[^:]*?)\s*--", re.DOTALL)

Row = Mapping[str, str]
"""The cells of a row by their columns; empty ones are left out."""


class RowResult(Struct, frozen=True):
    """What became of a row.

    Parameters
    ----------
    row
        As it was sent.
    record_id, created
        The record that it was written to, and whether that is new.
    error
        Why it was not, in Salesforce's words; empty where it was.
    """

    row: Row
    record_id: str
    created: bool
    error: str = ""


def can_be_a_row(write: RecordWrite) -> bool:
    """Whether a write can be told in CSV: a text of `#N/A` cannot."""
    return all(field.new != NULL for field in write.fields) and write.external_id[1] != NULL


def row_of(write: RecordWrite) -> Row:
    """The cells of a write."""
    row = {field.field: _cell(field.new) for field in write.fields}
    name, value = key_of(write)
    return {**row, name: value}


def key_of(write: RecordWrite) -> tuple[str, str]:
    """The column and the value by which a write's record is found."""
    if write.action is Action.CREATE:
        return write.external_id
    return "Id", write.record_id or ""


def fold_key(column: str, value: str) -> str:
    """The form in which keys are compared: ids by what names the record, external ids without regard to case."""
    return value[:15] if column == "Id" else value.lower()


def files_of(rows: Sequence[Row], largest: int = LARGEST_UPLOAD) -> Iterator[tuple[bytes, int]]:
    """Yield the rows as files that are small enough to be uploaded, each with the number of its rows."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    header = _line(columns)
    lines: list[bytes] = []
    size = len(header)
    for row in rows:
        line = _line([row.get(name, "") for name in columns])
        if lines and size + len(line) > largest:
            yield header + b"".join(lines), len(lines)
            lines, size = [], len(header)
        lines.append(line)
        size += len(line)
    if lines:
        yield header + b"".join(lines), len(lines)


def read_results(content: bytes) -> Iterator[RowResult]:
    """Yield what became of each row of a result file."""
    for cells in csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")):
        record_id, created = cells.pop("sf__Id", ""), cells.pop("sf__Created", "")
        error = cells.pop("sf__Error", "")
        yield RowResult({name: cell for name, cell in cells.items() if cell}, record_id, created == "true", error)


def result_of_row(write: RecordWrite, found: RowResult) -> WriteResult:
    """The result of a write by that of its row; errors read `CODE:message:Field1 Field2 --`."""
    if not found.error:
        return Written(RecordId(found.record_id or write.record_id or ""), found.created)
    told = _ERROR.match(found.error)
    if told is None:
        return RetryLater("MALFORMED_ANSWER", f"Salesforce refused a row without a code: {found.error[:200]}")
    code, message = told["code"], told["message"]
    return result_of(code, message, tuple(told["fields"].split()), named_records(code, message), write.action)


def _cell(value: FieldValue) -> str:
    if value is None or value == "":
        return NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _line(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()
