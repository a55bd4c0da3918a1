"""Bring the database's schema to this version of the code."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from crosswalk.store.errors import DatabaseUnavailable

MIGRATION_LOCK = 0x63726F73
"""An advisory lock's key: of several processes that start at once, one migrates and the others wait."""


def migrate(uri: str) -> None:
    """Apply every migration that the database lacks; safe to call from several processes at once.

    Raises
    ------
    DatabaseUnavailable
        PostgreSQL could not be reached.
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
            "no connection to PostgreSQL for the migrations: check that the server runs and that database_url names it"
        ) from error
