"""Serving the app inside an event loop that is also used for other things."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

GRACE_S = 5
"""How long requests under way may take to finish when the hub stops, seconds."""

KEEP_ALIVE_S = 75
"""How long a connection without a request is kept, seconds. Load balancers and proxies keep theirs for 60: who closes
before them may do so just as the next request is sent, which is lost then, with a 502."""


class Server(uvicorn.Server):
    """uvicorn without its own handling of signals: the command that runs it decides when to stop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, so that the port is known (0 picks a free one) before anything is started.

    Raises
    ------
    OSError
        The address is taken or not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.listen(2048)
    return listener


def make_server(app: ASGIApp) -> Server:
    """A server for `app`; run it by `await server.serve(sockets=[...])`, end it by `server.should_exit = True`."""
    return Server(
        uvicorn.Config(
            app,
            http="httptools",
            access_log=False,
            log_config=None,
            lifespan="off",
            timeout_graceful_shutdown=GRACE_S,
            timeout_keep_alive=KEEP_ALIVE_S,
            server_header=False,
            date_header=False,
        )
    )
