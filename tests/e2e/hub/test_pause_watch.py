"""Refused credentials pause their tenant or org at once, nobody tries them meanwhile, and all goes on by itself."""

import asyncio

import pytest

from crosswalk.connectors.errors import ConnectorError, CredentialsRefused, LoginWithheld, Unreachable
from crosswalk.domain.ids import OrgName, TenantName
from crosswalk.domain.pause import PauseKind
from crosswalk.engine.login_gate import PausingGate
from crosswalk.engine.pause_watch import PauseWatch
from crosswalk.store import pauses
from crosswalk.store.database import Database
from tests.databases import END_SESSIONS
from tests.e2e.hub.test_pause_books import let_time_pass, standing

WRONG, RIGHT = "digest of the wrong secret", "digest of the right one"


class Client:
    """A vendor's client in a process of its own; `error` is what the vendor answers to who logs in."""

    def __init__(self, database: Database, error: Exception | None = None, login: str = WRONG) -> None:
        self.error = error
        self.login = login
        self.logins = 0
        self._gate = PausingGate(database, PauseKind.TENANT, "acme", login)

    async def renew_token(self) -> None:
        await self._gate.through(self._log_in)

    async def _log_in(self) -> str:
        self.logins += 1
        if self.error is not None:
            raise self.error
        return "token"

    async def outcome(self) -> str:
        try:
            await self.renew_token()
        except ConnectorError as error:
            return type(error).__name__
        return "logged in"


def refused() -> CredentialsRefused:
    return CredentialsRefused("acme.auth0.com", "access_denied", "Unauthorized", "Check the client secret.")


@pytest.fixture
def tenant(database: Database) -> Client:
    return Client(database, refused())


@pytest.fixture
def watch(database: Database, tenant: Client) -> PauseWatch:
    return PauseWatch(database, {TenantName("acme"): tenant}, {OrgName("acme"): Client(database)})


async def test_of_all_processes_one_tries_wrong_credentials_once(database: Database) -> None:
    processes = [Client(database, refused()) for _ in range(3)]

    outcomes = [await asyncio.gather(*(each.outcome() for each in processes)) for _ in range(3)]

    assert sum(each.logins for each in processes) == 1
    assert sorted(outcomes[0]) == ["CredentialsRefused", "LoginWithheld", "LoginWithheld"]
    assert outcomes[1:] == [["LoginWithheld"] * 3] * 2
    [pause] = await standing(database)
    assert (pause.kind, pause.name, pause.code) == (PauseKind.TENANT, "acme", "CREDENTIALS_REFUSED")
    assert "Check the client secret." in pause.message
    assert (pause.probe_at - pause.since).total_seconds() == 60


async def test_who_is_not_let_in_learns_why(tenant: Client) -> None:
    await tenant.outcome()

    with pytest.raises(LoginWithheld) as caught:
        await tenant.renew_token()

    assert caught.value.code == "CREDENTIALS_REFUSED"
    assert str(caught.value) == (
        "no login was tried while tenant acme pauses: acme.auth0.com refused the credentials (access_denied: "
        "Unauthorized). Check the client secret. `crosswalk resume` shows until when."
    )


async def test_the_same_credentials_are_tried_ever_more_rarely_until_they_are_good(
    watch: PauseWatch, tenant: Client, database: Database
) -> None:
    await tenant.outcome()
    for _ in range(3):
        await watch.look()
    early = tenant.logins
    await let_time_pass(database)
    for _ in range(3):
        await watch.look()
    [still] = await standing(database)
    waits_s = (still.probe_at - still.since).total_seconds()
    late = tenant.logins
    tenant.error = None
    await let_time_pass(database)
    await watch.look()

    assert (early, late, tenant.logins) == (1, 2, 3)
    assert (still.probes, 120 <= waits_s < 180) == (1, True)
    assert await standing(database) == []
    assert await tenant.outcome() == "logged in"


async def test_a_hub_that_starts_again_tries_other_credentials_only(
    watch: PauseWatch, tenant: Client, database: Database
) -> None:
    await tenant.outcome()
    await watch.begin()
    await watch.look()
    corrected = Client(database, login=RIGHT)
    started = PauseWatch(database, {TenantName("acme"): corrected}, {})

    await started.begin()
    await started.look()

    assert (tenant.logins, corrected.logins) == (1, 1)
    assert await standing(database) == []


async def test_two_configurations_that_are_both_wrong_are_not_tried_in_turn(
    watch: PauseWatch, tenant: Client, database: Database
) -> None:
    other = Client(database, refused(), login="digest of another wrong secret")

    for _ in range(3):
        await tenant.outcome()
        await other.outcome()

    assert (tenant.logins, other.logins) == (1, 1)


async def test_an_outage_is_no_proof_in_either_direction(watch: PauseWatch, tenant: Client, database: Database) -> None:
    tenant.error = Unreachable("acme.auth0.com", "POST /oauth/token", "ConnectTimeout")
    assert await tenant.outcome() == "Unreachable"
    assert await standing(database) == []
    tenant.error = refused()
    await tenant.outcome()
    tenant.error = Unreachable("acme.auth0.com", "POST /oauth/token", "ConnectTimeout")
    await let_time_pass(database)

    await watch.look()

    assert [pause.name for pause in await standing(database)] == ["acme"]


async def test_whom_somebody_lets_go_on_tries_once_more(tenant: Client, database: Database) -> None:
    await tenant.outcome()
    [pause] = await standing(database)
    async with database.transaction() as connection:
        await pauses.end(connection, pause, "Grace Hopper")

    outcomes = [await tenant.outcome(), await tenant.outcome()]

    assert outcomes == ["CredentialsRefused", "LoginWithheld"]
    assert [each.name for each in await standing(database)] == ["acme"]


async def test_a_refusal_that_the_database_did_not_hear_is_told_before_anything_else(
    tenant: Client, database: Database
) -> None:
    gate = PausingGate(database, PauseKind.TENANT, "acme", WRONG)

    async def log_in() -> str:
        tenant.logins += 1
        async with database.transaction() as connection:
            await connection.execute(END_SESSIONS)
        raise refused()

    with pytest.raises(CredentialsRefused):
        await gate.through(log_in)
    before = await standing(database)
    with pytest.raises(LoginWithheld):
        await gate.through(log_in)

    assert before == []
    assert [each.name for each in await standing(database)] == ["acme"]
    assert tenant.logins == 1


async def test_without_a_database_nobody_logs_in(postgres_uri: str) -> None:
    gone = Client(Database(postgres_uri.replace("/test_", "/no_such_database_")))

    assert await gone.outcome() == "CallWithheld"
    assert gone.logins == 0
