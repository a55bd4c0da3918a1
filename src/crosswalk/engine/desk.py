"""The desk where people settle what rules cannot: the open conflicts, and what is decided about them.

A decision is stored, and with it an event that makes the identity due at once, in one transaction. The reconcile then
reads the user and the record anew, and writes only if the decision still fits what both sides hold.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from crosswalk.domain.decision import Choice, Decided, FieldDecision
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.values import Side
from crosswalk.engine.by_hand import make_due, no_such_sync
from crosswalk.engine.choosing import Chooser, FindsRecords, NotDecidable, Wish
from crosswalk.engine.conflict_view import FIELD_DIFFERS, ConflictView, question_of, read_view
from crosswalk.engine.hub import Hub
from crosswalk.engine.intake import Wake
from crosswalk.engine.noted import noted_name
from crosswalk.store import conflicts, decisions, identities, links, quarantines
from crosswalk.store.database import Connection, Database, time_now
from crosswalk.store.overview import NEWEST
from crosswalk.store.problems import Problem, ProblemKind

RELEASE_EVERY_S = 2.0


class UnknownConflict(CrosswalkError):
    """There is no such conflict."""


class Desk:
    """Shows and settles what a person has to decide.

    Parameters
    ----------
    database
        Where everything is.
    definitions
        The configured syncs.
    orgs
        For each sync: where a record is looked up that is not among the candidates.
    wake
        Defers the job of a lane.
    """

    def __init__(
        self,
        database: Database,
        definitions: Mapping[SyncName, SyncDefinition],
        orgs: Mapping[SyncName, FindsRecords],
        wake: Wake,
    ) -> None:
        self._database = database
        self._definitions = definitions
        self._orgs = orgs
        self.wake = wake

    async def open_conflicts(self, limit: int, before: int = NEWEST, sync: str | None = None) -> list[Problem]:
        """The open conflicts and quarantined fields, youngest first."""
        syncs = list(self._definitions) if sync is None else [self._definition(sync).name]
        async with self._database.transaction() as connection:
            return await conflicts.newest(connection, syncs, limit, before)

    async def find(self, number_or_user: str) -> list[Problem]:
        """The conflict with a number, or what is open about a user.

        Raises
        ------
        UnknownConflict
            There is none; the message says which there are.
        """
        async with self._database.transaction() as connection:
            if "|" in number_or_user:
                found = await conflicts.of_identity(connection, list(self._definitions), UserId(number_or_user))
            else:
                found = await _by_number(connection, number_or_user)
            if found:
                return found
            others = await conflicts.newest(connection, list(self._definitions), 8, NEWEST)
        raise UnknownConflict(f"there is no conflict {number_or_user}; {_those_open(others)}")

    async def people(self, problems: Sequence[Problem]) -> dict[UserId, Identity]:
        """The users whom conflicts are about, by user id, as far as the hub knows them."""
        known: dict[UserId, Identity] = {}
        async with self._database.transaction() as connection:
            for sync in {problem.sync for problem in problems}:
                users = [UserId(problem.user_id) for problem in problems if problem.sync == sync]
                known |= await identities.read(connection, self._definition(sync).tenant, users)
        return known

    async def view(self, problem: Problem) -> ConflictView:
        """A conflict with everything that helps to settle it."""
        return await read_view(self._database, self._definition(problem.sync), problem)

    async def decide_match(self, problem: Problem, wish: Wish, by: str) -> Choice:
        """Decide which record is the identity's.

        Raises
        ------
        NotDecidable
            What is wished for cannot be done; the message says what can.
        crosswalk.connectors.errors.ConnectorError
            The record is not among the candidates, and the org could not be asked for it.
        """
        definition = self._definition(problem.sync)
        _must_be_open(problem)
        if problem.field or problem.kind is not ProblemKind.CONFLICT:
            raise NotDecidable(f"conflict {problem.id} is about the field {problem.field}: {_how_to_settle(problem)}")
        user_id = UserId(problem.user_id)
        choice = await Chooser(self._database, definition, self._orgs[definition.name]).choose(problem, wish)
        decided = Decided(choice, noted_name(by), _now())
        async with self._database.transaction() as connection:
            link = (await links.read(connection, definition.name, [user_id])).get(user_id)
            if link is not None:
                raise NotDecidable(
                    f"{user_id} is linked to {link.record.object} {link.record.id}: this conflict goes away once what "
                    "it says is put right in Salesforce or Auth0"
                )
            number = await decisions.decide(connection, definition.name, user_id, "", decided)
            await self._make_due(connection, definition, user_id, f"decision/{number}", decided)
        return choice

    async def decide_field(self, problem: Problem, side: Side, by: str) -> FieldDecision:
        """Decide whose value both sides get; it counts only while both hold what the conflict shows.

        Raises
        ------
        NotDecidable
            The conflict is about something else, or is settled already.
        """
        definition = self._definition(problem.sync)
        _must_be_open(problem)
        if problem.code != FIELD_DIFFERS:
            raise NotDecidable(f"conflict {problem.id} is not about two values of a field: {_how_to_settle(problem)}")
        question = question_of(problem)
        decision = FieldDecision(side, question.auth0, question.salesforce, noted_name(by), _now())
        user_id = UserId(problem.user_id)
        async with self._database.transaction() as connection:
            number = await decisions.decide(connection, definition.name, user_id, problem.field, decision)
            await self._make_due(connection, definition, user_id, f"decision/{number}", decision)
        return decision

    async def reopen(self, sync: str, user_id: UserId, by: str) -> bool:
        """Take back what was decided about which record is a user's, so that the rules decide again.

        Returns whether anything had been decided: a user who has the record since keeps it, and nothing is left to
        take back.
        """
        definition = self._definition(sync)
        async with self._database.transaction() as connection:
            standing = (await decisions.standing(connection, definition.name, [user_id])).matches
            linked = await links.read(connection, definition.name, [user_id])
            if user_id not in standing or user_id in linked:
                return False
            await decisions.end(connection, definition.name, [(user_id, "")], decisions.REOPENED)
            at = standing[user_id].at
            await self._make_due(
                connection, definition, user_id, f"reopened/{user_id}/{at.isoformat()}", {"reopened_by": noted_name(by)}
            )
        return True

    async def reopen_everywhere(self, number_or_user: str, by: str) -> list[tuple[SyncName, UserId]]:
        """Reopen by the number of a conflict, also of a settled one, or for a user in each sync; returns where.

        Raises
        ------
        UnknownConflict
            There is no conflict with this number.
        NotDecidable
            Nothing that was decided stands.
        """
        if "|" in number_or_user:
            asked = [(sync, UserId(number_or_user)) for sync in self._definitions]
        else:
            asked = [(SyncName(each.sync), UserId(each.user_id)) for each in await self.find(number_or_user)]
        reopened = [(sync, user_id) for sync, user_id in asked if await self.reopen(sync, user_id, by)]
        if not reopened:
            raise NotDecidable(
                f"nothing that was decided about {asked[0][1] if asked else number_or_user} can be taken back: nobody "
                "decided which record is theirs, or the user is linked by now"
            )
        return reopened

    async def release(self, problem: Problem, by: str) -> None:
        """Take a field out of quarantine: the hub writes it again.

        Raises
        ------
        NotDecidable
            It is in none.
        """
        definition = self._definition(problem.sync)
        _must_be_open(problem)
        if problem.kind is not ProblemKind.QUARANTINE:
            raise NotDecidable(f"conflict {problem.id} is not a field in quarantine: {_how_to_settle(problem)}")
        user_id = UserId(problem.user_id)
        async with self._database.transaction() as connection:
            if not await quarantines.release(connection, definition.name, user_id, problem.field, noted_name(by)):
                raise NotDecidable(f"{problem.field} of {user_id} was released already")
            await self._make_due(connection, definition, user_id, f"release/{problem.id}", {"released_by": by})

    async def release_ended(self) -> int:
        """Release every field whose time is over; returns how many there were."""
        async with self._database.transaction() as connection:
            ended = await quarantines.release_ended(connection)
            for number, sync, user_id, field in ended:
                definition = self._definitions.get(sync)
                if definition is not None:
                    what = {"field": field, "released_by": quarantines.BY_TIME}
                    await self._make_due(connection, definition, user_id, f"release/time/{number}", what)
        return len(ended)

    def _definition(self, sync: str) -> SyncDefinition:
        definition = self._definitions.get(SyncName(sync))
        if definition is None:
            raise UnknownConflict(no_such_sync(sync, self._definitions))
        return definition

    async def _make_due(
        self, connection: Connection, definition: SyncDefinition, user_id: UserId, event_id: str, what: object
    ) -> None:
        """Put an event into the inbox that makes the identity due: the writes that follow are attributed to it."""
        await make_due(connection, definition, self.wake, user_id, event_id, what, await time_now(connection))


def desk_of(hub: Hub) -> Desk:
    """The desk of a running hub."""
    definitions = {name: compiled.definition for name, compiled in hub.compiled.items()}
    orgs = {name: hub.orgs[definition.org] for name, definition in definitions.items()}
    return Desk(hub.database, definitions, orgs, hub.jobs.wake)


async def release_for_ever(desk: Desk) -> None:
    """Release fields whose time in quarantine is over, until cancelled."""
    while True:
        await asyncio.sleep(RELEASE_EVERY_S)
        await desk.release_ended()


async def _by_number(connection: Connection, text: str) -> list[Problem]:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        return []
    found = await conflicts.by_number(connection, int(text))
    return [] if found is None else [found]


def _those_open(others: Sequence[Problem]) -> str:
    if not others:
        return "none is open"
    listed = ", ".join(f"{each.id} ({each.user_id})" for each in others)
    return f"give the number of an open one, or an Auth0 user id: {listed}"


def _must_be_open(problem: Problem) -> None:
    if problem.resolved_at is not None:
        raise NotDecidable(f"conflict {problem.id} was settled at {problem.resolved_at:%Y-%m-%d %H:%M:%S} UTC")


def _how_to_settle(problem: Problem) -> str:
    if problem.kind is ProblemKind.QUARANTINE:
        return "release it"
    if problem.code == FIELD_DIFFERS:
        return "take the value of auth0 or of salesforce"
    return "name a record, have one made, or leave the user alone"


def _now() -> datetime:
    return datetime.now(UTC)
