"""`/metrics` in Prometheus' text format: what this process did, and what all processes of the hub share.

What they share is read from the database when somebody asks, at most once in five seconds. Every process gives the
same figures for it: take one with `max by`, never their sum.
"""

import hmac
import time
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry
from psycopg import Error
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from crosswalk import __version__
from crosswalk.api.sole_question import SoleQuestion
from crosswalk.connectors.secret import Secret
from crosswalk.domain.budget import Terms
from crosswalk.domain.ids import SyncName
from crosswalk.domain.pause import Pause
from crosswalk.engine.budget.view import BudgetView, read_views
from crosswalk.engine.metrics import own_figures
from crosswalk.store import monitoring, pauses
from crosswalk.store.database import Connection, Database
from crosswalk.store.monitoring import Backlog, LastEvent, OpenProblems, Position
from crosswalk.store.problems import ProblemKind

KEEP_S = 5.0
"""For so long what was read is given again: several who ask cost the database no more than one."""

ANSWER_WITHIN_S = 2.0

Labels = Mapping[str, str]


class Shared(Struct, frozen=True):
    """What all processes of the hub share, as the database had it."""

    backlogs: Sequence[Backlog]
    problems: Sequence[OpenProblems]
    positions: Sequence[Position]
    last_events: Sequence[LastEvent]
    holds: int
    workers: int
    pauses: Sequence[Pause] = ()
    budgets: Sequence[BudgetView] = ()


class SharedFigures:
    """Reads what all processes share, and keeps it for a moment.

    Parameters
    ----------
    database
        Where it is.
    syncs
        The syncs of the configuration: each has a backlog and a count of each kind of problem, if only 0.
    terms
        The terms of each budget, by its name.
    """

    def __init__(self, database: Database, syncs: Sequence[SyncName], terms: Mapping[str, Terms]) -> None:
        self._database = database
        self._syncs = syncs
        self._terms = terms
        self._question = SoleQuestion(self._ask)
        self._read: Shared | None = None
        self._read_at = float("-inf")

    async def current(self) -> Shared | None:
        """The figures; `None` while the database does not answer."""
        if time.monotonic() - self._read_at < KEEP_S:
            return self._read
        try:
            self._read = await self._question.answer(ANSWER_WITHIN_S)
        except (Error, PoolTimeout, TimeoutError):
            self._read = None
        self._read_at = time.monotonic()
        return self._read

    async def _ask(self) -> Shared:
        async with self._database.pool.connection(timeout=ANSWER_WITHIN_S) as connection:
            return await self._read_all(connection)

    async def _read_all(self, connection: Connection) -> Shared:
        return Shared(
            backlogs=await monitoring.backlogs(connection, self._syncs),
            problems=_with_zeros(await monitoring.open_problems(connection, self._syncs), self._syncs),
            positions=await monitoring.positions(connection),
            last_events=await monitoring.last_events(connection),
            holds=await monitoring.open_holds(connection),
            workers=await monitoring.live_workers(connection),
            pauses=await pauses.standing(connection),
            budgets=await read_views(connection, self._terms),
        )


class _SharedCollector(Collector):
    """Puts one reading into the library's terms."""

    def __init__(self, shared: Shared | None) -> None:
        self._shared = shared

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Every figure, with its labels."""
        yield _gauge("crosswalk_build_info", "Always 1; the version that runs.", [({"version": __version__}, 1)])
        up = 0 if self._shared is None else 1
        yield _gauge("crosswalk_database_up", "1 while the database answers.", [({}, up)])
        if self._shared is not None:
            yield from _families(self._shared)


def _families(shared: Shared) -> Iterable[GaugeMetricFamily]:
    waiting = [({"sync": each.sync}, each) for each in shared.backlogs]
    yield _gauge(
        "crosswalk_events_waiting",
        f"Events that are not dealt with, counted up to {monitoring.MOST_COUNTED:,}.",
        [(labels, each.waiting) for labels, each in waiting],
    )
    yield _gauge(
        "crosswalk_events_retrying",
        "Those of them that were tried before.",
        [(labels, each.retrying) for labels, each in waiting],
    )
    yield _gauge(
        "crosswalk_oldest_event_waiting_seconds",
        "How long the oldest of them has waited; 0 when nothing waits.",
        [(labels, each.oldest_s) for labels, each in waiting],
    )
    yield _gauge(
        "crosswalk_problems_open",
        "Problems that are open: dead letters, conflicts and the other kinds.",
        [({"sync": each.sync, "kind": each.kind}, each.open) for each in shared.problems],
    )
    yield _gauge("crosswalk_holds_open", "Mass changes that wait for a person.", [({}, shared.holds)])
    yield _gauge(
        "crosswalk_paused",
        "1 for each tenant, org, sync or flow that stands still until something is put right.",
        [({"kind": each.kind.value, "name": each.name}, 1) for each in shared.pauses],
    )
    yield _gauge("crosswalk_workers", "Workers that gave a sign of life within half a minute.", [({}, shared.workers)])
    yield _gauge(
        "crosswalk_source_moved_timestamp_seconds",
        "When the position of a pull source last moved, Unix time.",
        [(_origin(each), each.moved_at.timestamp()) for each in shared.positions],
    )
    yield _gauge(
        "crosswalk_source_last_event_timestamp_seconds",
        f"When the last event of a source came, of the newest {monitoring.NEWEST_EVENTS:,}, Unix time.",
        [(_origin(each), each.received_at.timestamp()) for each in shared.last_events],
    )
    yield _gauge(
        "crosswalk_api_calls_used",
        "API calls of an org in the last 24 hours, by anybody, as the org last said.",
        [({"org": each.name}, each.used) for each in shared.budgets if each.kind == "org" and each.used is not None],
    )
    yield _gauge(
        "crosswalk_api_calls_allowed",
        "API calls that the org allows in 24 hours.",
        [({"org": each.name}, each.limit) for each in shared.budgets if each.kind == "org" and each.limit is not None],
    )
    yield from _of_budgets(shared.budgets)


def _of_budgets(budgets: Sequence[BudgetView]) -> Iterable[GaugeMetricFamily]:
    yield _gauge(
        "crosswalk_budget_calls_share",
        "API calls of the day that are the hub's: what the vendor allows without the reserve, or what was configured.",
        [({"kind": each.kind, "name": each.name}, each.share) for each in budgets if each.share is not None],
    )
    yield _gauge(
        "crosswalk_budget_calls_left",
        "API calls that are left of the hub's share of the day.",
        [({"kind": each.kind, "name": each.name}, each.left) for each in budgets if each.left is not None],
    )
    yield _gauge(
        "crosswalk_budget_lasts_until_timestamp_seconds",
        "When the hub's share of the day is used up at the present rate, Unix time; absent while that is not in sight.",
        [
            ({"kind": each.kind, "name": each.name}, each.lasts_until.timestamp())
            for each in budgets
            if each.lasts_until is not None
        ],
    )
    yield _gauge(
        "crosswalk_budget_told_timestamp_seconds",
        "When the vendor last told its count of the day, Unix time.",
        [({"kind": each.kind, "name": each.name}, each.told_at.timestamp()) for each in budgets if each.told_at],
    )
    yield _gauge(
        "crosswalk_budget_calls_spent",
        "API calls of the hub in the last 24 hours, by what they were made for.",
        [
            ({"kind": each.kind, "name": each.name, "purpose": spent.purpose, "sync": spent.sync}, spent.calls)
            for each in budgets
            for spent in each.spent
        ],
    )
    yield _gauge(
        "crosswalk_endpoint_resting",
        "1 for each group of endpoints that is left alone: it does not answer, or the vendor asked to wait.",
        [
            ({"kind": each.kind, "name": each.name, "endpoint": endpoint.name, "because": endpoint.because}, 1)
            for each in budgets
            for endpoint in each.resting
        ],
    )


def metrics_route(figures: SharedFigures, token: Secret | None) -> Route:
    """`GET /metrics`, for whoever has the token; `None` means that whoever reaches the address may read."""

    async def read(request: Request) -> Response:
        if token is not None and not _is_allowed(request, token):
            return PlainTextResponse(
                "send the token of monitoring.token as `Authorization: Bearer …`\n",
                401,
                {"WWW-Authenticate": "Bearer"},
            )
        return Response(exposition(await figures.current()), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return Route("/metrics", read)


def exposition(shared: Shared | None) -> bytes:
    """This process's figures and the shared ones, as text."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_SharedCollector(shared))
    return generate_latest(own_figures()) + generate_latest(registry)


def _is_allowed(request: Request, token: Secret) -> bool:
    given = request.headers.get("authorization", "").encode("utf-8", "surrogatepass")
    return hmac.compare_digest(given, f"Bearer {token.reveal()}".encode())


def _with_zeros(found: Sequence[OpenProblems], syncs: Sequence[SyncName]) -> list[OpenProblems]:
    """Every kind of every sync: a figure that appears with the first problem cannot be alerted on before."""
    numbers = {(each.sync, each.kind): each.open for each in found}
    return [OpenProblems(sync, kind, numbers.get((sync, kind), 0)) for sync in syncs for kind in ProblemKind]


def _origin(each: Position | LastEvent) -> Labels:
    return {"tenant": each.tenant, "org": each.org, "source": each.source}


def _gauge(name: str, meaning: str, samples: Sequence[tuple[Labels, float]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=list(samples[0][0]) if samples else [])
    for labels, value in samples:
        family.add_metric(list(labels.values()), value)
    return family
