"""Plans for a chunk's users: against what a back-fill read of both sides, or those that were kept and still hold."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor

import msgspec
from msgspec import Struct

from crosswalk.connectors.auth0.users import identity_of
from crosswalk.domain.backfill import Backfill, Direction
from crosswalk.domain.change import ChangeKind, RecordChange
from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import UserId
from crosswalk.engine.backfill.kept import KeptPlan, records_of, unpack_plans, with_kept
from crosswalk.engine.backfill.reading import unpack
from crosswalk.engine.backfill.sides import AskedFor, ReadOrg, ReadTenant
from crosswalk.engine.hub import Hub
from crosswalk.engine.planned import Planned
from crosswalk.engine.planning import Planner
from crosswalk.engine.reading_first import have_news
from crosswalk.engine.states import newer
from crosswalk.matching.candidates import Candidates
from crosswalk.matching.look_ups import look_ups
from crosswalk.reconcile.outlook import creates
from crosswalk.reconcile.tracking import tracked_fields
from crosswalk.store import backfill_news, backfills, claims, erased, identities, links
from crosswalk.store.backfill_side import BackfillSide
from crosswalk.store.backfills import Chunk


class PlannedAnew(Struct, frozen=True):
    """Plans that were made just now.

    Parameters
    ----------
    states
        The users in the newest state known, for which it was planned.
    planned
        Their plans.
    asked
        By which match keys records were looked for.
    """

    states: Sequence[Identity]
    planned: Planned
    asked: Mapping[UserId, AskedFor]


class ChunkPlanner:
    """Plans for the users of one back-fill's chunks; writes nothing.

    Parameters
    ----------
    hub, backfill, side
        Where, which, and what was read.
    threads
        Runs the expressions.
    """

    def __init__(self, hub: Hub, backfill: Backfill, side: BackfillSide, threads: Executor) -> None:
        compiled = hub.compiled[backfill.sync]
        definition = compiled.definition
        org, tenant = hub.orgs[definition.org], hub.tenants[definition.tenant]
        self._database = hub.database
        self._backfill = backfill
        self._side = side
        self._definition = definition
        self._rules = compiled.rules
        self._read_org = ReadOrg(hub.database, side, compiled, org)
        self._org = org
        users = ReadTenant(hub.database, side, tenant)
        self._planner = Planner(compiled, self._read_org, users, threads, self._read_org.candidates)
        self._asking = hub.planners[backfill.sync]
        self._tracked = {target.object: tracked_fields(target, definition.flows) for target in definition.targets}
        self._makes_records = backfill.direction is not Direction.RECORDS

    def read(self, chunk: Chunk) -> list[Identity]:
        return [self._identity(profile) for profile in unpack(chunk.profiles)]

    def _identity(self, profile: bytes) -> Identity:
        return identity_of(profile, self._backfill.started_at)[0]

    def read_with_plans(self, chunk: Chunk) -> tuple[list[Identity], dict[UserId, KeptPlan]]:
        """The chunk's users, and the plans that were kept of them."""
        profiles = unpack(chunk.profiles)
        kept = unpack_plans(chunk.plans, len(profiles))
        states = [
            self._identity(profile) if one is None else one.identity(profile)
            for profile, one in zip(profiles, kept, strict=True)
        ]
        return states, {one.user_id: one for one in kept if one is not None}

    async def by_now(self, states: Sequence[Identity], kept: Mapping[UserId, KeptPlan]) -> Planned:
        """The plans that are to be written: those that were kept and still hold; whoever else is planned for anew."""
        async with self._database.transaction() as connection:
            since = await claims.moment(connection)
        holding = await self._holding(kept) if kept else {}
        rest = [each for each in states if each.user_id not in holding]
        planned = Planned({}, {}, (), {}, since)
        if rest:
            made = await self.anew(rest)
            planned = await self._looked_up(made.states, made.planned)
        return with_kept(holding, msgspec.structs.replace(planned, since=since))

    async def _holding(self, kept: Mapping[UserId, KeptPlan]) -> dict[UserId, KeptPlan]:
        """The plans of which nothing came in that they were made from, the org's answer of a moment ago included."""
        users, records = list(kept), records_of(kept)
        accounts = {account: user_id for user_id, each in kept.items() for account in each.accounts}
        async with self._database.transaction() as connection:
            tenant, sync = self._definition.tenant, self._definition.name
            news = await backfill_news.with_news(connection, tenant, sync, users)
            news |= await erased.users(connection, tenant, users)
            news |= {accounts[each] for each in await backfill_news.linked(connection, sync, list(accounts))}
            stored = await backfill_news.states(connection, tenant, users)
            owned = await links.owners(connection, sync, records) if records else {}
            hashes = {hash_ for each in kept.values() for hash_ in each.hashes}
            keys, ids = await self._side.changed(connection, hashes, records)
        news |= {user_id for user_id, version in stored.items() if version > StateVersion(*kept[user_id].version)}
        news |= {
            user_id
            for user_id, each in kept.items()
            if (each.record is not None and (each.record.id in owned or each.record.id in ids))
            or (keys and not keys.isdisjoint(each.hashes))
        }
        holding = {user_id: each for user_id, each in kept.items() if user_id not in news}
        found = await self._found_by_now([each for each in holding.values() if each.keys])
        return {user_id: each for user_id, each in holding.items() if user_id not in found}

    async def _found_by_now(self, new: Sequence[KeptPlan]) -> set[UserId]:
        """For whom the org has a record by now, of those who would get a new one: somebody may have made it since."""
        if not new or not self._makes_records:
            return set()
        wanted = look_ups([each.question for each in new], self._rules, self._tracked, {})
        answers = await self._org.look_up(list(wanted.values()))
        candidates = Candidates.of(self._rules, dict(zip(wanted, answers, strict=True)))
        return {each.user_id for each in new if any(map(candidates.get, each.keys))}

    async def anew(self, read: Sequence[Identity]) -> PlannedAnew:
        """Plan for users with their records as they were read.

        Raises
        ------
        ConnectorError
            A vendor had to be asked and did not answer.
        """
        user_ids = [each.user_id for each in read]
        async with self._database.transaction() as connection:
            stored = await identities.read(connection, self._definition.tenant, user_ids)
            known = await links.read(connection, self._definition.name, user_ids)
            ids = [link.record.id for link in known.values()]
            newer_here = await backfills.newer_here(connection, self._backfill.id, ids) if ids else set()
        records = await self._read_org.records(ids)
        changes: dict[UserId, Sequence[RecordChange]] = {}
        for user_id, link in known.items():
            if link.record.id in newer_here:
                continue
            record = records.get(link.record.id)
            kind = ChangeKind.UNKNOWN if record is None else ChangeKind.UPDATED
            fields = {} if record is None else record.fields
            told = (RecordChange(link.record.object, link.record.id, kind, fields),)
            if have_news(told, link, self._tracked):
                changes[user_id] = told
        states = [newer(stored.get(each.user_id), each) for each in read]
        planned = await self._planner.plan(self._database, states, changes)
        for error in planned.waiting.values():
            raise error
        return PlannedAnew(states, planned, self._read_org.asked_for(user_ids))

    async def _looked_up(self, states: Sequence[Identity], planned: Planned) -> Planned:
        """Ask the org about those who would get a new record: somebody may have made it since everything was read.

        Two calls or so for a thousand of them, beside the five that make their records.
        """
        new = {user_id for user_id, plan in planned.plans.items() if creates(plan)} if self._makes_records else ()
        if not new:
            return planned
        anew = await self._asking.plan(self._database, [each for each in states if each.user_id in new])
        for error in anew.waiting.values():
            raise error
        return planned.replaced_by(anew, new)
