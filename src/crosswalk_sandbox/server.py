"""The whole sandbox in one event loop: both vendors over TLS, the control API over plain HTTP, all on loopback."""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from crosswalk_sandbox import auth0, salesforce
from crosswalk_sandbox.control import create_app as create_control_app
from crosswalk_sandbox.keys import make_jwt_key
from crosswalk_sandbox.salesforce.front_door import ABORT_EXTENSION
from crosswalk_sandbox.seed import seed as seed_scenario
from crosswalk_sandbox.tls import Certificates, make_certificates, write_private

_START_SECONDS = 10.0
_STOP_SECONDS = 3
_USERNAME = "integration@crosswalk.example"


class _DroppingProtocol(HttpToolsProtocol):
    """Lets an application drop its connection, which ASGI itself has no way to ask for, and stops without lingering."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {ABORT_EXTENSION: self.transport.abort}  # type: ignore[dict-item]  # the type knows mappings only

    def shutdown(self) -> None:
        """Leave idle connections at once: the farewell of TLS would wait for clients that only keep them for later."""
        super().shutdown()
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()


class _Server(uvicorn.Server):
    """A server whose process keeps its own signal handlers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


class Sandbox:
    """The sandbox while it runs: `async with Sandbox(state_dir) as sandbox`.

    Parameters
    ----------
    state_dir
        Directory for `ca.pem`, `server.pem` and `salesforce_jwt_key.pem`; made when missing.
    auth0_port, salesforce_port, control_port
        Ports; 0 takes a free one.
    host
        Address to bind, loopback by default.
    seed
        Name of a scenario to start with, or None for an empty start.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        auth0_port: int = 0,
        salesforce_port: int = 0,
        control_port: int = 0,
        host: str = "127.0.0.1",
        seed: str | None = None,
    ) -> None:
        self.state_dir = state_dir
        self._ports = {"auth0": auth0_port, "salesforce": salesforce_port, "control": control_port}
        self._host = host
        self._seed = seed
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self.state_dir.mkdir(parents=True, exist_ok=True)
            sockets = {name: stack.enter_context(self._bind(name, port)) for name, port in self._ports.items()}
            ports = {name: each.getsockname()[1] for name, each in sockets.items()}
            certificates = make_certificates(self.state_dir, self._host)
            self.ca_file = certificates.ca_file
            self.control_url = f"http://{self._host}:{ports['control']}"
            self._make_vendors(ports, certificates)
            if self._seed is not None:
                seed_scenario(self._seed, self.tenant, self.org)
            apps: dict[str, tuple[ASGIApp, Certificates | None]] = {
                "auth0": (auth0.create_app(self.tenant), certificates),
                "salesforce": (salesforce.create_app(self.org), certificates),
                "control": (create_control_app(self.tenant, self.org), None),
            }
            for name, (app, tls) in apps.items():
                before_stop = self.tenant.close_subscriptions if name == "auth0" else None
                stack.push_async_callback(await _serve(app, sockets[name], tls, before_stop))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def ready_line(self) -> dict[str, Any]:
        """What a process that started the sandbox needs to know, secrets of the sandbox included."""
        return {
            "auth0": {
                "domain": self.tenant.domain,
                "client_id": self.tenant.client_id,
                "client_secret": self.tenant.client_secret,
                "signup_url": f"https://{self.tenant.domain}/signup",
            },
            "salesforce": {
                "instance_url": self.org.instance_url,
                "client_id": self.org.sessions.client_id,
                "client_secret": self._salesforce_secret,
                "username": self.org.sessions.username,
                "private_key_file": str(self.private_key_file),
                "page_url": f"{self.org.instance_url}/sandbox/",
            },
            "control_url": self.control_url,
            "ca_file": str(self.ca_file),
        }

    def _make_vendors(self, ports: dict[str, int], certificates: Certificates) -> None:
        private_pem, public_pem = make_jwt_key()
        self.private_key_file = self.state_dir / "salesforce_jwt_key.pem"
        write_private(self.private_key_file, private_pem)
        self._salesforce_secret = secrets.token_hex(32).upper()
        self.org = salesforce.Org(
            instance_url=f"https://{self._host}:{ports['salesforce']}",
            client_id=f"3MVG9{secrets.token_urlsafe(40)}",
            client_secret=self._salesforce_secret,
            username=_USERNAME,
            jwt_certificate_pem=public_pem,
        )
        self.tenant = auth0.Tenant(
            domain=f"{self._host}:{ports['auth0']}",
            client_id=secrets.token_urlsafe(24),
            client_secret=secrets.token_urlsafe(48),
        )
        self.tenant.knobs.webhook_tls = certificates.client_context()

    def _bind(self, name: str, port: int) -> socket.socket:
        bound = socket.socket(socket.AF_INET)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((self._host, port))
        except OSError as error:
            bound.close()
            message = f"cannot bind the sandbox's {name} port {port} on {self._host} ({error.strerror}); choose another"
            raise OSError(error.errno, message) from error
        return bound


async def _serve(
    app: ASGIApp, bound: socket.socket, tls: Certificates | None, before_stop: Callable[[], None] | None
) -> Callable[[], Any]:
    """Start a server on a bound socket and return what stops it."""
    config = uvicorn.Config(
        app,
        http=_DroppingProtocol,
        ws="none",
        lifespan="on",
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_STOP_SECONDS,
        timeout_keep_alive=75,
        ssl_certfile=tls.server_file if tls else None,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[bound]))
    async with asyncio.timeout(_START_SECONDS):
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn only sets a flag
            await asyncio.sleep(0.005)
    if task.done():
        await task
        raise RuntimeError("a sandbox server ended before it had started; its log says why")

    async def stop() -> None:
        if before_stop is not None:
            before_stop()
        server.should_exit = True
        await task

    return stop
