"""The `limits` resource: what the org may still spend. API calls and query jobs are counted, the rest is never used.

The names are those that the vendor lists for the resource, and the numbers those of an enterprise edition.
"""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from crosswalk_sandbox.salesforce.bulk.jobs import QueryJob
from crosswalk_sandbox.salesforce.http import json_reply, org_of
from crosswalk_sandbox.salesforce.org import Org

_QUERY_JOBS_A_DAY = 10_000
_UNUSED = {
    "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentSyncReportRuns": 20,
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyDurableGenericStreamingApiEvents": 10_000,
    "DailyDurableStreamingApiEvents": 10_000,
    "DailyGenericStreamingApiEvents": 10_000,
    "DailyStandardVolumePlatformEvents": 25_000,
    "DailyStreamingApiEvents": 10_000,
    "DailyWorkflowEmails": 1_000,
    "DataStorageMB": 1_024,
    "DurableStreamingApiConcurrentClients": 20,
    "FileStorageMB": 1_024,
    "HourlyAsyncReportRuns": 1_200,
    "HourlyDashboardRefreshes": 200,
    "HourlyDashboardResults": 5_000,
    "HourlyDashboardStatuses": 999_999_999,
    "HourlyODataCallout": 1_000,
    "HourlyPublishedPlatformEvents": 250_000,
    "HourlyPublishedStandardVolumePlatformEvents": 1_000,
    "HourlySyncReportRuns": 500,
    "HourlyTimeBasedWorkflow": 1_000,
    "MassEmail": 5_000,
    "MonthlyPlatformEventsUsageEntitlement": 0,
    "SingleEmail": 5_000,
    "StreamingApiConcurrentClients": 20,
}


async def show_limits(request: Request) -> Response:
    """Every limit with its `Max` and what `Remaining` of it."""
    org = org_of(request)
    counted = {
        "DailyApiRequests": _left(org.usage.daily_limit, org.usage.used()),
        "DailyBulkV2QueryJobs": _left(_QUERY_JOBS_A_DAY, _query_jobs_of_a_day(org)),
    }
    return json_reply(dict(sorted({**{name: _left(most, 0) for name, most in _UNUSED.items()}, **counted}.items())))


def _left(most: int, used: int) -> dict[str, int]:
    return {"Max": most, "Remaining": max(most - used, 0)}


def _query_jobs_of_a_day(org: Org) -> int:
    since = org.time() - timedelta(days=1)
    return sum(1 for job in org.jobs.all() if isinstance(job, QueryJob) and job.created > since)
