"""PostgreSQL stops whoever does a certain thing to a table, so that a process can be killed at exactly that point."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import LiteralString, NamedTuple

import psycopg
from psycopg import sql

from tests.e2e.hub.conftest import System

LOCK = 0x73746F70

STOP = """
CREATE FUNCTION stop_here() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({lock});
    RETURN NEW;
END
$$;
CREATE {trigger} stop_here {moment} ON {table} {deferred} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION stop_here()
"""
GO_ON = "DROP TRIGGER stop_here ON {table}; DROP FUNCTION stop_here()"
SOMEBODY_WAITS = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"


class Stop(NamedTuple):
    """Where to stop.

    Parameters
    ----------
    table, event, when
        At `INSERT` or `UPDATE` of a row of the table for which the condition holds (`OLD`, `NEW`), before it is done.
    at_commit
        When that is committed instead. It is committed then, even where nobody lives to hear of it.
    """

    table: LiteralString
    event: LiteralString
    when: LiteralString
    at_commit: bool = False


@contextmanager
def stopping(system: System, stop: Stop) -> Iterator[Callable[[], bool]]:
    """Stop whoever comes there until the end of the block; gives what tells whether somebody has come."""
    parts = {
        "lock": sql.Literal(LOCK),
        "table": sql.Identifier(stop.table),
        "when": sql.SQL(stop.when),
        "trigger": sql.SQL("CONSTRAINT TRIGGER" if stop.at_commit else "TRIGGER"),
        "moment": sql.SQL("AFTER " if stop.at_commit else "BEFORE ") + sql.SQL(stop.event),
        "deferred": sql.SQL("DEFERRABLE INITIALLY DEFERRED" if stop.at_commit else ""),
    }
    with psycopg.connect(str(system.database_url), autocommit=True) as here:
        here.execute("SELECT pg_advisory_lock(%s::bigint)", (LOCK,))
        here.execute(sql.SQL(STOP).format(**parts))
        yield lambda: here.execute(SOMEBODY_WAITS, (LOCK,)).fetchone() is not None
        here.execute("SELECT pg_advisory_unlock(%s::bigint)", (LOCK,))
        here.execute(sql.SQL(GO_ON).format(**parts))
