"""Looks every few seconds whether something needs a person, and tells it by webhook: when it begins, and when it ends.

What is wrong is decided by one worker at a time from what all of them stored. Alerts are kept in the database until
they arrived, so neither a restart nor a receiver that is away loses or repeats one; a receiver that sees one twice
knows it by its id and state.
"""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC

import httpx
import structlog
from msgspec import Struct

from crosswalk.config.alerts import AlertsConfig
from crosswalk.connectors.alert_webhook import TIMEOUT_S, body_of, post
from crosswalk.connectors.http import Timeouts, open_http
from crosswalk.connectors.secret import Secret
from crosswalk.domain.alert import Cause, Condition
from crosswalk.domain.budget import Terms
from crosswalk.domain.ids import SyncName
from crosswalk.engine import supervise
from crosswalk.engine.budget.view import BudgetView, read_views
from crosswalk.store import alerts, monitoring, source_hours
from crosswalk.store.alerts import FailingPart
from crosswalk.store.database import Connection, Database, fetch_row
from crosswalk.store.monitoring import Backlog, OpenProblems
from crosswalk.store.problems import ProblemKind
from crosswalk.store.source_hours import Silence

log = structlog.get_logger()

LOOK_EVERY_S = 5.0
COUNT_EVERY_S = 60.0
TIMES_THE_USUAL = 2.0
KNOWN_FOR_S = 7 * 86_400.0
"""A source has to be known for a week, with its nights and its weekend, before its silence says something."""

UP_FOR_S = 1800.0
"""After the hub was away, senders need a while to send again what they could not deliver."""

LOCK = 0x616C7274
"""Held by the transaction that looks: another worker then does not."""

TRY_LOCK = "SELECT pg_try_advisory_xact_lock(%s)"


class Seen(Struct, frozen=True):
    """What there is to judge."""

    backlogs: Sequence[Backlog] = ()
    problems: Sequence[OpenProblems] = ()
    budgets: Sequence[BudgetView] = ()
    failing: Sequence[FailingPart] = ()
    silences: Sequence[Silence] = ()
    pauses: Sequence[tuple[str, str]] = ()
    drift: Mapping[str, int] = {}
    holds: int = 0


def conditions(seen: Seen, limits: AlertsConfig) -> list[Condition]:
    """What somebody should be told of."""
    return [
        *_of_problems(seen.problems, limits),
        *_of_lag(seen.backlogs, limits.lag_above.total_seconds()),
        *_of_budgets(seen.budgets, limits.budget_below),
        *_of_parts(seen.failing, limits.source_fails_for.total_seconds()),
        *_of_silences(seen.silences, limits.source_silent_for.total_seconds()),
        *(Condition(Cause.PAUSED, name, f"{name} stands still: {code}") for name, code in seen.pauses),
        *(
            Condition(Cause.DRIFT, sync, f"the last drift check of {sync} left {left} differences", {"left": left})
            for sync, left in seen.drift.items()
            if left > limits.drift_above
        ),
        *(
            [Condition(Cause.HELD, "all", f"{seen.holds} mass changes wait for a person", {"holds": seen.holds})]
            if seen.holds
            else []
        ),
    ]


def _of_problems(problems: Sequence[OpenProblems], limits: AlertsConfig) -> list[Condition]:
    allowed = {
        ProblemKind.DEAD_LETTER.value: (Cause.DEAD_LETTERS, "dead letters", limits.dead_letters_above),
        ProblemKind.CONFLICT.value: (Cause.CONFLICTS, "conflicts", limits.conflicts_above),
    }
    found = []
    for each in problems:
        if each.kind in allowed and each.open > allowed[each.kind][2]:
            cause, words, most = allowed[each.kind]
            figures = {"open": each.open, "allowed": most}
            found.append(Condition(cause, each.sync, f"{each.open} {words} are open in {each.sync}", figures))
    return found


def _of_lag(backlogs: Sequence[Backlog], most_s: float) -> list[Condition]:
    return [
        Condition(
            Cause.LAG,
            each.sync,
            f"the oldest event of {each.sync} has waited for {each.oldest_s / 60:.0f} minutes",
            {"oldest_s": round(each.oldest_s, 1), "allowed_s": most_s, "waiting": each.waiting},
        )
        for each in backlogs
        if each.oldest_s > most_s
    ]


def _of_budgets(budgets: Sequence[BudgetView], least: int) -> list[Condition]:
    found = []
    for each in budgets:
        if each.left is None or not each.share:
            continue
        percent = 100 * each.left / each.share
        if percent < least:
            subject = f"{each.kind} {each.name}"
            words = f"{percent:.0f} % of the hub's share of the daily API calls to {subject} are left. {each.forecast}"
            figures = {"left": each.left, "share": each.share, "least_percent": least}
            found.append(Condition(Cause.BUDGET, subject, words, figures))
    return found


def _of_parts(failing: Sequence[FailingPart], most_s: float) -> list[Condition]:
    return [
        Condition(
            Cause.SOURCE,
            each.part,
            f"{each.part} has failed for {each.failing_s / 60:.0f} minutes ({each.error})",
            {"failing_s": round(each.failing_s, 1), "allowed_s": most_s},
        )
        for each in failing
        if each.failing_s > most_s
    ]


def _of_silences(silences: Sequence[Silence], least_s: float) -> list[Condition]:
    """Sources that are silent for longer than they ever are, as far as they are known long enough to tell."""
    found = []
    for each in silences:
        allowed_s = max(least_s, TIMES_THE_USUAL * each.usual_s)
        if each.known_s >= KNOWN_FOR_S and each.silent_s > allowed_s:
            words = (
                f"the {each.name} has been silent since {each.last_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, for "
                f"{each.silent_s / 3600:.0f} hours; `crosswalk doctor` says whether it is set up and switched on"
            )
            figures = {"silent_s": round(each.silent_s), "allowed_s": round(allowed_s)}
            found.append(Condition(Cause.QUIET, each.name, words, figures))
    return found


class Alerting:
    """Looks and tells, for one process.

    Parameters
    ----------
    database, syncs
        Where everything is, and which syncs are looked at.
    terms
        The terms of each budget, by its name.
    sources
        The sources that are configured: tenant, org (one of them empty) and name.
    limits
        When somebody is told, and where.
    hub_url
        How the alert names the hub.
    """

    def __init__(
        self,
        database: Database,
        syncs: Sequence[SyncName],
        terms: Mapping[str, Terms],
        sources: Collection[tuple[str, str, str]],
        limits: AlertsConfig,
        hub_url: str | None,
    ) -> None:
        self._database = database
        self._syncs = syncs
        self._terms = terms
        self._sources = frozenset(sources)
        self._started = time.monotonic()
        self._count_at = float("-inf")
        self._limits = limits
        self._hub_url = hub_url

    async def run(self) -> None:
        """Look and tell every few seconds, until cancelled."""
        timeouts = Timeouts(connect=TIMEOUT_S, read=TIMEOUT_S, write=TIMEOUT_S, pool=TIMEOUT_S)
        async with open_http(self._limits.ca_file, timeouts, connections=2) as client:
            while True:
                await self.look()
                await self.tell(client)
                await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Say which parts of this process fail; then, unless another process does, note everything that is wrong."""
        own = supervise.failing(time.monotonic())
        async with self._database.transaction() as connection:
            if own:
                await alerts.say_failing(connection, own)
        async with self._database.transaction() as connection:
            if (await fetch_row(connection, TRY_LOCK, (LOCK,)))[0]:
                if time.monotonic() >= self._count_at and await source_hours.count(connection):
                    self._count_at = time.monotonic() + COUNT_EVERY_S
                await alerts.see(connection, conditions(await self._seen(connection), self._limits))

    async def _seen(self, connection: Connection) -> Seen:
        return Seen(
            backlogs=await monitoring.backlogs(connection, self._syncs),
            problems=await monitoring.open_problems(connection, self._syncs),
            budgets=await read_views(connection, self._terms),
            failing=await alerts.failing(connection),
            silences=await self._silences(connection),
            pauses=await alerts.pauses(connection),
            drift=await alerts.drift(connection),
            holds=await monitoring.open_holds(connection),
        )

    async def _silences(self, connection: Connection) -> list[Silence]:
        if time.monotonic() - self._started < UP_FOR_S:
            return []
        known = await source_hours.silences(connection)
        return [each for each in known if (each.tenant, each.org, each.source) in self._sources]

    async def tell(self, client: httpx.AsyncClient) -> None:
        """Post what is untold, unless another process does; what does not arrive is tried again later."""
        secret = self._limits.signing_secret
        url = Secret(self._limits.url.get_secret_value())
        async with self._database.transaction() as connection:
            if not await alerts.any_untold(connection):
                return
        async with self._database.session() as session:
            if not (await fetch_row(session, "SELECT pg_try_advisory_lock(%s)", (LOCK,)))[0]:
                return
            async with self._database.transaction() as connection:
                waiting = await alerts.untold(connection)
            for alert in waiting:
                body = body_of(alert, self._hub_url)
                refused = await post(client, url, Secret(secret.get_secret_value()) if secret else None, body)
                async with self._database.transaction() as connection:
                    if refused is None:
                        await alerts.told(connection, alert)
                        log.info("alert_sent", alert=alert.id, state=alert.state.value, cause=alert.condition.key)
                    else:
                        await alerts.try_later(connection, alert)
                        log.warning("alert_not_sent", alert=alert.id, attempts=alert.attempts + 1, reason=refused)
