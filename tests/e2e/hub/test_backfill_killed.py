"""Workers that are killed at every turn of a back-fill: both sides, and the hub's books, end as if nobody had been."""

import asyncio
import os
from pathlib import Path
from typing import Any, LiteralString, NamedTuple

import pytest

from crosswalk.config.load import load_config
from crosswalk.domain.backfill import Direction
from crosswalk.engine.backfill.orders import Backfills
from crosswalk.engine.backfill.reading import USERS_IN_A_CHUNK
from crosswalk.engine.backfill.run import CHUNK_LOCK
from crosswalk.engine.hub import open_hub
from crosswalk.store.database import STATEMENT_TIMEOUT_MS
from crosswalk_sandbox.process import SandboxProcess
from tests.databases import Databases
from tests.e2e.hub.command_line import a_lasting_system
from tests.e2e.hub.conftest import System, eventually
from tests.e2e.hub.stopping import LOCK, Stop, stopping
from tests.e2e.hub.test_backfill import SYNC
from tests.forking import Forked

WITH_TWINS = 28
"""The number of people of whom two have two users each that match one record. Nobody has two users and no record: which
of them is first, and so gets one, would be told by chance."""

TIMES = {"created_at", "updated_at", "CreatedDate", "LastModifiedDate", "SystemModstamp"}
BOOKED: LiteralString = "OLD.state = 'matched' AND NEW.state = 'written' AND NEW.lane = 1"

LOSING = "losing its locks while it books what the org took"

STOPS = {
    "reading records, those of one object": Stop("backfills", "UPDATE", "NEW.records > 0"),
    "reading users, and packing them": Stop("backfill_chunks", "INSERT", "NEW.lane = 1"),
    "matching": Stop("backfill_chunks", "UPDATE", "NEW.state = 'matched' AND NEW.lane = 1"),
    "putting the report together": Stop("backfills", "UPDATE", "NEW.stage = 'writing'"),
    "storing the report": Stop("backfills", "UPDATE", "NEW.stage = 'writing'", at_commit=True),
    LOSING: Stop("backfill_chunks", "UPDATE", BOOKED),
    "booking what the org took": Stop("backfill_chunks", "UPDATE", BOOKED),
    "storing what was booked": Stop("backfill_chunks", "UPDATE", BOOKED, at_commit=True),
    "ending": Stop("backfills", "UPDATE", "NEW.stage = 'done'"),
}
STOPS_BY_A_JOB = {
    "remembering the job that it made": Stop("bulk_jobs", "INSERT", "true"),
    "storing that, before the job has a row": Stop("bulk_jobs", "INSERT", "true", at_commit=True),
    "booking what the job wrote": Stop("backfill_chunks", "UPDATE", "NEW.state = 'written'"),
}
# Whoever waits where it is stopped, and since when: another try of the same is a transaction of its own.
WAITING = f"""
SELECT a.pid, a.xact_start
FROM pg_locks AS l
JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND NOT l.granted AND l.objid = {LOCK}
"""  # noqa: S608  a number of the test's
# Ends the connection that holds a chunk and its lane, as a restart of PostgreSQL does, or a sleep of the worker.
LOSE_LOCKS = f"""
SELECT pg_terminate_backend(pid)
FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = {CHUNK_LOCK}
"""  # noqa: S608  a number of the hub's
BY_COMMAND = {"putting the report together"}
"""What the command does that works along, `crosswalk backfill --resume`; a worker does everything else."""


class End(NamedTuple):
    """What a back-fill leaves behind."""

    users: Any
    records: dict[str, Any]
    links: list[tuple[str, ...]]
    audit: list[tuple[str, ...]]
    problems: list[tuple[str, ...]]
    report: list[tuple[Any, ...]]
    left_over: list[tuple[str, ...]]
    made: int
    """How many records the hub asked the org to make."""


@pytest.mark.timeout(400)
def test_whichever_worker_is_killed_at_whatever_it_does_the_end_is_the_same(
    sandbox: SandboxProcess, databases: Databases, tmp_path: Path
) -> None:
    with a_lasting_system(sandbox, databases, folder(tmp_path, "undisturbed")) as system:
        undisturbed = back_fill(system, {})
    with a_lasting_system(sandbox, databases, folder(tmp_path, "killed")) as system:
        killed = back_fill(system, STOPS)
        truth = {user: each["records"] for each in sandbox.truth() for user in each["users"]}

    assert killed == undisturbed
    assert killed.report == [({"link": 19, "create": 6, "wait": 1, "conflict": 3}, 29, 40)]
    assert killed.made == 6
    found = [(user, record) for user, _, record, evidence in killed.links if evidence != "created"]
    assert len(found) == 17
    assert [user for user, record in found if record not in truth[user]] == []
    assert killed.left_over == []


def test_whoever_writes_by_a_job_of_the_orgs_may_be_killed_as_well(
    sandbox: SandboxProcess, databases: Databases, tmp_path: Path
) -> None:
    with a_lasting_system(sandbox, databases, folder(tmp_path, "killed")) as system:
        system.sandbox.seed("people", people=4_200, overlap=0.0)
        system.sync, system.org = {"lanes": 1}, {"bulk_above": 200}
        asyncio.run(order(system))
        for what, stop in STOPS_BY_A_JOB.items():
            with stopping(system, stop) as somebody_waits:
                worker = system.start("worker")
                eventually(somebody_waits, f"a worker is {what}")
                worker.kill()
        system.start("worker")
        eventually(lambda: system.rows("SELECT stage FROM backfills") == [("done",)], "the back-fill is done")
        [(outcomes, users)] = system.rows("SELECT outcomes, users FROM backfills")
        linked = system.rows("SELECT user_id, record_id FROM links WHERE evidence = 'created'")
        leads = system.leads()
        doubled = system.rows("SELECT user_id, field FROM audit GROUP BY 1, 2 HAVING count(*) > 1")
        left_over = system.rows("SELECT 1 FROM bulk_jobs")
        jobs = system.jobs_made()

    # The first was made and nobody knew of it, the second got no row; the third wrote, whoever read what it did.
    assert jobs == 3
    assert users > USERS_IN_A_CHUNK
    assert sum(outcomes.values()) == users
    assert outcomes["written"] == len(linked) > 2_000
    assert {user: [lead["Id"] for lead in leads[user]] for user in leads if user != "None"} == {
        user: [record] for user, record in linked
    }
    assert (doubled, left_over) == ([], [])


def folder(tmp_path: Path, name: str) -> Path:
    made = tmp_path / name
    made.mkdir()
    return made


def back_fill(system: System, stops: dict[str, Stop]) -> End:
    """Have everybody written by one worker after another, each of which but the last is killed at a point."""
    system.sandbox.seed("people", people=40, overlap=0.5, number=WITH_TWINS)
    system.sync = {"lanes": 2}
    seeded = len(system.sandbox.writes())
    asyncio.run(order(system))
    for what, stop in stops.items():
        with stopping(system, stop) as somebody_waits:
            process = resume_by_command(system) if what in BY_COMMAND else system.start("worker")
            eventually(somebody_waits, f"a process is {what}")
            if what == LOSING:
                lose_locks(system)
            process.kill()
    system.start("worker")
    eventually(lambda: system.rows("SELECT stage FROM backfills") == [("done",)], "the back-fill is done")
    system.settled()
    made = [each for each in system.sandbox.writes(seeded) if each["operation"] == "create"]
    return end_of(system, len(made))


def lose_locks(system: System) -> None:
    """Take whoever waits the locks away; what is under way is stopped then, not when its statement times out."""
    waiting = system.rows(WAITING)
    system.rows(LOSE_LOCKS)
    eventually(lambda: system.rows(WAITING) != waiting, "it stops by itself", STATEMENT_TIMEOUT_MS / 2_000)


def resume_by_command(system: System) -> Forked:
    arguments = ["backfill", "--resume", "--config", str(system.configure())]
    with (system.folder / "backfill.log").open("ab") as log:
        command = Forked("crosswalk", arguments, environ={**os.environ, **system.environ}, stdout=log, stderr=log)
    system.stack.callback(command.kill)
    return command


async def order(system: System) -> None:
    async with open_hub(load_config(system.configure(), system.environ)) as hub:
        definition = hub.compiled[SYNC].definition
        await Backfills(hub.database).order(definition, Direction.BOTH, "grace", write=True)


def end_of(system: System, made: int) -> End:
    state = system.sandbox.state()
    records = {name: each for name, each in state["salesforce"].items() if name in {"Account", "Contact", "Lead"}}
    return End(
        without_times(state["auth0"]["users"]),
        {name: without_times(each) for name, each in records.items()},
        system.rows("SELECT user_id, object, record_id, evidence FROM links ORDER BY user_id"),
        system.rows("SELECT user_id, object, record_id, action, field, new::text, actor FROM audit ORDER BY 1, 2, 5"),
        system.rows("SELECT user_id, kind, code FROM problems WHERE resolved_at IS NULL ORDER BY user_id"),
        system.rows("SELECT report->'outlooks', users, records FROM backfills"),
        system.rows("SELECT tablename FROM pg_tables WHERE tablename LIKE 'backfill_1_%'"),
        made,
    )


def without_times(things: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in each.items() if name not in TIMES} for each in things]
