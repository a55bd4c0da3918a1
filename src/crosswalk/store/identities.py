"""The replica of the identity side: the newest known state of each Auth0 user."""

from collections.abc import Collection, Sequence

import msgspec
from msgspec import Struct

from crosswalk.domain.accounts import linked_accounts
from crosswalk.domain.erasure import digest_of_user
from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import TenantName, UserId
from crosswalk.store.database import Connection


class _Email(Struct):
    email: object = None


_decode_email = msgspec.json.Decoder(_Email).decode


class Primary(Struct, frozen=True):
    """The user to which another was linked, in the state of `updated_at` (UTC, as in `StateVersion`)."""

    user_id: UserId
    updated_at: str


# Relies on the primary key (tenant, user_id).
READ = """
SELECT user_id, profile, updated_at, observed_at, carrier, deleted
FROM identities
WHERE tenant = %s AND user_id = ANY(%b::text[])
"""

# Keeps the newer of the stored and the given state, so that the order of arrival does not matter. The address is for
# workers of the version before, by which they find who waits for a record.
SAVE = """
INSERT INTO identities AS stored (tenant, user_id, profile, updated_at, observed_at, carrier, deleted, email)
SELECT %s, given.user_id, profile, updated_at, observed_at, carrier, deleted, email
FROM unnest(%b::text[], %b::bytea[], %b::text[], %b::text[], %b::text[], %b::bool[], %b::text[], %b::bytea[])
     AS given (user_id, profile, updated_at, observed_at, carrier, deleted, email, digest)
WHERE NOT EXISTS (SELECT FROM erased_ids AS e WHERE e.digest = given.digest)
ORDER BY given.user_id
ON CONFLICT (tenant, user_id) DO UPDATE
SET profile = excluded.profile, updated_at = excluded.updated_at, observed_at = excluded.observed_at,
    carrier = excluded.carrier, deleted = excluded.deleted, email = excluded.email, seen_at = now()
WHERE (excluded.updated_at, excluded.observed_at, excluded.carrier)
    > (stored.updated_at, stored.observed_at, stored.carrier)
RETURNING user_id
"""

# Which users are accounts of these ones is forgotten, and told anew. Relies on accounts_by_user.
FORGET_ACCOUNTS = """
DELETE FROM accounts
WHERE tenant = %s AND user_id = ANY(%b::text[])
"""
SAVE_ACCOUNTS = """
INSERT INTO accounts (tenant, account, user_id)
SELECT %s, *
FROM unnest(%b::text[], %b::text[])
ON CONFLICT DO NOTHING
"""

# The oldest first, so that of two users that seem to have an account the one that was heard of last stands. A deleted
# user keeps the last profile that was known, but has accounts no more. Relies on the primary key of accounts. That is
# asked for one account at a time: asked for thousands at once, PostgreSQL reads all that there are, a million even.
PRIMARIES = """
SELECT a.account, i.user_id, i.updated_at
FROM unnest(%b::text[]) AS asked (account)
CROSS JOIN LATERAL (
    SELECT * FROM accounts WHERE tenant = %b AND account = asked.account AND user_id <> ALL(%b::text[]) OFFSET 0
) AS a
JOIN identities AS i USING (tenant, user_id)
WHERE NOT i.deleted
ORDER BY i.updated_at, i.user_id
"""

ALL_IDS = """
SELECT user_id
FROM identities
WHERE tenant = %s AND NOT deleted
ORDER BY user_id
"""


async def read(connection: Connection, tenant: TenantName, user_ids: Sequence[UserId]) -> dict[UserId, Identity]:
    """The stored states of these users; users never heard of are absent."""
    rows = await (await connection.execute(READ, (tenant, list(user_ids)), binary=True)).fetchall()
    return {
        user_id: Identity(user_id, bytes(profile), StateVersion(updated_at, observed_at, carrier), deleted)
        for user_id, profile, updated_at, observed_at, carrier, deleted in rows
    }


async def save(connection: Connection, tenant: TenantName, identities: Sequence[Identity]) -> None:
    """Store states, each unless a newer one is stored already, or the user was erased."""
    rows = await (
        await connection.execute(
            SAVE,
            (
                tenant,
                [i.user_id for i in identities],
                [i.profile for i in identities],
                [i.version.updated_at for i in identities],
                [i.version.observed_at for i in identities],
                [i.version.carrier for i in identities],
                [i.deleted for i in identities],
                [_email(i.profile) for i in identities],
                [digest_of_user(tenant, i.user_id) for i in identities],
            ),
        )
    ).fetchall()
    stored = {row[0] for row in rows}
    if stored:
        await _save_accounts(connection, tenant, [i for i in identities if i.user_id in stored])


async def _save_accounts(connection: Connection, tenant: TenantName, identities: Sequence[Identity]) -> None:
    await connection.execute(FORGET_ACCOUNTS, (tenant, [i.user_id for i in identities]))
    accounts = [(account, i.user_id) for i in identities for account in linked_accounts(i.profile)]
    if accounts:
        await connection.execute(SAVE_ACCOUNTS, (tenant, [a for a, _ in accounts], [u for _, u in accounts]))


async def primaries(
    connection: Connection, tenant: TenantName, user_ids: Sequence[UserId], without: Collection[UserId] = ()
) -> dict[UserId, Primary]:
    """The users to which these ones were linked, as far as the newest states that are known say.

    `without` are users of whom a newer state is at hand than the stored one.
    """
    rows = await (await connection.execute(PRIMARIES, (list(user_ids), tenant, list(without)))).fetchall()
    return {UserId(account): Primary(UserId(user_id), updated_at) for account, user_id, updated_at in rows}


def _email(profile: bytes) -> str | None:
    """The user's address in lower case, where the user has one that PostgreSQL can hold."""
    try:
        email = _decode_email(profile).email
    except msgspec.DecodeError:
        return None
    return email.lower() if isinstance(email, str) and "\0" not in email else None


async def all_ids(connection: Connection, tenant: TenantName) -> list[UserId]:
    """The ids of all users that are known and not deleted, sorted."""
    rows = await (await connection.execute(ALL_IDS, (tenant,))).fetchall()
    return [UserId(row[0]) for row in rows]
