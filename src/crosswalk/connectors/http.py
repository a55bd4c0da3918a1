"""The HTTP client that both connectors build on: keep-alive pool, explicit timeouts, private CAs."""

import ssl
from pathlib import Path
from typing import Any

import httpx
from msgspec import Struct

from crosswalk import __version__

PRODUCT = "crosswalk/"
"""How the name of the hub begins that its calls carry: Auth0's log tells it, too."""


class Timeouts(Struct, frozen=True):
    """How long one call may wait, in seconds, for each of its stages."""

    connect: float = 5.0
    read: float = 30.0
    write: float = 30.0
    pool: float = 30.0

    def for_httpx(self, read: float | None = None) -> httpx.Timeout:
        """Return the same for httpx; `read` replaces the reading timeout (long-lived streams)."""
        return httpx.Timeout(
            connect=self.connect,
            read=self.read if read is None else read,
            write=self.write,
            pool=self.pool,
        )


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return a verifying TLS context that trusts the public CAs and, if given, those in `ca_file` (PEM) as well.

    Raises
    ------
    OSError
        The file cannot be read or holds no certificate.
    """
    context = httpx.create_ssl_context()
    if ca_file is not None:
        context.load_verify_locations(cafile=str(ca_file))
    return context


class _Client(httpx.AsyncClient):
    """Says of a connection that was reset as soon as it was made that it could not be made.

    anyio asks each new connection for its other end; uvloop gives it no socket to ask where that one has closed it.
    """

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        try:
            return await super().send(request, **options)
        except AttributeError as error:
            if error.obj is not None or error.name != "getpeername":
                raise
            raise httpx.ConnectError("the connection was closed as soon as it was made", request=request) from error


def open_http(ca_file: Path | None, timeouts: Timeouts, connections: int = 20) -> httpx.AsyncClient:
    """Return an HTTP client with up to `connections` connections, kept alive for a minute between calls."""
    return _Client(
        verify=tls_context(ca_file),
        timeout=timeouts.for_httpx(),
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=60.0),
        follow_redirects=False,
        headers={"User-Agent": f"{PRODUCT}{__version__}"},
    )


def describe_failure(error: httpx.TransportError) -> str:
    """Return why no answer came, in words; httpx leaves the message of its timeouts empty."""
    kind = type(error).__name__
    text = str(error)
    return f"{kind}: {text}" if text else kind
