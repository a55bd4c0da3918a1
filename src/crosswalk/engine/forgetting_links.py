"""Forgetting a link by hand: what was linked wrongly is matched anew, as if the user had come for the first time.

Nothing is written to either side by that. The link goes to the history, a decision that led to it ends, and the user
becomes due, all in one transaction; the lanes are held meanwhile, so that no worker stores the link again.
"""

from collections.abc import Mapping

import structlog
from msgspec import Struct

from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.link import EndedLink, Link, LinkEnd
from crosswalk.domain.record_id import full_record_id
from crosswalk.engine.by_hand import make_due, no_such_sync
from crosswalk.engine.held_lanes import held, lanes_of
from crosswalk.engine.intake import Wake
from crosswalk.engine.noted import in_one_line, noted_name
from crosswalk.store import decisions, former_links, interventions, links
from crosswalk.store.database import Connection, Database, time_now
from crosswalk.store.interventions import Deed, Intervention

log = structlog.get_logger()

LONGEST_REASON = 1000


class UnknownLink(CrosswalkError):
    """There is no such link, or it is not clear which one is meant."""


class ForgettableLink(Struct, frozen=True):
    """A link that may be forgotten.

    Parameters
    ----------
    sync, link
        The link.
    found_again_by
        The field in which the record carries the user's id: unless it is emptied, the user finds the same record by it.
        Empty where the record carries no id of the user's.
    """

    sync: SyncName
    link: Link
    found_again_by: str


class LinkForgetter:
    """Shows and forgets links.

    Parameters
    ----------
    database
        Where they are.
    definitions
        The configured syncs.
    wake
        Defers the job of a lane.
    """

    def __init__(self, database: Database, definitions: Mapping[SyncName, SyncDefinition], wake: Wake) -> None:
        self._database = database
        self._definitions = definitions
        self._wake = wake

    async def find(self, who: str, sync: str | None = None) -> ForgettableLink:
        """The link of a user or of a record.

        Parameters
        ----------
        who
            An Auth0 user id, or the id of a record, with 15 or 18 characters.
        sync
            Which sync's, where several have one.

        Raises
        ------
        UnknownLink
            There is none, or several; the message says which.
        """
        async with self._database.transaction() as connection:
            return await self._find(connection, who.strip(), sync)

    async def forget(self, who: str, by: str, sync: str | None = None, reason: str = "") -> ForgettableLink:
        """Forget a link, and have its user matched anew; returns what was forgotten.

        Raises
        ------
        UnknownLink
            As `find` does.
        crosswalk.engine.held_lanes.LanesBusy
            The sync is too busy, or its lanes were lost meanwhile; nothing was forgotten.
        """
        first = await self.find(who, sync)
        definition = self._definitions[first.sync]
        async with held(self._database, lanes_of(definition)) as lanes:
            return await lanes.do(self._forget(who, definition, by, reason))

    async def _forget(self, who: str, definition: SyncDefinition, by: str, reason: str) -> ForgettableLink:
        async with self._database.transaction() as connection:
            found = await self._find(connection, who.strip(), definition.name)
            user_id, record = found.link.user_id, found.link.record
            await former_links.end(connection, found.sync, [EndedLink.of(found.link, LinkEnd.FORGOTTEN)])
            await decisions.end(connection, found.sync, [(user_id, "")], decisions.FORGOTTEN)
            done = Intervention(
                noted_name(by),
                Deed.FORGET_LINK,
                found.sync,
                f"{user_id} {record.object} {record.id}",
                in_one_line(reason)[:LONGEST_REASON],
            )
            await interventions.append(connection, done)
            now = await time_now(connection)
            event_id = f"link_forgotten/{definition.name}/{user_id}/{now.isoformat()}"
            told = {"object": record.object, "record_id": record.id}
            await make_due(connection, definition, self._wake, user_id, event_id, told, now)
        log.info("link_forgotten", sync=found.sync, user_id=user_id, record_id=record.id, by=done.by)
        return found

    async def _find(self, connection: Connection, who: str, sync: str | None) -> ForgettableLink:
        syncs = [self._definition(sync)] if sync is not None else list(self._definitions.values())
        record_id = None if "|" in who else full_record_id(who)
        found: list[tuple[SyncName, Link]] = []
        if record_id is not None:
            names = {each.name for each in syncs}
            found = [each for each in await links.by_record(connection, record_id) if each[0] in names]
        else:
            for each in syncs:
                found += [
                    (each.name, link) for link in (await links.read(connection, each.name, [UserId(who)])).values()
                ]
        if not found:
            raise UnknownLink(
                f"there is no link of {who}: give an Auth0 user id (auth0|65f1c0ffee) or the id of a record; "
                "`crosswalk explain` shows what is linked"
            )
        if len(found) > 1:
            listed = ", ".join(f"{name} ({link.record.object} {link.record.id})" for name, link in found)
            raise UnknownLink(f"{who} is linked in several syncs, say which one: {listed}")
        return self._forgettable(*found[0])

    def _forgettable(self, sync: SyncName, link: Link) -> ForgettableLink:
        fields = [t.external_id_field for t in self._definitions[sync].targets if t.object == link.record.object]
        carries = [field for field in fields if link.record.fields.get(field) == link.user_id]
        return ForgettableLink(sync, link, carries[0] if carries else "")

    def _definition(self, sync: str) -> SyncDefinition:
        definition = self._definitions.get(SyncName(sync))
        if definition is None:
            raise UnknownLink(no_such_sync(sync, self._definitions))
        return definition
