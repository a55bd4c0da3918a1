"""The database as the hub would find it."""

import asyncio
import shutil
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import AsyncConnection

from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import TenantName, UserId
from crosswalk.engine.diagnosis.finding import Finding, fault, good, warning
from crosswalk.store.connecting import conninfo
from crosswalk.store.errors import first_line
from crosswalk.store.migrate import newest_revision

SUBJECT = "database"
TESTED_VERSION = 18
LARGEST_SKEW_S = 5.0
LEAST_FREE_BYTES = 2 * 1024**3

FACTS = """
SELECT current_setting('server_version_num')::int / 10000, clock_timestamp(), to_regclass('crosswalk_migrations'),
       has_database_privilege(current_database(), 'CREATE'), current_setting('max_connections')::int
"""

WORKERS = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '30 seconds'"

LAST_EVENTS = "SELECT tenant, source, max(received_at) FROM inbox WHERE tenant <> '' GROUP BY tenant, source"


MOST_USERS = 200

# Some of a tenant's users, the newest first where the index has them; relies on the primary key for the tenant.
USERS = """
SELECT user_id, profile, updated_at
FROM identities
WHERE tenant = %s AND NOT deleted
LIMIT %s
"""


async def check_database(uri: str) -> list[Finding]:
    """Version, schema, rights, clock, workers."""
    try:
        async with await AsyncConnection.connect(conninfo(uri, name="crosswalk-doctor"), autocommit=True) as connection:
            return [*await _facts(connection), *await _workers(connection)]
    except psycopg.OperationalError as error:
        return [
            fault(
                SUBJECT,
                f"it cannot be reached ({first_line(error)})",
                "check that the server runs and that database_url names it, with a user that may sign in",
            )
        ]


async def _facts(connection: "AsyncConnection[tuple[object, ...]]") -> list[Finding]:
    row = await (await connection.execute(FACTS)).fetchone()
    if row is None:
        raise AssertionError("a query without FROM gives a row")
    version, clock, migrations, may_create, _ = row
    found = []
    if isinstance(version, int) and version < TESTED_VERSION:
        found.append(
            warning(SUBJECT, f"PostgreSQL {version} is older than what is tested", f"run PostgreSQL {TESTED_VERSION}")
        )
    else:
        found.append(good(SUBJECT, f"PostgreSQL {version} answers"))
    if not may_create:
        found.append(
            fault(SUBJECT, "its user may make no tables there", "make the user of database_url the database's owner")
        )
    if isinstance(clock, datetime):
        found += clock_findings(SUBJECT, (clock - datetime.now(UTC)).total_seconds())
    found.append(await _schema(connection, migrations))
    return found


async def _schema(connection: "AsyncConnection[tuple[object, ...]]", migrations: object) -> Finding:
    if migrations is None:
        return good(SUBJECT, "there is no schema yet: the first start makes it")
    row = await (await connection.execute("SELECT version_num FROM crosswalk_migrations")).fetchone()
    has, needs = str(row[0]) if row else "", newest_revision()
    if has > needs:
        return fault(
            SUBJECT,
            f"its schema is {has}, and this version knows {needs}",
            "run the version that made it, or a newer one, or another database",
        )
    if has < needs:
        return warning(SUBJECT, f"its schema is {has}, and this version needs {needs}", "start the hub: it migrates")
    return good(SUBJECT, f"its schema is current ({has})")


async def _workers(connection: "AsyncConnection[tuple[object, ...]]") -> list[Finding]:
    try:
        row = await (await connection.execute(WORKERS)).fetchone()
    except psycopg.errors.UndefinedTable:
        return []
    if row is None or not row[0]:
        return [warning(SUBJECT, "no worker gave a sign of life lately", "start crosswalk run or crosswalk worker")]
    return [good(SUBJECT, f"workers alive: {row[0]}")]


async def known_users(uri: str, tenant: TenantName) -> list[Identity]:
    """Some of the users whom the hub knows, those that changed last; nobody where there is no schema yet."""
    try:
        async with await AsyncConnection.connect(conninfo(uri, name="crosswalk-doctor"), autocommit=True) as connection:
            rows = await (await connection.execute(USERS, (tenant, MOST_USERS))).fetchall()
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return []
    return [Identity(UserId(user_id), bytes(profile), StateVersion(updated, "")) for user_id, profile, updated in rows]


async def last_events(uri: str) -> dict[tuple[str, str], datetime]:
    """When the last event of each source of each tenant came; nothing where there is no schema yet."""
    try:
        async with await AsyncConnection.connect(conninfo(uri, name="crosswalk-doctor"), autocommit=True) as connection:
            rows = await (await connection.execute(LAST_EVENTS)).fetchall()
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return {}
    return {(tenant, source): moment for tenant, source, moment in rows}


async def check_disk(folder: Path) -> list[Finding]:
    """Whether there is room where the state directory is."""
    free = (await asyncio.to_thread(shutil.disk_usage, _existing(folder))).free
    if free < LEAST_FREE_BYTES:
        return [
            warning(
                "state directory",
                f"{free / 1024**3:.1f} GiB are free on its disk",
                "make room, or set state_dir to a larger disk: PostgreSQL stops when it is full",
            )
        ]
    return [good("state directory", f"{free / 1024**3:.0f} GiB are free on its disk")]


def clock_findings(subject: str, skew_s: float) -> list[Finding]:
    """Whether a clock agrees with that of this machine; positive means that it is ahead."""
    if abs(skew_s) <= LARGEST_SKEW_S:
        return [good(subject, "its clock agrees with this machine's")]
    return [
        warning(
            subject,
            f"its clock is {abs(skew_s):.0f} s {'ahead of' if skew_s > 0 else 'behind'} this machine's",
            "synchronise this machine by NTP (and the other one, where it is yours): signed tokens are refused, and "
            "what changed last is judged wrongly",
        )
    ]


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)
