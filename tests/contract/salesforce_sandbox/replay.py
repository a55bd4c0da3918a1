"""Recorded calls of a real org, played again: the replies have to be the recorded ones, ids aside."""

import json
import re
from pathlib import Path
from typing import Any

import httpx

RECORDED = Path(__file__).parent / "recorded"
RECORD_ID = re.compile(r"00[136Q][A-Za-z0-9]{15}")


def exchanges_of(name: str) -> list[dict[str, Any]]:
    """The recorded calls of a file, in order."""
    found: list[dict[str, Any]] = json.loads((RECORDED / f"{name}.json").read_text())
    return found


class Replay:
    """Plays recorded calls and compares the replies, each org's own ids standing for one another."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._ids: dict[str, str] = {}

    def check(self, exchange: dict[str, Any]) -> None:
        request, expected = exchange["request"], exchange["response"]
        body = json.loads(self._translated(json.dumps(request["body"])).replace("vxx.0", "v62.0"))
        uri = request["uri"].replace("vxx.0", "v62.0")
        reply = self._http.request(request["method"], uri, json=body)
        assert reply.status_code == expected["status"], reply.text
        recorded_ids = RECORD_ID.findall(json.dumps(expected["body"]))
        own_ids = RECORD_ID.findall(reply.text)
        assert len(own_ids) == len(recorded_ids)
        for recorded, own in zip(recorded_ids, own_ids, strict=True):
            assert self._ids.setdefault(recorded, own) == own
        wanted = self._translated(json.dumps(expected["body"])).replace("vxx.0", "v62.0")
        assert reply.json() == json.loads(wanted)

    def _translated(self, text: str) -> str:
        return RECORD_ID.sub(lambda match: self._ids.get(match.group(), match.group()), text)
