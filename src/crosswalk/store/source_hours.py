"""When each source gave events, hour by hour, and how long it is usually silent.

Counted from the inbox as it grows, each event once, by whoever looks for alerts: nothing of it is on the way of an
event. Kept for four weeks.
"""

from datetime import datetime

from msgspec import Struct
from psycopg.rows import class_row

from crosswalk.store.database import Connection, fetch_row

AT_ONCE = 50_000
"""So many events are counted by one statement."""

# The first time, from the newest event on: what was before nobody has counted.
BEGIN = """
INSERT INTO source_hours_counted (seq)
SELECT coalesce((SELECT seq FROM inbox ORDER BY seq DESC LIMIT 1), 0)
ON CONFLICT DO NOTHING
"""

# Counts the next events, up to some that are ten seconds old: transactions that store events side by side end in any
# order, and a lower number may become visible later. Relies on the primary key of the inbox. Returns how many.
COUNT = """
WITH next AS (
    SELECT i.seq, i.tenant, i.org, i.source, i.received_at
    FROM inbox AS i
    WHERE i.seq > (SELECT seq FROM source_hours_counted) AND i.received_at < now() - interval '10 seconds'
    ORDER BY i.seq
    LIMIT %s
), counted AS (
    INSERT INTO source_hours AS h (tenant, org, source, hour, first_at, last_at, events)
    SELECT tenant, org, source, date_trunc('hour', received_at), min(received_at), max(received_at), count(*)
    FROM next
    GROUP BY tenant, org, source, date_trunc('hour', received_at)
    ON CONFLICT (tenant, org, source, hour) DO UPDATE
    SET first_at = least(h.first_at, excluded.first_at), last_at = greatest(h.last_at, excluded.last_at),
        events = h.events + excluded.events
), moved AS (
    UPDATE source_hours_counted
    SET seq = (SELECT max(seq) FROM next)
    WHERE EXISTS (SELECT FROM next)
)
SELECT count(*) FROM next
"""

FORGET = "DELETE FROM source_hours WHERE hour < now() - interval '28 days'"

# How long each source has been silent, since when it is known, and its third longest silence between two hours with
# events: the two longest may have been troubles of their own.
SILENCES = """
WITH gaps AS (
    SELECT tenant, org, source, hour, last_at,
           extract(epoch FROM first_at - lag(last_at) OVER (PARTITION BY tenant, org, source ORDER BY hour)) AS gap_s
    FROM source_hours
)
SELECT tenant, org, source,
       extract(epoch FROM now() - max(last_at))::float8 AS silent_s,
       extract(epoch FROM now() - min(hour))::float8 AS known_s,
       coalesce((array_agg(gap_s ORDER BY gap_s DESC NULLS LAST))[3], 0)::float8 AS usual_s,
       max(last_at) AS last_at
FROM gaps
GROUP BY tenant, org, source
ORDER BY tenant, org, source
"""


class Silence(Struct, frozen=True):
    """How long a source has been silent, for how long it is known, and how long it is silent at times, seconds."""

    tenant: str
    org: str
    source: str
    silent_s: float
    known_s: float
    usual_s: float
    last_at: datetime

    @property
    def name(self) -> str:
        """What a person calls it: `event stream of acme`."""
        return f"{self.source.replace('_', ' ')} of {self.tenant or self.org}"


async def count(connection: Connection) -> bool:
    """Count what came since the last time, as far as one statement goes; returns whether that was all."""
    await connection.execute(BEGIN)
    counted = int((await fetch_row(connection, COUNT, (AT_ONCE,)))[0])
    await connection.execute(FORGET)
    return counted < AT_ONCE


async def silences(connection: Connection) -> list[Silence]:
    """How long each source that ever gave something has been silent."""
    async with connection.cursor(row_factory=class_row(Silence)) as cursor:
        return await (await cursor.execute(SILENCES)).fetchall()
