"""The list of API versions, what a version offers, and how many rows each object has."""

from starlette.requests import Request
from starlette.responses import Response

from crosswalk_sandbox.salesforce.http import NEWEST_VERSION, OLDEST_VERSION, Path, json_reply, org_of, version_of
from crosswalk_sandbox.salesforce.limits import show_limits

_SEASONS = ("Winter", "Spring", "Summer")
_SERVICES = ("sobjects", "query", "queryAll", "limits", "composite", "jobs", "parameterizedSearch")


async def list_versions(_request: Request) -> Response:
    """Every API version; three a year, named for the season and the year."""
    return json_reply(
        [
            {
                "label": f"{_SEASONS[(number - 50) % 3]} '{21 + (number - 50) // 3}",
                "url": f"/services/data/v{number}.0",
                "version": f"{number}.0",
            }
            for number in range(OLDEST_VERSION, NEWEST_VERSION + 1)
        ]
    )


async def list_services(request: Request) -> Response:
    org = org_of(request)
    services = {name: f"/services/data/{version_of(request)}/{name}" for name in _SERVICES}
    return json_reply({**services, "identity": org.oauth.identity_url(org.acting_user_id)})


async def count_records(request: Request) -> Response:
    """`limits/recordCount`: how many rows each object has, in the order of their names."""
    org = org_of(request)
    asked = {each.strip().lower() for each in request.query_params.get("sObjects", "").split(",") if each.strip()}
    names = [name for name in org.objects if not asked or name.lower() in asked]
    return json_reply({"sObjects": [{"count": len(org.rows(name)), "name": name} for name in names]})


PATHS = [
    Path("/services/data", {"GET": list_versions}),
    Path("/services/data/{version}", {"GET": list_services}),
    Path("/services/data/{version}/limits", {"GET": show_limits}),
    Path("/services/data/{version}/limits/recordCount", {"GET": count_records}),
]
