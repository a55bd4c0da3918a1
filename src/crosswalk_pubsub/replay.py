"""Replay ids: opaque bytes to clients; recorded ones are a number (eight bytes, highest first) and two zero bytes.

A client keeps them as they are and never computes one; only the emulated org reads and makes them. It takes them
without the zeros too, as a public client in wide use (pozil/pub-sub-api-node-client) sends them back so.
"""

_NUMBER_BYTES = 8
_END = b"\x00\x00"


class ReplayIdMalformedError(ValueError):
    """Bytes that never were a replay id."""

    def __init__(self, replay_id: bytes) -> None:
        super().__init__(f"expected a replay id of ten bytes, found {len(replay_id)} bytes: {replay_id[:16].hex()}")


def format_replay_id(number: int) -> bytes:
    """The replay id of a position in the stream."""
    return number.to_bytes(_NUMBER_BYTES, "big") + _END


def read_replay_id(replay_id: bytes) -> int:
    """The position that a replay id stands for; `ReplayIdMalformedError` for other bytes."""
    if len(replay_id) < _NUMBER_BYTES or replay_id[_NUMBER_BYTES:] not in (_END, b""):
        raise ReplayIdMalformedError(replay_id)
    return int.from_bytes(replay_id[:_NUMBER_BYTES], "big")
