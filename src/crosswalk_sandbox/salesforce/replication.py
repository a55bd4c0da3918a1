"""`updated` and `deleted`: the ids of an object's records that were touched within a window of time.

The vendor ignores seconds, looks back 30 days at most, and says up to when its answer is complete.
"""

from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from crosswalk_sandbox.salesforce.errors import ApiError
from crosswalk_sandbox.salesforce.http import Path, json_reply, org_of
from crosswalk_sandbox.salesforce.sobjects import object_name_of
from crosswalk_sandbox.salesforce.table import Row
from crosswalk_sandbox.salesforce.times import format_stamp
from crosswalk_sandbox.salesforce.turns import with_turns

_KEPT = timedelta(days=30)
_MOST_IDS = 600_000


async def list_updated(request: Request) -> Response:
    """The ids of the records created or updated in the window, those deleted since not among them."""
    start, end, covered = _window(request)
    ids = [row["Id"] for row in await _touched(request, start, end) if not row["IsDeleted"]]
    return json_reply({"ids": ids, "latestDateCovered": covered})


async def list_deleted(request: Request) -> Response:
    """The records deleted in the window, with the time when each was."""
    start, end, covered = _window(request)
    deleted = [
        {"id": row["Id"], "deletedDate": row["SystemModstamp"]}
        for row in await _touched(request, start, end)
        if row["IsDeleted"]
    ]
    earliest = format_stamp(_to_minute(org_of(request).clock() - _KEPT))
    return json_reply({"deletedRecords": deleted, "earliestDateAvailable": earliest, "latestDateCovered": covered})


async def _touched(request: Request, start: str, end: str) -> list[Row]:
    org, name = org_of(request), object_name_of(request)
    rows = [*org.tables[name].rows.values(), *org.purged.get(name, ())]
    found = [row async for chunk in with_turns(rows) for row in chunk if start <= row["SystemModstamp"] < end]
    if len(found) > _MOST_IDS:
        raise ApiError(400, "EXCEEDED_ID_LIMIT", f"the window has more than {_MOST_IDS} ids; ask for a shorter one")
    return found


def _window(request: Request) -> tuple[str, str, str]:
    """Start, end and the latest time covered, in the form that time stamps have; the end is not within."""
    now = org_of(request).clock()
    start, end = (_moment(request, name) for name in ("start", "end"))
    if start >= end:
        raise _refused("endDate must be at least one minute greater than startDate")
    if start < _to_minute(now - _KEPT):
        raise _refused("startDate cannot be more than 30 days ago")
    return format_stamp(start), format_stamp(end), format_stamp(min(end, _to_minute(now)))


def _moment(request: Request, name: str) -> datetime:
    text = request.query_params.get(name)
    if text is None:
        raise ApiError(400, "MISSING_ARGUMENT", f"Missing required parameter: {name}")
    try:
        # A plus sign that a client forgot to encode arrives as a space.
        moment = datetime.fromisoformat(text.strip().replace(" ", "+"))
    except ValueError:
        raise _refused(f"{name} is not a time in ISO 8601: {text}") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return _to_minute(moment.astimezone(UTC))


def _to_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _refused(message: str) -> ApiError:
    return ApiError(400, "INVALID_REPLICATION_DATE", message)


_OBJECT = "/services/data/{version}/sobjects/{object}"
PATHS = [
    Path(f"{_OBJECT}/updated", {"GET": list_updated}),
    Path(f"{_OBJECT}/deleted", {"GET": list_deleted}),
]
