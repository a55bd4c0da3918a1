"""Whether the hub is alive, and whether it can do its work now."""

from psycopg import Error
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from crosswalk.store.database import Database


def health_routes(database: Database) -> list[Route]:
    """`/healthz`: the process answers. `/readyz`: the database does too."""

    async def alive(_: Request) -> JSONResponse:
        return JSONResponse({"status": "alive"})

    async def ready(_: Request) -> JSONResponse:
        try:
            async with database.pool.connection(timeout=2) as connection:
                await connection.execute("SELECT 1")
        except (Error, PoolTimeout):
            return JSONResponse({"status": "no database"}, 503)
        return JSONResponse({"status": "ready"})

    return [Route("/healthz", alive), Route("/readyz", ready)]
