"""`crosswalk sandbox`, as somebody runs it who wants to try an integration of their own."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

READY_WITHIN_S = 60.0
GONE_WITHIN_S = 30.0


def command(folder: Path, *options: str) -> list[str]:
    free = [
        f"--{name}-port=0" for name in ("auth0", "salesforce", "pubsub", "control") if f"--{name}-port" not in options
    ]
    return [sys.executable, "-m", "crosswalk", "sandbox", "--state-dir", str(folder / "state"), *free, *options]


@contextmanager
def a_sandbox(folder: Path, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """A running command, ended at the latest here."""
    process = subprocess.Popen(
        command(folder, *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=GONE_WITHIN_S)


def ready(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate(timeout=GONE_WITHIN_S)[1]
    found: dict[str, Any] = json.loads(line)
    return found


PLAIN_CLIENT = """
import os, requests
tenant = {name: os.environ[f"AUTH0_{name.upper()}"] for name in ("client_id", "client_secret", "audience")}
reply = requests.post(f"https://{os.environ['AUTH0_DOMAIN']}/oauth/token", timeout=10,
                      json={"grant_type": "client_credentials", **tenant})
org = {name: os.environ[f"SALESFORCE_{name.upper()}"] for name in ("client_id", "client_secret")}
login = requests.post(f"{os.environ['SF_LOGIN_URL']}/services/oauth2/token", timeout=10,
                      data={"grant_type": "client_credentials", **org})
print(reply.status_code, login.status_code, login.json()["instance_url"] == os.environ["SALESFORCE_INSTANCE_URL"])
"""


def test_environment_file_is_all_that_a_client_in_a_shell_needs(tmp_path: Path) -> None:
    with a_sandbox(tmp_path, "--json", "--env-file", "lines.env") as process:
        ready(process)

        shell = f'set -a; . ./lines.env; set +a; {sys.executable} -c "$CLIENT"'
        env = {"PATH": os.environ["PATH"], "CLIENT": PLAIN_CLIENT}
        done = subprocess.run(
            ["/bin/sh", "-c", shell], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=30, check=False
        )

    assert (done.stdout.split(), done.stderr) == (["200", "200", "True"], "")
    assert stat.S_IMODE((tmp_path / "lines.env").stat().st_mode) == 0o600


def test_people_see_addresses_and_lines_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    with a_sandbox(tmp_path, "--tenants", "2", "--orgs", "2") as process:
        assert process.stdout is not None
        shown = ""
        for line in process.stdout:
            shown += line
            if line.startswith("Ctrl-C"):
                break
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=GONE_WITHIN_S)

    words = [line.split()[:2] for line in shown.splitlines()]
    assert [each for each in words if each and each[0] in ("Tenant", "Org")] == [
        ["Tenant", "tenant-1"],
        ["Tenant", "tenant-2"],
        ["Org", "org-1"],
        ["Org", "org-2"],
    ]
    assert "\nAUTH0_DOMAIN=127.0.0.1:" in shown
    assert "\nAUTH0_DOMAIN_2=127.0.0.1:" in shown
    assert (process.returncode, rest, errors) == (0, "stopped; nothing is left running\n", "")


def test_seeded_people_and_who_they_are(tmp_path: Path) -> None:
    options = ("--json", "--seed", "people", "--people", "200", "--overlap", "1", "--truth-file", "truth.jsonl")
    with a_sandbox(tmp_path, *options) as process:
        ready(process)
        known = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]

    assert len([one for one in known if one["users"] and one["records"]]) == 200


def test_sigterm_while_it_seeds_ends_it_at_once(tmp_path: Path) -> None:
    with a_sandbox(tmp_path, "--seed", "contacts", "--people", "1000000") as process:
        deadline = time.monotonic() + READY_WITHIN_S
        while not (tmp_path / "state" / "salesforce_jwt_key.pem").exists():  # the last thing before the seeding
            assert time.monotonic() < deadline, "the sandbox did not begin"
            time.sleep(0.02)
        process.terminate()
        output, _ = process.communicate(timeout=GONE_WITHIN_S)

    assert (process.returncode, output) == (0, "stopped; nothing is left running\n")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--seed", "circus"), "expected one of the scenarios company, contacts, people, edge-cases, found 'circus'"),
        (("--faults", "/dev/null"), "/dev/null: "),
        (("--seed", "people", "--state-dir", "/dev/null/state"), "Not a directory"),
    ],
)
def test_what_cannot_be_is_one_message(tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    done = subprocess.run(
        command(tmp_path, *options), capture_output=True, text=True, timeout=READY_WITHIN_S, check=False
    )

    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            command(tmp_path, "--auth0-port", str(port)),
            capture_output=True,
            text=True,
            timeout=READY_WITHIN_S,
            check=False,
        )

    assert done.returncode == 1
    assert f"cannot bind the sandbox's auth0 port {port} on 127.0.0.1" in done.stderr
