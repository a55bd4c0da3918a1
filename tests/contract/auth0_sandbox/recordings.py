"""Recorded exchanges with a real tenant, played against the sandbox with its own ids, and their answers compared."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

RECORDED = Path(__file__).parents[2] / "fixtures" / "auth0"
RECORDED_DOMAIN = "auth0-deploy-cli-e2e.us.auth0.com"
JSON_KINDS = {bool: "boolean", str: "string", dict: "object", list: "array", int: "number", float: "number"}
# What tells one item of a list from the others, where it is not its place.
NAMES = ("name", "identifier", "value", "id", "client_id", "audience")
ID = re.compile(r"/(?:[a-z]{2,4}_[A-Za-z0-9]{16,22}|[A-Za-z0-9]{32}|[0-9a-f]{24}|[0-9a-f]{8}-[0-9a-f-]{27})(?=/|$)")


@dataclass(frozen=True)
class Exchange:
    """One recorded request and its answer."""

    method: str
    path: str
    body: Any
    status: int
    response: Any

    @property
    def endpoint(self) -> str:
        """Method and path with its ids taken out, such as ``GET clients/{id}``."""
        path = self.path.partition("?")[0].removeprefix("/api/v2/")
        return f"{self.method} {ID.sub('/{id}', path)}"


def recorded(name: str) -> list[Exchange]:
    """Return the exchanges of one file."""
    exchanges = json.loads((RECORDED / name).read_text())
    return [
        Exchange(one["method"], one["path"], one["body"] or None, one["status"], one["response"]) for one in exchanges
    ]


@dataclass
class Player:
    """Plays exchanges against one tenant. `ids` are those of the tenant for the recorded ones."""

    http: httpx.Client
    domain: str
    ids: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Send a request with recorded ids and domain replaced."""
        content = None if body is None else self._here(json.dumps(body))
        headers = {"content-type": "application/json"}
        return self.http.request(method, self._here(path), content=content, headers=headers)

    def make(self, method: str, path: str, body: Any) -> Any:
        """Send a request that prepares the tenant, which must succeed, and return its answer."""
        answer = self.send(method, f"/api/v2/{path}", body)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None

    def play(self, exchange: Exchange) -> Iterator[str]:
        """Play one exchange and yield how its answer differs from the recorded one."""
        answer = self.send(exchange.method, exchange.path, exchange.body)
        if answer.status_code != exchange.status:
            yield f"status {answer.status_code} for {exchange.status}: {answer.text[:300]}"
            return
        response: Any = answer.json() if answer.content else ""
        if exchange.method == "POST" and isinstance(response, dict):
            self._learn(exchange.response, response)
        yield from differences(exchange.response, response)

    def _learn(self, recorded_item: dict[str, Any], item: dict[str, Any]) -> None:
        for name in ("id", "client_id"):
            if name in recorded_item and name in item and recorded_item[name] not in self.ids:
                self.ids[recorded_item[name]] = item[name]

    def _here(self, text: str) -> str:
        text = text.replace(RECORDED_DOMAIN, self.domain)
        for there, here in self.ids.items():
            text = text.replace(there, here)
        return text


def differences(wanted: Any, found: Any, path: str = "") -> Iterator[str]:
    """Yield the keys that only one of two values has, and those whose types differ."""
    if kind_of(wanted) != kind_of(found):
        yield f"{path or 'the answer'} is {kind_of(found)} for {kind_of(wanted)}"
    elif isinstance(wanted, dict):
        for name in sorted({*wanted, *found}):
            here = f"{path}.{name}".lstrip(".")
            if name not in found:
                yield f"{here} is missing"
            elif name not in wanted:
                yield f"{here} is more"
            else:
                yield from differences(wanted[name], found[name], here)
    elif isinstance(wanted, list):
        yield from differences_of_items(wanted, found, f"{path}[]")


def differences_of_items(wanted: list[Any], found: list[Any], path: str) -> Iterator[str]:
    """Yield how the items of two lists differ: the same name or, without names, the same place."""
    by_name = {name_of(one): one for one in found if name_of(one)}
    for place, item in enumerate(wanted):
        if name_of(item) in by_name:
            yield from differences(item, by_name[name_of(item)], path)
        elif isinstance(item, dict) and place >= len(found):
            yield f"{path} has no {name_of(item) or place}"
        elif place < len(found):
            yield from differences(item, found[place], path)


def name_of(item: Any) -> str:
    """Return what tells an item of a list from the others, or an empty text."""
    if not isinstance(item, dict):
        return ""
    name = next((str(item[name]) for name in NAMES if name in item), "")
    return f"{name} {item.get('version', '')}".strip()


def kind_of(value: Any) -> str:
    """Return JSON's name for the type of a value."""
    return "null" if value is None else JSON_KINDS[type(value)]
