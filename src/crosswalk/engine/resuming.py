"""What people do about pauses: see what stands still and what to fix, and let it go on."""

import structlog

from crosswalk.config.nearest import nearest_name
from crosswalk.connectors.reactions import fix_for
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.pause import Pause, PauseKind
from crosswalk.engine.noted import noted_name
from crosswalk.store import interventions, pauses
from crosswalk.store.database import Database
from crosswalk.store.interventions import Deed, Intervention

log = structlog.get_logger()


class UnknownPause(CrosswalkError):
    """Nothing of this name pauses."""


class PauseOver(UnknownPause):
    """It paused, and goes on already."""


class Resumer:
    """Shows and ends the pauses of a hub."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def standing(self) -> list[Pause]:
        """Everything that pauses, the oldest first."""
        async with self._database.transaction() as connection:
            return await pauses.standing(connection)

    async def resume(self, name: str, by: str) -> list[Pause]:
        """Let what is called so go on; returns which pauses that ended.

        What fails again for the same reason within an hour becomes a dead letter, instead of another pause. Credentials
        that are still refused pause the tenant or org again.

        Parameters
        ----------
        name
            A tenant, an org, a sync, a flow as `SYNC/FLOW`, or one of them with its kind before it: `org acme`.
        by
            Who wants it; noted.

        Raises
        ------
        UnknownPause
            Nothing of this name pauses; the message says what does.
        """
        standing = await self.standing()
        meant = [pause for pause in standing if name in (pause.name, name_of(pause))]
        if not meant:
            names = [name_of(pause) for pause in standing]
            near = nearest_name(name, [*names, *(pause.name for pause in standing)])
            hint = f", did you mean {near}?" if near else f"; what does: {', '.join(names) or 'nothing'}"
            raise UnknownPause(f"{name} does not pause{hint}")
        return [pause for pause in meant if await self._end(pause, by)]

    async def resume_number(self, number: int, by: str) -> Pause:
        """Let go on what a pause of this number stopped. Raises `UnknownPause` or `PauseOver`."""
        async with self._database.transaction() as connection:
            pause = await pauses.by_number(connection, number)
        if pause is None:
            raise UnknownPause(f"there is no pause {number}")
        if not await self._end(pause, by):
            raise PauseOver(f"pause {number} of {name_of(pause)} is over, by {pause.ended_by or 'somebody'}")
        return pause

    async def _end(self, pause: Pause, by: str) -> bool:
        by = noted_name(by)
        async with self._database.transaction() as connection:
            if not await pauses.end(connection, pause, by):
                return False
            sync = pauses.sync_of(pause) if pause.kind in (PauseKind.SYNC, PauseKind.FLOW) else ""
            await interventions.append(connection, Intervention(by, Deed.RESUME, sync, name_of(pause), pause.code))
        log.info("resumed", kind=pause.kind, name=pause.name, by=by)
        return True


def name_of(pause: Pause) -> str:
    """What pauses, with its kind: `org acme`."""
    return f"{pause.kind.value} {pause.name}"


def fix_of(pause: Pause) -> str:
    """What to put right."""
    return fix_for(pause.code)
