"""A whole hub for measuring: the sandbox, an embedded PostgreSQL and hub processes, with linked users to start from."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any, LiteralString

import psycopg

from bench.senders import send_all
from bench.users import TENANT, TOKEN, an_event
from crosswalk.demo.hub_process import HubProcess
from crosswalk.store.embedded import EmbeddedPostgres
from crosswalk_sandbox.process import SandboxProcess

DEADLINE_S = 120.0

CONFIG = """
version: 1
state_dir: state
server: {port: 0}
database_url: $${CROSSWALK_DATABASE_URL}
tenants:
  acme:
    domain: $auth0_domain
    ca_file: $ca_file
    client_id: $auth0_client_id
    client_secret: $${BENCH_AUTH0_SECRET}
    sources: {event_stream: {token: "$${BENCH_TOKEN}"}}
orgs:
  acme:
    login_url: $salesforce_url
    ca_file: $ca_file
    sources: $org_sources
    auth: {flow: client_credentials, client_id: $salesforce_client_id, client_secret: "$${BENCH_SALESFORCE_SECRET}"}
syncs:
  customers:
    tenant: acme
    org: acme
    linger: $linger
    lanes: $lanes
    targets:
      - object: Lead
        create: true
        external_id: Auth0_User_Id__c
        match: [external_id, verified_email]
        fields:
          FirstName: user.given_name
          LastName: user.family_name ?? user.name
          Email: {value: user.email, type: email}
          Phone: {value: user.phone_number, type: phone}
          Company: user.user_metadata.company
          Title: user.user_metadata.title
          Street: user.user_metadata.street
          City: user.user_metadata.city
          PostalCode: user.user_metadata.postal_code
          Country: user.user_metadata.country
          LeadSource: {value: '"Web"', owner: initial}
          Website: {value: '"https://" + user.email.split("@")[1]', type: url}
          Description: '"Signed up from " + user.app_metadata.source'
          Industry: {value: '"Technology"', owner: initial}
          Marketing_Consent__c: {value: user.user_metadata.newsletter, type: boolean}
"""
"""Fifteen mapped fields; a new revision of a user changes three of them."""


@dataclass
class BenchSystem:
    """A running system; events go in by its webhook, its database tells what came of them."""

    folder: Path
    sandbox: SandboxProcess
    postgres: EmbeddedPostgres
    stack: ExitStack
    port: int = 0

    def start(self, command: str, *options: str) -> HubProcess:
        """Start a hub process."""
        access = self.sandbox.access
        environ = {
            "CROSSWALK_DATABASE_URL": self.postgres.uri,
            "BENCH_TOKEN": TOKEN,
            "BENCH_AUTH0_SECRET": access.auth0.client_secret,
            "BENCH_SALESFORCE_SECRET": access.salesforce.client_secret,
        }
        hub = HubProcess(
            self.folder / "crosswalk.yaml",
            command=command,
            options=options,
            log_file=self.folder / "hub.log",
            environ=environ,
        )
        self.stack.enter_context(hub)
        if "url" in hub.announcement:
            self.port = int(str(hub.announcement["url"]).rsplit(":", 1)[1])
        return hub

    def send(self, events: list[bytes]) -> None:
        """Send events to the webhook from 64 senders, until all are accepted."""
        asyncio.run(send_all(self.port, f"/intake/auth0/{TENANT}/events", events))

    def link_users(self, count: int) -> None:
        """Sign users up and wait for their Leads."""
        self.send([an_event(number) for number in range(count)])
        self.wait_until_done()

    def wait_until_done(self, deadline_s: float = DEADLINE_S) -> None:
        """Wait until no event is due."""

        def done() -> bool:
            return bool(self.value("SELECT NOT EXISTS (SELECT FROM due WHERE outcome IS NULL)"))

        wait_for(done, "the backlog is empty", deadline_s)

    def value(self, query: LiteralString) -> Any:
        """One value from the hub's database."""
        with psycopg.connect(self.postgres.uri) as connection:
            row = connection.execute(query).fetchone()
        return None if row is None else row[0]


def wait_for(holds: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Poll until `holds`."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > deadline_s:
            raise AssertionError(f"not within {deadline_s:g} s: {what}")
        time.sleep(0.02)


@contextmanager
def bench_system(
    folder: Path, *, change_events: bool = False, lanes: int = 1, linger: str = "{}"
) -> Iterator[BenchSystem]:
    """A sandbox and a database, empty; hub processes are started by the benchmark.

    With `change_events`, the hub also follows what changes in the org. `linger` is YAML.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        sandbox = stack.enter_context(SandboxProcess(folder / "sandbox"))
        sandbox.settings(daily_limit=10_000_000)
        postgres = EmbeddedPostgres(folder / "postgres")
        stack.callback(postgres.remove)
        access = sandbox.access
        endpoint = access.salesforce.pubsub_endpoint
        (folder / "crosswalk.yaml").write_text(
            Template(CONFIG).substitute(
                auth0_domain=access.auth0.domain,
                auth0_client_id=access.auth0.client_id,
                salesforce_url=access.salesforce.instance_url,
                salesforce_client_id=access.salesforce.client_id,
                ca_file=access.ca_file,
                lanes=lanes,
                linger=linger,
                org_sources=f'{{change_events: {{endpoint: "{endpoint}"}}}}' if change_events else "{}",
            )
        )
        yield BenchSystem(folder, sandbox, postgres, stack)
