"""What runs in the demo: the sandbox and a hub, each a process of its own, in a folder that starts empty each time."""

import fcntl
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from string import Template

import psutil

from crosswalk.connectors.secret import Secret
from crosswalk.demo.errors import DemoFailed
from crosswalk.demo.hub_process import HubProcess
from crosswalk.store.embedded import EmbeddedPostgres
from crosswalk_sandbox.process import SandboxProcess

STOPPING_WITHIN_S = 25.0


@dataclass(frozen=True)
class Ports:
    """Where things listen; 0 takes a free port."""

    hub: int = 0
    auth0: int = 0
    salesforce: int = 0


@dataclass(frozen=True)
class Demo:
    """A running demo."""

    sandbox: SandboxProcess
    hub: HubProcess
    console_url: str
    admin_token: Secret
    folder: Path

    def check(self) -> None:
        """Raise `DemoFailed` when the hub or the sandbox has ended by itself."""
        self.hub.check()
        pid = self.sandbox.pid
        if pid is None or not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            raise DemoFailed(f"the sandbox ended by itself; it wrote: {self.sandbox.errors() or 'nothing'}")


@contextmanager
def running_demo(folder: Path, ports: Ports, *, people: int) -> Iterator[Demo]:
    """Start the sandbox and a hub with an empty database, and seed `people`; stop everything at the end.

    Raises
    ------
    DemoFailed
        Another demo uses the folder, or something did not start.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(_alone_in(folder))
        _empty(folder)
        sandbox = SandboxProcess(folder / "sandbox", auth0_port=ports.auth0, salesforce_port=ports.salesforce)
        stack.enter_context(sandbox)
        config_file = write_config(folder, sandbox, ports.hub)
        hub = stack.enter_context(HubProcess(config_file, log_file=folder / "hub.log"))
        if people:
            sandbox.seed(people=people)
        yield Demo(
            sandbox=sandbox,
            hub=hub,
            console_url=str(hub.announcement["console_url"]),
            admin_token=Secret(Path(str(hub.announcement["admin_token_file"])).read_text().strip()),
            folder=folder,
        )


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the system drops it when this process ends, however it ends."""
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DemoFailed(f"another demo runs in {folder}: stop it, or choose another folder by --folder") from error
        yield


def _empty(folder: Path) -> None:
    """Delete what an earlier demo left. If that was killed, its hub may still be stopping, and its database may run.

    Raises
    ------
    DemoFailed
        The earlier demo's hub does not stop.
    """
    state = folder / "state"
    if (state / "postgres" / "PG_VERSION").exists():
        server = EmbeddedPostgres(state / "postgres")
        deadline = time.monotonic() + STOPPING_WITHIN_S
        while server.others() and time.monotonic() < deadline:
            time.sleep(0.1)
        if others := server.others():
            server.stop()
            raise DemoFailed(
                f"an earlier demo in {folder} is still stopping (process {others[0]}): try again in a moment"
            )
        server.remove()
    for name in ("state", "sandbox", "secrets"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "hub.log").unlink(missing_ok=True)


def write_config(folder: Path, sandbox: SandboxProcess, hub_port: int, template: str | None = None) -> Path:
    """Write the demo's `crosswalk.yaml` and its secret files into `folder`; returns the file's path."""
    access = sandbox.access
    secrets = folder / "secrets"
    secrets.mkdir(mode=0o700, exist_ok=True)
    for name, text in {
        "auth0-client-secret": access.auth0.client_secret,
        "salesforce-client-secret": access.salesforce.client_secret,
    }.items():
        (secrets / name).touch(mode=0o600)
        (secrets / name).write_text(text)
    text = template or files("crosswalk.demo").joinpath("crosswalk.yaml").read_text()
    config_file = folder / "crosswalk.yaml"
    config_file.write_text(
        Template(text).substitute(
            hub_port=hub_port,
            auth0_domain=access.auth0.domain,
            auth0_client_id=access.auth0.client_id,
            salesforce_url=access.salesforce.instance_url,
            salesforce_client_id=access.salesforce.client_id,
            salesforce_pubsub=access.salesforce.pubsub_endpoint,
            ca_file=access.ca_file,
            started_at=(datetime.now(UTC) - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
    )
    return config_file
