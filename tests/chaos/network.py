"""A line of the network: a TCP proxy that can break connections, refuse them, or let no byte through."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeVar

Answer = TypeVar("Answer")

CHUNK = 1 << 16


class Line:
    """Forwards connections from a port of its own to `target`, in a thread of its own.

    Use as a context manager.

    Attributes
    ----------
    target
        Host and port; may change, for connections that come later.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._writers: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._refusing = False
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = self._call(self._listen()).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._close()).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def cut(self) -> None:
        """Break every connection that there is."""
        self._call(self._cut()).result(10)

    def refuse(self) -> None:
        """Break every connection, and each that comes until `reopen`."""
        self._refusing = True
        self.cut()

    def silence(self) -> None:
        """Let no byte through until `reopen`."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def reopen(self) -> None:
        """Forward again; connections that were silent break, as they would have on a real network by then."""
        self._refusing = False
        if not self._flowing.is_set():
            self.cut()
        self._loop.call_soon_threadsafe(self._flowing.set)

    def _call(self, coroutine: Coroutine[Any, Any, Answer]) -> "Future[Answer]":
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    async def _listen(self) -> int:
        self._flowing.set()
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _close(self) -> None:
        self._server.close()
        await self._cut()
        tasks = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.transport.abort()
            return
        self._writers.add(writer)
        far: asyncio.StreamWriter | None = None
        try:
            await self._flowing.wait()
            far_reader, far = await asyncio.open_connection(*self.target)
            self._writers.add(far)
            await asyncio.gather(self._pump(reader, far), self._pump(far_reader, writer))
        except (OSError, asyncio.CancelledError):
            pass  # the line was cut, or is closed
        finally:
            for each in (writer, far):
                if each is not None:
                    self._writers.discard(each)
                    each.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        # One direction that ended ends both: none of the clients here half-closes.
        with contextlib.suppress(OSError, RuntimeError):
            writer.close()
