"""What people do about mass changes that were stopped: look at them, approve, discard, plan anew.

Deciding makes the identities' events due again, in one transaction; a running hub's sweep finds them within a second.
"""

from collections.abc import AsyncIterator

from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.plan import Plan
from crosswalk.engine.noted import LONGEST_NAME, in_one_line
from crosswalk.reconcile.summary import Summary, SummaryData
from crosswalk.store import holds
from crosswalk.store.database import Database
from crosswalk.store.holds import Decision, Hold

LONGEST_UNASKED_S = 7 * 24 * 3600.0


class UnknownHold(CrosswalkError):
    """There is no such hold."""


class NotDecidable(CrosswalkError):
    """The hold cannot be decided like that."""


class Holds:
    """The holds of a hub."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting(self) -> list[Hold]:
        """Everything that waits for a person, the newest first."""
        async with self._database.transaction() as connection:
            return await holds.waiting(connection)

    async def newest(self, limit: int) -> list[Hold]:
        """The newest holds, decided ones too."""
        async with self._database.transaction() as connection:
            return await holds.newest(connection, limit)

    async def read(self, hold_id: int) -> Hold:
        """One hold.

        Raises
        ------
        UnknownHold
            There is none of this number.
        """
        async with self._database.transaction() as connection:
            found = await holds.read(connection, hold_id)
        if found is None:
            raise UnknownHold(f"there is no hold {hold_id}; `crosswalk holds list --all` shows those there are")
        return found

    async def plans(self, hold_id: int) -> AsyncIterator[Plan]:
        """The plans that wait in a hold, by user id."""
        async with self._database.transaction() as connection:
            async for plan in holds.plans(connection, hold_id):
                yield plan

    async def summary(self, hold_id: int) -> SummaryData:
        """What the plans of a hold come to."""
        summary = Summary()
        async for plan in self.plans(hold_id):
            summary.add(plan)
        return summary.data()

    async def decide(self, hold_id: int, decision: Decision, by: str, unasked_for_s: float | None = None) -> Hold:
        """Decide what waits.

        Parameters
        ----------
        by
            Who decides, for the record.
        unasked_for_s
            With an approval: for how many seconds further writes of the kind go on without asking.

        Raises
        ------
        UnknownHold
            There is none of this number.
        NotDecidable
            It was decided before, or the name or the time is out of range.
        """
        by = in_one_line(by)
        if not 0 < len(by) <= LONGEST_NAME:
            raise NotDecidable(f"the name of who decides has {len(by)} characters; expected 1 to {LONGEST_NAME}")
        if unasked_for_s is not None and not 0 < unasked_for_s <= LONGEST_UNASKED_S:
            raise NotDecidable("writes go on unasked for a week at most")
        before = await self.read(hold_id)
        async with self._database.transaction() as connection:
            done = await holds.decide(connection, hold_id, decision, by, unasked_for_s)
        if not done:
            raise NotDecidable(f"hold {hold_id} was {before.decision} already by {before.decided_by or 'nobody'}")
        return await self.read(hold_id)
