"""Who is kin to the identities of a batch: users that became accounts of others, and the links there were before."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from crosswalk.domain.accounts import linked_accounts
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import UserId
from crosswalk.domain.link import EndedLink, Link, LinkEnd
from crosswalk.store import former_links, identities, links, problems
from crosswalk.store.database import Connection
from crosswalk.store.identities import Primary


class Kin(Struct, frozen=True):
    """What is known about users and records around the identities of a batch.

    Parameters
    ----------
    primaries
        Those identities that are accounts of another user now → that user.
    accounts
        Identity → the users that are its accounts, as far as they have a link.
    links
        The links of those accounts and primaries.
    former
        The link of each unlinked identity that ended last.
    concerned
        Users that are gone → the identities with an open conflict that names them, and their accounts that have a link.
    named
        Identity → the users that its state names as its accounts, with a link or without.
    """

    primaries: Mapping[UserId, UserId] = {}
    accounts: Mapping[UserId, tuple[UserId, ...]] = {}
    links: Mapping[UserId, Link] = {}
    former: Mapping[UserId, EndedLink] = {}
    concerned: Mapping[UserId, tuple[UserId, ...]] = {}
    named: Mapping[UserId, tuple[UserId, ...]] = {}

    @property
    def apart(self) -> dict[UserId, UserId]:
        """Identities that were one user with another and are not any more: they do not get that one's record."""
        ends = {LinkEnd.USERS_LINKED, LinkEnd.USERS_UNLINKED, LinkEnd.MERGED}
        return {
            user_id: ended.successor
            for user_id, ended in self.former.items()
            if ended.successor is not None and ended.reason in ends
        }


async def read_kin(
    connection: Connection, definition: SyncDefinition, batch: Sequence[Identity], known: Mapping[UserId, Link]
) -> Kin:
    """Find the kin of a batch, whose states are newer than the stored ones, and whose links are `known`."""
    by_id = {each.user_id: each for each in batch}
    every = {each.user_id: linked_accounts(each.profile) for each in batch}
    primaries = await _primaries(connection, definition, by_id, every)
    of_batch = {user_id: accounts for user_id, accounts in every.items() if not by_id[user_id].deleted}
    named = [account for accounts in every.values() for account in accounts]
    relatives = {*named, *primaries.values()}
    theirs = await links.read(connection, definition.name, sorted(relatives)) if relatives else {}
    stored = await identities.read(connection, definition.tenant, [each for each in named if each in theirs])
    accounts = {
        user_id: found
        for user_id, each in of_batch.items()
        if (
            found := tuple(
                a for a in each if a in theirs and _is_account(by_id.get(a) or stored.get(a), by_id[user_id])
            )
        )
    }
    unlinked = [user_id for user_id in by_id if user_id not in known]
    gone = [each.user_id for each in batch if each.deleted or each.user_id in primaries]
    return Kin(
        primaries=primaries,
        accounts=accounts,
        links=theirs,
        former=await former_links.latest(connection, definition.name, unlinked) if unlinked else {},
        concerned=_with_accounts(
            await problems.open_conflicts_naming(connection, definition.name, gone) if gone else {},
            {u: tuple(a for a in found if a in theirs) for u, found in every.items() if by_id[u].deleted},
        ),
        named=every,
    )


def _with_accounts(
    concerned: Mapping[UserId, tuple[UserId, ...]], accounts: Mapping[UserId, tuple[UserId, ...]]
) -> dict[UserId, tuple[UserId, ...]]:
    """Whom the end of users concerns, with the accounts that are gone with them."""
    return {u: (*concerned.get(u, ()), *accounts.get(u, ())) for u in (*concerned, *accounts)}


async def _primaries(
    connection: Connection,
    definition: SyncDefinition,
    by_id: Mapping[UserId, Identity],
    accounts: Mapping[UserId, Sequence[UserId]],
) -> dict[UserId, UserId]:
    found = await identities.primaries(connection, definition.tenant, list(by_id), without=by_id.keys())
    for each in by_id.values():
        if not each.deleted:
            primary = Primary(each.user_id, each.version.updated_at)
            found |= {account: primary for account in accounts[each.user_id] if account in by_id}
    return {
        account: primary.user_id
        for account, primary in found.items()
        if by_id[account].deleted or by_id[account].version.updated_at < primary.updated_at
    }


def _is_account(account: Identity | None, primary: Identity) -> bool:
    """Whether the user is still an account of the other; one that was seen later is a user of its own again."""
    return account is None or account.deleted or account.version.updated_at < primary.version.updated_at
