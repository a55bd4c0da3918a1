"""The sandbox as a process: it starts, says where it is, fills itself, and leaves nothing behind."""

import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from crosswalk_sandbox.process import SandboxFailedError, SandboxProcess
from crosswalk_sandbox.tls import make_certificates


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not happen within {seconds:g} s")
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_stopped_sandbox_leaves_no_process_and_no_port(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as sandbox:
        pid = sandbox.pid
        assert pid is not None and is_alive(pid)
        host, port = sandbox.access.auth0.domain.split(":")
        tls = ssl.create_default_context(cafile=str(sandbox.access.ca_file))
        with httpx.Client(verify=tls, trust_env=False) as client:
            assert client.get(sandbox.access.salesforce.page_url).status_code == 200

    assert not is_alive(pid)
    with pytest.raises(ConnectionRefusedError), socket.create_connection((host, int(port)), 1):
        pass


def command(state_dir: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "crosswalk_sandbox", "--state-dir", str(state_dir), *options]


def test_ready_line_is_one_json_line_with_what_clients_need(tmp_path: Path) -> None:
    process = subprocess.Popen(command(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    line = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=10)

    assert set(line) == {"auth0", "salesforce", "tenants", "orgs", "control_url", "ca_file", "ca_bundle_file"}
    assert (line["tenants"], line["orgs"]) == ({"tenant-1": line["auth0"]}, {"org-1": line["salesforce"]})
    assert set(line["auth0"]) == {"domain", "client_id", "client_secret", "signup_url"}
    assert set(line["salesforce"]) == {
        "instance_url",
        "client_id",
        "client_secret",
        "username",
        "private_key_file",
        "page_url",
        "organization_id",
        "pubsub_endpoint",
    }
    assert (process.returncode, output, errors) == (0, b"", b"")
    for name in ("salesforce_jwt_key.pem", "server.pem"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_interrupt_ends_it_cleanly(tmp_path: Path) -> None:
    process = subprocess.Popen(command(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)

    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, b"")


def test_closed_input_ends_it_when_asked_for(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command(tmp_path, "--exit-with-parent"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()

    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, b"")


def test_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SandboxFailedError, match=f"cannot bind the sandbox's salesforce port {port}"):
            SandboxProcess(tmp_path, salesforce_port=port).start()


def test_certificates_name_the_loopback_addresses(tmp_path: Path) -> None:
    files = make_certificates(tmp_path, "127.0.0.1")

    assert files.ca_file.read_bytes().startswith(b"-----BEGIN CERTIFICATE-----")
    assert b"PRIVATE KEY" in files.server_file.read_bytes()
    assert b"PRIVATE KEY" not in files.ca_file.read_bytes()


def test_seed_makes_the_same_company_each_time(sandbox: SandboxProcess) -> None:
    def people() -> list[tuple[str, str]]:
        state = sandbox.state()["salesforce"]
        return [(row["Name"], row["Email"]) for row in state["Contact"] + state["Lead"]]

    sandbox.seed("company", people=30)
    first = people()
    sandbox.reset()
    sandbox.seed("company", people=30)

    assert people() == first
    assert len(set(first)) == len(first) == 21


def test_some_customers_have_a_verified_user_with_their_address(sandbox: SandboxProcess) -> None:
    sandbox.seed("company", people=20)

    state = sandbox.state()
    verified = {user["email"] for user in state["auth0"]["users"] if user["email_verified"]}
    customers = {contact["Email"] for contact in state["salesforce"]["Contact"]}
    assert len(verified & customers) == 4
    assert len(customers) == 8
    assert {len(state["salesforce"]["Account"]), len(state["salesforce"]["Lead"])} == {5, 6}


def test_unknown_scenario_is_refused_with_the_known_ones(sandbox: SandboxProcess) -> None:
    with pytest.raises(SandboxFailedError, match="expected one of the scenarios company"):
        sandbox.seed("circus")


def test_tenant_knobs_pass_through_and_reset(sandbox: SandboxProcess) -> None:
    tls = ssl.create_default_context(cafile=str(sandbox.access.ca_file))
    with httpx.Client(base_url=f"https://{sandbox.access.auth0.domain}", verify=tls, trust_env=False) as client:
        access = sandbox.access.auth0
        form = {
            "grant_type": "client_credentials",
            "client_id": access.client_id,
            "client_secret": access.client_secret,
        }
        body = client.post("/oauth/token", json=form | {"audience": f"https://{access.domain}/api/v2/"}).json()
        client.headers["Authorization"] = f"Bearer {body['access_token']}"
        sandbox.auth0_settings(enforce_rate_limit=True, rate_limit_per_second=1, rate_limit_burst=1)
        limited = [client.get("/api/v2/users").status_code for _ in range(3)]
        sandbox.reset()
        free = [client.get("/api/v2/users").status_code for _ in range(3)]

    assert 429 in limited
    assert free == [200, 200, 200]


def test_unknown_knob_is_refused_with_its_name(sandbox: SandboxProcess) -> None:
    with pytest.raises(SandboxFailedError, match="duplicate_often"):
        sandbox.auth0_settings(duplicate_often=3)


def test_sign_up_page_is_where_the_ready_line_says(sandbox: SandboxProcess) -> None:
    tls = ssl.create_default_context(cafile=str(sandbox.access.ca_file))
    with httpx.Client(verify=tls, trust_env=False) as client:
        reply = client.get(sandbox.access.auth0.signup_url)

    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_contacts_alone_are_there_from_the_start(sandbox: SandboxProcess) -> None:
    sandbox.seed("contacts", people=300)

    state = sandbox.state()
    assert (len(state["salesforce"]["Contact"]), len(state["salesforce"]["Lead"])) == (300, 0)
    assert state["auth0"]["counts"]["users"] == 0
    assert {entry["object"] for entry in sandbox.writes()} == {"Account"}
    first = [contact["Email"] for contact in state["salesforce"]["Contact"]]
    sandbox.reset()
    sandbox.seed("contacts", people=300)
    assert [contact["Email"] for contact in sandbox.state()["salesforce"]["Contact"]] == first
