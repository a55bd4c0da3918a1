"""What there is to see: one place that the console's pages and the admin API both read from."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeAlias, TypeVar

from msgspec import Struct

from crosswalk.api.identity_view import IdentityView, MappedValue, view_fields
from crosswalk.domain.budget import Terms
from crosswalk.domain.definition import SyncDefinition, Target
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import OrgName, SyncName, TenantName, UserId
from crosswalk.domain.link import Link
from crosswalk.domain.pause import Pause, stops
from crosswalk.engine.budget.view import BudgetView, view_budgets
from crosswalk.store import drift_checks, holds, identities, links, overview, pauses, problems, search
from crosswalk.store.database import Database
from crosswalk.store.drift_checks import PastCheck
from crosswalk.store.holds import Hold
from crosswalk.store.overview import NEWEST, ReceivedEvent, SyncLoad, WrittenRecord
from crosswalk.store.problems import Problem
from crosswalk.store.search import FoundIdentity

Explain: TypeAlias = Callable[[SyncDefinition, Target, Identity], Mapping[str, MappedValue]]
"""Evaluates the mapping of one target over one identity: field → its value or why it has none."""

T = TypeVar("T")

SHARE_OF_TIME = 0.02
SHORTEST_PAUSE_S = 0.5


class Usage(Struct, frozen=True):
    """API calls of an org in its rolling 24 hours, counted and allowed, as it last said, and when it did."""

    used: int
    allowed: int
    seen_at: datetime


class SyncOverview(Struct, frozen=True):
    """One sync at a glance."""

    definition: SyncDefinition
    tenant_domain: str
    org_url: str
    load: SyncLoad
    linked: int
    problems: Mapping[str, int]
    usage: Usage | None
    checked: PastCheck | None = None
    """The newest drift check that came to its end."""
    paused: bool = False
    """Whether nothing of it is worked on, because it, its tenant or its org pauses."""

    @property
    def state(self) -> str:
        """`paused`, `needs_attention`, `retrying`, `working` or `idle`; the first that applies."""
        if self.paused:
            return "paused"
        if any(count for kind, count in self.problems.items() if kind != problems.ProblemKind.RETRYING):
            return "needs_attention"
        if self.load.retrying or self.problems.get(problems.ProblemKind.RETRYING):
            return "retrying"
        return "working" if self.load.waiting else "idle"


class Overview(Struct, frozen=True):
    """All syncs, and what happened last."""

    syncs: tuple[SyncOverview, ...]
    events: tuple[ReceivedEvent, ...]
    writes: tuple[WrittenRecord, ...]
    problems: tuple[Problem, ...]
    holds: tuple[Hold, ...] = ()
    pauses: tuple[Pause, ...] = ()
    budgets: tuple[BudgetView, ...] = ()


class Paced(Generic[T]):
    """A figure that is slow to read: read again only so often that reading takes 2 % of the time."""

    def __init__(self, read: Callable[[], Awaitable[T]]) -> None:
        self._read = read
        self._lock = asyncio.Lock()
        self._kept: tuple[float, T] | None = None

    async def get(self) -> T:
        """Return the figure, at most half a second or fifty times its reading time old."""
        async with self._lock:
            started = time.monotonic()
            if self._kept is not None and started < self._kept[0]:
                return self._kept[1]
            value = await self._read()
            took = time.monotonic() - started
            self._kept = (started + max(SHORTEST_PAUSE_S, took / SHARE_OF_TIME), value)
            return value


@dataclass(frozen=True)
class _Counts:
    linked: Mapping[SyncName, int]
    problems: Mapping[SyncName, Mapping[str, int]]


class ConsoleData:
    """Everything that the console and the admin API show, read from the database.

    Parameters
    ----------
    database
        Open while requests are served.
    definitions
        The configured syncs.
    tenant_domains, org_urls
        For display, and for links to records (`https://….my.salesforce.com`).
    explain
        Evaluates a target's mapping over an identity.
    terms
        Of every budget, by its name.
    """

    def __init__(
        self,
        database: Database,
        definitions: Mapping[SyncName, SyncDefinition],
        tenant_domains: Mapping[TenantName, str],
        org_urls: Mapping[OrgName, str],
        explain: Explain,
        terms: Mapping[str, Terms],
    ) -> None:
        self.database = database
        self.terms = terms
        self.definitions = definitions
        self.tenant_domains = tenant_domains
        self.org_urls = org_urls
        self._explain = explain
        self._counts = Paced(self._read_counts)

    async def overview(self, limit: int = 25) -> Overview:
        """The syncs, and the newest events, writes and open problems, at most `limit` of each."""
        counts = await self._counts.get()
        seen_budgets = await view_budgets(self.database, self.terms)
        names = list(self.definitions)
        async with self.database.transaction() as connection:
            load = await overview.load(connection, names)
            events = await overview.events(connection, names, limit)
            writes = await overview.writes(connection, limit)
            open_problems = await overview.problems(connection, limit)
            stopped = await holds.waiting(connection)
            standing = await pauses.standing(connection)
            checked = {name: await drift_checks.last(connection, name) for name in names}
        return Overview(
            syncs=tuple(
                SyncOverview(
                    definition=definition,
                    tenant_domain=self.tenant_domains.get(definition.tenant, definition.tenant),
                    org_url=self.org_urls.get(definition.org, ""),
                    load=load[name],
                    linked=counts.linked.get(name, 0),
                    problems=counts.problems.get(name, {}),
                    usage=_usage(seen_budgets, definition.org),
                    checked=checked[name],
                    paused=any(stops(pause, definition) for pause in standing),
                )
                for name, definition in self.definitions.items()
            ),
            events=tuple(events),
            writes=tuple(writes),
            problems=tuple(open_problems),
            holds=tuple(stopped),
            pauses=tuple(standing),
            budgets=tuple(seen_budgets),
        )

    async def events(self, limit: int, before: int = NEWEST) -> list[ReceivedEvent]:
        """The newest events older than number `before`."""
        async with self.database.transaction() as connection:
            return await overview.events(connection, list(self.definitions), limit, before)

    async def writes(self, limit: int, before: int = NEWEST) -> list[WrittenRecord]:
        """The newest record writes older than ledger row `before`."""
        async with self.database.transaction() as connection:
            return await overview.writes(connection, limit, before)

    async def problems(self, limit: int, before: int = NEWEST) -> list[Problem]:
        """The youngest open problems older than number `before`."""
        async with self.database.transaction() as connection:
            return await overview.problems(connection, limit, before)

    async def find(self, text: str, limit: int, offset: int = 0) -> list[FoundIdentity]:
        """The identities that `text` finds, the most recently changed first."""
        syncs = [(name, definition.tenant) for name, definition in self.definitions.items()]
        async with self.database.transaction() as connection:
            return await search.find(connection, syncs, text, limit, offset)

    async def identity(self, sync: SyncName, user_id: UserId, limit: int = 100) -> IdentityView | None:
        """One identity with its record and history; `None` when neither an event nor a state of it is known."""
        definition = self.definitions.get(sync)
        if definition is None:
            return None
        async with self.database.transaction() as connection:
            identity = (await identities.read(connection, definition.tenant, [user_id])).get(user_id)
            link = (await links.read(connection, sync, [user_id])).get(user_id)
            events = await overview.events_of_user(connection, sync, definition.tenant, user_id, limit)
            writes = await overview.writes_of_user(connection, sync, user_id, limit)
            found_problems = await problems.of_identity(connection, sync, user_id, limit)
            record_id = link.record.id if link else ""
            changes = await overview.last_change_of_fields(connection, sync, user_id, record_id) if link else {}
        if identity is None and not events and link is None:
            return None
        target = _target_of(definition, link)
        mapped = self._explain(definition, target, identity) if identity is not None and target is not None else {}
        return IdentityView(
            definition=definition,
            user_id=user_id,
            identity=identity,
            link=link,
            object=target.object if target else "",
            record_url=self.record_url(definition.org, record_id),
            fields=view_fields(target, mapped, link, changes),
            events=tuple(events),
            writes=tuple(writes),
            problems=tuple(found_problems),
        )

    def record_url(self, org: OrgName, record_id: str) -> str:
        """Where a record opens in its org; empty when that is not known."""
        url = self.org_urls.get(org, "").rstrip("/")
        return f"{url}/{record_id}" if record_id and url.startswith(("https://", "http://")) else ""

    async def _read_counts(self) -> _Counts:
        names = list(self.definitions)
        async with self.database.transaction() as connection:
            return _Counts(await overview.linked(connection, names), await overview.open_problems(connection, names))


def _usage(budgets: Sequence[BudgetView], org: OrgName) -> Usage | None:
    for each in budgets:
        if (each.kind, each.name) == ("org", org) and each.limit is not None and each.told_at is not None:
            return Usage(each.used or 0, each.limit, each.told_at)
    return None


def _target_of(definition: SyncDefinition, link: Link | None) -> Target | None:
    """The target that the record belongs to; before there is one, the one that would create it."""
    if link is not None:
        return next((t for t in definition.targets if t.object == link.record.object), None)
    return next((t for t in definition.targets if t.create), next(iter(definition.targets), None))
