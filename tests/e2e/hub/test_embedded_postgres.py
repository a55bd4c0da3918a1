"""The embedded PostgreSQL comes back from whatever ended it, and leaves nothing behind."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from crosswalk.store.embedded import EmbeddedPostgres
from crosswalk.store.errors import DatabaseUnavailable
from tests.e2e.hub.conftest import eventually


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    with tempfile.TemporaryDirectory(prefix="cw-pg-") as folder:
        server = EmbeddedPostgres(Path(folder) / "data")
        try:
            yield server
        finally:
            server.remove()


def kill(server: EmbeddedPostgres) -> int:
    assert server.pid is not None
    pid = server.pid
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not server.is_running(), "the server is dead")
    return pid


def bring_back(server: EmbeddedPostgres) -> None:
    """Start it again as the hub does: until the processes of the dead one have left, PostgreSQL refuses."""

    def started() -> bool:
        try:
            server.ensure_running()
        except DatabaseUnavailable:
            return False
        return True

    eventually(started, "the server is started again")


def answers(server: EmbeddedPostgres) -> bool:
    with psycopg.connect(server.uri) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def test_texts_are_compared_byte_by_byte_wherever_the_server_was_made(postgres_server: str):
    with psycopg.connect(postgres_server) as connection:
        found = connection.execute("SELECT datcollate FROM pg_database WHERE datname = current_database()").fetchone()

    assert found == ("C",)


def test_a_killed_server_is_started_again_at_the_same_address(server: EmbeddedPostgres):
    uri, old = server.uri, kill(server)

    bring_back(server)

    assert server.pid != old
    assert server.uri == uri
    assert answers(server)


def test_a_process_id_that_another_program_got_is_not_taken_for_the_server(server: EmbeddedPostgres):
    old = kill(server)
    eventually(lambda: not any_process_in(server.folder), "the last processes of the dead server have left")
    pid_file = server.folder / "postmaster.pid"
    with subprocess.Popen(["sleep", "20"]) as other:
        pid_file.write_text(pid_file.read_text().replace(str(old), str(other.pid), 1))

        assert not server.is_running()
        bring_back(server)

        assert answers(server)
        assert other.poll() is None
        other.kill()


def test_no_other_account_can_connect(server: EmbeddedPostgres):
    with psycopg.connect(server.uri) as connection:
        permissions = connection.execute("SHOW unix_socket_permissions").fetchone()
        socket_dir = connection.execute("SHOW unix_socket_directories").fetchone()

    assert permissions == ("0700",)
    assert socket_dir is not None
    assert (Path(socket_dir[0]) / ".s.PGSQL.5432").stat().st_mode & 0o077 == 0


def test_stopping_leaves_no_process(server: EmbeddedPostgres):
    assert any_process_in(server.folder)

    server.stop()

    assert not any_process_in(server.folder)


def any_process_in(folder: Path) -> bool:
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()) == folder:
                return True
        except psutil.Error:
            continue
    return False
