"""The whole sandbox in one event loop: tenants and orgs over TLS, the control API over plain HTTP, all on loopback."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from crosswalk_sandbox import auth0, salesforce
from crosswalk_sandbox.control import create_app as create_control_app
from crosswalk_sandbox.controls import with_controls
from crosswalk_sandbox.faults import FaultPlan
from crosswalk_sandbox.faults.routes import set_plan
from crosswalk_sandbox.fleet import Fleet
from crosswalk_sandbox.hosted import OrgSpec, TenantSpec
from crosswalk_sandbox.seeds import SeedOrder
from crosswalk_sandbox.serving import bind, serve
from crosswalk_sandbox.tls import make_certificates


class Sandbox:
    """The sandbox while it runs: `async with Sandbox(state_dir) as sandbox`.

    Parameters
    ----------
    state_dir
        Directory for `ca.pem`, `server.pem` and the orgs' keys; made when missing.
    auth0_port, salesforce_port, pubsub_port
        Ports of the first tenant, the first org and its Pub/Sub API, unless `tenants` or `orgs` say otherwise; 0 takes
        a free one.
    control_port
        Port of the control API; 0 takes a free one.
    host
        Address to bind, loopback by default.
    seed
        What to start the first tenant and the first org with: an order or the name of a scenario; None for an empty
        start.
    progress
        Told during the seeding how many people are done.
    faults
        Rules that are in force from the start, each of which names its vendor.
    tenants, orgs
        What to serve; one of each when not given.

    Attributes
    ----------
    fleet
        The tenants and orgs by name; more may be added while it runs.
    tenant, org
        The first ones, as at the start.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        auth0_port: int = 0,
        salesforce_port: int = 0,
        pubsub_port: int = 0,
        control_port: int = 0,
        host: str = "127.0.0.1",
        seed: SeedOrder | str | None = None,
        progress: Callable[[int], None] = lambda done: None,
        faults: FaultPlan | None = None,
        tenants: Sequence[TenantSpec] = (),
        orgs: Sequence[OrgSpec] = (),
    ) -> None:
        self.state_dir = state_dir
        self._control_port = control_port
        self._host = host
        self._seed = SeedOrder(seed) if isinstance(seed, str) else seed
        self._progress = progress
        self._faults = faults
        self._tenants = tenants or (TenantSpec(port=auth0_port),)
        self._orgs = orgs or (OrgSpec(port=salesforce_port, pubsub_port=pubsub_port),)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self.state_dir.mkdir(parents=True, exist_ok=True)
            certificates = make_certificates(self.state_dir, self._host)
            self.ca_file = certificates.ca_file
            self.ca_bundle_file = certificates.ca_bundle_file
            control_socket = stack.enter_context(bind(self._host, self._control_port, "control"))
            self.control_url = f"http://{self._host}:{control_socket.getsockname()[1]}"
            self.fleet = Fleet(self.state_dir, self._host, certificates)
            self.fleet.around = lambda app, member: with_controls(app, self.fleet, member)
            stack.push_async_callback(self.fleet.stop)
            self.fleet.make(self._tenants, self._orgs)
            self.tenant: auth0.Tenant = self.fleet.tenant().tenant
            self.org: salesforce.Org = self.fleet.org().org
            if self._seed is not None:
                for done in self.fleet.seeding(self._seed):
                    self._progress(done)
                    await asyncio.sleep(0)  # so that a long seeding can be stopped
            if self._faults is not None:
                set_plan(self._faults, self.fleet.faults())
            await self.fleet.start()
            stack.push_async_callback(await serve(create_control_app(self.fleet), control_socket))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def ready_line(self) -> dict[str, Any]:
        """What a process that started the sandbox needs to know, secrets of the sandbox included."""
        return {
            "auth0": self.fleet.tenant().access(),
            "salesforce": self.fleet.org().access(),
            **self.fleet.access(),
            "control_url": self.control_url,
            "ca_file": str(self.ca_file),
            "ca_bundle_file": str(self.ca_bundle_file),
        }
