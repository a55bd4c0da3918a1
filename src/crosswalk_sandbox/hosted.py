"""One tenant or one org that is served: its address, its keys, its server, and what a client has to know of it."""

import secrets
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Protocol, Self

import msgspec
from starlette.types import ASGIApp

from crosswalk_sandbox import auth0, salesforce
from crosswalk_sandbox.clock import SandboxClock
from crosswalk_sandbox.keys import make_jwt_key
from crosswalk_sandbox.salesforce.pubsub.server import PubSubServer
from crosswalk_sandbox.serving import bind, serve, with_date
from crosswalk_sandbox.tls import Certificates, write_private


class TenantSpec(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A tenant that is wanted.

    Parameters
    ----------
    name
        3 to 63 lower-case letters, digits and dashes, also the tenant's name in its events; one is found when empty.
    port
        Port to serve at; 0 takes a free one.
    """

    name: str = ""
    port: int = 0


class OrgSpec(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An org that is wanted.

    Parameters
    ----------
    name
        3 to 63 lower-case letters, digits and dashes; one is found when empty.
    port, pubsub_port
        Ports of the REST API and of the Pub/Sub API; 0 takes a free one.
    """

    name: str = ""
    port: int = 0
    pubsub_port: int = 0


class Hosted(Protocol):
    """What tenants and orgs have in common while they are served."""

    name: str

    async def start(self) -> Self:
        """Serve."""

    def reset(self) -> None:
        """Back to the empty start."""

    def access(self) -> dict[str, Any]:
        """What a client has to know, secrets included."""

    async def stop(self) -> None:
        """Stop serving and free the port."""


class HostedTenant:
    """A tenant and its server.

    Parameters
    ----------
    spec
        What is wanted; its name is set.
    host
        Address to bind.
    certificates
        What it shows to clients, and how it reaches webhooks.
    clock
        The sandbox's time.

    Attributes
    ----------
    after_reset
        Called after each reset.
    around
        What is put around its application when it is served.
    """

    def __init__(self, spec: TenantSpec, host: str, certificates: Certificates, clock: SandboxClock) -> None:
        self.name = spec.name
        self._certificates = certificates
        self._socket = bind(host, spec.port, "auth0")
        self._stack = AsyncExitStack()
        self._stack.callback(self._socket.close)
        self._clock = clock
        self.tenant = auth0.Tenant(
            domain=f"{host}:{_port_of(self._socket)}",
            client_id=secrets.token_urlsafe(24),
            client_secret=secrets.token_urlsafe(48),
            clock=clock,
            name=spec.name,
        )
        self.tenant.knobs.webhook_tls = certificates.client_context()
        self.tenant.knobs.actions_ca_file = certificates.ca_file.resolve()
        self.tenant.knobs.actions_dir = certificates.ca_file.resolve().parent / "actions" / spec.name
        self._first_knobs = replace(self.tenant.knobs)
        self.after_reset: Callable[[], None] = lambda: None
        self.around: Callable[[ASGIApp], ASGIApp] = lambda app: app

    async def start(self) -> Self:
        """Serve."""
        self._stack.push_async_callback(
            await serve(
                with_date(self.around(auth0.create_app(self.tenant)), self._clock), self._socket, self._certificates
            )
        )
        # Open subscriptions would hold the server until they end, so they are closed before it stops.
        self._stack.callback(self.tenant.close_subscriptions)
        return self

    async def stop(self) -> None:
        await self._stack.aclose()

    def reset(self) -> None:
        """Back to the empty start, knobs included; tokens stay good."""
        for field in fields(self._first_knobs):
            setattr(self.tenant.knobs, field.name, getattr(self._first_knobs, field.name))
        self.tenant.reset()
        self.after_reset()

    def access(self) -> dict[str, Any]:
        return {
            "domain": self.tenant.domain,
            "client_id": self.tenant.client_id,
            "client_secret": self.tenant.client_secret,
            "signup_url": f"https://{self.tenant.domain}/signup",
        }


class HostedOrg:
    """An org and its server.

    Parameters
    ----------
    spec
        What is wanted; its name is set.
    host
        Address to bind.
    certificates
        What it shows to clients.
    clock
        The sandbox's time.
    username
        Its integration user.
    private_key_file
        Where to write the key that the integration signs its assertions with.

    Attributes
    ----------
    after_reset
        Called after each reset.
    around
        What is put around its application when it is served.
    """

    def __init__(
        self,
        spec: OrgSpec,
        host: str,
        certificates: Certificates,
        clock: SandboxClock,
        *,
        username: str,
        private_key_file: Path,
    ) -> None:
        self.name = spec.name
        self.private_key_file = private_key_file
        self._certificates = certificates
        self._socket = bind(host, spec.port, "salesforce")
        self._stack = AsyncExitStack()
        self._stack.callback(self._socket.close)
        private_pem, public_pem = make_jwt_key()
        write_private(private_key_file, private_pem)
        self._client_secret = secrets.token_hex(32).upper()
        self._clock = clock
        self.org = salesforce.Org(
            instance_url=f"https://{host}:{_port_of(self._socket)}",
            client_id=f"3MVG9{secrets.token_urlsafe(40)}",
            client_secret=self._client_secret,
            username=username,
            jwt_certificate_pem=public_pem,
            clock=clock,
        )
        self._pubsub = PubSubServer(self.org, host, certificates.server_file)
        self._pubsub_port = spec.pubsub_port
        self.after_reset: Callable[[], None] = lambda: None
        self.around: Callable[[ASGIApp], ASGIApp] = lambda app: app

    async def start(self) -> Self:
        """Serve."""
        self._stack.push_async_callback(
            await serve(
                with_date(self.around(salesforce.create_app(self.org)), self._clock), self._socket, self._certificates
            )
        )
        # Held polls would keep the server until they end.
        self._stack.callback(self.org.events.close)
        await self._pubsub.start(self._pubsub_port)
        self._stack.push_async_callback(self._pubsub.stop)
        return self

    async def stop(self) -> None:
        await self._stack.aclose()

    def reset(self) -> None:
        """Back to the empty start, settings and troubles included; tokens stay good."""
        self.org.reset()
        self.after_reset()

    def access(self) -> dict[str, Any]:
        return {
            "instance_url": self.org.instance_url,
            "client_id": self.org.oauth.app.consumer_key,
            "client_secret": self._client_secret,
            "username": self.org.username,
            "private_key_file": str(self.private_key_file),
            "page_url": f"{self.org.instance_url}/sandbox/",
            "organization_id": self.org.organization_id,
            "pubsub_endpoint": self._pubsub.endpoint,
        }


def _port_of(bound: socket.socket) -> int:
    port: int = bound.getsockname()[1]
    return port
