"""From states to plans: look up links and candidates, then let the pure core decide.

The reconcile job and `crosswalk plan` share this: the one writes what it says, the other prints it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from types import MappingProxyType
from typing import TypeAlias, TypeVar, TypeVarTuple, Unpack

import msgspec
from msgspec.structs import replace

from crosswalk.connectors.base import ReadsUsers
from crosswalk.connectors.errors import ConnectorError
from crosswalk.domain.begun import BegunWrites
from crosswalk.domain.change import RecordChange
from crosswalk.domain.decision import Decided
from crosswalk.domain.evaluation import Evaluation
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.life import RecordDeleted
from crosswalk.domain.link import EndedLink, Link, LinkEnd, Standing
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.domain.write import Action
from crosswalk.engine.following import Follower, Org
from crosswalk.engine.identity_flows import IdentityFlows
from crosswalk.engine.kinship import Kin, read_kin
from crosswalk.engine.life_planning import Followed, LifePlanner
from crosswalk.engine.merge_tasks import MergeTasks
from crosswalk.engine.planned import Part, Planned, Verdicts
from crosswalk.engine.reading_first import hangs_on_the_record, have_news
from crosswalk.flows.deactivation import CompiledDeactivation
from crosswalk.matching.awaited import awaited_by
from crosswalk.matching.look_ups import LookUpName, look_ups
from crosswalk.matching.resolution import Bonds
from crosswalk.reconcile.begun import link_after
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.erasure import plan_erased
from crosswalk.reconcile.fingerprint import Fingerprint
from crosswalk.reconcile.life import without_recreating
from crosswalk.reconcile.planner import plan_linked, plan_settled, settled_by
from crosswalk.reconcile.tracking import tracked_fields
from crosswalk.reconcile.unlinked import plan_all_unlinked
from crosswalk.store import claims, decisions, erased, links, quarantines, writes_begun
from crosswalk.store.claims import Claim
from crosswalk.store.database import Database

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")

Announce: TypeAlias = Callable[[Mapping[UserId, Collection[bytes]]], Awaitable[None]]
"""Is told what identities without a record are about to look for, before the org is asked."""


async def _to_nobody(_: Mapping[UserId, Collection[bytes]]) -> None:
    """Leaves no trace: for plans that are only looked at."""


Find: TypeAlias = Callable[
    [Sequence[Evaluation], Mapping[UserId, Decided]], Awaitable[Mapping[LookUpName, list[Record]]]
]
"""Finds the records that may belong to identities, by their match keys and by what people decided."""


class Planner:
    """Plans batches of identities for one sync.

    Parameters
    ----------
    compiled
        The sync with its expressions compiled.
    org
        Where candidates are looked up, and what became of records.
    users
        Where it is known whether a user is still there.
    threads
        Runs the expressions and merges: they take longer than the event loop may be held.
    find
        Finds candidates without asking the org, where everything was read already.
    """

    def __init__(
        self, compiled: CompiledSync, org: Org, users: ReadsUsers, threads: Executor, find: Find | None = None
    ) -> None:
        definition = compiled.definition
        self._definition = definition
        self._find = find or self._look_up
        self.compiled = compiled
        self._org = org
        self._threads = threads
        deactivation, merge_task = definition.flows.deactivation, definition.flows.merge_task
        self._flows: list[IdentityFlows | MergeTasks] = []
        if deactivation is not None:
            self._flows.append(IdentityFlows(definition, CompiledDeactivation(deactivation), org, threads))
        if merge_task is not None:
            self._flows.append(MergeTasks(definition, merge_task, org))
        self._tracked = {target.object: tracked_fields(target, definition.flows) for target in definition.targets}
        self._follower = Follower(definition, org, users, self._tracked)
        self._life = LifePlanner(compiled, self._follower)
        self._fingerprint = Fingerprint(definition)

    async def plan(
        self,
        database: Database,
        identities: Sequence[Identity],
        changes: Mapping[UserId, Sequence[RecordChange]] = MappingProxyType({}),
        announce: Announce = _to_nobody,
    ) -> Planned:
        """Decide for each identity what has to be written so that both sides agree; writes nothing.

        `changes` is what the org told of the identities' records: where that is news, the record is read first.
        What people decided goes before the rules, and fields in quarantine are left alone. What identities without a
        record look for is announced before the org is asked for it.
        """
        user_ids = [i.user_id for i in identities]
        async with database.transaction() as connection:
            since = await claims.moment(connection)
            known = await links.read(connection, self._definition.name, user_ids)
            decided = await decisions.standing(connection, self._definition.name, user_ids)
            resting = await quarantines.standing(connection, self._definition.name, user_ids)
            begun = await writes_begun.read(connection, self._definition.name, user_ids)
            kin = await read_kin(connection, self._definition, identities, known)
            forgotten = await erased.users(connection, self._definition.tenant, user_ids)
        identities = [i for i in identities if i.user_id not in forgotten]
        gone = [i for i in identities if i.deleted or i.user_id in kin.primaries]
        parts = [
            Part({user_id: plan_erased(user_id) for user_id in forgotten}),
            await self._plan_gone(database, gone, known, changes, kin, begun),
        ]
        left = {i.user_id for i in gone}
        alive = [i for i in identities if i.user_id not in left]
        digests = await self._in_thread(self._digests, alive)
        unsure = changes.keys() | resting.keys() | begun.keys() | kin.accounts.keys()
        settled = [link for u, link in known.items() if u not in unsure and _is_settled(link, digests.get(u))]
        parts.append(Part({link.user_id: plan_settled(link) for link in settled}))
        left |= {link.user_id for link in settled}
        alive = [i for i in alive if i.user_id not in left]
        linked = await self._in_thread(self.compiled.evaluate_fields, [i for i in alive if i.user_id in known])
        verdicts = Verdicts(decided, resting, begun)
        parts.append(await self._plan_linked(database, linked, known, changes, verdicts, kin))
        ended = parts[-1].ended
        to_match = [i for i in alive if i.user_id not in known or i.user_id in ended]
        unlinked = await self._in_thread(self.compiled.evaluate, to_match) if to_match else []
        kin = replace(kin, former=dict(kin.former) | dict(ended))
        awaited = await self._in_thread(awaited_by, self.compiled.rules, unlinked) if unlinked else {}
        await announce(awaited)
        parts.append(await self._plan_unlinked(database, unlinked, verdicts, kin, ended))

        plans = {u: settled_by(plan, digests.get(u, ""), resting) for part in parts for u, plan in part.plans.items()}
        waiting = {user_id: error for part in parts for user_id, error in part.waiting.items()}
        for flow in self._flows:
            extended = await flow.extend(database, plans, identities)
            plans, waiting = dict(extended.plans), waiting | dict(extended.waiting)
        return Planned(
            plans=plans,
            waiting=waiting,
            claims=tuple(
                claim
                for e in ({e.user_id: e for e in linked} | {e.user_id: e for e in unlinked}).values()
                if (p := plans.get(e.user_id)) and (p.ends or e.user_id not in known)
                for claim in self._claims(p, e)
            ),
            links=known,
            since=since,
            awaited={**{i.user_id: () for i in gone if i.user_id not in known}, **awaited},
            begun=begun,
            accounts=kin.named,
        )

    def _digests(self, identities: Sequence[Identity]) -> dict[UserId, str]:
        digests: dict[UserId, str] = {}
        for identity in identities:
            with suppress(msgspec.DecodeError):
                digests[identity.user_id] = self._fingerprint.of(identity.profile)
        return digests

    async def _plan_gone(
        self,
        database: Database,
        gone: Sequence[Identity],
        known: Mapping[UserId, Link],
        changes: Mapping[UserId, Sequence[RecordChange]],
        kin: Kin,
        begun: Mapping[UserId, BegunWrites],
    ) -> Part:
        """Plan for users who are deleted, or are accounts of other users now."""
        told = [u for u, told in changes.items() if u in known and have_news(told, known[u], self._tracked)]
        unbooked = {i.user_id: begun[i.user_id] for i in gone if i.user_id in begun and i.user_id not in known}
        try:
            found = await self._life.begun(database, unbooked) if unbooked else {}
            return Part(await self._life.gone(database, gone, {**known, **found}, kin, told))
        except ConnectorError as error:
            return Part(waiting={i.user_id: error for i in gone})

    async def _plan_linked(
        self,
        database: Database,
        evaluations: Sequence[Evaluation],
        known: Mapping[UserId, Link],
        changes: Mapping[UserId, Sequence[RecordChange]],
        verdicts: Verdicts,
        kin: Kin,
    ) -> Part:
        """Plan against the stored replica; where that may be old and the plan hangs on it, read the record first.

        What Auth0 owns is written whatever the record holds, so it needs no read, and 200 changed identities cost one
        call. Reading a record tells too what became of it, and the link follows.
        """
        outdated = {
            e.user_id
            for e in evaluations
            if known[e.user_id].standing is not Standing.LIVE
            or e.user_id in verdicts.begun
            or have_news(changes.get(e.user_id, ()), known[e.user_id], self._tracked)
        }
        current = [e for e in evaluations if e.user_id not in outdated]
        plans = await self._in_thread(self._decide_linked, current, known, verdicts)
        outdated |= {e.user_id for e in current if hangs_on_the_record(plans[e.user_id], self.compiled)}
        followed = Followed()
        if outdated:
            to_read = [e for e in evaluations if e.user_id in outdated]
            try:
                followed = await self._life.linked(database, to_read, known, kin)
            except ConnectorError as error:
                rest = {u: plan for u, plan in plans.items() if u not in outdated}
                return Part(_waking_accounts(rest, kin), dict.fromkeys(outdated, error))
            fresh = [e for e in to_read if e.user_id in followed.links]
            plans |= await self._in_thread(self._decide_linked, fresh, followed.links, verdicts)
            plans = {u: plan for u, plan in plans.items() if u not in followed.ended} | dict(followed.plans)
        try:
            plans |= await self._life.releasing(database, plans, changes)
        except ConnectorError as error:
            told = plans.keys() & changes.keys()
            rest = {u: plan for u, plan in plans.items() if u not in told}
            return Part(_waking_accounts(rest, kin), dict.fromkeys(told, error), followed.ended)
        return Part(_waking_accounts(plans, kin), ended=followed.ended)

    def _decide_linked(
        self, evaluations: Sequence[Evaluation], known: Mapping[UserId, Link], verdicts: Verdicts
    ) -> dict[UserId, Plan]:
        decided, resting, begun = verdicts.decisions.fields, verdicts.quarantines, verdicts.begun
        return {
            u: plan_linked(
                self.compiled,
                e,
                link_after(self.compiled, e, known[u], begun.get(u)),
                decided.get(u),
                resting.get(u, ()),
            )
            for e in evaluations
            if (u := e.user_id)
        }

    async def _plan_unlinked(
        self,
        database: Database,
        evaluations: Sequence[Evaluation],
        verdicts: Verdicts,
        kin: Kin,
        ended: Mapping[UserId, EndedLink],
    ) -> Part:
        """Give each identity the record that is its own by its past; match the others."""
        if not evaluations:
            return Part()
        matches = verdicts.decisions.matches
        try:
            # Whose link ended just now has nothing to come back to, and whoever a person decided about needs nothing.
            with_past = [e for e in evaluations if e.user_id not in ended and e.user_id not in matches]
            followed = await self._life.unlinked(database, with_past, kin)
            plans = dict(followed.plans)
            restored = [e for e in evaluations if e.user_id in followed.links]
            plans |= await self._in_thread(self._decide_linked, restored, followed.links, verdicts)
            plans |= await self._match(database, [e for e in evaluations if e.user_id not in plans], verdicts, kin)
        except ConnectorError as error:
            return Part(waiting={e.user_id: error for e in evaluations})
        if self._definition.on_record_deleted is not RecordDeleted.RECREATE:
            for user_id, former in kin.former.items():
                if former.reason is LinkEnd.DELETED and user_id in plans and user_id not in matches:
                    plans[user_id] = without_recreating(plans[user_id], former)
        for user_id, end in ended.items():
            if user_id in plans:
                plans[user_id] = replace(plans[user_id], ends=(end, *plans[user_id].ends))
        return Part(plans)

    async def _match(
        self,
        database: Database,
        evaluations: Sequence[Evaluation],
        verdicts: Verdicts,
        kin: Kin,
    ) -> dict[UserId, Plan]:
        if not evaluations:
            return {}
        matches, begun = verdicts.decisions.matches, verdicts.begun
        found = await self._find(evaluations, matches)
        record_ids = {record.id for records in found.values() for record in records}
        async with database.transaction() as connection:
            owners = await links.owners(connection, self._definition.name, list(record_ids))
        bonds = Bonds(apart=kin.apart)
        plans = await self._in_thread(
            plan_all_unlinked, self.compiled, evaluations, found, owners, matches, bonds, begun
        )
        holders = {u: owner for u, plan in plans.items() if (owner := _holder(plan)) is not None}
        if not holders:
            return plans
        free = await self._follower.free(database, holders, kin)
        if not free:
            return plans
        bonds = replace(bonds, free=free)
        plans = await self._in_thread(
            plan_all_unlinked, self.compiled, evaluations, found, owners, matches, bonds, begun
        )
        return {user_id: _taking_over(plan, owners) for user_id, plan in plans.items()}

    async def _look_up(
        self, evaluations: Sequence[Evaluation], decisions: Mapping[UserId, Decided]
    ) -> Mapping[LookUpName, list[Record]]:
        """Ask the org for the records that could belong to these identities, all rules at once."""
        wanted = await self._in_thread(look_ups, evaluations, self.compiled.rules, self._tracked, decisions)
        return dict(zip(wanted, await self._org.look_up(list(wanted.values())), strict=True))

    def _claims(self, plan: Plan, evaluation: Evaluation) -> list[Claim]:
        """What nobody else may create or take while this plan is carried out."""
        if not plan.record_writes:
            return []
        write = plan.record_writes[0]
        if write.action is Action.UPDATE and write.record_id is not None:
            return [Claim(plan.user_id, write.object, "Id", write.record_id)]
        keys = evaluation.targets[self.compiled.target_indexes[write.object]].keys
        # Keys of several long values would not fit into the index; people who share this much of one may wait in turn.
        return [Claim(plan.user_id, key.object, key.field, key.normal[:300]) for key in keys if key is not None]

    async def _in_thread(self, function: Callable[[Unpack[Arguments]], Result], *arguments: *Arguments) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)


def _is_settled(link: Link, digest: str | None) -> bool:
    """Whether the identity's state was dealt with before, with the record that it has."""
    return bool(link.settled) and link.settled == digest and link.standing is Standing.LIVE


def _holder(plan: Plan) -> UserId | None:
    """Who has the one record that was found for the identity, if that is what keeps it from being linked."""
    if plan.conflict is None or plan.situation is not Situation.ALREADY_LINKED:
        return None
    return plan.conflict.candidates[0].linked_to


def _taking_over(plan: Plan, owners: Mapping[RecordId, UserId]) -> Plan:
    """The plan, with the end of the link of whoever had the record."""
    record = plan.record
    owner = None if record is None else owners.get(record.id)
    if record is None or owner is None or owner == plan.user_id:
        return plan
    end = EndedLink(owner, record.object, record.id, LinkEnd.REPLACED, successor=plan.user_id)
    return replace(plan, ends=(*plan.ends, end), wakes=(*plan.wakes, owner))


def _waking_accounts(plans: Mapping[UserId, Plan], kin: Kin) -> dict[UserId, Plan]:
    """The plans; where an account of the user has a record of its own, somebody has to see to that."""
    return {
        u: replace(plan, wakes=(*plan.wakes, *kin.accounts[u])) if u in kin.accounts else plan
        for u, plan in plans.items()
    }
