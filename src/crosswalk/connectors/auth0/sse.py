"""Server-sent events, as far as Auth0 uses them. Pure.

Specification: "Server-sent events", section 9.2 of the HTML standard.
"""

from collections.abc import Iterator

from msgspec import Struct


class Message(Struct, frozen=True):
    """One server-sent event: its type and its data, JSON text."""

    event: str
    data: bytes


class MessageReader:
    """Turns the lines of a stream into messages; a message that the end of the stream cuts off is never given."""

    def __init__(self) -> None:
        self._rest = b""
        self._event = ""
        self._data: list[bytes] = []

    def feed(self, chunk: bytes) -> Iterator[Message]:
        """Yield the messages that `chunk` completes."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            message = self._take(line.removesuffix(b"\r"))
            if message is not None:
                yield message

    def _take(self, line: bytes) -> Message | None:
        if not line:
            return self._complete()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._event = value.decode(errors="replace")
        # Comments (an empty name), `id` and `retry` carry nothing that Auth0 does not say in the data.
        return None

    def _complete(self) -> Message | None:
        event, data = self._event, self._data
        self._event, self._data = "", []
        return Message(event, b"\n".join(data)) if data else None
