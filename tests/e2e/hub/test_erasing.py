"""Erasing a person: nothing that was theirs is left in the hub's database."""

from psycopg import sql

from crosswalk.domain.ids import UserId
from crosswalk.engine.erasing import erase_user
from tests.e2e.hub.conftest import System, contact_target, lead_target
from tests.e2e.hub.stage import TENANT, Stage, a_stage
from tests.e2e.hub.vendors import sign_up

TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"


async def tables_with(stage: Stage, text: str) -> list[str]:
    """The tables in which some row holds a text, also within bytes."""
    found = []
    async with stage.hub.database.transaction() as connection:
        names = [row[0] for row in await (await connection.execute(TABLES)).fetchall()]
        for name in names:
            query = sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(name))
            rows = await (await connection.execute(query)).fetchall()
            whole = "".join(row[0] for row in rows)
            if text in whole or text.encode().hex() in whole:
                found.append(name)
    return sorted(found)


async def test_an_erased_user_leaves_nothing_but_that_something_was_done(system: System) -> None:
    system.targets = [contact_target(), lead_target()]
    async with a_stage(system) as stage:
        user_id = sign_up(stage.auth0, "clara@example.com", given_name="Clara", family_name="Wunderlich")
        other_id = sign_up(stage.auth0, "otto@example.com", given_name="Otto", family_name="Sonderbar")
        await stage.deliver(*await stage.collect_users(2))
        lead = await stage.record_of(user_id)
        assert lead is not None
        stage.later()
        stage.org.Lead.update(lead, {"Email": "clara.wunderlich@example.com"})
        stage.auth0.users.update(user_id, family_name="Wunderlich-Sanft")
        await stage.deliver(*await stage.collect_users(1), *await stage.collect_records(lead))
        assert await tables_with(stage, "Wunderlich") == ["audit", "identities", "inbox", "links"]

        erased = await erase_user(stage.hub, TENANT, UserId(user_id))

        assert erased.rows["links"] == 1
        for text in ("Clara", "Wunderlich", "clara"):
            assert await tables_with(stage, text) == [], text
        assert await tables_with(stage, "Sonderbar") == ["audit", "identities", "inbox", "links"]
        written = stage.system.rows("SELECT user_id, field, reason FROM audit ORDER BY id")
        assert (user_id, "LastName", "created") in written
        assert await stage.record_of(other_id) is not None
        again = await erase_user(stage.hub, TENANT, UserId(user_id))
        assert set(again.rows) <= {"audit", "inbox"}
