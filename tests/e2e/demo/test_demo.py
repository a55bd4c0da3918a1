"""`crosswalk demo`, as somebody runs it who has just heard of Crosswalk, and as they end it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from ssl import create_default_context
from typing import Any

import httpx
import psutil
import pytest

READY_WITHIN_S = 60.0
GONE_WITHIN_S = 20.0


def command(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "crosswalk", "demo", "--folder", str(folder), "--json", *options]


@contextmanager
def a_demo(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    """A demo that has come up, and what it printed; ended at the latest here."""
    process = subprocess.Popen(command(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate(timeout=10)[1]
        yield process, json.loads(line)
    finally:
        process.terminate()
        process.communicate(timeout=GONE_WITHIN_S)


def processes_of(folder: Path) -> list[psutil.Process]:
    """Whatever names a demo's folder, and its children: PostgreSQL detaches itself and is found so too."""
    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        try:
            if process.pid in ours or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if any(str(folder) in part for part in process.cmdline()):
                found |= {each.pid: each for each in [process, *process.children(recursive=True)]}
        except psutil.NoSuchProcess:
            continue
    return list(found.values())


def wait_until_gone(folder: Path, before: list[psutil.Process]) -> None:
    """Fail when something of a demo still runs after some seconds."""
    _, alive = psutil.wait_procs([each for each in before if each.is_running()], timeout=GONE_WITHIN_S)
    assert [each.cmdline() for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []
    assert processes_of(folder) == []
    assert not (folder / "state" / "postgres" / "postmaster.pid").exists()


def test_once_plays_the_main_job_through_and_ends(tmp_path: Path):
    folder = tmp_path / "demo"

    ended = subprocess.run(command(folder, "--once"), capture_output=True, text=True, timeout=90, check=False)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert [step["did"] for step in json.loads(ended.stdout)["steps"]] == [
        "Ada signs up",
        "Ada changes her title",
        "Ada changes her company twice in a row",
        "Grace, a Contact already, signs up",
        "Grace changes her phone",
        "A CRM user moves Grace to Compilers",
        "60 guests sign up one after another",
    ]
    wait_until_gone(folder, processes_of(folder))


def test_the_pages_that_a_demo_names_answer_and_ctrl_c_leaves_nothing_behind(tmp_path: Path):
    folder = tmp_path / "demo"
    with a_demo(folder) as (process, urls):
        tls = create_default_context(cafile=str(folder / "sandbox" / "ca.pem"))
        with httpx.Client(verify=tls, timeout=10, trust_env=False, follow_redirects=True) as browser:
            pages = {name: browser.get(urls[name]) for name in ("signup_url", "console_url", "org_url")}
            api = browser.get(
                urls["console_url"].replace("/console", "/api/v1/overview"),
                headers={"Authorization": f"Bearer {urls['admin_token']}"},
            )
        refused = subprocess.run(command(folder), capture_output=True, text=True, timeout=60, check=False)
        running = processes_of(folder)
        process.send_signal(signal.SIGINT)
        code = process.wait(GONE_WITHIN_S)

        assert {name: page.status_code for name, page in pages.items()} == dict.fromkeys(pages, 200)
        assert [sync["name"] for sync in api.json()["syncs"]] == ["customers"]
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr == (
            f"error: another demo runs in {folder}: stop it, or choose another folder by --folder\n"
        )
        assert len(running) >= 4, "the demo, the sandbox, the hub and PostgreSQL"
        assert code == 0
        wait_until_gone(folder, running)


@pytest.mark.parametrize("killed", ["the demo", "all but PostgreSQL"])
def test_a_killed_demo_is_cleaned_up_after_and_starts_again(tmp_path: Path, killed: str):
    folder = tmp_path / "demo"
    with a_demo(folder) as (process, _):
        running = processes_of(folder)
        if killed == "the demo":
            process.kill()
            wait_until_gone(folder, running)
        else:
            for each in [process.pid, *(child.pid for child in psutil.Process(process.pid).children())]:
                os.kill(each, signal.SIGKILL)
            process.wait(GONE_WITHIN_S)

    began = time.monotonic()
    with a_demo(folder) as (process, urls):
        took_s = time.monotonic() - began
        assert httpx.get(urls["console_url"], follow_redirects=True, trust_env=False).status_code == 200
        running = processes_of(folder)
        process.terminate()
        assert process.wait(GONE_WITHIN_S) == 0
    wait_until_gone(folder, running)
    assert took_s < READY_WITHIN_S
