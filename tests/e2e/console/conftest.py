"""The console over a real database, and somebody who looks at it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from crosswalk.store.database import Database
from tests.console_scene import Scene, console_app
from tests.e2e.console.client import client_of, log_in


@pytest.fixture
async def scene(database: Database) -> Scene:
    return Scene(database)


@pytest.fixture
async def stranger(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who has not logged in."""
    async with client_of(console_app(database)) as client:
        yield client


@pytest.fixture
async def admin(stranger: httpx.AsyncClient) -> httpx.AsyncClient:
    """Somebody who has."""
    answer = await log_in(stranger)
    assert answer.status_code == 303
    return stranger
