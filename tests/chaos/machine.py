"""The hub as it runs in earnest: an API, three workers, a PostgreSQL on a small disk, and lines to both vendors.

Every process is looked after as a service manager would: what dies is started again until it is up.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import yaml

from crosswalk.demo.errors import DemoFailed
from crosswalk.demo.hub_process import HubProcess
from crosswalk_sandbox.process import SandboxProcess
from tests.chaos.database import ChaosPostgres
from tests.chaos.disk import Disk, a_disk
from tests.chaos.network import Line
from tests.chaos.oracle import INACTIVE, KEY, NOTE, STANDING, TASK
from tests.chaos.schedule import Schedule, Trouble
from tests.chaos.wall_clock import WallClock

WORKERS = 3
UP_WITHIN_S = 90.0
EVENT_TOKEN = "token-of-the-event-stream"

FIELDS: dict[str, Any] = {
    "FirstName": "user.given_name",
    "LastName": "user.family_name",
    "Email": {"value": "user.email", "owner": "auth0", "type": "email"},
    "Title": {"value": "user.user_metadata?.title", "owner": "latest"},
    "Department": {"value": "user.app_metadata?.crm?.department", "owner": "salesforce"},
    "LeadSource": {"value": '"Web"', "owner": "initial"},
}


class Service:
    """One process of the hub that somebody starts again whenever it is gone."""

    def __init__(self, make: Callable[[], HubProcess], when_up: Callable[[HubProcess], None]) -> None:
        self._make = make
        self._when_up = when_up
        self._lock = threading.Lock()
        self._process: HubProcess | None = None

    def start(self) -> None:
        """Start it, again and again until it is up (its database may be away)."""
        until = time.monotonic() + UP_WITHIN_S
        with self._lock:
            while True:
                process = self._make()
                try:
                    process.start()
                except DemoFailed:
                    if time.monotonic() > until:
                        raise
                    time.sleep(0.2)
                else:
                    self._process = process
                    self._when_up(process)
                    return

    def kill(self) -> None:
        """kill -9, and start again."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process = None
        self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """SIGSTOP for as long as the block lasts."""
        process = psutil.Process(self._process.pid) if self._process is not None else None
        if process is None:
            yield
            return
        with suppress(psutil.Error):
            process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            with suppress(psutil.Error):
                process.send_signal(signal.SIGCONT)

    def revive(self) -> None:
        """Start it where it has ended by itself."""
        with self._lock:
            process = self._process
        if process is None:
            return
        try:
            process.check()
        except DemoFailed:
            process.stop()
            self.start()

    def end(self) -> None:
        """End it for good, on the spot: all that was to be seen has been."""
        if self._process is not None:
            self._process.kill()


class Machine:
    """Everything that runs, and the handles by which it is troubled.

    Attributes
    ----------
    sandbox, postgres, disk
        Tenant and org, the database, and where its data lies.
    api, workers
        The hub's processes.
    tenant_line, org_line, events_line, webhook_line
        Its network: to the tenant, to the org and its events, and from the tenant to the hub.
    clocks
        The clocks of the API and of each worker.
    """

    def __init__(
        self, folder: Path, sandbox: SandboxProcess, prepared: Path, schedule: Schedule, clock_library: Path | None
    ) -> None:
        self.folder = folder
        self.clocks = [WallClock(clock_library, folder / f"clock{number}") for number in range(1 + WORKERS)]
        self.sandbox = sandbox
        self._prepared = prepared
        self._schedule = schedule
        self._stack = ExitStack()
        self.disk: Disk
        self.postgres: ChaosPostgres

    def __enter__(self) -> "Machine":
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def _start(self) -> None:
        enter = self._stack.enter_context
        access = self.sandbox.access
        self.disk = enter(a_disk(self.folder, self._database_processes))
        self.postgres = ChaosPostgres(self._prepared, self.disk.folder / "postgres")
        self._stack.callback(self.postgres.stop)
        self._stack.callback(self.disk.free)
        self.tenant_line = enter(Line(_place(access.auth0.domain)))
        self.org_line = enter(Line(_place(access.salesforce.instance_url)))
        self.events_line = enter(Line(_place(access.salesforce.pubsub_endpoint)))
        self.webhook_line = enter(Line(("127.0.0.1", 1)))
        self._configure()
        self.api = Service(lambda: self._process("serve", "api", self.clocks[0]), self._announce)
        self.workers = [self._worker(number) for number in range(WORKERS)]
        for service in (self.api, *self.workers):
            self._stack.callback(service.end)
        starts = [threading.Thread(target=service.start) for service in (self.api, *self.workers)]
        for start in starts:
            start.start()
        for start in starts:
            start.join()

    def _database_processes(self) -> list[psutil.Process]:
        return self.postgres.processes()

    @property
    def lines(self) -> list[Line]:
        """All lines of the network."""
        return [self.tenant_line, self.org_line, self.events_line, self.webhook_line]

    @property
    def config_file(self) -> Path:
        """The hub's configuration."""
        return self.folder / "crosswalk.yaml"

    @property
    def environ(self) -> dict[str, str]:
        """What the configuration's `${…}` stand for."""
        access = self.sandbox.access
        return {
            "CROSSWALK_DATABASE_URL": self.postgres.uri,
            "AUTH0_SECRET": access.auth0.client_secret,
            "SALESFORCE_SECRET": access.salesforce.client_secret,
            "EVENT_TOKEN": EVENT_TOKEN,
        }

    def logs(self) -> str:
        """What the hub's processes have logged."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))

    def _worker(self, number: int) -> Service:
        clock = self.clocks[1 + number]
        return Service(lambda: self._process("worker", f"worker{number}", clock), lambda _: None)

    def _process(self, command: str, name: str, clock: WallClock) -> HubProcess:
        environ = self.environ | clock.environ
        return HubProcess(self.config_file, command=command, log_file=self.folder / f"{name}.log", environ=environ)

    def _announce(self, api: HubProcess) -> None:
        self.webhook_line.target = _place(str(api.announcement["url"]))

    def _configure(self) -> None:
        access = self.sandbox.access
        tenant_sources: dict[str, Any] = {"event_stream": {"token": "${EVENT_TOKEN}"}, "subscription": {}}
        org_sources: dict[str, Any] = {
            "record_poll": {"every": "1s"},
            "change_events": {"endpoint": f"127.0.0.1:{self.events_line.port}"},
        }
        config = {
            "version": 1,
            "state_dir": "state",
            "server": {"port": 0},
            "tenants": {
                "acme": {
                    "domain": access.auth0.domain,
                    "base_url": f"https://127.0.0.1:{self.tenant_line.port}",
                    "ca_file": str(access.ca_file),
                    "client_id": access.auth0.client_id,
                    "client_secret": "${AUTH0_SECRET}",
                    "sources": {name: tenant_sources[name] for name in self._schedule.sources},
                }
            },
            "orgs": {
                "acme": {
                    "login_url": f"https://127.0.0.1:{self.org_line.port}",
                    "base_url": f"https://127.0.0.1:{self.org_line.port}",
                    "ca_file": str(access.ca_file),
                    "timeout": "4s",
                    "auth": self._org_login(),
                    "sources": {name: org_sources[name] for name in self._schedule.org_sources},
                }
            },
            "syncs": {"customers": _sync()},
        }
        self.config_file.write_text(yaml.safe_dump(config, sort_keys=False))

    def _org_login(self) -> dict[str, Any]:
        """The login that goes by the clock, where clocks of the hub jump."""
        org = self.sandbox.access.salesforce
        if not any(each.trouble is Trouble.HUB_CLOCK for each in self._schedule.incidents):
            secret = "${SALESFORCE_SECRET}"
            return {"flow": "client_credentials", "client_id": org.client_id, "client_secret": secret}
        return {
            "flow": "jwt_bearer",
            "client_id": org.client_id,
            "username": org.username,
            "private_key": f"file:{org.private_key_file}",
            "audience": org.instance_url,
        }


def _sync() -> dict[str, Any]:
    return {
        "tenant": "acme",
        "org": "acme",
        "lanes": 4,
        # What people do here in seconds takes them days: neither a mass change nor a loop.
        "thresholds": dict.fromkeys(("delete", "deactivate", "revoke", "clear"), "off"),
        "loops": {"writes_per_hour": 1000},
        "targets": [
            {
                "object": "Contact",
                "create": True,
                "external_id": KEY,
                "match": ["external_id", "verified_email"],
                "fields": FIELDS,
            }
        ],
        "flows": {
            "deactivation": {
                "fields": {"Contact": {STANDING: INACTIVE}},
                "note": NOTE,
                "task": {"subject": TASK, "due_days": 2},
            }
        },
    }


def _place(address: str) -> tuple[str, int]:
    host, _, port = address.rstrip("/").rpartition("/")[2].rpartition(":")
    return host, int(port)
