"""Bring the database's schema to this version of the code."""

from pathlib import Path
from typing import Any

import psycopg

from crosswalk.store.connecting import conninfo
from crosswalk.store.errors import DatabaseUnavailable, first_line

_SCRIPTS = Path(__file__).parent / "migrations"

MIGRATION_LOCK = 0x63726F73
"""An advisory lock's key: of several processes that start at once, one migrates and the others wait."""


def newest_revision() -> str:
    """The revision that this version of the code needs: `0009` of the file `v0009_released_claims.py`."""
    return max(path.name[1:5] for path in (_SCRIPTS / "versions").glob("v[0-9][0-9][0-9][0-9]_*.py"))


def migrate(uri: str) -> None:
    """Apply every migration that the database lacks; safe to call from several processes at once.

    Raises
    ------
    DatabaseUnavailable
        PostgreSQL could not be reached, lets this user make no tables, or holds the schema of a newer version.
    """
    try:
        with psycopg.connect(conninfo(uri, name="crosswalk-migration"), autocommit=True) as guard:
            if _revision(guard) != newest_revision():
                guard.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
                _upgrade(uri)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            f"no connection to PostgreSQL ({first_line(error)}): check that the server runs and that database_url "
            "names it"
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseUnavailable(
            f"the database's user may not prepare the tables ({first_line(error)}): make it the owner of the database"
        ) from error


def _revision(connection: "psycopg.Connection[tuple[Any, ...]]") -> str | None:
    """The revision that the database has; `None` before the first."""
    found = connection.execute("SELECT 1 FROM pg_tables WHERE tablename = 'crosswalk_migrations'").fetchone()
    if found is None:
        return None
    row = connection.execute("SELECT version_num FROM crosswalk_migrations").fetchone()
    return str(row[0]) if row else None


def _upgrade(uri: str) -> None:
    # Imported only where there is something to do: a third of the time that a process needs to start.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util.exc import CommandError  # noqa: PLC0415
    from sqlalchemy import create_engine  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo(uri, name="crosswalk-migration"))
    )
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise DatabaseUnavailable(
            f"the database was prepared by another version of Crosswalk ({first_line(error)}): run that version or a "
            "newer one, or use another database"
        ) from error
    finally:
        engine.dispose()
