"""The hub's tables in memory: what the SQL of `crosswalk.store` does, done with dictionaries.

`in_memory` puts these functions in the places of the real ones for as long as tests run. A function that is missing
here fails loudly, because what stands for the connection executes nothing.
"""

from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol
from unittest import mock

import msgspec

from crosswalk.domain.accounts import linked_accounts
from crosswalk.domain.begun import BegunWrites
from crosswalk.domain.decision import NO_DECISIONS, Decisions
from crosswalk.domain.effect import HeldEffect, Step
from crosswalk.domain.event import Event
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import RecordId, SyncName, TenantName, UserId
from crosswalk.domain.link import EndedLink, Link, LinkEnd
from crosswalk.store import (
    audit,
    awaited,
    claims,
    decisions,
    due,
    effects,
    erased,
    former_links,
    identities,
    inbox,
    links,
    pauses,
    problems,
    quarantines,
    writes_begun,
)
from crosswalk.store.claims import Claim
from crosswalk.store.due import NOBODY, DueEvent, Lane
from crosswalk.store.effects import Holding, StepTaken
from crosswalk.store.identities import Primary
from crosswalk.store.inbox import Accepted, Subscriber
from crosswalk.store.problems import Problem, ProblemKind


class Doorway(Protocol):
    """Where every transaction begins and ends: there a process may die, or others may come in between."""

    async def __call__(self) -> None: ...


class Work(NamedTuple):
    """One event that is due for one identity."""

    seq: int
    user_id: UserId
    event: Event


class Held(NamedTuple):
    """One effect of a flow, held or undone."""

    effect: HeldEffect
    undone: bool = False


@dataclass
class Tables:
    """Everything that the hub remembers."""

    identities: dict[UserId, Identity] = field(default_factory=dict)
    links: dict[UserId, Link] = field(default_factory=dict)
    former: list[EndedLink] = field(default_factory=list)
    claims: dict[tuple[str, str, str], tuple[UserId, datetime | None]] = field(default_factory=dict)
    """Who holds what, and since when no more."""
    moments: int = 0
    awaited: set[tuple[bytes, UserId]] = field(default_factory=set)
    """Who waits for which key."""
    effects: dict[tuple[str, str, str], Held] = field(default_factory=dict)
    begun: dict[tuple[str, str, str], HeldEffect] = field(default_factory=dict)
    """Flow, subject and key → what was done, and what is being done."""
    writes: dict[UserId, BegunWrites] = field(default_factory=dict)
    """What was about to be written to fields, until it is known what became of it."""
    problems: dict[UserId, tuple[Problem, ...]] = field(default_factory=dict)
    inbox: set[str] = field(default_factory=set)
    due: list[Work] = field(default_factory=list)
    """What is waiting, in no order."""
    routed: set[tuple[int, UserId]] = field(default_factory=set)
    """What the router handed to whom."""
    nobodys: list[tuple[datetime, Work]] = field(default_factory=list)
    """What was told of records that were nobody's, and after which moment."""
    seq: int = 0

    def copied(self) -> "Tables":
        """The same rows, so that a transaction can be rolled back."""
        return Tables(
            dict(self.identities),
            dict(self.links),
            list(self.former),
            dict(self.claims),
            self.moments,
            set(self.awaited),
            dict(self.effects),
            dict(self.begun),
            dict(self.writes),
            dict(self.problems),
            set(self.inbox),
            list(self.due),
            set(self.routed),
            list(self.nobodys),
            self.seq,
        )


_FIRST_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


class Refused(Exception):
    """A statement that the real database would refuse."""


class Store:
    """Stands for the database and for a connection to it.

    Parameters
    ----------
    at_door
        Called where a transaction begins, and again where it has ended.
    lane_of
        In which lane an identity is.
    """

    def __init__(self, at_door: Doorway, lane_of: "LaneOf") -> None:
        self.tables = Tables()
        self.made: list[Link] = []
        """Every link that came to be."""
        self._at_door = at_door
        self._lane_of = lane_of

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Store"]:
        """All or nothing; nobody else comes in between, as the real ones lock what they write."""
        await self._at_door()
        before = self.tables.copied()
        try:
            yield self
        except BaseException:
            self.tables = before
            raise
        await self._at_door()

    def accept(self, event: Event, user_id: UserId) -> None:
        """Store an event once, and note the work that it makes for an identity, or for the router."""
        tables = self.tables
        if event.id in tables.inbox:
            return
        tables.inbox.add(event.id)
        tables.seq += 1
        tables.due.append(Work(tables.seq, user_id, event))
        if user_id == NOBODY:
            tables.nobodys.append((_FIRST_MOMENT + timedelta(seconds=tables.moments), tables.due[-1]))

    def read_due(self, lane: int) -> list[DueEvent]:
        """What is due in a lane, oldest first."""
        return [
            DueEvent(work.seq, msgspec.structs.replace(work.event, user_id=work.user_id or None), 0.0)
            for work in sorted(self.tables.due, key=lambda work: work.seq)
            if self._lane_of(work.user_id) == lane
        ]


class LaneOf(Protocol):
    """Tells in which lane an identity is reconciled; nobody's events are in the lane of the router."""

    def __call__(self, user_id: UserId) -> int: ...


async def read_links(db: Store, sync: SyncName, user_ids: Sequence[UserId]) -> dict[UserId, Link]:
    return {user_id: db.tables.links[user_id] for user_id in user_ids if user_id in db.tables.links}


async def read_owners(db: Store, sync: SyncName, record_ids: Sequence[RecordId]) -> dict[RecordId, UserId]:
    return {link.record.id: link.user_id for link in db.tables.links.values() if link.record.id in record_ids}


async def save_links(db: Store, sync: SyncName, given: Sequence[Link]) -> set[UserId]:
    held = {link.record.id: link.user_id for link in db.tables.links.values()}
    free = [link for link in given if held.get(link.record.id, link.user_id) == link.user_id]
    if len({link.record.id for link in free}) < len(free) or len({link.user_id for link in free}) < len(free):
        raise Refused("two links to one record, or of one identity, in one statement")
    db.made += [link for link in free if held.get(link.record.id) is None]
    db.tables.links |= {link.user_id: link for link in free}
    return {link.user_id for link in free}


async def end_links(db: Store, sync: SyncName, ended: Sequence[EndedLink]) -> None:
    for each in ended:
        link = db.tables.links.get(each.user_id)
        if link is not None and link.record.id == each.record_id:
            del db.tables.links[each.user_id]
            db.tables.former.append(msgspec.structs.replace(each, evidence=link.evidence, base=link.base))


async def latest_former(db: Store, sync: SyncName, user_ids: Sequence[UserId]) -> dict[UserId, EndedLink]:
    return {each.user_id: each for each in db.tables.former if each.user_id in user_ids}


async def deleted_from(db: Store, sync: SyncName, record_ids: Sequence[RecordId]) -> dict[RecordId, UserId]:
    latest = {each.user_id: each for each in db.tables.former}
    return {
        each.record_id: each.user_id
        for each in db.tables.former
        if each.record_id in record_ids
        and each.reason is LinkEnd.DELETED
        and latest[each.user_id] is each
        and each.user_id not in db.tables.links
    }


async def read_identities(db: Store, tenant: TenantName, user_ids: Sequence[UserId]) -> dict[UserId, Identity]:
    return {user_id: db.tables.identities[user_id] for user_id in user_ids if user_id in db.tables.identities}


async def save_identities(db: Store, tenant: TenantName, given: Sequence[Identity]) -> None:
    if len({each.user_id for each in given}) < len(given):
        raise Refused("one identity twice in one statement")
    for each in given:
        stored = db.tables.identities.get(each.user_id)
        if stored is None or each.version > stored.version:
            db.tables.identities[each.user_id] = each


async def primaries(
    db: Store, tenant: TenantName, user_ids: Sequence[UserId], without: Collection[UserId] = ()
) -> dict[UserId, Primary]:
    found: dict[UserId, Primary] = {}
    alive = [each for each in db.tables.identities.values() if not each.deleted and each.user_id not in without]
    for each in sorted(alive, key=lambda each: (each.version.updated_at, each.user_id)):
        for account in linked_accounts(each.profile):
            if account in user_ids:
                found[account] = Primary(each.user_id, each.version.updated_at)
    return found


async def moment(db: Store) -> datetime:
    """A moment of its own for everybody who asks: what is released later than that is seen to be."""
    db.tables.moments += 1
    return _FIRST_MOMENT + timedelta(seconds=db.tables.moments)


async def claim(db: Store, sync: SyncName, wanted: Sequence[Claim], since: datetime) -> set[UserId]:
    for each in sorted(wanted, key=lambda each: (each.object, each.field, each.value, each.user_id)):
        key = (each.object, each.field, each.value)
        holder, released_at = db.tables.claims.get(key, (each.user_id, None))
        if holder == each.user_id or (released_at is not None and released_at < since):
            db.tables.claims[key] = (each.user_id, None)
    return {each.user_id for each in wanted if db.tables.claims[each.object, each.field, each.value][0] != each.user_id}


async def release_claims(db: Store, sync: SyncName, user_ids: Sequence[UserId]) -> None:
    now = await moment(db)
    for key, (holder, released_at) in db.tables.claims.items():
        if holder in user_ids and released_at is None:
            db.tables.claims[key] = (holder, now)


async def register_awaited(db: Store, sync: SyncName, given: Mapping[UserId, Collection[bytes]]) -> None:
    db.tables.awaited |= {(key, user_id) for user_id, keys in given.items() for key in keys}


async def settle_awaited(db: Store, sync: SyncName, given: Mapping[UserId, Collection[bytes]]) -> None:
    others = {(key, user_id) for key, user_id in db.tables.awaited if user_id not in given}
    unlinked = {user_id: keys for user_id, keys in given.items() if user_id not in db.tables.links}
    db.tables.awaited = others | {(key, user_id) for user_id, keys in unlinked.items() for key in keys}


async def waiting_for(db: Store, sync: SyncName, keys: Collection[bytes]) -> dict[bytes, tuple[UserId, ...]]:
    found: dict[bytes, tuple[UserId, ...]] = {}
    for key, user_id in sorted(db.tables.awaited):
        if key in keys:
            found[key] = (*found.get(key, ()), user_id)
    return found


async def no_decisions(db: Store, sync: SyncName, user_ids: Sequence[UserId]) -> Decisions:
    return NO_DECISIONS


async def read_effects(db: Store, sync: SyncName, flow: str, subjects: Collection[str]) -> dict[str, Holding]:
    found: dict[str, Holding] = {}
    for subject in subjects:
        own = {key: held for key, held in db.tables.effects.items() if key[:2] == (flow, subject)}
        begun = {key: held for key, held in db.tables.begun.items() if key[:2] == (flow, subject)}
        ended = [held.effect.episode + 1 for held in own.values() if held.undone]
        if own or begun:
            held = (each.effect for key, each in own.items() if not each.undone and key not in begun)
            found[subject] = Holding(tuple(held), max(ended, default=0), tuple(begun.values()))
    return found


async def effects_held_by_others(db: Store, sync: SyncName, flow: str, subject: str, keys: Collection[str]) -> set[str]:
    held = {key for key, each in db.tables.effects.items() if not each.undone}
    return {key for of, whose, key in held if key in keys and (of, whose) != (flow, subject)}


async def begin_effects(db: Store, sync: SyncName, steps: Sequence[StepTaken]) -> None:
    for taken in steps:
        effect, flow = taken.step.effect, taken.step.flow
        db.tables.begun[flow, taken.subject, effect.key] = HeldEffect(flow, taken.subject, effect, taken.episode)


async def take_effects(db: Store, sync: SyncName, steps: Sequence[StepTaken]) -> None:
    for taken in steps:
        effect, flow = taken.step.effect, taken.step.flow
        key = (flow, taken.subject, effect.key)
        db.tables.begun.pop(key, None)
        if taken.step.step is Step.DO:
            db.tables.effects[key] = Held(HeldEffect(flow, taken.subject, effect, taken.episode))
        else:
            known = db.tables.effects.get(key, Held(HeldEffect(flow, taken.subject, effect, taken.episode)))
            db.tables.effects[key] = known._replace(undone=True)


async def read_begun(db: Store, sync: SyncName, user_ids: Collection[UserId]) -> dict[UserId, BegunWrites]:
    return {user_id: begun for user_id, begun in db.tables.writes.items() if user_id in user_ids}


async def note_begun(db: Store, sync: SyncName, begun: Mapping[UserId, BegunWrites]) -> None:
    db.tables.writes |= begun


async def settle_begun(db: Store, sync: SyncName, left: Mapping[UserId, BegunWrites | None]) -> None:
    kept = {user_id: begun for user_id, begun in db.tables.writes.items() if user_id not in left}
    db.tables.writes = kept | {user_id: begun for user_id, begun in left.items() if begun is not None}


async def hand_over_effects(db: Store, sync: SyncName, flow: str, ended: Sequence[EndedLink]) -> set[UserId]:
    given: set[UserId] = set()
    for each in ended:
        link = db.tables.links.get(each.successor) if each.successor else None
        if link is None or link.record.id not in (each.record_id, each.moved_to):
            continue
        for key, held in list(db.tables.begun.items()):
            if _is_about(held, key, flow, each):
                del db.tables.begun[key]
                db.tables.begun[flow, link.user_id, key[2]] = _handed(held, link.user_id)
                given.add(link.user_id)
        for key, done in list(db.tables.effects.items()):
            if not done.undone and _is_about(done.effect, key, flow, each):
                del db.tables.effects[key]
                db.tables.effects[flow, link.user_id, key[2]] = Held(_handed(done.effect, link.user_id))
                given.add(link.user_id)
    return given


def _is_about(held: HeldEffect, key: tuple[str, str, str], flow: str, ended: EndedLink) -> bool:
    return key[:2] == (flow, ended.user_id) and getattr(held.effect.write, "record_id", None) == ended.record_id


def _handed(held: HeldEffect, user_id: UserId) -> HeldEffect:
    return msgspec.structs.replace(held, subject=user_id, episode=-1)


async def settle_problems(db: Store, sync: SyncName, user_ids: Sequence[UserId], found: Sequence[Problem]) -> None:
    stumbled = [each.message for each in found if each.code == "INTERNAL_ERROR"]
    assert not stumbled, f"the hub stumbled over an identity: {stumbled}"
    db.tables.problems |= {user_id: tuple(each for each in found if each.user_id == user_id) for user_id in user_ids}


async def conflicts_naming(db: Store, sync: SyncName, user_ids: Sequence[UserId]) -> dict[UserId, tuple[UserId, ...]]:
    found: dict[UserId, tuple[UserId, ...]] = {}
    for problem in (each for user_id in sorted(db.tables.problems) for each in db.tables.problems[user_id]):
        for named in user_ids:
            if problem.kind is ProblemKind.CONFLICT and problem.user_id not in (named, None):
                told = msgspec.json.encode(problem.detail.get("candidates")).decode()
                if named in told:
                    found[named] = (*found.get(named, ()), UserId(problem.user_id))
    return found


async def finish(db: Store, sync: SyncName, outcomes: Sequence[tuple[UserId, str]], seqs: Collection[int]) -> None:
    users = {user_id for user_id, _ in outcomes}
    db.tables.due = [work for work in db.tables.due if work.user_id not in users or work.seq not in seqs]


async def route(
    db: Store, sync: SyncName, lanes: int, found: Mapping[int, Collection[UserId]], nobody: str
) -> list[Lane]:
    tables = db.tables
    events = {work.seq: work.event for work in tables.due if work.user_id == NOBODY}
    pairs = {(seq, user_id) for seq, users in found.items() for user_id in users} - tables.routed
    tables.routed |= pairs
    tables.due = [work for work in tables.due if work.user_id != NOBODY or work.seq not in found]
    tables.due += [Work(seq, user_id, events[seq]) for seq, user_id in sorted(pairs)]
    return []


async def catch_up(db: Store, sync: SyncName, lanes: int, given: Mapping[RecordId, UserId], since: datetime) -> None:
    tables = db.tables
    for at, work in tables.nobodys:
        record = work.event.record
        user_id = None if record is None else given.get(record.id)
        if user_id is not None and at >= since and (work.seq, user_id) not in tables.routed:
            tables.routed.add((work.seq, user_id))
            tables.due.append(work._replace(user_id=user_id))


async def accept(db: Store, events: Sequence[tuple[TenantName, Event]], subscribers: Sequence[Subscriber]) -> Accepted:
    for _, event in events:
        db.accept(event, event.user_id or NOBODY)
    return Accepted(len(events), ())


async def none_of_these(*_: object) -> set[Any]:
    """Nobody was erased."""
    return set()


async def nothing(*_: object) -> Any:
    """What leaves no trace that the model looks at, or finds nothing."""
    return {}


@contextmanager
def in_memory() -> Iterator[None]:
    """Put the functions of this module in the places of the real ones."""
    places: list[tuple[Any, str, Any]] = [
        (links, "read", read_links),
        (links, "owners", read_owners),
        (links, "save", save_links),
        (former_links, "end", end_links),
        (former_links, "latest", latest_former),
        (former_links, "deleted_from", deleted_from),
        (identities, "read", read_identities),
        (identities, "save", save_identities),
        (identities, "primaries", primaries),
        (awaited, "register", register_awaited),
        (awaited, "settle", settle_awaited),
        (awaited, "waiting_for", waiting_for),
        (claims, "moment", moment),
        (claims, "claim", claim),
        (claims, "release", release_claims),
        (decisions, "standing", no_decisions),
        (decisions, "end", nothing),
        (quarantines, "standing", nothing),
        (erased, "records", none_of_these),
        (pauses, "standing", nothing),
        (pauses, "park", nothing),
        (effects, "read", read_effects),
        (effects, "held_by_others", effects_held_by_others),
        (effects, "begin", begin_effects),
        (effects, "take", take_effects),
        (effects, "hand_over", hand_over_effects),
        (writes_begun, "read", read_begun),
        (writes_begun, "note", note_begun),
        (writes_begun, "settle", settle_begun),
        (audit, "append", nothing),
        (problems, "settle", settle_problems),
        (problems, "open_conflicts_naming", conflicts_naming),
        (inbox, "accept", accept),
        (due, "postpone", nothing),
        (erased, "users", nothing),
        (due, "finish", finish),
        (due, "route", route),
        (due, "catch_up", catch_up),
    ]
    patches = [mock.patch.object(module, name, function) for module, name, function in places]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()
