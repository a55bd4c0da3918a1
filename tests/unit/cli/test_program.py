"""The `crosswalk` program itself: its version, its failures and its speed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.config.builders import write_files


def crosswalk(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "crosswalk.cli.main", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", "NO_COLOR": "1", "COLUMNS": "200", **environ},
    )


def test_the_version_is_printed() -> None:
    done = crosswalk("--version")

    assert (done.returncode, done.stdout) == (0, "crosswalk 0.1.0\n")


def test_the_help_lists_the_commands() -> None:
    done = crosswalk("--help")

    assert done.returncode == 0
    for name in ("init", "check"):
        assert name in done.stdout


@pytest.mark.parametrize(("typed", "meant"), [("chekc", "check"), ("ini", "init")])
def test_an_unknown_command_gets_the_nearest_name(typed: str, meant: str) -> None:
    done = crosswalk(typed)

    assert done.returncode == 2
    assert f"No such command '{typed}'" in done.stderr
    assert f"'{meant}'" in done.stderr


def test_an_expected_failure_is_one_message_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "crosswalk.yaml").write_text("")

    done = crosswalk("init", str(tmp_path))

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"error: {tmp_path} has crosswalk.yaml already, so nothing was written; "
        "name another folder, or use --force to overwrite\n"
    )


def test_the_traceback_of_a_failure_is_shown_on_request(tmp_path: Path) -> None:
    (tmp_path / "crosswalk.yaml").write_text("")

    done = crosswalk("init", str(tmp_path), CROSSWALK_DEBUG="1")

    assert done.returncode == 1
    assert "Traceback (most recent call last)" in done.stderr


def test_secrets_of_a_bad_configuration_never_reach_the_terminal(tmp_path: Path) -> None:
    path = write_files(tmp_path, "version: 1\ntenants: {a: {client_secret: hunter2, client_id: '${X}'}}\n")

    done = crosswalk("check", "--config", str(path), X="t0p-s3cret", CROSSWALK_DEBUG="1")

    assert done.returncode == 1
    assert "hunter2" not in done.stdout + done.stderr
    assert "t0p-s3cret" not in done.stdout + done.stderr


def test_help_loads_none_of_the_heavy_packages() -> None:
    script = (
        "import sys, crosswalk.cli.main\n"
        "heavy = {'pydantic', 'ruamel', 'quickjs', 'fastapi', 'psycopg', 'procrastinate', 'auth0', 'phonenumbers'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout == "[]\n"
