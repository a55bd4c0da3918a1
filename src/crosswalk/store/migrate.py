"""Bring the database's schema to this version of the code."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import create_engine

from crosswalk.store.errors import DatabaseUnavailable, first_line

MIGRATION_LOCK = 0x63726F73
"""An advisory lock's key: of several processes that start at once, one migrates and the others wait."""


def migrate(uri: str) -> None:
    """Apply every migration that the database lacks; safe to call from several processes at once.

    Raises
    ------
    DatabaseUnavailable
        PostgreSQL could not be reached, lets this user make no tables, or holds the schema of a newer version.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    try:
        with psycopg.connect(uri, autocommit=True, connect_timeout=10) as guard:
            guard.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
            engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(uri, connect_timeout=10))
            with engine.begin() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
            engine.dispose()
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            f"no connection to PostgreSQL ({first_line(error)}): check that the server runs and that database_url "
            "names it"
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseUnavailable(
            f"the database's user may not prepare the tables ({first_line(error)}): make it the owner of the database"
        ) from error
    except CommandError as error:
        raise DatabaseUnavailable(
            f"the database was prepared by another version of Crosswalk ({first_line(error)}): run that version or a "
            "newer one, or use another database"
        ) from error
