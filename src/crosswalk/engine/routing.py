"""From records to identities: whom an event concerns when its record is linked to nobody.

It may be a record that the hub is just creating, one that carries a user's id already, or one that an identity without
a record waits for. Such events are not reconciled themselves; they wake the identities that they may concern, each in
its own lane.
"""

from collections.abc import Mapping, Sequence

import structlog

from crosswalk.connectors.base import FindsCandidates
from crosswalk.connectors.errors import CallRefused, ConnectorError
from crosswalk.connectors.salesforce.changes import change_of
from crosswalk.domain.change import ChangeKind, RecordChange
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.record import Record
from crosswalk.domain.values import ValueType
from crosswalk.engine.deals import OBJECT, deal_subject
from crosswalk.engine.intake import Wake
from crosswalk.engine.tracking import tracked_fields
from crosswalk.store import due, identities, links
from crosswalk.store.database import Connection, Database
from crosswalk.store.due import NOBODY, DueEvent

log = structlog.get_logger()

UNLINKED = "unlinked"
"""The outcome of an event about a record that concerns no identity."""


class Router:
    """Routes the events about records of one sync.

    Parameters
    ----------
    definition
        The sync.
    org
        Where records are read.
    database
        Where links, identities and due work are.
    """

    def __init__(self, definition: SyncDefinition, org: FindsCandidates, database: Database) -> None:
        self._definition = definition
        self._org = org
        self._database = database
        self._targets = {target.object: target for target in definition.targets}

    async def route(self, events: Sequence[DueEvent], wake: Wake) -> None:
        """Hand each event to the identities that it concerns, and wake their lanes, in one transaction."""
        changes = {item.seq: change_of(item.event) for item in events}
        try:
            records = await self._read(await self._unknown(changes))
        except ConnectorError as error:
            after_s = error.after_s if isinstance(error, CallRefused) else None
            log.warning("routing_postponed", sync=self._definition.name, events=len(events), error=str(error))
            async with self._database.transaction() as connection:
                await due.postpone(connection, self._definition.name, [(NOBODY, after_s or 0.0)], max(changes))
            return
        async with self._database.transaction() as connection:
            found = await self._concerned(connection, changes, records)
            lanes = await due.route(connection, self._definition.name, self._definition.lanes, found, UNLINKED)
            for lane in lanes:
                await wake(connection, lane)

    async def _unknown(self, changes: Mapping[int, RecordChange]) -> dict[str, list[RecordId]]:
        """The records to read: of the sync's objects, not linked since, and not gone."""
        async with self._database.transaction() as connection:
            linked = await links.owners(connection, self._definition.name, [c.id for c in changes.values()])
        wanted: dict[str, dict[RecordId, None]] = {}
        for change in changes.values():
            if change.object in self._targets and change.id not in linked and change.kind is not ChangeKind.DELETED:
                wanted.setdefault(change.object, {})[change.id] = None
        return {object_name: list(ids) for object_name, ids in wanted.items()}

    async def _read(self, wanted: Mapping[str, Sequence[RecordId]]) -> dict[RecordId, Record]:
        records: dict[RecordId, Record] = {}
        for object_name, ids in wanted.items():
            fields = tracked_fields(self._targets[object_name], self._definition.flows)
            found = await self._org.find_candidates(object_name, fields, "Id", ids)
            records |= {record.id: record for record in found}
        return records

    async def _concerned(
        self, connection: Connection, changes: Mapping[int, RecordChange], records: Mapping[RecordId, Record]
    ) -> dict[int, list[UserId]]:
        """For each event: who is linked to its record by now, whose id the record has, who waits for its address."""
        linked = await links.owners(connection, self._definition.name, [c.id for c in changes.values()])
        emails = {record_id: self._emails(record) for record_id, record in records.items()}
        by_email = await identities.by_email(
            connection, self._definition.tenant, sorted({email for each in emails.values() for email in each})
        )
        waiting = {user_id for users in by_email.values() for user_id in users}
        waiting -= (await links.read(connection, self._definition.name, sorted(waiting))).keys()
        found: dict[int, list[UserId]] = {}
        for seq, change in changes.items():
            if change.object == OBJECT and self._definition.flows.closed_won is not None:
                found[seq] = [deal_subject(change.id)]
                continue
            if change.id in linked:
                found[seq] = [linked[change.id]]
                continue
            record = records.get(change.id)
            users = {} if record is None else dict.fromkeys(self._named(record))
            for email in emails.get(change.id, ()):
                users |= dict.fromkeys(user_id for user_id in by_email.get(email, ()) if user_id in waiting)
            found[seq] = list(users)
        return found

    def _named(self, record: Record) -> list[UserId]:
        """The user whose id the record carries, if it carries one."""
        written = record.fields.get(self._targets[record.object].external_id_field)
        return [UserId(written)] if isinstance(written, str) and written else []

    def _emails(self, record: Record) -> list[str]:
        """The addresses in the fields by which match rules look for e-mail addresses, in lower case."""
        parts = [part for rule in self._targets[record.object].match for part in rule.parts]
        names = {name for part in parts if part.type is ValueType.EMAIL for name in part.fields}
        values = [record.fields.get(name) for name in sorted(names)]
        return [value.lower() for value in values if isinstance(value, str) and value]
