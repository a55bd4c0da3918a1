"""The vendor's rules for CSV files: delimiters, line endings, quoting, and what a cell means for its field."""

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crosswalk_sandbox.salesforce.errors import RecordProblem, RecordRefused
from crosswalk_sandbox.salesforce.schema import Field, ObjectType
from crosswalk_sandbox.salesforce.times import read_date, read_time

DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
NULL = "#N/A"
_TRUE, _FALSE = {"true", "yes", "y", "on", "1"}, {"false", "no", "n", "off", "0"}
_NUMBERS = {"int", "double", "currency", "percent"}

Row = list[str]


class CsvInvalid(Exception):
    """The file as a whole cannot be read; the message is the vendor's `errorMessage`."""


@dataclass(frozen=True, slots=True)
class CsvForm:
    """How a job's files are written: the vendor's names of a delimiter and of a line ending."""

    column_delimiter: str = "COMMA"
    line_ending: str = "LF"

    def write(self, *cells: Any) -> str:
        """One line with every cell in quotes, as result files have them."""
        quoted = ('"' + str(cell).replace('"', '""') + '"' for cell in cells)
        return DELIMITERS[self.column_delimiter].join(quoted) + LINE_ENDINGS[self.line_ending]

    def read(self, data: bytes) -> Iterator[Row]:
        """The rows of a file, the header first; blank lines are passed over.

        Raises
        ------
        CsvInvalid
            At once for another encoding or line ending than declared, later for quotes that do not match.
        """
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            message = f"ClientInputError : Failed to read request data as UTF-8 at byte {error.start}"
            raise CsvInvalid(message) from None
        self._check_line_ending(text)
        return self._rows(text)

    def _check_line_ending(self, text: str) -> None:
        end = text.find("\n")
        has_return = end > 0 and text[end - 1] == "\r"
        if end >= 0 and has_return is not (self.line_ending == "CRLF"):
            message = "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is "
            raise CsvInvalid(message + self.line_ending)

    def _rows(self, text: str) -> Iterator[Row]:
        source = io.StringIO(text, newline="")
        reader = csv.reader(source, delimiter=DELIMITERS[self.column_delimiter], strict=True)
        try:
            for row in reader:
                if row:
                    yield row
        except csv.Error as error:
            message = f"ClientInputError : Failed to parse CSV near line {reader.line_num}: {error}"
            raise CsvInvalid(message) from None


@dataclass(frozen=True, slots=True)
class Column:
    """What a column fills: a field, or a field through a key of the record that it refers to."""

    field: Field
    relationship: str | None = None
    parent_key: str | None = None

    def put(self, cell: str, fields: dict[str, Any]) -> None:
        """Add what a cell says to a record's fields: nothing when it is empty, null for `#N/A`.

        Raises
        ------
        RecordRefused
            INVALID_TYPE_ON_FIELD_IN_RECORD when the field's type has no such value.
        """
        if cell == "":
            return
        if cell == NULL:
            fields[self.field.name] = False if self.field.type == "boolean" else None
        elif self.relationship is not None and self.parent_key is not None:
            fields[self.relationship] = {self.parent_key: cell}
        else:
            fields[self.field.name] = _read_cell(self.field, cell)


def find_column(object_type: ObjectType, objects: dict[str, ObjectType], name: str) -> Column | None:
    """What a header's name fills: `Email`, `Account.External__c`, `User:Owner.Username`; None when nothing does."""
    field = object_type.by_lower_name.get(name.lower())
    if field is not None:
        return Column(field)
    path, dot, key = name.partition(".")
    target, colon, relationship = path.rpartition(":")
    reference = object_type.by_relationship.get(relationship.lower())
    if not dot or reference is None:
        return None
    targets = [target] if colon else reference.references
    for each in targets:
        parent = objects.get(each)
        known = parent.by_lower_name.get(key.lower()) if parent is not None else None
        if known is not None and known.is_key:
            return Column(reference, reference.relationship, known.name)
    return None


def _read_cell(field: Field, cell: str) -> Any:
    """The cell in the JSON form that the field takes elsewhere."""
    if field.type == "boolean":
        word = cell.strip().lower()
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
        raise _wrong_type(field, cell)
    if field.type in _NUMBERS:
        try:
            number = float(cell)
        except ValueError:
            raise _wrong_type(field, cell) from None
        if not math.isfinite(number) or (field.type == "int" and not number.is_integer()):
            raise _wrong_type(field, cell)
        return number
    if field.type == "date" and read_date(cell[:10]) is None:
        raise _wrong_type(field, cell)
    if field.type == "datetime" and read_time(cell) is None:
        raise _wrong_type(field, cell)
    return cell


def _wrong_type(field: Field, cell: str) -> RecordRefused:
    message = f"{field.label}: value not of required type: {cell}"
    return RecordRefused(RecordProblem("INVALID_TYPE_ON_FIELD_IN_RECORD", message, [field.name]))
