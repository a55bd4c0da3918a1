"""A copy that is made as the page on operations says comes back as it says, and the hub works on with it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg

from crosswalk.domain.event import Event
from crosswalk.domain.ids import OrgName, SyncName, TenantName
from crosswalk.store import inbox
from crosswalk.store.database import Database, fetch_row
from crosswalk.store.migrate import migrate
from tests.unit.engine.builders import a_state

PAGE = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
SECTION = PAGE.partition("\n## Backup and restore\n")[2].partition("\n## ")[0]
TENANT = TenantName("acme")
SUBSCRIBERS = [inbox.Subscriber(SyncName("customers"), TENANT, OrgName("acme"), 1)]


def an_event(number: int) -> Event:
    return a_state(number, f"auth0|{number}").event


async def taken_in(database: Database, *events: Event) -> int:
    """How many of the events were new."""
    async with database.transaction() as connection:
        return (await inbox.accept(connection, [(TENANT, event) for event in events], SUBSCRIBERS)).new


async def stored(database: Database) -> int:
    async with database.transaction() as connection:
        (count,) = await fetch_row(connection, "SELECT count(*) FROM inbox")
    return int(count)


def run_in_shell(script: str, folder: Path) -> None:
    programs = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-eu", "-c", script], cwd=folder, env=os.environ | programs, timeout=60, check=True)


async def test_a_copy_comes_back_whole(database: Database, postgres_uri: str, tmp_path: Path):
    copy, restore = re.findall(r"  ```sh\n(.*?)  ```\n", SECTION, re.DOTALL)
    with psycopg.connect(postgres_uri) as connection:
        row = connection.execute("SELECT current_setting('data_directory'), current_database()").fetchone()
    assert row is not None
    folder, name = row
    (tmp_path / ".crosswalk").mkdir()
    (tmp_path / ".crosswalk" / "postgres").symlink_to(folder)
    # The page is about the server's first database; here each test has one of its own.
    copy, restore = (
        copy.replace("crosswalk.dump postgres", f"crosswalk.dump {name}"),
        restore.replace("-d postgres", f"-d {name}"),
    )

    assert await taken_in(database, an_event(1), an_event(2), an_event(3)) == 3
    run_in_shell(copy, tmp_path)
    assert await taken_in(database, an_event(4)) == 1
    run_in_shell("\n".join(copy.splitlines()[:2]) + "\n" + restore, tmp_path)

    assert await stored(database) == 3
    migrate(postgres_uri)
    # What was stored then is known again, and what came since is new once more.
    assert await taken_in(database, an_event(3), an_event(4)) == 1
    assert await stored(database) == 4
