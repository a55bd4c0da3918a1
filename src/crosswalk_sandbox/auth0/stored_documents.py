"""Users by their id; those that were loaded by the million take little room: they are JSON until they are read."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

import msgspec

Document = dict[str, Any]


class StoredDocuments(MutableMapping[str, Document]):
    """A dict of documents, some of them packed. A packed one is unpacked at each reading, and written as a dict."""

    def __init__(self) -> None:
        self._kept: dict[str, Document | bytes] = {}

    def __getitem__(self, user_id: str) -> Document:
        return _unpacked(self._kept[user_id])

    def __setitem__(self, user_id: str, document: Document) -> None:
        self._kept[user_id] = document

    def __delitem__(self, user_id: str) -> None:
        del self._kept[user_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, user_id: object) -> bool:
        return user_id in self._kept

    def pack(self, user_id: str, document: Document) -> None:
        """Store a document packed."""
        self._kept[user_id] = msgspec.json.encode(document)

    def packed_bytes(self) -> int:
        """Return how many bytes the packed ones take."""
        return sum(len(stored) for stored in self._kept.values() if isinstance(stored, bytes))


def _unpacked(stored: Document | bytes) -> Document:
    if isinstance(stored, bytes):
        document: Document = msgspec.json.decode(stored)
        return document
    return stored
