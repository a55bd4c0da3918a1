"""What is over and old enough is deleted: a bounded number of rows at a time, so that nobody waits for it."""

from collections.abc import Mapping
from typing import LiteralString

from crosswalk.store.database import Connection

PROBLEMS: Mapping[str, LiteralString] = {
    # Relies on problems_resolved.
    "problems": """
DELETE FROM problems
WHERE id = ANY(ARRAY(SELECT id FROM problems WHERE resolved_at < now() - make_interval(secs => %s) LIMIT %s))
""",
}
"""Resolved problems."""

AUDIT: Mapping[str, LiteralString] = {
    "interventions": """
DELETE FROM interventions
WHERE id = ANY(ARRAY(SELECT id FROM interventions WHERE at < now() - make_interval(secs => %s) LIMIT %s))
""",
}
"""What people did by hand, beside the audit trail that is dropped in parts."""

HISTORY: Mapping[str, LiteralString] = {
    "pauses": """
DELETE FROM pauses
WHERE id = ANY(ARRAY(SELECT id FROM pauses WHERE ended_at < now() - make_interval(secs => %s) LIMIT %s))
""",
    "drift_checks": """
DELETE FROM drift_checks
WHERE id = ANY(ARRAY(
    SELECT c.id
    FROM drift_checks AS c
    WHERE c.finished_at < now() - make_interval(secs => %s)
        AND EXISTS (
            SELECT FROM drift_checks AS later
            WHERE later.sync = c.sync AND later.asked_by = c.asked_by AND later.id > c.id
        )
    LIMIT %s
))
""",
    "decisions": """
DELETE FROM decisions
WHERE id = ANY(ARRAY(SELECT id FROM decisions WHERE ended_at < now() - make_interval(secs => %s) LIMIT %s))
""",
    "quarantines": """
DELETE FROM quarantines
WHERE id = ANY(ARRAY(SELECT id FROM quarantines WHERE released_at < now() - make_interval(secs => %s) LIMIT %s))
""",
    "holds": """
DELETE FROM holds
WHERE id = ANY(ARRAY(
    SELECT h.id
    FROM holds AS h
    WHERE h.decided_at < now() - make_interval(secs => %s) AND coalesce(h.open_until, '-infinity') < now()
        AND NOT EXISTS (SELECT FROM held_plans AS p WHERE p.hold_id = h.id)
    LIMIT %s
))
""",
}
"""Checks that have a later one, and what people decided and is over."""


async def forget(connection: Connection, statement: LiteralString, older_than_s: float, limit: int) -> int:
    """Delete at most `limit` rows that were over more than so many seconds ago; returns how many."""
    return (await connection.execute(statement, (older_than_s, limit))).rowcount
