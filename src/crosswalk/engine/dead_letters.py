"""What people do about dead letters: look at them by cause, replay them after a fix, or discard them with a reason.

A replay opens the event again that the letter came from, behind everything that is live; only the newest known state
counts, so that a change that came later supersedes it. Whatever a person does is noted with a name.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta

import structlog
from msgspec import Struct

from crosswalk.config.nearest import nearest_name
from crosswalk.connectors.reactions import fix_for
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.ids import SyncName
from crosswalk.domain.purpose import Purpose
from crosswalk.domain.values import FieldValue
from crosswalk.engine.by_hand import make_due, no_such_sync
from crosswalk.engine.causes import without_values
from crosswalk.engine.hub import Hub
from crosswalk.engine.intake import Wake
from crosswalk.engine.noted import LONGEST_NAME, in_one_line
from crosswalk.store import dead_letters, interventions
from crosswalk.store.database import Connection, Database, time_now
from crosswalk.store.dead_letters import Group, Resolution, Selection, Unheard
from crosswalk.store.interventions import Deed, Intervention
from crosswalk.store.problems import Problem

log = structlog.get_logger()

LONGEST_REASON = 500
LISTED = 500
EXPIRE_EVERY_S = 600.0


class UnknownDeadLetter(CrosswalkError):
    """There is no such dead letter, and no such cause."""


class NotPossible(CrosswalkError):
    """That cannot be done about a dead letter."""


class Letter(Struct, frozen=True):
    """A dead letter as people see it.

    Parameters
    ----------
    problem
        The letter itself; its message and detail may hold a person's values.
    message
        The vendor's words.
    payload
        What was to be written: field → value.
    fix
        What to do about it.
    masked
        Whether values were taken out of `message` and `payload`.
    """

    problem: Problem
    message: str
    payload: Mapping[str, str]
    fix: str
    masked: bool


class LetterGroup(Struct, frozen=True):
    """A cause: how many letters it has, and the newest of them as an example."""

    group: Group
    example: Letter


class DeadLetters:
    """The dead letters of a hub.

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

    def all(self, sync: str = "") -> Selection:
        """Every open dead letter, or every one of a sync.

        Raises
        ------
        UnknownDeadLetter
            There is no sync of this name; the message has the nearest one.
        """
        if not sync:
            return Selection(tuple(self._definitions))
        if sync not in self._definitions:
            raise UnknownDeadLetter(no_such_sync(sync, self._definitions))
        return Selection((SyncName(sync),))

    async def find(self, name: str, sync: str = "") -> Selection:
        """What a person means: a letter by its number, all of one cause, or those of one user.

        Raises
        ------
        UnknownDeadLetter
            There is none open that is called so; the message has the nearest name.
        """
        everything = self.all(sync)
        selection = Selection(everything.syncs, cause=name)
        if name.isascii() and name.isdecimal() and len(name) < 19:
            selection = Selection(everything.syncs, number=int(name))
        elif "|" in name or "/" in name:
            selection = Selection(everything.syncs, user_id=name)
        async with self._database.transaction() as connection:
            if name and await dead_letters.letters(connection, selection, 1):
                return selection
            ended = await dead_letters.by_number(connection, everything.syncs, selection.number)
            known = [group.cause for group in await dead_letters.groups(connection, everything, LISTED)]
        if ended is not None and ended.resolved_at is not None:
            how = ended.resolution or "gone by itself"
            at = f"{ended.resolved_at:%Y-%m-%d %H:%M}Z"
            raise UnknownDeadLetter(f"dead letter {name} is no longer open: {how} at {at}")
        raise UnknownDeadLetter(f"there is no dead letter {name}{_near(name, known) or _those(known)}")

    async def groups(self, selection: Selection, limit: int = LISTED) -> list[LetterGroup]:
        """The causes of these letters, the most frequent first, each with its newest letter, masked."""
        async with self._database.transaction() as connection:
            found = await dead_letters.groups(connection, selection, limit)
            examples = {
                group.example: await dead_letters.by_number(connection, selection.syncs, group.example)
                for group in found
            }
        return [
            LetterGroup(group, masked(example)) for group in found if (example := examples[group.example]) is not None
        ]

    async def letters(self, selection: Selection, limit: int, after: int = 0) -> list[Letter]:
        """These letters beyond number `after`, masked, in the order in which they happened."""
        async with self._database.transaction() as connection:
            return [masked(problem) for problem in await dead_letters.letters(connection, selection, limit, after)]

    async def letter(self, number: int) -> Letter:
        """One letter, masked; an ended one, too.

        Raises
        ------
        UnknownDeadLetter
            There is none of this number.
        """
        return masked(await self._problem(number))

    async def reveal(self, number: int, by: str) -> Letter:
        """One letter with its values; it is noted who saw them. Raises what `letter` raises, and `NotPossible`."""
        by = _named(by)
        problem = await self._problem(number)
        async with self._database.transaction() as connection:
            await interventions.append(connection, Intervention(by, Deed.REVEAL, problem.sync, str(number)))
        return Letter(problem, problem.message, _payload(problem, _as_text), fix_for(problem.code), masked=False)

    async def replay(self, selection: Selection, by: str) -> int:
        """Make the subjects of these letters due again, in their order and behind everything that is live.

        Returns how many there are. A letter goes away when what it is about is written, or nothing is left to write.
        """
        by = _named(by)
        async with self._database.transaction() as connection:
            number, unheard = await dead_letters.replay(connection, selection)
            for each in unheard:
                await self._make_due(connection, each, by)
            await self._note(connection, selection, Deed.REPLAY, by, "", number)
        return number

    async def discard(self, selection: Selection, by: str, reason: str) -> int:
        """End these letters; what they are about stays as it is until something else changes. Returns how many.

        Raises
        ------
        NotPossible
            No reason was given.
        """
        by, reason = _named(by), in_one_line(reason)
        if not 0 < len(reason) <= LONGEST_REASON:
            raise NotPossible(f"give a reason of 1 to {LONGEST_REASON} characters: it is kept with who discarded it")
        async with self._database.transaction() as connection:
            number = await dead_letters.resolve(connection, selection, Resolution.DISCARDED)
            await self._note(connection, selection, Deed.DISCARD, by, reason, number)
        return number

    async def expire(self, sync: SyncName, after: timedelta) -> int:
        """End the letters of a sync that were not seen again for so long; returns how many there were."""
        async with self._database.transaction() as connection:
            number = await dead_letters.expire(connection, sync, after.total_seconds())
            if number:
                done = Intervention("crosswalk", Deed.EXPIRE, sync, "all", f"older than {after}", number)
                await interventions.append(connection, done)
        return number

    async def _problem(self, number: int) -> Problem:
        async with self._database.transaction() as connection:
            found = await dead_letters.by_number(connection, list(self._definitions), number)
        if found is None:
            raise UnknownDeadLetter(f"there is no dead letter {number}; `crosswalk deadletters list` lists those open")
        return found

    async def _note(
        self, connection: Connection, selection: Selection, deed: Deed, by: str, reason: str, number: int
    ) -> None:
        about = selection.cause or (str(selection.number) if selection.number else selection.user_id) or "all"
        sync = ", ".join(selection.syncs)
        await interventions.append(connection, Intervention(by, deed, sync, about, reason, number))

    async def _make_due(self, connection: Connection, lost: Unheard, by: str) -> None:
        """Put an event into the inbox in the place of one that is gone: the user, or deal, is read anew."""
        definition = self._definitions[lost.sync]
        now = await time_now(connection)
        event_id, told = f"replay/{lost.number}/{now.isoformat()}", {"replayed_by": by}
        await make_due(connection, definition, self._wake, lost.user_id, event_id, told, now, purpose=Purpose.BACKFILL)


def dead_letters_of(hub: Hub) -> DeadLetters:
    """The dead letters of a running hub."""
    definitions = {name: compiled.definition for name, compiled in hub.compiled.items()}
    return DeadLetters(hub.database, definitions, hub.jobs.wake)


async def expire_for_ever(letters: DeadLetters, policies: Mapping[SyncName, timedelta]) -> None:
    """End letters that are older than their sync keeps them, until cancelled."""
    while True:
        for sync, after in policies.items():
            number = await letters.expire(sync, after)
            if number:
                log.warning("dead_letters_expired", sync=sync, letters=number)
        await asyncio.sleep(EXPIRE_EVERY_S)


def masked(problem: Problem) -> Letter:
    """A letter without anybody's values: words without what they quote, fields with the length of what they hold."""
    message = without_values(problem.message, _fields(problem).values())
    return Letter(problem, message, _payload(problem, _mask), fix_for(problem.code), masked=True)


def _fields(problem: Problem) -> Mapping[str, FieldValue]:
    fields = (problem.detail or {}).get("fields")
    return fields if isinstance(fields, dict) else {}


def _payload(problem: Problem, shown: Callable[[FieldValue], str]) -> dict[str, str]:
    return {name: shown(value) for name, value in _fields(problem).items()}


def _mask(value: FieldValue) -> str:
    if value is None or value == "":
        return "empty"
    return f"•••• ({len(value)} characters)" if isinstance(value, str) else "••••"


def _as_text(value: FieldValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "empty" if value is None else str(value)


def _named(by: str) -> str:
    name = in_one_line(by)
    if not 0 < len(name) <= LONGEST_NAME:
        raise NotPossible(f"say who does it, in 1 to {LONGEST_NAME} characters: it is noted")
    return name


def _near(name: str, names: Iterable[str]) -> str:
    near = nearest_name(name, names)
    return f", did you mean {near}?" if near else ""


def _those(causes: Sequence[str]) -> str:
    return f"; causes: {', '.join(causes[:8])}" if causes else "; none is open"
