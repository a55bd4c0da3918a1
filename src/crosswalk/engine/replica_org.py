"""An org that answers from the replica: linked records are as they were last known, and no call is made for them."""

from collections.abc import Sequence

from crosswalk.domain.fate import Alive, Fate
from crosswalk.domain.ids import RecordId, SyncName
from crosswalk.domain.look_up import LookUp
from crosswalk.domain.record import Record
from crosswalk.engine.following import Org
from crosswalk.store import replicas
from crosswalk.store.database import Database


class ReplicaOrg:
    """Reads linked records from the replica; whatever else is asked goes to the org.

    Parameters
    ----------
    sync
        Whose links.
    database
        Where the replica is.
    org
        Who answers what the replica cannot: which records there are for identities that have none.
    """

    def __init__(self, sync: SyncName, database: Database, org: Org) -> None:
        self._sync = sync
        self._database = database
        self._org = org

    async def find_candidates(
        self, object_name: str, fields: Sequence[str], key_field: str, values: Sequence[str]
    ) -> list[Record]:
        """As the org does; records that are asked for by id, from the replica where it has the fields."""
        if key_field != "Id":
            return await self._org.find_candidates(object_name, fields, key_field, values)
        known = await self._known(object_name, fields, [RecordId(value) for value in values])
        rest = [value for value in values if value not in known]
        asked = await self._org.find_candidates(object_name, fields, "Id", rest) if rest else []
        return [*known.values(), *asked]

    async def look_up(self, look_ups: Sequence[LookUp]) -> list[list[Record]]:
        """As the org does; nothing is asked where there is nothing to ask."""
        return await self._org.look_up(look_ups) if look_ups else []

    async def find_fates(
        self, object_name: str, fields: Sequence[str], ids: Sequence[RecordId]
    ) -> dict[RecordId, Fate]:
        """Linked records are there, as they were last known; of others, the org tells what became of them."""
        known = await self._known(object_name, (), ids)
        rest = [each for each in ids if each not in known]
        asked = await self._org.find_fates(object_name, fields, rest) if rest else {}
        return {**asked, **{record_id: Alive(record) for record_id, record in known.items()}}

    async def _known(self, object_name: str, fields: Sequence[str], ids: Sequence[RecordId]) -> dict[RecordId, Record]:
        async with self._database.transaction() as connection:
            found = await replicas.records(connection, self._sync, ids)
        return {
            record_id: record
            for record_id, record in found.items()
            if record.object == object_name and all(name in record.fields for name in fields)
        }
