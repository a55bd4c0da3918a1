"""Links follow life: before an identity is planned, what became of its record is asked of the org.

Only where there is cause: the org told of something, a write did not find the record, or the link is at rest. A link
goes where its record went, through several conversions and merges if need be, unless another user is there already.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from crosswalk.connectors.base import FindsCandidates, FindsFates, ReadsUsers
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.fate import Alive, Fate
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.link import EndedLink, Link, LinkEnd
from crosswalk.domain.record import CONVERTED_FIELD, Record
from crosswalk.engine.kinship import Kin
from crosswalk.reconcile.life import Course, End, Move, Onward, Rest, course_of
from crosswalk.store import identities, links
from crosswalk.store.database import Database

MOST_STEPS = 10
"""A record that was merged more often than this in a row is given up as deleted."""


class Org(FindsCandidates, FindsFates, Protocol):
    """Where records are read, and where it is known what became of them."""


class Way(Struct, frozen=True):
    """Where the way of a link ends.

    Parameters
    ----------
    link
        The link as it was.
    end
        What stands there: a record, or why there is none.
    moved
        Why the record is another one than the link's; `None` where it is the same.
    owner
        Another user who has that record already.
    """

    link: Link
    end: Alive | Rest | End
    moved: LinkEnd | None = None
    owner: UserId | None = None

    @property
    def record(self) -> Record | None:
        """The record at the end of the way."""
        return self.end.record if isinstance(self.end, Alive) else None


class Follower:
    """Follows the links of one sync.

    Parameters
    ----------
    definition
        The sync.
    org
        The org that knows what became of its records.
    users
        The tenant that knows whether a user is still there.
    tracked
        Object → the fields with which a record is read.
    """

    def __init__(
        self, definition: SyncDefinition, org: Org, users: ReadsUsers, tracked: Mapping[str, Sequence[str]]
    ) -> None:
        self._definition = definition
        self._org = org
        self._users = users
        self._tracked = tracked
        self._external_ids = {target.object: target.external_id_field for target in definition.targets}

    async def follow(self, database: Database, wanted: Mapping[UserId, Link]) -> dict[UserId, Way]:
        """Find where each link goes; those to objects that are no targets are absent.

        Raises
        ------
        crosswalk.connectors.errors.ConnectorError
            The org did not answer.
        """
        ways: dict[UserId, Way] = {}
        seen: dict[UserId, set[RecordId]] = {}
        moved: dict[UserId, LinkEnd] = {}
        open_ = {u: link.record for u, link in wanted.items() if link.record.object in self._tracked}
        for _ in range(MOST_STEPS):
            if not open_:
                break
            courses = await self._courses(open_)
            for user_id, course in courses.items():
                been = seen.setdefault(user_id, set())
                been.add(open_[user_id].id)
                if isinstance(course, Onward) and course.record_id not in been and course.object in self._tracked:
                    moved.setdefault(user_id, course.reason)
                    open_[user_id] = Record(course.object, course.record_id, {})
                    continue
                end = End(LinkEnd.DELETED) if isinstance(course, Onward) else course
                ways[user_id] = Way(wanted[user_id], end, moved.get(user_id))
                del open_[user_id]
        ways |= {u: Way(wanted[u], End(LinkEnd.DELETED), moved.get(u)) for u in open_}
        return await self._with_owners(database, ways)

    async def _courses(self, records: Mapping[UserId, Record]) -> dict[UserId, Course]:
        fates: dict[RecordId, Fate] = {}
        for object_name in {record.object for record in records.values()}:
            ids = [record.id for record in records.values() if record.object == object_name]
            fates |= await self._org.find_fates(object_name, tuple(self._tracked[object_name]), ids)
        return {u: course_of(record, fates[record.id], self._definition) for u, record in records.items()}

    async def _with_owners(self, database: Database, ways: dict[UserId, Way]) -> dict[UserId, Way]:
        """The ways with who else has the record at their end, by the links or by what it carries."""
        ends = {user_id: way.record for user_id, way in ways.items() if way.record is not None}
        async with database.transaction() as connection:
            linked = await links.owners(connection, self._definition.name, [record.id for record in ends.values()])
        for user_id, record in ends.items():
            owner = linked.get(record.id) or self.named_in(record)
            if owner is not None and owner != user_id:
                ways[user_id] = replace(ways[user_id], owner=owner)
        return ways

    def named_in(self, record: Record) -> UserId | None:
        """The user whose id a record carries."""
        written = record.fields.get(self._external_ids[record.object])
        return UserId(written) if isinstance(written, str) and written else None

    async def named(self, database: Database, wanted: Mapping[UserId, Collection[str]]) -> dict[UserId, list[Record]]:
        """The records of the given objects that carry each user's id and are linked to nobody.

        Raises
        ------
        crosswalk.connectors.errors.ConnectorError
            The org did not answer.
        """
        read: list[tuple[UserId, Record]] = []
        for object_name in sorted({each for objects in wanted.values() for each in objects} & self._tracked.keys()):
            users = [user_id for user_id, objects in wanted.items() if object_name in objects]
            fields, key = tuple(self._tracked[object_name]), self._external_ids[object_name]
            for record in await self._org.find_candidates(object_name, fields, key, users):
                user_id = self.named_in(record)
                if user_id in users and record.fields.get(CONVERTED_FIELD) is not True:
                    read.append((user_id, record))
        async with database.transaction() as connection:
            linked = await links.owners(connection, self._definition.name, [record.id for _, record in read])
        found: dict[UserId, list[Record]] = {}
        for user_id, record in read:
            if record.id not in linked:
                found.setdefault(user_id, []).append(record)
        return found

    async def free(
        self, database: Database, wanted: Mapping[UserId, UserId], kin: Kin
    ) -> frozenset[tuple[UserId, UserId]]:
        """Which users may take the record of another: because that one is gone, or is an account of theirs.

        Parameters
        ----------
        wanted
            Who would take → whose record.

        Returns
        -------
        frozenset
            Pairs of who may take, and whose record.

        Raises
        ------
        crosswalk.connectors.errors.ConnectorError
            The tenant did not answer the question whether a user is still there.
        """
        own = {(taker, owner) for taker, owner in wanted.items() if owner in kin.accounts.get(taker, ())}
        others = sorted({owner for taker, owner in wanted.items() if (taker, owner) not in own})
        if not others:
            return frozenset(own)
        async with database.transaction() as connection:
            stored = await identities.read(connection, self._definition.tenant, others)
            primaries = await identities.primaries(connection, self._definition.tenant, others)
        # Whoever is known and not deleted counts as there: his end will be told, and whom it concerns is woken then.
        strangers = [owner for owner in others if owner not in stored]
        read = await self._users.read_users(strangers) if strangers else {}
        gone = {each for each in others if (stored[each].deleted if each in stored else read[each] is None)}
        return frozenset(
            own
            | {
                (taker, owner)
                for taker, owner in wanted.items()
                if owner in gone and (owner not in primaries or primaries[owner].user_id == taker)
            }
        )

    def move_of(self, user_id: UserId, way: Way, record: Record, kin: Kin) -> Move:
        """The move to the record at the end of a way, which another user may have had."""
        reason = way.moved or LinkEnd.USERS_LINKED
        if way.owner is None or way.owner == way.link.user_id:
            return Move(way.link, record, reason)
        ended = LinkEnd.USERS_LINKED if way.owner in kin.accounts.get(user_id, ()) else LinkEnd.REPLACED
        return Move(
            way.link, record, reason, (EndedLink(way.owner, record.object, record.id, ended, successor=user_id),)
        )
