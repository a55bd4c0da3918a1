"""Whom tasks about records are for."""

from collections.abc import Sequence

from crosswalk.connectors.base import FindsCandidates
from crosswalk.domain.ids import RecordId
from crosswalk.domain.record import Record
from crosswalk.flows.tasks import SURROUNDINGS, Surroundings


async def read_surroundings(org: FindsCandidates, records: Sequence[Record]) -> dict[RecordId, Surroundings]:
    """Read who owns these records and their accounts: a query for each object and 200 records.

    Raises
    ------
    crosswalk.connectors.errors.ConnectorError
        The org did not answer.
    """
    around: dict[RecordId, Surroundings] = {}
    for object_name in {record.object for record in records}:
        ids = [record.id for record in records if record.object == object_name]
        fields = SURROUNDINGS.get(object_name, ("OwnerId",))
        found = await org.find_candidates(object_name, fields, "Id", ids)
        around |= {record.id: Surroundings.of(record) for record in found}
    return around
