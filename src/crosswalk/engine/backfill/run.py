"""The back-fill: everybody who was there before the hub, matched first, and written once somebody wants it.

Both sides are read whole, in a handful of calls, into tables of the back-fill's own. Then its chunks are planned by the
same function as events are (`crosswalk.engine.backfill.chunks`), which yields the report; and then, where that was
ordered and nothing in it is more than the thresholds allow, they are written in the same way.

Any number of workers take part. What a back-fill has done stands in PostgreSQL alone: its stage, and the state of each
chunk, which moves in the transaction that stores what came of it. Whoever works on a chunk holds a session lock, which
PostgreSQL drops at once when that worker dies; a chunk's lane is kept from live work by the same lock that jobs take.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from crosswalk.connectors.allowance import spending
from crosswalk.connectors.backoff import backoff
from crosswalk.connectors.errors import ConnectorError
from crosswalk.domain.backfill import (
    Backfill,
    Direction,
    Finding,
    Outlook,
    Report,
    Stage,
    gives_way,
    spends_too_much,
    too_much,
)
from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.event import Disposition
from crosswalk.domain.ids import UserId
from crosswalk.domain.pause import Pause, stops
from crosswalk.domain.purpose import Purpose
from crosswalk.engine.backfill.chunks import ChunkTaken, ChunkWork, NotNow
from crosswalk.engine.backfill.jobs import in_company
from crosswalk.engine.backfill.reading import BackfillReading
from crosswalk.engine.collecting import collecting_rarely
from crosswalk.engine.guarding import LockLost, guarded
from crosswalk.engine.hub import Hub
from crosswalk.engine.jobs import try_lane
from crosswalk.engine.saved_plans import definition_digest
from crosswalk.store import backfill_news, backfills, holds, pauses, statistics
from crosswalk.store.backfill_side import BackfillSide
from crosswalk.store.backfills import Chunk
from crosswalk.store.database import UNLOCK_ALL, Connection
from crosswalk.store.due import Lane

log = structlog.get_logger()

CHUNKS_AT_ONCE = 3
"""While one waits for an org or for the database, another is planned."""

LOOK_EVERY_S = 1.0
CATCH_UP_AFTER_S = 60.0
"""A call or two for each object. Whether somebody made a record in between is asked before another is made, and what is
told of a record meanwhile goes to whoever is given it."""

LONGEST_PAUSE_S = 60.0
LEFT_TO_OTHERS_FOR_S = 2.0
"""Whoever reads one side leaves the other to another worker for so long."""

LOOK_AT_OTHERS_EVERY_S = 0.2
"""So often whoever waits for live work, or for another worker, looks whether that is done."""

SPARED_FOR_S = 15.0
HANDED_OVER_AT_ONCE = 1_000

RUN_LOCK = 0x6266696C
RECORDS_LOCK = 0x62667265
USERS_LOCK = 0x62667573
CHUNK_LOCK = 0x62666368
TRY_LOCK = "SELECT pg_try_advisory_lock(%s, %s)"
TRY_SHARED_LOCK = "SELECT pg_try_advisory_lock_shared(%s, %s)"

_PASSING = (NotNow, LockLost, ConnectorError, psycopg.OperationalError, PoolTimeout)


class DefinitionChanged(CrosswalkError):
    """The sync is not configured any more as it was when the back-fill began."""


async def backfill_for_ever(hub: Hub) -> None:
    """Work on whichever back-fills of the hub's syncs there is something to do in, until cancelled."""
    while True:
        async with hub.database.transaction() as connection:
            numbers = await backfills.at_work(connection, list(hub.compiled))
        await asyncio.gather(*(work_on(hub, number) for number in numbers))
        await asyncio.sleep(LOOK_EVERY_S)


async def work_on(hub: Hub, number: int) -> None:
    """Work on a back-fill as long as there is something to do in it that nobody else does."""
    with ThreadPoolExecutor(1, thread_name_prefix="backfill") as threads, collecting_rarely():
        await _Runner(hub, number, threads).run()


class _Runner:
    """One process's part in one back-fill."""

    def __init__(self, hub: Hub, number: int, threads: ThreadPoolExecutor) -> None:
        self._hub = hub
        self._database = hub.database
        self._number = number
        self._threads = threads
        self._side = BackfillSide(number)
        self._failures = 0
        self._oldest: tuple[int, float] | None = None

    async def run(self) -> None:
        """Go on until it rests, waits for a person, or has ended."""
        while (backfill := await self._state()) is not None and backfill.works:
            try:
                self._check(backfill)
                with spending(Purpose.BACKFILL, backfill.sync):
                    moved = await self._step(backfill)
            except _PASSING as error:
                self._failures += 1
                log.warning("backfill_waits", backfill=self._number, error=str(error))
                await self._note(f"{type(error).__name__}: {error}"[:1000])
                await asyncio.sleep(backoff(self._failures, random.random, longest_s=LONGEST_PAUSE_S))
            except (ChunkTaken, DefinitionChanged) as error:
                await self._note(str(error) if isinstance(error, DefinitionChanged) else "")
                await asyncio.sleep(LOOK_EVERY_S)
            else:
                if moved:
                    self._failures = 0
                else:
                    await self._wait_for_others(backfill)

    async def _wait_for_others(self, backfill: Backfill) -> None:
        """Wait a little before looking for something to do again, and less where the others are done with the stage."""
        until = time.monotonic() + LOOK_EVERY_S
        while time.monotonic() < until:
            await asyncio.sleep(LOOK_AT_OTHERS_EVERY_S)
            async with self._database.transaction() as connection:
                if not await backfills.still_works(connection, backfill.id, backfill.stage):
                    return

    def _check(self, backfill: Backfill) -> None:
        definition = self._hub.compiled[backfill.sync].definition
        if backfill.lanes != definition.lanes or backfill.definition != definition_digest(definition):
            raise DefinitionChanged(
                f"sync {backfill.sync} was configured otherwise when back-fill {self._number} began, and its report "
                "says what that would do: cancel it and begin anew"
            )

    async def _step(self, backfill: Backfill) -> bool:
        """Do the next thing; `False` where somebody else does what there is."""
        match backfill.stage:
            case Stage.READING:
                return await self._read(backfill)
            case Stage.MATCHING:
                work = self._work(backfill)
                return await self._chunks(backfill, "read", work.match_all) or await self._alone(self._report, backfill)
            case Stage.WRITING:
                await self._catch_up(backfill)
                work = self._work(backfill)
                return await self._chunks(backfill, "matched", work.write) or await self._alone(self._end, backfill)
            case _:
                return False

    def _work(self, backfill: Backfill) -> ChunkWork:
        return ChunkWork(self._hub, backfill, self._side, self._threads)

    def _reading(self, backfill: Backfill) -> BackfillReading:
        compiled = self._hub.compiled[backfill.sync]
        tenant, org = self._hub.tenants[compiled.definition.tenant], self._hub.orgs[compiled.definition.org]
        return BackfillReading(self._database, self._side, compiled, tenant, org, backfill)

    async def _read(self, backfill: Backfill) -> bool:
        """Read both sides at once: another worker the other one, or this one both where nobody else begins with it."""
        reading = self._reading(backfill)
        records = asyncio.create_task(self._one_side(backfill, RECORDS_LOCK, reading.read_records))

        async def read_users() -> bool:
            await asyncio.wait([records], timeout=LEFT_TO_OTHERS_FOR_S)
            return await self._one_side(backfill, USERS_LOCK, reading.read_users)

        users = asyncio.create_task(read_users())
        try:
            # Where one of them fails, the other one goes on: what was read whole is not read again.
            read = await asyncio.gather(records, users, return_exceptions=True)
        finally:
            records.cancel()
            users.cancel()
        for result in read:
            if isinstance(result, BaseException):
                raise result
        if all(await reading.are_whole()):
            return await self._alone(lambda _: self._move(Stage.MATCHING), backfill)
        return any(read)

    async def _one_side(self, backfill: Backfill, lock: int, read: Callable[[], Coroutine[None, None, None]]) -> bool:
        """Read one side, unless that is done, or another worker does it; `False` then."""
        async with self._database.session() as session:
            # Whoever reads both sides under one lock, as the version before, shares it with nobody.
            if not (await _try_lock(session, RUN_LOCK, self._number, shared=True)):
                return False
            if not (await _try_lock(session, lock, self._number)):
                return False
            now = await self._state()
            is_whole = await self._reading(backfill).are_whole()
            if now is None or not now.works or now.stage is not Stage.READING or is_whole[lock == USERS_LOCK]:
                return False
            await guarded(session, f"one side of back-fill {self._number}", read())
            return True

    async def _catch_up(self, backfill: Backfill) -> None:
        """Before anything is written, and after each rest, records that changed since are read."""
        async with self._database.transaction() as connection:
            since, age_s = await backfills.when_read(connection, self._number)
        if since is not None and age_s > CATCH_UP_AFTER_S:
            reading = self._reading(backfill)
            await self._alone(lambda _: reading.catch_up(since), backfill)

    async def _chunks(
        self, backfill: Backfill, state: str, work: Callable[[Sequence[Chunk]], Coroutine[None, None, None]]
    ) -> bool:
        """Work on chunks, some at once, until there is none to take; returns whether there was one."""

        async def one_after_another() -> int:
            done = 0
            # To open a session takes as long as some ten users do.
            async with self._database.session() as session:
                while await self._may_go_on(backfill):
                    async with self._taken(session, backfill, state) as chunks:
                        if not chunks:
                            break
                        await guarded(session, f"chunk {chunks[0].id}", work(chunks))
                        if not done:
                            await self._learn()
                        done += 1
            return done

        # Where one of them fails, the others end what they are at.
        results = await asyncio.gather(*(one_after_another() for _ in range(CHUNKS_AT_ONCE)), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        await self._note("")
        return any(result for result in results) or await self._is_left(backfill, state)

    async def _learn(self) -> None:
        """Once something was written, have PostgreSQL look at it: the tables may have been empty."""
        async with self._database.transaction() as connection:
            await statistics.learn(connection)

    async def _is_left(self, backfill: Backfill, state: str) -> bool:
        """Whether chunks are left that somebody else works on: then wait for them."""
        async with self._database.transaction() as connection:
            left = await backfills.is_left(connection, backfill.id, state)
        if left:
            await asyncio.sleep(LOOK_AT_OTHERS_EVERY_S)
        return left

    async def _may_go_on(self, backfill: Backfill) -> bool:
        """Let live work go first, and leave it the calls it needs; `False` once the back-fill rests or has ended."""
        began = time.monotonic()
        while True:
            async with self._database.transaction() as connection:
                if not await backfills.still_works(connection, backfill.id, backfill.stage):
                    return False
                waiting, oldest_s, oldest = await backfills.live_work(connection, backfill.sync)
                standing = await pauses.standing(connection)
            because = self._kept_back(backfill, standing) if backfill.stage is Stage.WRITING else ""
            if because:
                await self._note(because)
                await asyncio.sleep(SPARED_FOR_S)
            elif gives_way(waiting, oldest_s, self._unmoved_s(oldest), time.monotonic() - began):
                await asyncio.sleep(LOOK_AT_OTHERS_EVERY_S)
            else:
                return True

    def _unmoved_s(self, oldest: int) -> float:
        """For how many seconds the same event has been the oldest that is due."""
        if self._oldest is None or self._oldest[0] != oldest:
            self._oldest = (oldest, time.monotonic())
        return time.monotonic() - self._oldest[1]

    def _kept_back(self, backfill: Backfill, standing: Sequence[Pause]) -> str:
        """What keeps the back-fill from writing, but for live work: a pause, or that the day's calls run out."""
        definition = self._hub.compiled[backfill.sync].definition
        if any(stops(pause, definition) for pause in standing):
            return "the sync, its tenant or its org pauses, and says what has to be put right"
        usage = self._hub.orgs[definition.org].usage
        if usage is not None and spends_too_much(usage.used, usage.limit):
            return f"{usage.used:,} of the org's {usage.limit:,} calls of a day are used, and the rest is for live work"
        return ""

    @asynccontextmanager
    async def _taken(self, session: Connection, backfill: Backfill, state: str) -> AsyncIterator[Sequence[Chunk]]:
        """A chunk that nobody else works on, while one is to be had; for writing, its lane is kept from live work.

        Where a job of the org's is to write, there are several chunks of one lane. Whoever leaves with an error closes
        the session, which lets go as well.
        """
        writes = backfill.stage is Stage.WRITING
        choices = (
            await backfills.first_of_lanes(session, backfill.id, state)
            if writes
            else await backfills.next_chunks(session, backfill.id, state, 4 * CHUNKS_AT_ONCE)
        )
        taken: Sequence[Chunk] = ()
        for chunk_id, lane in choices:
            if writes and not await try_lane(session, Lane(backfill.sync, lane)):
                continue
            if await _try_lock(session, CHUNK_LOCK, chunk_id):
                # It may have been finished just before the lock was free.
                chunk = await backfills.chunk(session, chunk_id, state)
                if chunk is not None:
                    taken = await self._in_company(session, backfill, chunk) if writes else (chunk,)
                    break
        yield taken
        await session.execute(UNLOCK_ALL)

    async def _in_company(self, session: Connection, backfill: Backfill, first: Chunk) -> Sequence[Chunk]:
        org = self._hub.orgs[self._hub.compiled[backfill.sync].definition.org]
        return await in_company(session, org, backfill.id, Lane(backfill.sync, first.lane), first)

    async def _report(self, backfill: Backfill) -> None:
        """Put the report together; where nothing in it is too much and it was ordered, go on to write."""
        definition = self._hub.compiled[backfill.sync].definition
        async with self._database.transaction() as connection:
            total = await backfills.tally(connection, self._number, "matched")
            losers = await self._side.settle(connection)
            await backfills.add_findings(connection, self._number, [_lost(*loser) for loser in losers])
            outlooks = dict(total.outlooks)
            if deals := await backfills.count_findings(connection, self._number, Outlook.DEAL.value):
                outlooks[Outlook.DEAL] = deals
            if losers:
                outlooks[Outlook.LINK] = outlooks.get(Outlook.LINK, 0) - len(losers)
                outlooks[Outlook.CONFLICT] = outlooks.get(Outlook.CONFLICT, 0) + len(losers)
            report = Report(
                backfill.users,
                backfill.records,
                outlooks,
                total.kinds,
                {} if backfill.direction is Direction.USERS else await self._side.unclaimed(connection, backfill.sync),
                len(losers),
                too_much(total.kinds, definition.thresholds, await holds.linked(connection, backfill.sync)),
            )
            await backfills.save_report(connection, self._number, report)
            goes_on = backfill.write and not report.too_much
            await backfills.move(connection, self._number, Stage.WRITING if goes_on else Stage.MATCHED)
        log.info(
            "backfill_matched", backfill=self._number, sync=backfill.sync, **{k.value: n for k, n in outlooks.items()}
        )

    async def _end(self, backfill: Backfill) -> None:
        """Hand over who lost a record to another, drop what was read, and close the books."""
        work = self._work(backfill)
        async with self._database.transaction() as connection:
            losers = [UserId(user_id) for user_id, _, _ in await self._side.losers(connection)]
            for start in range(0, len(losers), HANDED_OVER_AT_ONCE):
                await work.hand_over(connection, losers[start : start + HANDED_OVER_AT_ONCE])
            lanes, since = backfill.lanes, backfill.started_at
            for lane in await backfill_news.told_meanwhile(connection, backfill.sync, lanes, since):
                await self._hub.jobs.wake(connection, lane)
            async for found in backfills.all_findings(connection, self._number, Outlook.DEAL.value):
                await work.hand_over(connection, [UserId(each.user_id) for each in found], Disposition.CHANGED)
            total = await backfills.tally(connection, self._number, "written")
            await backfills.save_outcomes(connection, self._number, total.outcomes)
            await backfills.forget_profiles(connection, self._number)
            await backfills.move(connection, self._number, Stage.DONE)
            await self._side.drop(connection)
        log.info(
            "backfill_done",
            backfill=self._number,
            sync=backfill.sync,
            **{k.value: n for k, n in total.outcomes.items()},
        )

    async def _alone(self, work: Callable[[Backfill], Coroutine[None, None, None]], backfill: Backfill) -> bool:
        """Do what one process does for all, unless another does it; `False` then."""
        async with self._database.session() as session:
            if not await _try_lock(session, RUN_LOCK, self._number):
                return False
            now = await self._state()
            if now is not None and now.works and now.stage is backfill.stage:
                await guarded(session, f"back-fill {self._number}", work(now))
            return True

    async def _move(self, stage: Stage) -> None:
        async with self._database.transaction() as connection:
            await backfills.move(connection, self._number, stage)

    async def _state(self) -> Backfill | None:
        async with self._database.transaction() as connection:
            return await backfills.read(connection, self._number)

    async def _note(self, error: str) -> None:
        async with self._database.transaction() as connection:
            await backfills.note_trouble(connection, self._number, error)


async def _try_lock(session: Connection, kind: int, number: int, *, shared: bool = False) -> bool:
    row = await (await session.execute(TRY_SHARED_LOCK if shared else TRY_LOCK, (kind, number))).fetchone()
    return row is not None and bool(row[0])


def _lost(user_id: str, record_id: str, winner: str) -> Finding:
    words = f"The record is also that of {winner}, who gets it: by a better rule, or as the first of equals."
    return Finding(user_id, Outlook.CONFLICT, "already_linked", record_ids=record_id, words=words)
