"""The gRPC server of one org's Pub/Sub API."""

from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from crosswalk_pubsub.pubsub_api_pb2_grpc import add_PubSubServicer_to_server
from crosswalk_sandbox.salesforce.pubsub.service import PubSubService

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.org import Org

_STOP_SECONDS = 0.2
_OPTIONS = [
    # Else two sandboxes could listen on one port, and each would get some of the calls.
    ("grpc.so_reuseport", 0),
    # Clients are told to keep long silences alive with pings.
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
]


class PubSubServer:
    """Serves an org's events over TLS.

    Parameters
    ----------
    org
        The org.
    host
        Address to bind.
    certificate_file
        PEM file with the server's key and certificate chain.

    Attributes
    ----------
    endpoint
        Host and port, empty until it has started.
    """

    def __init__(self, org: "Org", host: str, certificate_file: Path) -> None:
        self._org = org
        self._host = host
        self._certificate_file = certificate_file
        self._server: grpc.aio.Server | None = None
        self.endpoint = ""

    async def start(self, port: int = 0) -> int:
        """Serve at a port, any free one for 0, and return it.

        Raises
        ------
        OSError
            When the port cannot be had.
        """
        pem = self._certificate_file.read_bytes()
        server = grpc.aio.server(options=_OPTIONS)
        add_PubSubServicer_to_server(PubSubService(self._org), server)
        try:
            bound: int = server.add_secure_port(f"{self._host}:{port}", grpc.ssl_server_credentials([(pem, pem)]))
        except RuntimeError as error:
            message = f"cannot bind the sandbox's Pub/Sub port {port} on {self._host}; choose another"
            raise OSError(message) from error
        await server.start()
        self._server = server
        self.endpoint = f"{self._host}:{bound}"
        return bound

    async def stop(self) -> None:
        """End all streams and free the port."""
        server, self._server = self._server, None
        if server is not None:
            await server.stop(_STOP_SECONDS)
