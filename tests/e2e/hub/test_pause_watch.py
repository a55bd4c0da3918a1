"""Tenants and orgs whose credentials are refused pause, and go on by themselves once they are good again."""

import pytest

from crosswalk.connectors.errors import CredentialsRefused, Unreachable
from crosswalk.domain.ids import OrgName, TenantName
from crosswalk.domain.pause import Cause, PauseKind
from crosswalk.engine.pause_watch import PauseWatch
from crosswalk.store import pauses
from crosswalk.store.database import Database
from tests.e2e.hub.test_pause_books import let_time_pass, standing

REFUSED = CredentialsRefused("acme.auth0.com", "access_denied", "Unauthorized", "Check the client secret.")


class Client:
    """A vendor's client; `error` is what the vendor answers to who asks for a token."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.refusal = error if isinstance(error, CredentialsRefused) else None
        self.asked = 0

    async def renew_token(self) -> None:
        self.asked += 1
        if self.error is None:
            self.refusal = None
            return
        if isinstance(self.error, CredentialsRefused):
            self.refusal = CredentialsRefused("acme.auth0.com", "access_denied", f"{self.asked}", "Check the secret.")
            raise self.refusal
        raise self.error


@pytest.fixture
def tenant() -> Client:
    return Client(REFUSED)


@pytest.fixture
def watch(database: Database, tenant: Client) -> PauseWatch:
    return PauseWatch(database, {TenantName("acme"): tenant}, {OrgName("acme"): Client()})


async def test_a_tenant_that_refuses_pauses_until_it_gives_a_token(
    watch: PauseWatch, tenant: Client, database: Database
) -> None:
    await watch.look()
    [pause] = await standing(database)
    await watch.look()
    early = tenant.asked
    await let_time_pass(database)
    await watch.look()
    await watch.look()
    [still] = await standing(database)
    tenant.error = None
    await let_time_pass(database)
    await watch.look()

    assert (pause.kind, pause.name, pause.code) == (PauseKind.TENANT, "acme", "CREDENTIALS_REFUSED")
    assert "Check the client secret." in pause.message
    assert (early, tenant.asked) == (0, 2)
    assert (still.id, still.probes) == (pause.id, 1)
    assert still.probe_at > pause.probe_at
    assert await standing(database) == []


async def test_an_outage_is_no_proof_in_either_direction(watch: PauseWatch, tenant: Client, database: Database) -> None:
    await watch.look()
    tenant.error = Unreachable("acme.auth0.com", "POST /oauth/token", "ConnectTimeout")
    await let_time_pass(database)

    await watch.look()

    assert [pause.name for pause in await standing(database)] == ["acme"]


async def test_an_old_refusal_does_not_pause_what_somebody_let_go_on(
    watch: PauseWatch, tenant: Client, database: Database
) -> None:
    await watch.look()
    [pause] = await standing(database)
    async with database.transaction() as connection:
        await pauses.end(connection, pause, "Grace Hopper")

    await watch.look()
    assert await standing(database) == []
    tenant.refusal = CredentialsRefused("acme.auth0.com", "access_denied", "again", "Check the client secret.")
    await watch.look()

    assert [each.name for each in await standing(database)] == ["acme"]


async def test_a_hub_that_starts_looks_at_once(watch: PauseWatch, tenant: Client, database: Database) -> None:
    async with database.transaction() as connection:
        await pauses.start(connection, PauseKind.ORG, "acme", Cause("CREDENTIALS_REFUSED", "", "invalid_client"))
    tenant.error = tenant.refusal = None

    await watch.look()
    waited = len(await standing(database))
    await watch.begin()
    await watch.look()

    assert waited == 1
    assert await standing(database) == []
