"""A whole hub as processes of its own, between the sandbox's tenant and org, over TLS."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import yaml
from auth0.management import ManagementClient
from simple_salesforce import Salesforce

from crosswalk.demo.hub_process import HubProcess
from crosswalk_sandbox.process import SandboxProcess
from tests.e2e.hub.vendors import auth0_client, salesforce_client
from tests.forking import ForkedHub, ForkedSandbox

EVENT_TOKEN = "token-of-the-event-stream"
LOG_TOKEN = "token-of-the-log-stream"
DEADLINE_S = 60.0

LEAD_FIELDS = {
    "FirstName": "user.given_name",
    "LastName": "user.family_name ?? user.name",
    "Email": {"value": "user.email", "owner": "auth0", "type": "email"},
    "Company": 'user.user_metadata?.company ?? "Unknown"',
    "Title": "user.user_metadata?.title ?? null",
}


def contact_target(**changes: Any) -> dict[str, Any]:
    """Contacts are found and linked, never made."""
    return {
        "object": "Contact",
        "create": False,
        "external_id": "Auth0_User_Id__c",
        "match": ["external_id", "verified_email"],
        "fields": {"Email": {"value": "user.email", "owner": "auth0", "type": "email"}},
        **changes,
    }


def lead_target(**changes: Any) -> dict[str, Any]:
    """Whoever is no Contact becomes a Lead."""
    return {
        "object": "Lead",
        "create": True,
        "external_id": "Auth0_User_Id__c",
        "match": ["external_id", "verified_email"],
        "fields": LEAD_FIELDS,
        **changes,
    }


def eventually(holds: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> Any:
    """Poll until `holds` gives something true, and return that."""
    began = time.monotonic()
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() - began > deadline_s:
            raise AssertionError(f"not within {deadline_s:g} s: {what}")
        time.sleep(0.05)


@dataclass
class System:
    """Starts hub processes on one configuration, and looks at both sides."""

    sandbox: SandboxProcess
    folder: Path
    database_url: str | None
    stack: ExitStack
    sources: dict[str, Any] = field(default_factory=lambda: {"event_stream": {"token": "${EVENT_TOKEN}"}})
    org_sources: dict[str, Any] = field(default_factory=dict)
    tenant: dict[str, Any] = field(default_factory=dict)
    org: dict[str, Any] = field(default_factory=dict)
    auth: dict[str, Any] = field(default_factory=dict)
    targets: list[dict[str, Any]] = field(default_factory=lambda: [contact_target(), lead_target()])
    sync: dict[str, Any] = field(default_factory=dict)
    port: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    """Further sections of the whole file."""
    variables: dict[str, str] = field(default_factory=dict)
    fresh: bool = False
    """Whether each process imports the program itself, as everywhere but in tests."""
    hub: HubProcess = field(init=False)
    """The latest process that was started with an API."""

    def configure(self) -> Path:
        """Write the configuration; the hub's port is picked when it starts."""
        access = self.sandbox.access
        config: dict[str, Any] = {
            "version": 1,
            "state_dir": "state",
            "server": {"port": self.port},
            "tenants": {
                "acme": {
                    "domain": access.auth0.domain,
                    "ca_file": str(access.ca_file),
                    "client_id": access.auth0.client_id,
                    "client_secret": "${AUTH0_SECRET}",
                    "sources": self.sources,
                    **self.tenant,
                }
            },
            "orgs": {
                "acme": {
                    "login_url": access.salesforce.instance_url,
                    "ca_file": str(access.ca_file),
                    "timeout": "10s",
                    "sources": self.org_sources,
                    "auth": self.auth
                    or {
                        "flow": "client_credentials",
                        "client_id": access.salesforce.client_id,
                        "client_secret": "${SALESFORCE_SECRET}",
                    },
                    **self.org,
                }
            },
            "syncs": {
                "customers": {
                    "tenant": "acme",
                    "org": "acme",
                    "targets": self.targets,
                    **self.sync,
                }
            },
            **self.settings,
        }
        path = self.folder / "crosswalk.yaml"
        path.write_text(yaml.safe_dump(config, sort_keys=False))
        return path

    @property
    def environ(self) -> dict[str, str]:
        """What the configuration's `${…}` stand for."""
        variables = {
            "AUTH0_SECRET": self.sandbox.access.auth0.client_secret,
            "SALESFORCE_SECRET": self.sandbox.access.salesforce.client_secret,
            "EVENT_TOKEN": EVENT_TOKEN,
            "LOG_TOKEN": LOG_TOKEN,
        }
        variables |= self.variables
        return variables | ({"CROSSWALK_DATABASE_URL": self.database_url} if self.database_url else {})

    def start(self, command: str = "run", *options: str) -> HubProcess:
        """Start a hub process; it is stopped at the end of the test."""
        log_file = self.folder / f"{command}.log"
        kind = HubProcess if self.fresh else ForkedHub
        hub = kind(self.configure(), command=command, options=options, log_file=log_file, environ=self.environ)
        hub.start()
        self.stack.callback(hub.stop)
        if command != "worker":
            self.hub = hub
        return hub

    def leads(self) -> dict[str, list[dict[str, Any]]]:
        """All Leads of the org by their Auth0 user id."""
        found: dict[str, list[dict[str, Any]]] = {}
        for lead in self.sandbox.state()["salesforce"]["Lead"]:
            found.setdefault(str(lead.get("Auth0_User_Id__c")), []).append(lead)
        return found

    def jobs_made(self) -> int:
        """How many jobs that write were made in the org."""
        made = self.sandbox.calls()["by_path"]
        return sum(number for call, number in made.items() if str(call).endswith("/jobs/ingest"))

    def has_asked(self) -> bool:
        """Whether the org has answered a batch's look-ups; it counts a call when it answers it."""
        return any(path.endswith(("/query", "/composite")) for path in self.sandbox.calls()["by_path"])

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the hub's database."""
        if self.database_url is None:
            raise AssertionError("this system has an embedded database")
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query).fetchall()  # type: ignore[arg-type]  # a literal of a test

    def settled(self) -> None:
        """Wait until every event of the inbox has been dealt with."""
        eventually(lambda: self.rows("SELECT 1 FROM due WHERE outcome IS NULL LIMIT 1") == [], "all events dealt with")

    def logs(self) -> str:
        """What all hub processes of this system have logged so far."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with ForkedSandbox(tmp_path_factory.mktemp("sandbox")) as process:
        yield process


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess) -> SandboxProcess:
    sandbox_process.reset()
    return sandbox_process


@pytest.fixture
def system(sandbox: SandboxProcess, postgres_uri: str, tmp_path: Path) -> Iterator[System]:
    with ExitStack() as stack:
        yield System(sandbox, tmp_path, postgres_uri, stack)


@pytest.fixture
def auth0(sandbox: SandboxProcess) -> Iterator[ManagementClient]:
    """The identity side's own SDK."""
    with auth0_client(sandbox.access) as client:
        yield client


@pytest.fixture
def org(sandbox: SandboxProcess) -> Iterator[Salesforce]:
    """An independent client of the org."""
    with salesforce_client(sandbox.access) as client:
        yield client


def a_user(number: int, revision: int = 0, **changes: Any) -> dict[str, Any]:
    """One user as Auth0 sends it; a higher revision is newer and has another company and title."""
    return {
        "user_id": f"auth0|{number:024x}",
        "email": f"user{number}@example.com",
        "email_verified": False,
        "given_name": "User",
        "family_name": f"Number{number}",
        "name": f"User Number{number}",
        "created_at": "2026-01-01T00:00:00.000Z",
        "updated_at": f"2026-02-01T10:{revision // 60:02d}:{revision % 60:02d}.000Z",
        "user_metadata": {"company": f"Company {revision}", "title": f"Title {revision % 3}"},
        **changes,
    }


def an_event(user: dict[str, Any], event_id: str, kind: str = "user.updated") -> dict[str, Any]:
    """The CloudEvent that carries a user's state."""
    return {
        "specversion": "1.0",
        "type": kind,
        "source": "urn:auth0:acme",
        "id": event_id,
        "time": user["updated_at"],
        "data": {"object": user},
    }


def hub_client(hub: HubProcess) -> httpx.Client:
    """A client of the hub's webhooks, with the event stream's token."""
    return httpx.Client(
        base_url=str(hub.announcement["url"]), headers={"Authorization": f"Bearer {EVENT_TOKEN}"}, timeout=10
    )
