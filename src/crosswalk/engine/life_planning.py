"""Plans for identities whose record, or whose user, is no more what it was; the others are handed back to be planned.

The pure decisions are in `reconcile/life.py`; here they get what they need to know from both sides and the store.
"""

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from crosswalk.domain.begun import BegunWrites
from crosswalk.domain.change import ChangeKind, RecordChange
from crosswalk.domain.evaluation import Evaluation
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import UserId
from crosswalk.domain.life import UsersLinked
from crosswalk.domain.link import EndedLink, Link, LinkEnd, Standing
from crosswalk.domain.plan import Plan, Situation
from crosswalk.domain.record import Record
from crosswalk.engine.following import Follower, Way
from crosswalk.engine.kinship import Kin
from crosswalk.matching.similarity import judge
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.life import (
    Move,
    Rest,
    plan_account,
    plan_moved,
    plan_moved_of_deleted,
    plan_releasing,
    plan_resting,
    plan_taken,
)
from crosswalk.reconcile.planner import plan_deleted
from crosswalk.store.database import Database

_COMES_BACK = frozenset({LinkEnd.DELETED, LinkEnd.USERS_LINKED})


class Followed(Struct, frozen=True):
    """What came of following links.

    Parameters
    ----------
    plans
        Of the identities that are decided.
    links
        The links of those that are to be merged, with their records as they are now.
    ended
        The links of those that are to be matched anew.
    """

    plans: Mapping[UserId, Plan] = {}
    links: Mapping[UserId, Link] = {}
    ended: Mapping[UserId, EndedLink] = {}


class LifePlanner:
    """Plans what life asks for in one sync.

    Parameters
    ----------
    compiled
        The sync with its expressions compiled.
    follower
        Finds where links go.
    """

    def __init__(self, compiled: CompiledSync, follower: Follower) -> None:
        self._compiled = compiled
        self._definition = compiled.definition
        self._follower = follower

    async def linked(
        self, database: Database, evaluations: Sequence[Evaluation], known: Mapping[UserId, Link], kin: Kin
    ) -> Followed:
        """Follow the links of identities that there is cause to follow.

        Raises
        ------
        crosswalk.connectors.errors.ConnectorError
            One of the sides did not answer.
        """
        ways = await self._follower.follow(database, {e.user_id: known[e.user_id] for e in evaluations})
        wanted = {u: way.owner for u, way in ways.items() if way.moved is not None and way.owner is not None}
        free = await self._follower.free(database, wanted, kin) if wanted else frozenset()
        plans: dict[UserId, Plan] = {}
        current: dict[UserId, Link] = {}
        ended: dict[UserId, EndedLink] = {}
        for evaluation in evaluations:
            user_id = evaluation.user_id
            way = ways.get(user_id)
            record = None if way is None else way.record
            if way is None:
                current[user_id] = known[user_id]
            elif isinstance(way.end, Rest):
                plans[user_id] = plan_resting(user_id, way.link, way.end)
            elif record is None:
                ended[user_id] = EndedLink.of(way.link, LinkEnd.DELETED)
            elif way.moved is None:
                current[user_id] = replace(way.link, record=record, standing=Standing.LIVE)
            elif way.owner is None or (user_id, way.owner) in free:
                move = self._follower.move_of(user_id, way, record, kin)
                plans[user_id] = plan_moved(self._compiled, evaluation, move)
            else:
                plans[user_id] = self._taken(evaluation, Move(way.link, record, way.moved), way.owner)
        return Followed(plans, current, ended)

    def _taken(self, evaluation: Evaluation, move: Move, owner: UserId) -> Plan:
        index = self._compiled.target_indexes[move.record.object]
        target = self._compiled.targets[index].target
        return plan_taken(evaluation.user_id, move, judge(target, evaluation.targets[index], move.record, owner))

    async def unlinked(self, database: Database, evaluations: Sequence[Evaluation], kin: Kin) -> Followed:
        """Give identities without a link the record that is theirs by their past, or by an account of theirs.

        Raises
        ------
        crosswalk.connectors.errors.ConnectorError
            The org did not answer.
        """
        by_id = {e.user_id: e for e in evaluations if not e.filtered}
        wanted = {user_id: link for user_id in by_id if (link := self._past_of(user_id, kin)) is not None}
        if not wanted:
            return Followed()
        plans: dict[UserId, Plan] = {}
        current: dict[UserId, Link] = {}
        for user_id, way in (await self._follower.follow(database, wanted)).items():
            record = way.record
            former = kin.former.get(user_id)
            if record is None:
                continue
            if way.link.user_id != user_id:
                if way.owner in {None, way.link.user_id}:
                    move = Move(way.link, record, way.moved or LinkEnd.USERS_LINKED)
                    plans[user_id] = plan_moved(self._compiled, by_id[user_id], move)
            elif former is not None and former.reason is LinkEnd.USERS_LINKED:
                move_back = _back(way, record, former)
                if move_back is not None:
                    plans[user_id] = plan_moved(self._compiled, by_id[user_id], move_back)
            elif way.owner is None and way.moved is None:
                current[user_id] = replace(way.link, record=record)
            elif way.owner is None:
                move = Move(way.link, record, way.moved or LinkEnd.MERGED)
                plans[user_id] = plan_moved(self._compiled, by_id[user_id], move)
        return Followed(plans, current)

    def _past_of(self, user_id: UserId, kin: Kin) -> Link | None:
        """The link of an account, which the user takes over; or the link that the user had before."""
        accounts = kin.accounts.get(user_id, ())
        if accounts and self._definition.on_users_linked is not UsersLinked.DEACTIVATE:
            indexes = self._compiled.target_indexes
            return min(
                (kin.links[account] for account in accounts),
                key=lambda link: (indexes.get(link.record.object, len(indexes)), link.user_id),
            )
        former = kin.former.get(user_id)
        if former is None or former.reason not in _COMES_BACK:
            return None
        return Link(user_id, Record(former.object, former.record_id, {}), former.base, former.evidence)

    async def begun(self, database: Database, begun: Mapping[UserId, BegunWrites]) -> dict[UserId, Link]:
        """The links that nobody lived to book: of users whose record was being made or marked, and carries their id.

        Raises what `linked` raises.
        """
        found = await self._follower.named(database, {user_id: (each.object,) for user_id, each in begun.items()})
        return {user_id: Link(user_id, records[0], {}, begun[user_id].evidence) for user_id, records in found.items()}

    async def releasing(
        self, database: Database, plans: Mapping[UserId, Plan], changes: Mapping[UserId, Sequence[RecordChange]]
    ) -> dict[UserId, Plan]:
        """The plans of users of whom the org told that another record carries their id: that one is let go.

        Such as one that was restored after its user got another. Raises what `linked` raises.
        """
        others = {
            user_id: {
                change.object for change in told if change.id != record.id and change.kind is not ChangeKind.DELETED
            }
            for user_id, told in changes.items()
            if (plan := plans.get(user_id)) is not None
            and (record := plan.record) is not None
            and plan.standing is Standing.LIVE
        }
        others = {user_id: objects for user_id, objects in others.items() if objects}
        found = await self._follower.named(database, others) if others else {}
        return {user_id: plan_releasing(self._compiled, plans[user_id], records) for user_id, records in found.items()}

    async def gone(
        self,
        database: Database,
        gone: Sequence[Identity],
        known: Mapping[UserId, Link],
        kin: Kin,
        told: Collection[UserId],
    ) -> dict[UserId, Plan]:
        """Plan for users who are deleted, or are accounts of other users now.

        `told` are those of whose records the org told something. Raises what `linked` raises.
        """
        folds = self._definition.on_users_linked is not UsersLinked.DEACTIVATE
        asked = {
            each.user_id: link
            for each in gone
            if (link := known.get(each.user_id)) is not None
            and (
                (folds and each.user_id in kin.primaries) or each.user_id in told or link.standing is not Standing.LIVE
            )
        }
        ways = await self._follower.follow(database, asked) if asked else {}
        plans: dict[UserId, Plan] = {}
        for each in gone:
            user_id = each.user_id
            primary = kin.primaries.get(user_id) if folds else None
            link, way = known.get(user_id), ways.get(user_id)
            plan = (
                _deleted(self._compiled, user_id, link, way, kin)
                if primary is None
                else self._account(user_id, link, way, primary, kin)
            )
            plans[user_id] = replace(plan, wakes=(*plan.wakes, *kin.concerned.get(user_id, ())))
        return plans

    def _account(self, user_id: UserId, link: Link | None, way: Way | None, primary: UserId, kin: Kin) -> Plan:
        """A user who became an account of another."""
        others = kin.links.get(primary)
        if link is None:
            return Plan(user_id, Situation.USERS_LINKED)
        if way is None:
            return plan_account(user_id, link, primary, others)
        ends_as = EndedLink.of(link, way.moved or LinkEnd.USERS_LINKED, successor=way.owner or primary)
        if way.record is None or way.owner is not None:
            # Marks of the record may be on the one that it became, whose user has to see to that.
            return Plan(user_id, Situation.USERS_LINKED, ends=(ends_as,), wakes=(way.owner,) if way.owner else ())
        if way.moved is None and others is not None and self._definition.on_users_linked is UsersLinked.RELINK:
            return Plan(user_id, Situation.USERS_LINKED, ends=(ends_as,))
        base = link.base if way.moved is not LinkEnd.CONVERTED else {}
        here = Link(user_id, way.record, base, link.evidence)
        plan = plan_account(user_id, here, primary, others)
        return (
            plan if way.moved is None else replace(plan, ends=(EndedLink.of(link, way.moved, moved_to=way.record.id),))
        )


def _deleted(compiled: CompiledSync, user_id: UserId, link: Link | None, way: Way | None, kin: Kin) -> Plan:
    """A user who is gone from Auth0: nothing is written, but the link goes where the record went."""
    if link is None or way is None:
        former = kin.former.get(user_id)
        replaced = link is None and former is not None and former.successor is not None
        return Plan(user_id, Situation.REPLACED) if replaced else plan_deleted(user_id, link)
    if isinstance(way.end, Rest):
        return replace(plan_deleted(user_id, link), standing=way.end.standing)
    if way.record is None:
        return replace(plan_deleted(user_id, None), ends=(EndedLink.of(link, LinkEnd.DELETED),))
    if way.moved is None:
        return plan_deleted(user_id, replace(link, record=way.record))
    if way.owner is not None:
        end = EndedLink.of(link, way.moved, successor=way.owner, moved_to=way.record.id)
        return replace(plan_deleted(user_id, None), ends=(end,), wakes=(way.owner,))
    return plan_moved_of_deleted(compiled, user_id, Move(link, way.record, way.moved))


def _back(way: Way, record: Record, former: EndedLink) -> Move | None:
    """The record goes back to a user who is no account any more, unless a third one has it."""
    if way.moved is not None or way.owner not in {None, former.successor}:
        return None
    holder = way.link if way.owner is None else Link(way.owner, record, {}, "")
    return Move(holder, record, LinkEnd.USERS_UNLINKED)
