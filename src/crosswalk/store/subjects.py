"""Finding whose person an id is: the user with its accounts, and the records that are or were the user's."""

from collections.abc import Sequence

from crosswalk.domain.ids import OrgName, RecordId, SyncName, TenantName, UserId
from crosswalk.store.audit import AUTH0_USER
from crosswalk.store.database import Connection

# The users to whom a record belongs, or belonged last. Relies on the indexes by the first 15 characters of its id.
OF_RECORD = """
SELECT sync, user_id
FROM links
WHERE left(record_id, 15) = left(%(record_id)s, 15) AND sync = ANY(%(syncs)s)
UNION
SELECT DISTINCT ON (f.sync) f.sync, coalesce(f.successor, f.user_id)
FROM former_links AS f
WHERE left(f.record_id, 15) = left(%(record_id)s, 15) AND f.sync = ANY(%(syncs)s)
    AND NOT EXISTS (
        SELECT FROM links AS l
        WHERE l.sync = f.sync AND left(l.record_id, 15) = left(%(record_id)s, 15)
    )
"""

# Relies on the primary keys of identities and links, and on the indexes by user.
KNOWN_TO = """
SELECT tenant
FROM unnest(%(tenants)s::text[]) AS given (tenant)
WHERE EXISTS (SELECT FROM identities AS i WHERE i.tenant = given.tenant AND i.user_id = %(user_id)s)
    OR EXISTS (SELECT FROM inbox AS i WHERE i.tenant = given.tenant AND i.user_id = %(user_id)s)
    OR EXISTS (SELECT FROM accounts AS a WHERE a.tenant = given.tenant AND a.account = %(user_id)s)
"""

ACCOUNTS = "SELECT account FROM accounts WHERE tenant = %s AND user_id = ANY(%b::text[]) ORDER BY account"
PRIMARIES = """
SELECT a.user_id
FROM accounts AS a
JOIN identities AS i ON i.tenant = a.tenant AND i.user_id = a.user_id AND NOT i.deleted
WHERE a.tenant = %s AND a.account = %s
"""

# The records of these users, and until when those were theirs that somebody else has by now.
RECORDS = """
WITH own AS (
    SELECT sync, record_id, NULL::timestamptz AS ended_at
    FROM links
    WHERE sync = ANY(%(syncs)s) AND user_id = ANY(%(users)s)
    UNION ALL
    SELECT sync, record_id, ended_at
    FROM former_links
    WHERE sync = ANY(%(syncs)s) AND user_id = ANY(%(users)s)
    UNION ALL
    SELECT sync, record_id, at
    FROM audit
    WHERE sync = ANY(%(syncs)s) AND user_id = ANY(%(users)s) AND object <> %(auth0_user)s AND record_id <> ''
)
SELECT own.record_id, CASE WHEN bool_or(other.user_id IS NOT NULL) THEN max(own.ended_at)::text END
FROM own
LEFT JOIN links AS other
    ON other.sync = own.sync AND other.record_id = own.record_id AND other.user_id <> ALL(%(users)s)
GROUP BY own.record_id
ORDER BY own.record_id
"""

# What the person's fields hold that tells who it is wherever it stands: addresses with an @, and telephone numbers.
TELLING = """
SELECT DISTINCT value
FROM (
    SELECT convert_from(profile, 'UTF8')::json ->> name AS value
    FROM identities
    CROSS JOIN unnest('{email,phone_number}'::text[]) AS name
    WHERE tenant = %(tenant)s AND user_id = ANY(%(users)s) AND position('\\u0000' IN convert_from(profile, 'UTF8')) = 0
    UNION ALL
    SELECT value
    FROM links
    CROSS JOIN json_each_text(record)
    WHERE sync = ANY(%(syncs)s) AND user_id = ANY(%(users)s)
        AND (position('@' IN value) > 1 OR value ~ '^[+(]?[0-9][-0-9 ().]{6,}$')
) AS found
WHERE length(value) >= 7
"""

# Relies on inbox_by_user, which has the events of records apart from those of users.
TOLD_OF = """
SELECT DISTINCT org
FROM inbox
WHERE tenant = '' AND user_id IS NULL AND org = ANY(%b::text[]) AND left(record_id, 15) = left(%s, 15)
"""


async def owners_of(
    connection: Connection, syncs: Sequence[SyncName], record_id: RecordId
) -> list[tuple[SyncName, UserId]]:
    """The users to whom a record belongs, or to whom it belonged last, sync by sync."""
    parameters = {"record_id": record_id, "syncs": list(syncs)}
    rows = await (await connection.execute(OF_RECORD, parameters)).fetchall()
    return [(SyncName(sync), UserId(user_id)) for sync, user_id in rows]


async def tenants_of(connection: Connection, tenants: Sequence[TenantName], user_id: UserId) -> list[TenantName]:
    """The tenants of which the hub heard something about a user."""
    rows = await (await connection.execute(KNOWN_TO, {"tenants": list(tenants), "user_id": user_id})).fetchall()
    return [TenantName(row[0]) for row in rows]


async def primary_of(connection: Connection, tenant: TenantName, user_id: UserId) -> UserId | None:
    """The user whose account this one is."""
    row = await (await connection.execute(PRIMARIES, (tenant, user_id))).fetchone()
    return None if row is None else UserId(row[0])


async def accounts_of(connection: Connection, tenant: TenantName, user_id: UserId) -> list[UserId]:
    """The users that are accounts of this one."""
    rows = await (await connection.execute(ACCOUNTS, (tenant, [user_id]))).fetchall()
    return [UserId(row[0]) for row in rows]


async def records_of(
    connection: Connection, syncs: Sequence[SyncName], users: Sequence[UserId]
) -> dict[RecordId, str | None]:
    """The records that are or were these users', and until when where somebody else has it by now."""
    parameters = {"syncs": list(syncs), "users": list(users), "auth0_user": AUTH0_USER}
    rows = await (await connection.execute(RECORDS, parameters)).fetchall()
    return {RecordId(record_id): until for record_id, until in rows}


async def telling_values(
    connection: Connection, tenant: TenantName, syncs: Sequence[SyncName], users: Sequence[UserId]
) -> list[str]:
    """Values that tell the person wherever they stand."""
    parameters = {"tenant": tenant, "syncs": list(syncs), "users": list(users)}
    return [row[0] for row in await (await connection.execute(TELLING, parameters)).fetchall()]


async def orgs_with(connection: Connection, orgs: Sequence[OrgName], record_id: RecordId) -> list[OrgName]:
    """The orgs that told of a record; reads all events of records."""
    return [OrgName(row[0]) for row in await (await connection.execute(TOLD_OF, (list(orgs), record_id))).fetchall()]
