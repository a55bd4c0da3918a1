"""A tenant behind real TLS, the vendor's clients connected to it, and a server that receives webhooks."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
import trustme
import uvicorn
from auth0.management import AsyncManagementClient, ManagementClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from crosswalk_sandbox.auth0 import Knobs, Tenant, create_app

from .signing_in import CALLBACK, Application, Browser, MakeApplication

CLIENT_ID = "m2m-client"
CLIENT_SECRET = "m2m-secret"
CONNECTION = "Username-Password-Authentication"


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 60.0) -> Any:
    """Return the first truthy value of `condition`; fail when there is none within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    pytest.fail(f"{what} did not happen within {seconds:g} seconds")


class ServerThread:
    """uvicorn on a free loopback port, in a thread."""

    def __init__(self, app: Starlette, certificate: trustme.LeafCert | None) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        # asyncio leaves Nagle's algorithm on for this kind of socket, which costs 40 ms at each answer.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app,
            log_level="warning",
            lifespan="on",
            timeout_graceful_shutdown=2,
            timeout_keep_alive=75,  # longer than clients do: a request that comes as the server closes is lost
        )
        config.load()
        if certificate is not None:
            config.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(config.ssl)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve(sockets=[self._socket])))

    def start(self) -> None:
        self._thread.start()
        wait_until(lambda: self._server.started, "start of the server")

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()
        assert not self._thread.is_alive()


@dataclass
class Received:
    """One webhook request."""

    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """A webhook endpoint that keeps what it gets, and answers with the next of `answers`, else 204."""

    requests: list[Received] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    url: str = ""

    async def receive(self, request: Request) -> Response:
        self.requests.append(Received(request.url.path, dict(request.headers), await request.body()))
        return Response(status_code=self.answers.pop(0) if self.answers else 204)

    def wait_for(self, count: int) -> list[Received]:
        wait_until(lambda: len(self.requests) >= count, f"arrival of {count} webhook requests")
        return self.requests


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(scope="session")
def served_tenant(authority: trustme.CA) -> Iterator[Tenant]:
    tenant = Tenant(domain="not-yet-bound", client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    server = ServerThread(create_app(tenant), authority.issue_cert("127.0.0.1", "localhost"))
    tenant.domain = f"127.0.0.1:{server.port}"
    server.start()
    yield tenant
    tenant.close_subscriptions()
    server.stop()


@pytest.fixture
def tenant(served_tenant: Tenant) -> Iterator[Tenant]:
    """The served tenant, empty and with default knobs."""
    fast = Knobs(retry_delays=(0.02, 0.02, 0.02), heartbeat_seconds=0.2)
    for name in Knobs.__slots__:
        setattr(served_tenant.knobs, name, getattr(fast, name))
    served_tenant.reset()
    yield served_tenant
    served_tenant.close_subscriptions()


@pytest.fixture
def http(tenant: Tenant, tls: ssl.SSLContext) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"https://{tenant.domain}", verify=tls, timeout=10) as client:
        yield client


@pytest.fixture
def token(http: httpx.Client, tenant: Tenant) -> str:
    answer = http.post(
        "/oauth/token",
        json={
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "audience": f"https://{tenant.domain}/api/v2/",
        },
    )
    return str(answer.json()["access_token"])


@pytest.fixture
def auth0(tenant: Tenant, token: str, http: httpx.Client) -> ManagementClient:
    return ManagementClient(domain=tenant.domain, token=lambda: token, httpx_client=http)


@pytest.fixture
async def async_auth0(tenant: Tenant, token: str, tls: ssl.SSLContext) -> Any:
    async with httpx.AsyncClient(verify=tls, timeout=10) as client:
        yield AsyncManagementClient(domain=tenant.domain, token=lambda: token, httpx_client=client)


@pytest.fixture(scope="session")
def webhook_server() -> Iterator[tuple[ServerThread, list[Receiver]]]:
    current: list[Receiver] = []

    async def receive(request: Request) -> Response:
        return await current[-1].receive(request)

    server = ServerThread(Starlette(routes=[Route("/{rest:path}", receive, methods=["POST"])]), None)
    server.start()
    yield server, current
    server.stop()


@pytest.fixture
def receiver(webhook_server: tuple[ServerThread, list[Receiver]]) -> Receiver:
    server, current = webhook_server
    fresh = Receiver(url=f"http://127.0.0.1:{server.port}/hook")
    current.append(fresh)
    return fresh


@pytest.fixture
def make_application(tenant: Tenant) -> MakeApplication:
    def make(**settings: Any) -> Application:
        body = {"name": "Shop", "app_type": "regular_web", "callbacks": [CALLBACK], **settings}
        return Application(tenant, tenant.clients.create(body))

    return make


@pytest.fixture
def shop(make_application: MakeApplication) -> Application:
    return make_application()


@pytest.fixture
def browser(tenant: Tenant, tls: ssl.SSLContext) -> Iterator[Browser]:
    fresh = Browser(tenant, tls)
    yield fresh
    fresh.close()


@pytest.fixture
def ada_id(tenant: Tenant) -> str:
    return str(tenant.create_user(ada())["user_id"])


@pytest.fixture
def later(tenant: Tenant) -> Iterator[Callable[[float], None]]:
    """Moves the tenant's clock forward by seconds."""
    clock = tenant.clock
    passed = [0.0]

    def move(seconds: float) -> None:
        passed[0] += seconds

    tenant.clock = lambda: clock() + timedelta(seconds=passed[0])
    yield move
    tenant.clock = clock


def ada(**changes: Any) -> dict[str, Any]:
    """What it takes to create one user."""
    return {
        "connection": CONNECTION,
        "email": "ada@example.com",
        "password": "Difference-Engine-1",
        "given_name": "Ada",
        "family_name": "Lovelace",
        **changes,
    }
