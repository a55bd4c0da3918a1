"""The org in the test's own process, with a clock that the test moves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx

from crosswalk_sandbox.salesforce import Org, create_app

_CLIENT = {"grant_type": "client_credentials", "client_id": "id", "client_secret": "secret"}


class Clock:
    """A clock that stands still until it is moved; it starts at noon of 1 March 2026, a quarter minute past."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, 15, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def an_org(clock: Clock) -> Org:
    return Org(
        instance_url="https://org.example",
        client_id="id",
        client_secret="secret",
        username="integration@example.com",
        jwt_certificate_pem=None,
        clock=clock,
    )


@asynccontextmanager
async def client_of(org: Org) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the org that is logged in now."""
    transport = httpx.ASGITransport(create_app(org))
    async with httpx.AsyncClient(transport=transport, base_url="https://org.example") as client:
        reply = await client.post("/services/oauth2/token", data=_CLIENT)
        client.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"
        yield client
