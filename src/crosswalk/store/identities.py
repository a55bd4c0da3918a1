"""The replica of the identity side: the newest known state of each Auth0 user."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct

from crosswalk.domain.accounts import linked_accounts
from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import TenantName, UserId
from crosswalk.store import erased
from crosswalk.store.database import Connection
from crosswalk.store.new_rows import MANY, a_few, add_rows, blobs, flags, rows_of, same, texts, words


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

# Keeps the newer of the stored and the given state, so that the order of arrival does not matter. The address, which
# versions before kept apart, is in the profile.
SAVE = """
INSERT INTO identities AS stored (tenant, user_id, profile, updated_at, observed_at, carrier, deleted)
SELECT %s, given.*
FROM unnest(%b::text[], %b::bytea[], %b::text[], %b::text[], %b::text[], %b::bool[])
     AS given (user_id, profile, updated_at, observed_at, carrier, deleted)
ORDER BY given.user_id
ON CONFLICT (tenant, user_id) DO UPDATE
SET profile = excluded.profile, updated_at = excluded.updated_at, observed_at = excluded.observed_at,
    carrier = excluded.carrier, deleted = excluded.deleted, email = NULL, seen_at = now()
WHERE (excluded.updated_at, excluded.observed_at, excluded.carrier)
    > (stored.updated_at, stored.observed_at, stored.carrier)
RETURNING user_id
"""

# Relies on the primary key (tenant, user_id).
KNOWN = "SELECT user_id FROM identities WHERE tenant = %s AND user_id = ANY(%b::text[])"
ADD = """
COPY identities (tenant, user_id, profile, updated_at, observed_at, carrier, deleted) FROM STDIN (FORMAT binary)
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
ADD_ACCOUNTS = "COPY accounts (tenant, account, user_id) FROM STDIN (FORMAT binary)"

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
    kept = await _not_erased(connection, tenant, identities)
    if kept:
        await _save(connection, tenant, kept)


async def add(
    connection: Connection,
    tenant: TenantName,
    identities: Sequence[Identity],
    accounts: Mapping[UserId, Iterable[UserId]] = MappingProxyType({}),
) -> None:
    """Store states as `save` does, of users of whom nearly all are stored for the first time.

    `accounts` are the `linked_accounts` of those of whom they are known: to tell them takes a look at the whole user.
    """
    kept = await _not_erased(connection, tenant, identities)
    if len(kept) >= MANY:
        kept = await _add_new(connection, tenant, kept, accounts)
    if kept:
        await _save(connection, tenant, kept)


async def _add_new(
    connection: Connection,
    tenant: TenantName,
    identities: Sequence[Identity],
    accounts: Mapping[UserId, Iterable[UserId]],
) -> Sequence[Identity]:
    """Store states of users of whom none is stored; returns those that are left to store."""
    known = await _known(connection, tenant, a_few(identities))
    if not known and await _copy(connection, tenant, identities, accounts):
        return ()
    known = await _known(connection, tenant, identities)
    new = [i for i in identities if i.user_id not in known]
    if known and new and await _copy(connection, tenant, new, accounts):
        return [i for i in identities if i.user_id in known]
    return identities


async def _known(connection: Connection, tenant: TenantName, identities: Sequence[Identity]) -> set[str]:
    rows = await (await connection.execute(KNOWN, (tenant, [i.user_id for i in identities]))).fetchall()
    return {row[0] for row in rows}


async def _copy(
    connection: Connection,
    tenant: TenantName,
    identities: Sequence[Identity],
    accounts: Mapping[UserId, Iterable[UserId]],
) -> bool:
    new = sorted(identities, key=lambda i: i.user_id)
    of_new = {i.user_id: accounts[i.user_id] if i.user_id in accounts else linked_accounts(i.profile) for i in new}
    return await add_rows(connection, (ADD, _rows(tenant, new)), (ADD_ACCOUNTS, _account_rows(tenant, of_new)))


async def _not_erased(connection: Connection, tenant: TenantName, identities: Sequence[Identity]) -> Sequence[Identity]:
    """Whoever may be stored. Nobody else is erased before the transaction ends: `erased.close_doors` waits for it."""
    gone = await erased.users(connection, tenant, [i.user_id for i in identities])
    return [i for i in identities if i.user_id not in gone] if gone else identities


async def _save(connection: Connection, tenant: TenantName, identities: Sequence[Identity]) -> None:
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
            ),
        )
    ).fetchall()
    stored = {row[0] for row in rows}
    if stored:
        await _save_accounts(connection, tenant, [i for i in identities if i.user_id in stored])


def _rows(tenant: TenantName, identities: Sequence[Identity]) -> bytes:
    return rows_of(
        same(tenant, len(identities)),
        texts([i.user_id for i in identities]),
        blobs([i.profile for i in identities]),
        texts([i.version.updated_at for i in identities]),
        texts([i.version.observed_at for i in identities]),
        words([i.version.carrier for i in identities]),
        flags([i.deleted for i in identities]),
    )


def _account_rows(tenant: TenantName, of_users: Mapping[UserId, Iterable[UserId]]) -> bytes:
    pairs = sorted({(account, user_id) for user_id, accounts in of_users.items() for account in accounts})
    return rows_of(
        same(tenant, len(pairs)), texts(account for account, _ in pairs), texts(user_id for _, user_id in pairs)
    )


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


async def all_ids(connection: Connection, tenant: TenantName) -> list[UserId]:
    """The ids of all users that are known and not deleted, sorted."""
    rows = await (await connection.execute(ALL_IDS, (tenant,))).fetchall()
    return [UserId(row[0]) for row in rows]
