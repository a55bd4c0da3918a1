"""What people do about back-fills: order one, let it rest and go on, have it written, approve it, end it."""

from collections.abc import AsyncIterator

from crosswalk.domain.backfill import Backfill, Direction, Finding, Outlook, Stage
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.ids import SyncName
from crosswalk.engine.noted import LONGEST_NAME
from crosswalk.engine.saved_plans import definition_digest
from crosswalk.store import backfills
from crosswalk.store.backfill_side import BackfillSide
from crosswalk.store.database import Database


class UnknownBackfill(CrosswalkError):
    """There is no such back-fill."""


class NotPossible(CrosswalkError):
    """The back-fill is not in a state in which that can be done."""


class Backfills:
    """The back-fills of a hub; workers carry out what is ordered here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, limit: int) -> list[Backfill]:
        """The newest back-fills, newest first."""
        async with self._database.transaction() as connection:
            return await backfills.newest(connection, limit)

    async def read(self, number: int) -> Backfill:
        """One back-fill.

        Raises
        ------
        UnknownBackfill
            There is none of this number.
        """
        async with self._database.transaction() as connection:
            found = await backfills.read(connection, number)
        if found is None:
            raise UnknownBackfill(f"there is no back-fill {number}")
        return found

    async def open_of(self, sync: SyncName) -> Backfill | None:
        """The sync's back-fill that is not finished."""
        async with self._database.transaction() as connection:
            return await backfills.open_of(connection, sync)

    async def last_of(self, sync: SyncName) -> Backfill:
        """The sync's newest back-fill.

        Raises
        ------
        UnknownBackfill
            It never had one.
        """
        async with self._database.transaction() as connection:
            found = await backfills.last_of(connection, sync)
        if found is None:
            raise UnknownBackfill(f"sync {sync} has no back-fill; `crosswalk backfill {sync}` begins one")
        return found

    async def order(
        self, definition: SyncDefinition, direction: Direction, by: str, *, write: bool, deals: bool = False
    ) -> Backfill:
        """Order a back-fill that matches, and writes then if `write` says so; with `deals`, those won before as well.

        Raises
        ------
        NotPossible
            The sync has one that is not finished, or no flow for deals.
        """
        _check_name(by)
        if deals and definition.flows.closed_won is None:
            raise NotPossible(f"sync {definition.name} does nothing about won deals: enable its flow closed_won first")
        digest = definition_digest(definition)
        async with self._database.transaction() as connection:
            number = await backfills.order(
                connection, definition.name, direction, by, definition.lanes, digest, write=write, deals=deals
            )
        if number is None:
            raise NotPossible(f"sync {definition.name} has a back-fill that is not finished: resume or cancel that one")
        return await self.read(number)

    async def pause(self, number: int, *, paused: bool) -> Backfill:
        """Let it rest, or go on. What is under way is finished first.

        Raises
        ------
        NotPossible
            It does already, or is finished.
        """
        async with self._database.transaction() as connection:
            done = await backfills.pause(connection, number, paused=paused)
        if not done:
            found = await self.read(number)
            state = found.stage.value if found.finished_at else "paused" if found.paused else "not paused"
            raise NotPossible(f"back-fill {number} is {state} already")
        return await self.read(number)

    async def write(self, number: int, by: str, *, approve: bool) -> Backfill:
        """Have it written once it is matched.

        Parameters
        ----------
        by, approve
            Who orders it, and whether that approves what the report says is more than the thresholds allow.

        Raises
        ------
        NotPossible
            It is finished, or there is more to write than the thresholds allow and nobody approved it.
        """
        _check_name(by)
        before = await self.read(number)
        if before.finished_at is not None:
            raise NotPossible(f"back-fill {number} is {before.stage.value}: begin another one")
        async with self._database.transaction() as connection:
            if approve:
                await backfills.approve(connection, number, by)
            await backfills.order_write(connection, number)
            now = await backfills.read(connection, number)
            if now is not None and now.needs_approval and now.report is not None:
                raise NotPossible(
                    "the report has more than the thresholds of the sync allow ("
                    + ", ".join(f"{e.kind.value}: {e.identities:,}, allowed {e.allowed:,}" for e in now.report.too_much)
                    + "): approve it to have it written, or raise the thresholds and begin anew"
                )
            if now is not None and now.stage is Stage.MATCHED:
                await backfills.move(connection, number, Stage.WRITING)
        return await self.read(number)

    async def cancel(self, number: int) -> Backfill:
        """End it where it is. What was written stays.

        Raises
        ------
        NotPossible
            It is finished.
        """
        found = await self.read(number)
        if found.finished_at is not None:
            raise NotPossible(f"back-fill {number} is {found.stage.value} already")
        async with self._database.transaction() as connection:
            total = await backfills.tally(connection, number, "written")
            await backfills.save_outcomes(connection, number, total.outcomes)
            await backfills.move(connection, number, Stage.CANCELLED)
            await backfills.forget_profiles(connection, number)
        async with self._database.transaction() as connection:
            await BackfillSide(number).drop(connection)
        return await self.read(number)

    async def findings(self, number: int, outlook: Outlook, limit: int) -> list[Finding]:
        """The first of those of whom the report says this."""
        async with self._database.transaction() as connection:
            return await backfills.findings(connection, number, outlook.value, limit)

    async def all_findings(self, number: int) -> AsyncIterator[list[Finding]]:
        """Everybody whom the report names, by what it says of them, some at a time."""
        for outlook in Outlook:
            async with self._database.transaction() as connection:
                async for found in backfills.all_findings(connection, number, outlook.value):
                    yield found


def _check_name(by: str) -> None:
    if not 0 < len(by) <= LONGEST_NAME or not by.isprintable():
        raise NotPossible(f"the name of who orders it: expected 1 to {LONGEST_NAME} printable characters")
