"""Every connection to a PostgreSQL that is reached by TCP gets an end where the network is cut."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import pytest

from crosswalk.store.database import Connection, Database


@asynccontextmanager
async def by_tcp(uri: str) -> AsyncIterator[str]:
    """Make the server of a socket reachable by TCP; yields its address."""
    parts = urlsplit(uri)
    path = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(path)
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer), return_exceptions=True)

    server = await asyncio.start_server(forward, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}{parts.path}"
    finally:
        server.close()


def options_of(connection: Connection) -> dict[str, int]:
    """What the operating system was told about a connection."""
    wanted = {
        "alive": (socket.SOL_SOCKET, "SO_KEEPALIVE"),
        "idle": (socket.IPPROTO_TCP, "TCP_KEEPIDLE"),
        "interval": (socket.IPPROTO_TCP, "TCP_KEEPINTVL"),
        "looks": (socket.IPPROTO_TCP, "TCP_KEEPCNT"),
        "unanswered": (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT"),
    }
    with socket.socket(fileno=connection.fileno()) as opened:
        try:
            return {name: opened.getsockopt(level, getattr(socket, key)) for name, (level, key) in wanted.items()}
        finally:
            opened.detach()


@pytest.mark.skipif(sys.platform != "linux", reason="asks for socket options as Linux names them")
async def test_pool_and_sessions_notice_a_cut(postgres_uri: str):
    async with by_tcp(postgres_uri) as uri:
        database = Database(uri)
        await database.open()
        async with database.transaction() as pooled, database.session() as session:
            found = [options_of(pooled), options_of(session)]
        await database.close()

    assert found == [{"alive": 1, "idle": 10, "interval": 5, "looks": 3, "unanswered": 30_000}] * 2
