"""How much of the API an org has left: the header of every answer, and the limits resource."""

import re
from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import Struct

from crosswalk.connectors.allowance import Answer
from crosswalk.connectors.base import ApiUsage

LIMIT_EXCEEDED = b"REQUEST_LIMIT_EXCEEDED"
CONCURRENT = b"Concurrent"
"""In the message when too many calls were under way, and not too many were made within 24 hours."""

WINDOW_WAIT_S = 60.0

OF_A_BATCH = frozenset({"query", "records"})
"""The classes of calls that looking up and writing identities takes."""

_ENDPOINTS = {"query": "query", "queryAll": "query", "jobs": "bulk", "limits": "limits"}
_ABSOLUTE = re.compile(r"/services/data/v[^/]+/")
_API_USAGE = re.compile(r"(?:^|[;,\s])api-usage=(\d+)/(\d+)")


class Limit(Struct, frozen=True, rename="pascal"):
    """One entry of the limits resource: the most that is allowed and what is left of it."""

    max: int
    remaining: int


decode_limits = msgspec.json.Decoder(dict[str, Limit]).decode
"""Reads the answer of the limits resource."""


def parse_usage(header: str | None, at: datetime) -> ApiUsage | None:
    """Return what `Sforce-Limit-Info` says (`api-usage=18/5000`), or `None` when it says nothing about API calls."""
    if header is None:
        return None
    found = _API_USAGE.search(header)
    if found is None:
        return None
    return ApiUsage(used=int(found[1]), limit=int(found[2]), at=at)


def usage_in_limits(content: bytes, at: datetime) -> ApiUsage | None:
    """Return what the limits resource says about API calls, `None` when it says nothing about them.

    Only where the header is missing: the resource may be some minutes behind ("Limits" in the REST API guide).
    """
    try:
        calls = decode_limits(content).get("DailyApiRequests")
    except msgspec.MsgspecError:
        return None
    return None if calls is None else ApiUsage(used=calls.max - calls.remaining, limit=calls.max, at=at)


def endpoint_of(path: str) -> str:
    """The class of a call: which calls fail together when a part of the org is down."""
    first, _, rest = _ABSOLUTE.sub("", path, count=1).partition("/")
    if first == "composite":
        return "records" if rest.startswith("sobjects") else "query"
    if first == "sobjects":
        return "describe" if rest.endswith("describe") else "records"
    return _ENDPOINTS.get(first, "others")


def read_answer(status: int, usage: ApiUsage | None, wait_s: float | None, content: bytes) -> Answer:
    """Return what an answer says about the org's limits; `content` is its body, where it was read.

    Source: "API Request Limits and Allocations": 403 `REQUEST_LIMIT_EXCEEDED` for the calls of 24 hours
    (`TotalRequests Limit exceeded.`) and for calls under way (`ConcurrentRequests …`, `ConcurrentPerOrgLongTxn …`).
    """
    exceeded = status in (403, 429, 503) and LIMIT_EXCEEDED in content
    crowded = exceeded and CONCURRENT in content
    if exceeded and not crowded and usage is None and wait_s is None:
        wait_s = WINDOW_WAIT_S
    return Answer(
        healthy=status < 500 or exceeded,
        day=None if usage is None else (usage.used, usage.limit),
        wait_s=wait_s if status in (403, 429, 503) else None,
        crowded=crowded,
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds the org asks to wait.

    It sends seconds; the date form of the header is left to the caller's backoff.
    """
    header = headers.get("Retry-After", "")
    return float(header) if header.isdigit() else None
