"""The server under test of `bench.intake`: the webhooks alone, on a given database.

Usage: python -m bench.intake_server DATABASE_URI EVENTS_PER_COMMIT COMMITS_AT_ONCE; prints its port when it is ready.
"""

import sys

import uvloop
from starlette.applications import Starlette

from bench.users import TENANT, TOKEN
from crosswalk.api.server import listen, make_server
from crosswalk.api.webhooks import WebhookTokens, webhook_routes
from crosswalk.connectors.secret import Secret
from crosswalk.domain.ids import OrgName, SyncName, TenantName
from crosswalk.engine.intake import Intake
from crosswalk.engine.jobs import LaneJobs
from crosswalk.store.database import Database
from crosswalk.store.due import Lane
from crosswalk.store.inbox import Subscriber


async def serve(uri: str, events_per_commit: int, commits_at_once: int) -> None:
    """Serve until the process is ended."""

    async def no_work(_: Lane) -> None:
        return

    database = Database(uri, max_size=max(10, commits_at_once + 2))
    await database.open()
    jobs = LaneJobs(database, no_work)
    await jobs.open()
    tenant = TenantName(TENANT)
    intake = Intake(
        database,
        [Subscriber(SyncName("customers"), tenant, OrgName("acme"), 1)],
        jobs.wake,
        events_per_commit=events_per_commit,
        commits_at_once=commits_at_once,
    )
    async with intake:
        app = Starlette(routes=webhook_routes(intake, {tenant: WebhookTokens(Secret(TOKEN), Secret(TOKEN))}))
        listener = listen("127.0.0.1", 0)
        print(listener.getsockname()[1], flush=True)
        await make_server(app).serve(sockets=[listener])


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
