"""How much of the API an org has left: the header of every answer, and the limits resource."""

import re
from datetime import datetime

from msgspec import Struct

from crosswalk.connectors.base import ApiUsage

_API_USAGE = re.compile(r"(?:^|[;,\s])api-usage=(\d+)/(\d+)")


class Limit(Struct, frozen=True, rename="pascal"):
    """One entry of the limits resource: the most that is allowed and what is left of it."""

    max: int
    remaining: int


def parse_usage(header: str | None, at: datetime) -> ApiUsage | None:
    """Return what `Sforce-Limit-Info` says (`api-usage=18/5000`), or `None` when it says nothing about API calls."""
    if header is None:
        return None
    found = _API_USAGE.search(header)
    if found is None:
        return None
    return ApiUsage(used=int(found[1]), limit=int(found[2]), at=at)
