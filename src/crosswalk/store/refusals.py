"""Who was refused for the same reason lately, one after the other, and nobody succeeded since."""

from collections.abc import Collection

from msgspec import Struct

from crosswalk.domain.ids import SyncName, UserId
from crosswalk.store.database import Connection

# Identities with an open dead letter of a code, the newest first: of records of an object, or of steps of a flow. What
# was refused before a pause of the same ended says nothing any more. Relies on problems_dead and pauses_ended.
REFUSED = """
SELECT user_id, extract(epoch FROM max(last_seen))::float8
FROM problems
WHERE sync = %(sync)s AND kind = 'dead_letter' AND resolved_at IS NULL AND code = %(code)s
    AND coalesce(detail ->> 'flow', '') = %(flow)s AND (%(flow)s <> '' OR object = %(object)s)
    AND user_id <> ALL(%(but)s)
    AND last_seen > now() - make_interval(secs => %(within_s)s)
    AND last_seen > coalesce(
        (SELECT max(ended_at) FROM pauses WHERE kind = %(kind)s AND name = %(name)s AND ended_at IS NOT NULL),
        '-infinity'
    )
GROUP BY user_id
ORDER BY 2 DESC, 1
LIMIT %(limit)s
"""

# Whether a record of an object was written since. The audit trail's numbers begin with the day, so that only the parts
# of these days are looked into.
RECORDS_WRITTEN = """
SELECT EXISTS (
    SELECT FROM audit
    WHERE sync = %(sync)s AND object = %(object)s AND at > to_timestamp(%(since)s)
        AND id >= %(since)s::bigint / 86400 * 10000000000
)
"""

# Whether a flow did or undid something since.
STEPS_TAKEN = """
SELECT EXISTS (
    SELECT FROM effects
    WHERE sync = %(sync)s AND flow = %(flow)s AND greatest(done_at, undone_at) > to_timestamp(%(since)s)
)
"""


class Kind(Struct, frozen=True):
    """What was refused: a sync's records of one object, or the steps of one of its flows, with one code."""

    sync: SyncName
    flow: str
    object: str
    code: str


async def refused_in_a_row(
    connection: Connection,
    kind: Kind,
    count: int,
    *,
    but: Collection[UserId],
    paused_as: tuple[str, str],
    within_s: float,
) -> bool:
    """Whether so many identities were refused one after the other, and none succeeded since the first of them.

    Parameters
    ----------
    but
        Identities that do not count.
    paused_as
        Kind and name of what would pause: what was refused before it was paused the last time does not count.
    within_s
        What was refused longer ago, in seconds, does not count either.
    """
    parameters = {
        "sync": kind.sync,
        "flow": kind.flow,
        "object": kind.object,
        "code": kind.code,
        "kind": paused_as[0],
        "name": paused_as[1],
        "within_s": within_s,
        "but": list(but),
        "limit": count,
    }
    rows = await (await connection.execute(REFUSED, parameters)).fetchall()
    if len(rows) < count:
        return False
    query = STEPS_TAKEN if kind.flow else RECORDS_WRITTEN
    row = await (await connection.execute(query, parameters | {"since": rows[-1][1]})).fetchone()
    return row is not None and not row[0]
