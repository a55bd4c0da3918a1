"""A PostgreSQL of the suite's own: its data on a small disk, its files prepared once, looked after by an operator.

Whenever it is dead and nobody wants it to be, it is started again; so are all of its processes that were frozen. And so
is a server that lives and does not come back: PostgreSQL 18.4 can wait for ever in its recovery, for a checkpoint whose
process died on a full disk (a new one knows nothing of it), long after there is room again.
"""

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg

from crosswalk.store.embedded import EmbeddedPostgres, pgexec
from crosswalk.store.errors import DatabaseUnavailable
from crosswalk.store.migrate import migrate

LOOK_EVERY_S = 0.1
ASK_EVERY_S = 1.0
STUCK_AFTER_S = 20.0
"""Recovery takes a second or two here."""

SETTINGS = (
    "fsync = off",  # what is killed here are processes, not the machine
    "full_page_writes = off",
    # Log files of a megabyte, none of them kept for later: so that a full disk is met within moments.
    "min_wal_size = '2MB'",
    "max_wal_size = '8MB'",
    "wal_recycle = off",
)


def prepare(folder: Path) -> None:
    """Make a data folder with the hub's tables, to be copied for each run."""
    postgres = EmbeddedPostgres(folder)
    with psycopg.connect(postgres.uri, autocommit=True) as connection:
        for setting in SETTINGS:
            connection.execute(f"ALTER SYSTEM SET {setting}")
    migrate(postgres.uri)
    postgres.stop()
    server = postgres._server
    arguments = ("--wal-segsize=1", "-D", str(folder))
    pgexec("pg_resetwal", arguments, bin_path=server.bin_path, user=server.system_user, timeout=30)


class ChaosPostgres:
    """A server on a copy of the prepared folder.

    Attributes
    ----------
    uri
        Where clients connect to.
    restarts
        How often it was started again.
    """

    def __init__(self, prepared: Path, folder: Path) -> None:
        shutil.copytree(prepared, folder, ignore=shutil.ignore_patterns(".handle_pids*", "postmaster.pid"))
        if os.geteuid() == 0:
            owner = prepared.stat()
            for path in (folder, *folder.rglob("*")):
                os.chown(path, owner.st_uid, owner.st_gid)
        folder.chmod(0o700)
        self._postgres = EmbeddedPostgres(folder)
        self._folder = self._postgres.folder
        self.uri = self._postgres.uri
        self.restarts = 0
        self._asked_at = 0.0
        self._recovering_since: float | None = None
        self._ending = threading.Event()
        self._operator = threading.Thread(target=self._look_after, daemon=True)
        self._operator.start()

    def processes(self) -> list[psutil.Process]:
        """All of the server's processes, the first one first."""
        pid = self._postgres.pid
        with suppress(psutil.Error):
            if pid is not None and Path((first := psutil.Process(pid)).cwd()) == self._folder:
                return [first, *first.children(recursive=True)]
        return []

    def kill(self) -> None:
        """kill -9 of the first process, which all others follow."""
        for process in self.processes()[:1]:
            with suppress(psutil.Error):
                process.kill()

    def _kill_all(self) -> None:
        for process in self.processes():
            with suppress(psutil.Error):
                process.kill()

    def kill_backend(self, which: int) -> None:
        """kill -9 of one client's connection, after which the server starts all of them anew."""
        backends = [each for each in self.processes()[1:] if _serves_a_client(each)]
        if backends:
            with suppress(psutil.Error):
                backends[which % len(backends)].kill()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """No process of it does anything."""
        frozen = self.processes()
        for process in frozen:
            with suppress(psutil.Error):
                process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            # Whoever it may be by now: it harms nobody who runs.
            for process in (*frozen, *self.processes()):
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGCONT)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask it; raises what psycopg raises while it is away."""
        with psycopg.connect(self.uri, connect_timeout=5) as connection:
            return connection.execute(query).fetchall()

    def keep_evidence(self, folder: Path) -> None:
        """Its log, its processes and the room that it has, as files."""
        with suppress(OSError):
            shutil.copy(self._folder / "log", folder / "postgres.log")
        lines = [f"{shutil.disk_usage(self._folder).free:,} bytes are free"]
        for each in self.processes():
            with suppress(psutil.Error):
                lines.append(f"{each.pid} {each.status()} {' '.join(each.cmdline())}")
        (folder / "postgres.txt").write_text("\n".join(lines) + "\n")

    def stop(self) -> None:
        """End it and its operator."""
        self._ending.set()
        self._operator.join(60)
        self._postgres.stop()

    def _look_after(self) -> None:
        while not self._ending.wait(LOOK_EVERY_S):
            if self._postgres.is_running():
                if self._recovers_for_s() < STUCK_AFTER_S:
                    continue
                self._recovering_since = None
                self._kill_all()
            try:
                self._postgres.ensure_running()
                self.restarts += 1
            except DatabaseUnavailable:
                time.sleep(LOOK_EVERY_S)

    def _recovers_for_s(self) -> float:
        """For how many seconds it has told everybody who came that it recovers; asked once a second."""
        now = time.monotonic()
        if now - self._asked_at >= ASK_EVERY_S:
            self._asked_at = now
            if not _recovers(self.uri):
                self._recovering_since = None
            elif self._recovering_since is None:
                self._recovering_since = now
        return 0.0 if self._recovering_since is None else now - self._recovering_since


def _recovers(uri: str) -> bool:
    try:
        psycopg.connect(uri, connect_timeout=2).close()
    except psycopg.OperationalError as error:
        return "not yet accepting connections" in str(error) or "in recovery mode" in str(error)
    return False


def _serves_a_client(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return "crosswalk" in " ".join(process.cmdline()) or "postgres postgres" in " ".join(process.cmdline())
    return False
