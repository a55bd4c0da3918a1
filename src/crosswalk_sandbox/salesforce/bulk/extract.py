"""The work of a job that reads: its query runs in a thread, and its result becomes lines of CSV."""

import asyncio
import copy
from collections.abc import Callable

from crosswalk_sandbox.salesforce.bulk.jobs import QueryJob
from crosswalk_sandbox.salesforce.errors import ApiError
from crosswalk_sandbox.salesforce.org import Org
from crosswalk_sandbox.salesforce.schema import ObjectType
from crosswalk_sandbox.salesforce.soql import parse_query, run_query, select_rows
from crosswalk_sandbox.salesforce.soql.columns import Column, Resolver
from crosswalk_sandbox.salesforce.soql.syntax import FieldPath
from crosswalk_sandbox.salesforce.table import Row, Table

_COMPOUND = {"address", "location"}
_NO_AGGREGATES = "Aggregate functions and relationship queries are not supported in Bulk Query"

_Read = Callable[[Row], str]


class BulkQuery:
    """A query that a job can run: plain fields of an object and of its parents.

    Parameters
    ----------
    org
        Where to read.
    text
        The query.

    Raises
    ------
    ApiError
        400 for a query that the org would refuse anyway, and for what jobs cannot return.
    """

    def __init__(self, org: Org, text: str) -> None:
        self._org = org
        self._tree = parse_query(text)
        # An org without rows tells whether the query is good, at no cost.
        empty = copy.copy(org)
        empty.tables = {name: Table(each) for name, each in org.objects.items()}
        run_query(self._tree, empty, version="v0.0")
        object_type = org.object_type(self._tree.object)
        self.object_name = object_type.name
        self._columns = self._columns_of(object_type)

    def _columns_of(self, object_type: ObjectType) -> list[tuple[str, _Read]]:
        """The header's names with what fills the cells below them."""
        resolver = Resolver(object_type, self._org, self._tree.text)
        columns = []
        for item in self._tree.fields:
            if not isinstance(item, FieldPath) or self._tree.is_grouped:
                raise _refused(_NO_AGGREGATES)
            column = resolver.column(item)
            if column.field.type in _COMPOUND:
                raise _refused("Selecting compound data not supported in Bulk Query")
            names = [str(parent.relationship) for parent in column.parents]
            columns.append((".".join([*names, column.field.name]), _reader(column)))
        if not columns:
            raise _refused(_NO_AGGREGATES)
        return columns

    async def run(self, job: QueryJob) -> None:
        """Fill the job with the result."""
        job.header, job.lines = await asyncio.to_thread(self._lines, job)
        job.processed = len(job.lines)

    def _lines(self, job: QueryJob) -> tuple[str, list[str]]:
        rows = select_rows(self._tree, self._org, with_deleted=job.operation == "queryAll")
        readers = [read for _, read in self._columns]
        lines = [job.form.write(*(read(row) for read in readers)) for row in rows]
        return job.form.write(*(name for name, _ in self._columns)), lines


def _reader(column: Column) -> _Read:
    """A function from a row of the queried object to a cell."""
    get, is_time = column.get, column.field.type == "datetime"

    def read(row: Row) -> str:
        value = get(row)
        if value is None:
            return ""
        if isinstance(value, bool):
            return str(value).lower()
        # Times end in Z here, while the rest of the API writes +0000.
        return str(value).replace("+0000", "Z") if is_time else str(value)

    return read


def _refused(message: str) -> ApiError:
    return ApiError(400, "API_ERROR", message)
