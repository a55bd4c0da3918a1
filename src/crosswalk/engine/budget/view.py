"""What there is to see of the budgets: what is left, how long it lasts, who spent what, what is left alone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from crosswalk.config.budgets import define_terms
from crosswalk.config.config import Config
from crosswalk.domain.budget import TOKEN, BudgetState, EndpointState, Terms
from crosswalk.domain.budget_room import day_room, day_share, own_of_the_day
from crosswalk.domain.forecast import in_words, richness, seconds_left
from crosswalk.domain.ids import OrgName, TenantName
from crosswalk.engine.budget.leases import org_budget, tenant_budget
from crosswalk.store import budgets
from crosswalk.store.budgets import Spent
from crosswalk.store.database import Connection, Database


class EndpointView(Struct, frozen=True):
    """One class of calls.

    Parameters
    ----------
    name
        The class: `query`, `records`, `read users`.
    limit, left
        Calls that the vendor takes at once, and how many of them were left; `None` where it does not tell.
    resting_until
        Until when it is left alone, because it does not answer or asked to wait; `None` when it is not.
    because
        Why: `circuit` or `rate`; empty when it is not.
    """

    name: str
    limit: int | None
    left: int | None
    resting_until: datetime | None
    because: str


class BudgetView(Struct, frozen=True):
    """One budget.

    Parameters
    ----------
    kind, name
        `org` or `tenant`, and its configured name.
    limit, used
        Calls of the rolling 24 hours that the vendor allows, and that it has counted, as it last said.
    told_at
        When it said so.
    share, left
        What of the limit is the hub's, and how many calls of that are left; `None` where nothing bounds them.
    own
        Calls of the hub in the last 24 hours.
    reserve
        The share of each limit that is kept for others.
    forecast
        How long it lasts, in a sentence.
    lasts_until
        When it will be used up at the present rate; `None` where that is not in sight.
    richness
        From 0 (nothing left) to 1 (plenty).
    workers
        Processes that hold a part of it now.
    spent
        What the calls of the last 24 hours were made for, the most first.
    """

    kind: str
    name: str
    limit: int | None
    used: int | None
    told_at: datetime | None
    share: int | None
    left: int | None
    own: int
    reserve: float
    forecast: str
    lasts_until: datetime | None
    richness: float
    workers: int
    endpoints: tuple[EndpointView, ...]
    spent: tuple[Spent, ...]

    @property
    def resting(self) -> tuple[EndpointView, ...]:
        """The classes of calls that are left alone."""
        return tuple(each for each in self.endpoints if each.resting_until is not None)


def terms_of(config: Config) -> dict[str, Terms]:
    """The terms of every budget of a configuration, by the budget's name: orgs first."""
    orgs = {org_budget(OrgName(name)): define_terms(org.budget) for name, org in config.orgs.items()}
    tenants = {tenant_budget(TenantName(name)): define_terms(each.budget) for name, each in config.tenants.items()}
    return orgs | tenants


async def view_budgets(database: Database, terms: Mapping[str, Terms]) -> list[BudgetView]:
    """Every budget as all processes share it, in the order of `terms`."""
    async with database.transaction() as connection:
        return await read_views(connection, terms)


async def read_views(connection: Connection, terms: Mapping[str, Terms]) -> list[BudgetView]:
    """The same on a connection."""
    states, now = await budgets.read_all(connection)
    spent = await budgets.spent_of_the_day(connection)
    return [
        view(name, states.get(name, BudgetState()), its, [each for each in spent if each.name == name], now)
        for name, its in terms.items()
    ]


def view(name: str, state: BudgetState, terms: Terms, spent: Sequence[Spent], now: float) -> BudgetView:
    """Return what there is to see of one budget; `now` is the database's time, Unix time in seconds."""
    kind, _, own_name = name.partition(" ")
    room, share, lasts_s = day_room(state, terms, now), day_share(state, terms), seconds_left(state, terms, now)
    report = None if state.day is None else state.day.report
    return BudgetView(
        kind=kind,
        name=own_name,
        limit=None if report is None else report.limit,
        used=None if report is None else report.used,
        told_at=None if state.day is None else _moment(state.day.at),
        share=share,
        left=None if room is None or share is None else max(0, room),
        own=own_of_the_day(state, now),
        reserve=terms.reserve,
        forecast=in_words(state, terms, now),
        lasts_until=None if lasts_s is None else _moment(now + lasts_s),
        richness=richness(room, share, lasts_s),
        workers=len(state.leases),
        endpoints=tuple(
            _endpoint(each, known, now)
            for each, known in sorted(state.endpoints.items())
            if each != TOKEN or _rests(known)
        ),
        spent=tuple(spent),
    )


def _rests(known: EndpointState) -> bool:
    return known.breaker is not None


def _endpoint(name: str, known: EndpointState, now: float) -> EndpointView:
    resting_until, because = None, ""
    if known.breaker is not None:
        resting_until, because = _moment(max(now, known.breaker.until)), "circuit"
    elif known.blocked_until > now:
        resting_until, because = _moment(known.blocked_until), "rate"
    report = None if known.rate is None else known.rate.report
    return EndpointView(
        name, None if report is None else report.limit, None if report is None else report.left, resting_until, because
    )


def _moment(unix_s: float) -> datetime:
    return datetime.fromtimestamp(unix_s, UTC)
