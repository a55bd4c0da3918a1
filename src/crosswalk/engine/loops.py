"""The detector of loops: finds fields that somebody else keeps writing back, and leaves them alone for a while.

It looks at plans before they are carried out. Hardly any plan has a write that may be part of a loop, so mostly this
costs nothing; where one has, the audit trail of the last hour tells how often the hub has written the field back.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from msgspec import Struct
from msgspec.structs import replace

from crosswalk.connectors.auth0.log_clients import other_writers
from crosswalk.connectors.errors import ConnectorError
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.plan import Plan
from crosswalk.domain.quarantine import LastWriter, Quarantine
from crosswalk.domain.values import Side
from crosswalk.domain.write import Reason
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.loops import FieldName, FieldStep, flips, suspects
from crosswalk.store import quarantines
from crosswalk.store.audit import AUTH0_USER
from crosswalk.store.database import Database, time_now
from crosswalk.store.quarantines import RecentWrite

log = structlog.get_logger()


class TellsLastWriter(Protocol):
    """Tells who changed a record last."""

    async def last_writer(self, object_name: str, record_id: RecordId) -> LastWriter | None:
        """Return who it was; `None` where the record is gone."""
        ...


_NO_LOG = "Auth0's log would name them: give the tenant a log stream or a log poll as a source"


class _Writers(Struct, frozen=True):
    """Who else writes, a phrase each; `unnamed` where these only say that nobody is known."""

    names: tuple[str, ...]
    unnamed: bool = False


class LoopDetector:
    """Watches the writes of one sync.

    Parameters
    ----------
    compiled
        The sync.
    org
        Where to ask who else writes.
    own_client
        The id of the application that the hub is in the tenant.
    database
        Where the audit trail and the quarantines are.
    """

    def __init__(
        self,
        compiled: CompiledSync,
        org: TellsLastWriter,
        own_client: str,
        database: Database,
    ) -> None:
        self._compiled = compiled
        self._org = org
        self._own_client = own_client
        self._database = database

    async def stop(self, plans: Mapping[UserId, Plan]) -> set[UserId]:
        """Put fields in quarantine that flip; returns the identities whose plans have to be made anew because of it."""
        return await self._name_again(plans.values()) | await self._stop(plans)

    async def _stop(self, plans: Mapping[UserId, Plan]) -> set[UserId]:
        suspected = suspects(self._compiled, plans.values())
        if not suspected:
            return set()
        definition = self._compiled.definition
        async with self._database.transaction() as connection:
            recent = await quarantines.recent_writes(connection, definition.name, list({user for user, _ in suspected}))
            now = await time_now(connection)
        history = self._history(plans, recent)
        counted = {name: flips(history.get(name, ())) for name in suspected}
        looping = [
            name
            for name, step in suspected.items()
            if counted[name] >= definition.loops.writes_per_hour
            and flips([*history.get(name, ()), step]) > counted[name]
        ]
        if not looping:
            return set()
        found = [
            (name[0], await self._describe(plans[name[0]], name, suspected[name], counted[name], now))
            for name in looping
        ]
        async with self._database.transaction() as connection:
            await quarantines.put(connection, definition.name, found)
        for user_id, quarantine in found:
            log.warning(
                "field_quarantined",
                sync=definition.name,
                user_id=user_id,
                object=quarantine.object,
                field=quarantine.field,
                writes=quarantine.writes,
            )
        return {user_id for user_id, _ in found}

    async def _name_again(self, plans: Iterable[Plan]) -> set[UserId]:
        """Name the writers of quarantined fields of users anew: the tenant's log comes later than its events."""
        changed: list[tuple[UserId, Quarantine]] = []
        for plan in plans:
            for quarantine in plan.quarantined:
                if quarantine.side is Side.AUTH0:
                    writers = await self._writers_of_user(plan.user_id)
                    if not writers.unnamed and writers.names != quarantine.writers:
                        changed.append((plan.user_id, replace(quarantine, writers=writers.names, unnamed=False)))
        if changed:
            async with self._database.transaction() as connection:
                await quarantines.amend(connection, self._compiled.definition.name, changed)
        return {user_id for user_id, _ in changed}

    def _history(self, plans: Mapping[UserId, Plan], recent: Sequence[RecentWrite]) -> dict[FieldName, list[FieldStep]]:
        """The writes of each field to either side, by its Salesforce name, oldest first."""
        history: dict[FieldName, list[FieldStep]] = {}
        for write in recent:
            record = plans[write.user_id].record
            if record is None:
                continue
            if write.object == AUTH0_USER:
                side, name = Side.AUTH0, self._mapped_from(record.object, write.field)
            else:
                side, name = Side.SALESFORCE, write.field
            step = FieldStep(side, write.old, write.new, Reason(write.reason))
            history.setdefault((write.user_id, name), []).append(step)
        return history

    def _mapped_from(self, object_name: str, path: str) -> str:
        """The Salesforce field that goes to this place of the user."""
        fields = self._compiled.targets[self._compiled.target_indexes[object_name]].fields
        return next((field.name for field in fields if field.to is not None and ".".join(field.to) == path), path)

    async def _describe(self, plan: Plan, name: FieldName, step: FieldStep, count: int, now: datetime) -> Quarantine:
        """The quarantine of a field, with whoever else writes it, as far as that can be found out."""
        user_id, field = name
        record = plan.record
        object_name, record_id = (record.object, record.id) if record is not None else ("", RecordId(""))
        if step.side is Side.SALESFORCE:
            writers = _Writers(await self._writers_of_record(object_name, record_id))
        else:
            writers = await self._writers_of_user(user_id)
        return Quarantine(
            object=object_name,
            record_id=record_id,
            field=field,
            side=step.side,
            writes=count,
            hub_value=step.new,
            other_value=step.old,
            writers=writers.names,
            unnamed=writers.unnamed,
            since=now,
            until=now + timedelta(seconds=self._compiled.definition.loops.release_after_s),
        )

    async def _writers_of_record(self, object_name: str, record_id: RecordId) -> tuple[str, ...]:
        try:
            last = await self._org.last_writer(object_name, record_id)
        except ConnectorError as error:
            return (f"the org could not be asked ({error.code})",)
        if last is None:
            return ()
        if last.is_hub:
            return (
                "automation of the org that runs when the hub saves the record (a flow, a trigger, a formula of the "
                f"field itself), since its last change was made as the hub's own user {last.name} at {last.at}",
            )
        return (f"{last.name} in Salesforce, who changed the record last, at {last.at}",)

    async def _writers_of_user(self, user_id: UserId) -> _Writers:
        async with self._database.transaction() as connection:
            logged = await quarantines.logged(connection, self._compiled.definition.tenant, user_id)
        names = other_writers(logged, self._own_client)
        if names:
            return _Writers(tuple(names))
        why = "nobody whom the tenant's log names" if logged else _NO_LOG
        return _Writers((why,), unnamed=True)
