"""Carries out what goes wrong with processes, disks, networks and clocks, each incident in a thread of its own."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from tests.chaos.machine import Machine, Service
from tests.chaos.network import Line
from tests.chaos.schedule import Incident, Trouble

CLOCK_JUMPS_S = (1.0, 30.0, 400.0, 4_000.0)
"""The last two are longer than the org's sessions last in these runs."""

HUB_CLOCK_JUMPS_S = (-7_200.0, -900.0, -70.0, 70.0, 900.0, 7_200.0)


class Incidents:
    """Incidents that happened, some of which may still go on."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._threads: list[threading.Thread] = []
        self._errors: list[BaseException] = []

    def begin(self, incident: Incident) -> None:
        """Let it happen; returns at once."""
        thread = threading.Thread(target=self._carry_out, args=(incident,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def join(self) -> None:
        """Wait until all of them are over; raises what could not be carried out."""
        for thread in self._threads:
            thread.join(120)
        if self._errors:
            raise self._errors[0]

    def _carry_out(self, incident: Incident) -> None:
        try:
            carry_out(self._machine, incident)
        except BaseException as error:  # reported by the thread that waits
            self._errors.append(error)


def carry_out(machine: Machine, incident: Incident) -> None:
    """Let an incident happen from its beginning to its end."""
    if incident.trouble in _MOMENTS:
        _MOMENTS[incident.trouble](machine, incident)
        return
    with _SPANS[incident.trouble](machine, incident):
        time.sleep(incident.seconds)


def _worker(machine: Machine, incident: Incident) -> Service:
    return machine.workers[incident.which % len(machine.workers)]


def _line(machine: Machine, incident: Incident) -> Line:
    return machine.lines[incident.which % len(machine.lines)]


def _cut(machine: Machine, _incident: Incident) -> None:
    for line in machine.lines:
        line.cut()


def _jump(machine: Machine, incident: Incident) -> None:
    machine.sandbox.clock(advance=CLOCK_JUMPS_S[incident.which % len(CLOCK_JUMPS_S)])


def _jump_of_the_hub(machine: Machine, incident: Incident) -> None:
    """The clock of the machine on which all processes run, or that of one worker's."""
    jump_s = HUB_CLOCK_JUMPS_S[incident.which % len(HUB_CLOCK_JUMPS_S)]
    whose = incident.which // len(HUB_CLOCK_JUMPS_S)
    clocks = [machine.clocks[whose]] if whose else machine.clocks
    for clock in clocks:
        clock.jump(jump_s)


def _fill_the_disk(machine: Machine, incident: Incident) -> None:
    """Again and again: what is freed meanwhile is taken, too."""
    until = time.monotonic() + incident.seconds + 1
    try:
        while time.monotonic() < until:
            machine.disk.fill()
            time.sleep(0.05)
    finally:
        machine.disk.free()


def _let_maintain(machine: Machine, incident: Incident) -> None:
    """A window in which one vendor answers nobody; the people who change users have to wait, too."""
    trouble = machine.sandbox.auth0_faults if incident.which % 3 == 0 else machine.sandbox.faults
    trouble(status=503, for_seconds=2 * incident.seconds)


_MOMENTS: dict[Trouble, Callable[[Machine, Incident], None]] = {
    Trouble.KILL_WORKER: lambda machine, incident: _worker(machine, incident).kill(),
    Trouble.KILL_API: lambda machine, _: machine.api.kill(),
    Trouble.KILL_DATABASE: lambda machine, _: machine.postgres.kill(),
    Trouble.KILL_BACKEND: lambda machine, incident: machine.postgres.kill_backend(incident.which),
    Trouble.CUT: _cut,
    Trouble.CLOCK: _jump,
    Trouble.HUB_CLOCK: _jump_of_the_hub,
    Trouble.FULL_DISK: _fill_the_disk,
    Trouble.OUTAGE: _let_maintain,
}
"""What takes no time, or its own."""


@contextmanager
def _stale_worker(machine: Machine, incident: Incident) -> Iterator[None]:
    """A worker sleeps while its locks are lost with the database's connections, and wakes with old plans."""
    with _worker(machine, incident).frozen():
        machine.postgres.kill()
        time.sleep(2)
        yield


@contextmanager
def _refused(machine: Machine, incident: Incident) -> Iterator[None]:
    line = _line(machine, incident)
    line.refuse()
    yield
    line.reopen()


@contextmanager
def _silenced(machine: Machine, incident: Incident) -> Iterator[None]:
    line = _line(machine, incident)
    line.silence()
    yield
    line.reopen()


@contextmanager
def _frozen_vendors(machine: Machine, _incident: Incident) -> Iterator[None]:
    pid = machine.sandbox.pid
    if pid is None:
        raise AssertionError("the sandbox does not run")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


_SPANS: dict[Trouble, Callable[[Machine, Incident], AbstractContextManager[None]]] = {
    Trouble.FREEZE_WORKER: lambda machine, incident: _worker(machine, incident).frozen(),
    Trouble.FREEZE_API: lambda machine, _: machine.api.frozen(),
    Trouble.FREEZE_DATABASE: lambda machine, _: machine.postgres.frozen(),
    Trouble.FREEZE_AND_KILL: _stale_worker,
    Trouble.FREEZE_VENDORS: _frozen_vendors,
    Trouble.REFUSE: _refused,
    Trouble.SILENCE: _silenced,
}
"""What lasts for as long as the incident says."""
