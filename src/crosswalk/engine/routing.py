"""From records to identities: whom an event concerns when its record is linked to nobody.

It may be a record that the hub is just creating, one that carries a user's id already, or one that an identity without
a record waits for, by any of its match keys (`crosswalk.engine.awaiting`). Such events are not reconciled themselves;
they wake the identities that they may concern, each in its own lane.
"""

from collections.abc import Mapping, Sequence

import structlog

from crosswalk.connectors.base import FindsCandidates
from crosswalk.connectors.errors import CallRefused, CallWithheld, ConnectorError
from crosswalk.connectors.salesforce.changes import change_of
from crosswalk.domain.change import ChangeKind, RecordChange
from crosswalk.domain.definition import Target
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.record import Record
from crosswalk.engine.awaiting import Awaiting
from crosswalk.engine.deals import OBJECT, deal_subject
from crosswalk.engine.intake import Wake
from crosswalk.matching.awaited import judged_fields
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.tracking import tracked_fields
from crosswalk.store import due, former_links, links
from crosswalk.store.database import Connection, Database
from crosswalk.store.due import NOBODY, DueEvent

log = structlog.get_logger()

UNLINKED = "unlinked"
"""The outcome of an event about a record that concerns no identity."""


class Router:
    """Routes the events about records of one sync.

    Parameters
    ----------
    compiled
        The sync, by whose match rules it is found out who waits for a record.
    org
        Where records are read.
    database
        Where links, due work and what identities wait for are.
    """

    def __init__(self, compiled: CompiledSync, org: FindsCandidates, database: Database) -> None:
        self._definition = compiled.definition
        self._org = org
        self._database = database
        self._awaiting = Awaiting(compiled, database)
        self._targets = {target.object: target for target in self._definition.targets}
        self._judged = {target.object: judged_fields(target) for target in self._definition.targets}

    async def route(self, events: Sequence[DueEvent], wake: Wake) -> None:
        """Hand each event to the identities that it concerns, and wake their lanes, in one transaction."""
        changes = {item.seq: change_of(item.event) for item in events}
        try:
            records = await self._records(changes)
        except ConnectorError as error:
            after_s = error.after_s if isinstance(error, CallRefused | CallWithheld) else None
            untried = [NOBODY] if isinstance(error, CallWithheld) else []
            log.warning("routing_postponed", sync=self._definition.name, events=len(events), error=str(error))
            async with self._database.transaction() as connection:
                await due.postpone(connection, self._definition.name, [(NOBODY, after_s or 0.0)], changes, untried)
            return
        async with self._database.transaction() as connection:
            found = await self._concerned(connection, changes, records)
            lanes = await due.route(connection, self._definition.name, self._definition.lanes, found, UNLINKED)
            for lane in lanes:
                await wake(connection, lane)

    async def _records(self, changes: Mapping[int, RecordChange]) -> dict[int, Record]:
        """For each event the record by which it is found out whom it concerns, read only where the event does not tell.

        Records are of the sync's objects, not linked since, and not gone.
        """
        async with self._database.transaction() as connection:
            linked = await links.owners(connection, self._definition.name, [c.id for c in changes.values()])
        records: dict[int, Record] = {}
        wanted: dict[str, dict[RecordId, None]] = {}
        for seq, change in changes.items():
            target = self._targets.get(change.object)
            if target is None or change.id in linked or change.kind is ChangeKind.DELETED:
                continue
            names = {target.external_id_field, *(name for rule in target.match for name in rule.fields)}
            if _tells(change, names):
                records[seq] = Record(change.object, change.id, change.fields)
            elif not self._is_beside_the_point(change, target):
                wanted.setdefault(change.object, {})[change.id] = None
        read = await self._read({object_name: list(ids) for object_name, ids in wanted.items()})
        return records | {seq: read[change.id] for seq, change in changes.items() if change.id in read}

    async def _read(self, wanted: Mapping[str, Sequence[RecordId]]) -> dict[RecordId, Record]:
        records: dict[RecordId, Record] = {}
        for object_name, ids in wanted.items():
            fields = tracked_fields(self._targets[object_name], self._definition.flows)
            found = await self._org.find_candidates(object_name, fields, "Id", ids)
            records |= {record.id: record for record in found}
        return records

    async def _concerned(
        self, connection: Connection, changes: Mapping[int, RecordChange], records: Mapping[int, Record]
    ) -> dict[int, list[UserId]]:
        """For each event: who is linked to its record by now, who had it, whose id it has, who waits."""
        linked = await links.owners(connection, self._definition.name, [c.id for c in changes.values()])
        gone = {
            seq: change.id
            for seq, change in changes.items()
            if seq not in records
            and (target := self._targets.get(change.object)) is not None
            and not self._is_beside_the_point(change, target)
        }
        awaited = await self._awaiting.concerned(connection, records, gone)
        had = await former_links.deleted_from(connection, self._definition.name, [c.id for c in changes.values()])
        found: dict[int, list[UserId]] = {}
        for seq, change in changes.items():
            if change.object == OBJECT and self._definition.flows.closed_won is not None:
                found[seq] = [deal_subject(change.id)]
                continue
            if change.id in linked:
                found[seq] = [linked[change.id]]
                continue
            record = records.get(seq)
            users = {} if record is None else dict.fromkeys(self._named(record))
            if change.id in had:
                users[had[change.id]] = None  # it came back from the recycle bin
            users |= dict.fromkeys(awaited.get(seq, ()))
            found[seq] = list(users)
        return found

    def _named(self, record: Record) -> list[UserId]:
        """The user whose id the record carries, if it carries one."""
        written = record.fields.get(self._targets[record.object].external_id_field)
        return [UserId(written)] if isinstance(written, str) and written else []

    def _is_beside_the_point(self, change: RecordChange, target: Target) -> bool:
        """Whether a change leaves alone all that an unlinked record is found by."""
        names = {target.external_id_field, *self._judged[target.object]}
        return change.kind is ChangeKind.UPDATED and not names & {*change.fields, *change.untold}


def _tells(change: RecordChange, names: set[str]) -> bool:
    """Whether a change says the values of all these fields."""
    return change.kind is not ChangeKind.UNKNOWN and names <= change.fields.keys() and not names & set(change.untold)
