"""One run from a seed: people and incidents together, then quiet, then everything that has to hold."""

import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from crosswalk_sandbox.process import SandboxProcess
from tests.chaos.driver import TWINS_CONNECTION, Driver, Tenant
from tests.chaos.incidents import Incidents
from tests.chaos.machine import EVENT_TOKEN, Machine
from tests.chaos.oracle import STANDING, differences
from tests.chaos.people import Origin
from tests.chaos.schedule import Schedule, draw

DAILY_LIMIT = 1_500
OURS_OF_IT = 1_200
"""Without the reserve of 20 per cent. A run makes some hundred calls: were each worker to spend it alone, it showed."""
SESSIONS_LAST_S = 300.0
DRIVEN_WITHIN_S = 120.0
QUIET_WITHIN_S = 90.0
STUCK_AFTER_S = 25.0
"""Longer than the hub waits before it opens a source again that failed."""
LOOK_EVERY_S = 0.25
"""What both sides have is much to read, and the hub needs the processor, too."""
RETRY_DELAYS = [0.2, 0.5] + [1.0] * 90

WAITING = "SELECT count(*) FROM due WHERE outcome IS NULL"
TABLES = (
    *("inbox", "due", "identities", "links", "former_links", "claims", "audit", "problems", "cursors", "budgets"),
    *("effects", "effects_begun", "writes_begun"),
)
OPEN_PROBLEMS = "SELECT user_id, kind, code, message FROM problems WHERE resolved_at IS NULL"


@dataclass
class Outcome:
    """What came of one run.

    Parameters
    ----------
    wrong
        What does not hold; nothing when the run is good.
    """

    seed: int
    changes: int = 0
    injected: int = 0
    calls: int = 0
    restarts: int = 0
    started_s: float = 0.0
    driven_s: float = 0.0
    quiet_s: float = 0.0
    seconds: float = 0.0
    disk: str = ""
    wrong: list[str] = field(default_factory=list)


class NotQuiet(AssertionError):
    """Something was to come to rest and did not."""


def run(seed: int, folder: Path, sandbox: SandboxProcess, prepared: Path, clock_library: Path | None) -> Outcome:
    """Carry one run out; what goes wrong is in the outcome."""
    began = time.monotonic()
    schedule = draw(seed)
    outcome = Outcome(seed)
    _set_up(sandbox)
    with Machine(folder, sandbox, prepared, schedule, clock_library) as machine:
        outcome.started_s = time.monotonic() - began
        try:
            _live_through(machine, schedule, outcome)
        except AssertionError as error:
            outcome.wrong.append(str(error))
        except Exception as error:  # of this run: those after it go on
            outcome.wrong.append("".join(traceback.format_exception(error)))
        if outcome.wrong:
            _keep_evidence(machine)
        outcome.calls = sandbox.calls()["total"]
        outcome.restarts = machine.postgres.restarts
        outcome.disk = type(machine.disk).__name__
    outcome.seconds = time.monotonic() - began
    return outcome


def _keep_evidence(machine: Machine) -> None:
    """What both sides and the hub have, and how the database is, as files beside the logs."""
    machine.postgres.keep_evidence(machine.folder)
    (machine.folder / "sides.json").write_text(json.dumps(machine.sandbox.state(), indent=1))
    (machine.folder / "writes.json").write_text(json.dumps(machine.sandbox.writes(), indent=0))
    with suppress(psycopg.Error), psycopg.connect(machine.postgres.uri) as connection:
        for table in TABLES:
            with (machine.folder / f"{table}.csv").open("wb") as file:
                query = f"COPY (SELECT * FROM {table}) TO STDOUT (FORMAT csv, HEADER)"  # noqa: S608  # our own names
                with connection.cursor().copy(query) as copy:
                    file.writelines(copy)


def _set_up(sandbox: SandboxProcess) -> None:
    sandbox.reset()
    sandbox.fault_rules([])
    sandbox.settings(daily_limit=DAILY_LIMIT, token_lifetime_s=SESSIONS_LAST_S)
    sandbox.auth0_settings(retry_delays=RETRY_DELAYS, delivery_timeout=3.0)
    key = {"name": "Crosswalk_Key__c", "type": "string", "length": 255, "is_external_id": True, "is_unique": True}
    sandbox.administer("fields", object="Task", field=key)
    sandbox.administer("fields", object="Contact", field={"name": STANDING, "type": "string", "length": 40})
    tenant = Tenant(sandbox.access)
    tenant.insist("POST", "/api/v2/connections", {"name": TWINS_CONNECTION, "strategy": "auth0"}, done=(409,))
    tenant.close()


def _live_through(machine: Machine, schedule: Schedule, outcome: Outcome) -> None:
    sandbox = machine.sandbox
    began = time.monotonic()
    if "event_stream" in schedule.sources:
        _stream_events(machine)
    _until(lambda: _positions(machine) >= _sources(schedule), "all sources are read", QUIET_WITHIN_S)
    sandbox.fault_rules(schedule.rules, seed=schedule.seed)
    driver = Driver(sandbox, schedule.people, schedule.deeds)
    driver.start()
    incidents = Incidents(machine)
    for incident in schedule.incidents:
        _until(
            lambda at=incident.after_changes: driver.progress >= at,  # type: ignore[misc]
            "the changes go on",
            DRIVEN_WITHIN_S,
            every_s=0.05,
        )
        incidents.begin(incident)
    driver.join(DRIVEN_WITHIN_S)
    incidents.join()
    outcome.injected = len(sandbox.fault_log())
    sandbox.fault_rules([])
    for service in (machine.api, *machine.workers):
        service.revive()
    quiet_from = time.monotonic()
    outcome.driven_s = quiet_from - began
    if schedule.loses_events:
        # First of all: somebody of whom nothing was told has no record that could be edited.
        _until(lambda: _at_rest(machine), "what arrived is dealt with", QUIET_WITHIN_S)
        _repair(machine)
    driver.catch_up(lambda holds, what: _until(holds, what, QUIET_WITHIN_S))
    outcome.changes = driver.made
    _wait_for_agreement(machine, schedule, outcome)
    outcome.quiet_s = time.monotonic() - quiet_from
    _check_the_rest(machine, schedule, outcome)


def _repair(machine: Machine) -> None:
    """What an operator does, or the schedule of drift checks, where events may have been lost."""
    ended = _command(machine, "reconcile", "--repair", "--grace", "0s", "--missing-too")
    (machine.folder / "reconcile.txt").write_text(ended.stdout + ended.stderr)
    if ended.returncode not in (0, 2):
        raise AssertionError(f"crosswalk reconcile ended with {ended.returncode}: {ended.stdout}{ended.stderr}")


def _wait_for_agreement(machine: Machine, schedule: Schedule, outcome: Outcome) -> None:
    """Wait until both sides are right; give up once nothing moves any more."""
    began = moved_at = time.monotonic()
    seen: list[str] = []
    while time.monotonic() - began < QUIET_WITHIN_S and time.monotonic() - moved_at < STUCK_AFTER_S:
        if not _at_rest(machine):
            moved_at = time.monotonic()
        elif not (wrong := _wrong(machine, schedule)):
            return
        elif wrong != seen:
            seen, moved_at = wrong, time.monotonic()
        time.sleep(LOOK_EVERY_S)
    outcome.wrong += [] if _at_rest(machine) else ["it does not come to rest"]
    outcome.wrong += _wrong(machine, schedule)


def _check_the_rest(machine: Machine, schedule: Schedule, outcome: Outcome) -> None:
    """The last plan is empty, nothing waits for a person but the twins, and the org was not asked too often."""
    twins = {name for p in schedule.people if p.origin is Origin.TWINS for name in (p.user_id, p.twin_id)}
    problems = machine.postgres.rows(OPEN_PROBLEMS)
    outcome.wrong += [f"an open problem: {row}" for row in problems if row[0] not in twins]
    used = machine.sandbox.calls()["total"]
    if used > OURS_OF_IT:
        outcome.wrong.append(f"{used} calls to the org, and {OURS_OF_IT} is the most that the hub may make in a day")
    if outcome.wrong:
        return
    ended = _command(machine, "plan", "--all", "--summary")
    if ended.returncode != 0:
        outcome.wrong.append(f"the last plan is not empty ({ended.returncode}): {ended.stdout}{ended.stderr}")
    outcome.wrong += [each for each in _wrong(machine, schedule) if each not in outcome.wrong]
    outcome.wrong += [line for line in machine.logs().splitlines() if "INTERNAL_ERROR" in line][:3]


def _stream_events(machine: Machine) -> None:
    destination = {
        "type": "webhook",
        "configuration": {
            "webhook_endpoint": f"http://127.0.0.1:{machine.webhook_line.port}/intake/auth0/acme/events",
            "webhook_authorization": {"method": "bearer", "token": EVENT_TOKEN},
        },
    }
    subscriptions = [{"event_type": f"user.{what}"} for what in ("created", "updated", "deleted")]
    tenant = Tenant(machine.sandbox.access)
    body = {"name": "hub", "subscriptions": subscriptions, "destination": destination}
    tenant.insist("POST", "/api/v2/event-streams", body)
    tenant.close()


def _sources(schedule: Schedule) -> int:
    return ("subscription" in schedule.sources) + len(schedule.org_sources)


def _positions(machine: Machine) -> int:
    try:
        return len(machine.postgres.rows("SELECT 1 FROM cursors"))
    except psycopg.Error:
        return 0


def _at_rest(machine: Machine) -> bool:
    try:
        if machine.postgres.rows(WAITING) != [(0,)]:
            return False
    except psycopg.Error:
        return False
    deliveries = machine.sandbox.state()["auth0"]["deliveries"]
    return not deliveries["pending"] and not deliveries["failed"]


def _wrong(machine: Machine, schedule: Schedule) -> list[str]:
    state: dict[str, Any] = machine.sandbox.state()
    return differences(schedule.people, state["auth0"]["users"], state["salesforce"])


def _command(machine: Machine, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "crosswalk", *arguments, "--config", str(machine.config_file)],
        env={**os.environ, **machine.environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _until(holds: Callable[[], bool], what: str, deadline_s: float, every_s: float = LOOK_EVERY_S) -> None:
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > deadline_s:
            raise NotQuiet(f"not within {deadline_s:g} s: {what}")
        time.sleep(every_s)
