"""The repair of drift: what was read is kept, and the identities are made due. Writing is the reconcile job's, as ever.

A repair is an event like any other: it is stored in the inbox and says "look again". So the plan is made by the same
rules, in the same batches, under the same limits as for an event that the vendor sent; and doing it twice is harmless.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from crosswalk.domain.change import ChangeKind, RecordChange
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.drift import Mark
from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.ids import RecordId
from crosswalk.domain.purpose import Purpose
from crosswalk.engine.drift.look import Looked
from crosswalk.engine.intake import Wake, take_in
from crosswalk.store import drift_records, identities
from crosswalk.store.database import Database
from crosswalk.store.inbox import Subscriber

_USER_MARKS = frozenset({Mark.USER_CHANGED, Mark.USER_UNKNOWN, Mark.USER_GONE})
NO_STATE = b"{}"


class DriftRepair:
    """Repairs identities of one sync.

    Parameters
    ----------
    definition, database
        The sync, and where replicas and the inbox are.
    subscribers
        All syncs: a user that changed concerns every one of the tenant.
    wake
        Wakes the lane of due work.
    run, started
        The name of the check, which makes its events its own, and when it began to read.
    """

    def __init__(
        self,
        definition: SyncDefinition,
        database: Database,
        subscribers: Sequence[Subscriber],
        wake: Wake,
        run: str,
        started: datetime,
    ) -> None:
        self._definition = definition
        self._database = database
        self._all = subscribers
        self._own = [each for each in subscribers if each.sync == definition.name]
        self._wake = wake
        self._run = run
        self._started = started

    async def repair(self, looked: Sequence[Looked]) -> int:
        """Keep what was read of these identities and make them due; returns how many were."""
        users = [each for each in looked if each.candidate.marks & _USER_MARKS]
        others = [each for each in looked if not each.candidate.marks & _USER_MARKS]
        tenant = self._definition.tenant
        async with self._database.transaction() as connection:
            await identities.save(connection, tenant, [each.state for each in looked if each.state is not None])
            await drift_records.store(
                connection,
                self._definition.name,
                [
                    (each.candidate.user_id, each.record.id, msgspec.json.encode(each.record.fields).decode())
                    for each in looked
                    if each.record is not None and Mark.RECORD_CHANGED in each.candidate.marks
                ],
                self._started,
            )
            for group, subscribers in ((users, self._all), (others, self._own)):
                if group:
                    events = [(tenant, self._event(each)) for each in group]
                    await take_in(connection, events, subscribers, self._wake)
        return len(looked)

    def _event(self, looked: Looked) -> Event:
        """What says that the identity has to be looked at: with the states that are stored now, or after a read."""
        candidate = looked.candidate
        gone = Mark.USER_GONE in candidate.marks
        object_name = "" if looked.link is None else looked.link.record.object
        record_id = RecordId("" if looked.link is None else looked.link.record.id)
        # A record that is gone has to be asked for; one that was just read is in the replica already.
        kind = ChangeKind.UNKNOWN if Mark.RECORD_GONE in candidate.marks else ChangeKind.UPDATED
        change = msgspec.json.encode(RecordChange(object_name, record_id, kind))
        return Event(
            id=f"drift/{self._run}/{candidate.user_id}",
            source=Source.DRIFT,
            type=f"drift.{min(candidate.marks).value}",
            occurred_at=self._started,
            disposition=Disposition.CHANGED if gone else Disposition.RECORD,
            raw=NO_STATE if gone else change,
            user_id=candidate.user_id,
            purpose=Purpose.BACKFILL,
        )
