"""The gate between planning and writing: what would be too much at once waits for a person.

The decision is `crosswalk.reconcile.gate`; this keeps its books. What goes on is counted before it is written, by all
workers of a sync one after another, so that together they never write more than is allowed. What was counted and came
to nothing is taken back.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence

import structlog
from msgspec import Struct

from crosswalk.domain.ids import SyncName, UserId
from crosswalk.domain.plan import Plan
from crosswalk.domain.threshold import Thresholds, WriteKind
from crosswalk.engine.books import Booking
from crosswalk.reconcile.gate import gate
from crosswalk.reconcile.kinds import fingerprint_of, kinds_of
from crosswalk.store import holds
from crosswalk.store.database import Connection, Database
from crosswalk.store.holds import HELD, HeldPlan, Standing

log = structlog.get_logger()

COUNT_LINKS_EVERY_S = 60.0
"""The share that a threshold allows follows the number of links at this distance: counting a million takes a while."""


class Admission(Struct, frozen=True):
    """Which plans of a batch go on.

    Parameters
    ----------
    going
        The plans that may be carried out.
    held
        The others, each with the hold in which it waits.
    counted
        The kinds under which each of `going` was counted.
    """

    going: Mapping[UserId, Plan]
    held: Mapping[UserId, HeldPlan]
    counted: Mapping[UserId, frozenset[WriteKind]]


class MassChangeGate:
    """Keeps the thresholds of one sync.

    Parameters
    ----------
    sync, thresholds
        Whose, and which.
    database
        Where all workers count together.
    """

    def __init__(self, sync: SyncName, thresholds: Thresholds, database: Database) -> None:
        self._sync = sync
        self._thresholds = thresholds
        self._database = database
        self._linked: tuple[float, int] | None = None

    async def admit(self, plans: Mapping[UserId, Plan]) -> Admission:
        """Decide which plans go on, and count them. A batch without a limited kind costs nothing."""
        limited = {
            user_id: kinds
            for user_id, plan in plans.items()
            if (kinds := kinds_of(plan) & self._thresholds.limits.keys())
        }
        if not limited:
            return Admission(plans, {}, {})
        prints = {user_id: fingerprint_of(plans[user_id]) for user_id in limited}
        async with self._database.transaction() as connection:
            await holds.lock(connection, self._sync)
            standing = await holds.standing(connection, self._sync, self._thresholds.window_s, limited)
            wanted = {
                user_id: kinds.difference(standing.unasked)
                for user_id, kinds in limited.items()
                if standing.approved.get(user_id) != prints[user_id]
            }
            allowed = await self._allowed(connection, wanted, standing)
            verdict = gate(wanted, allowed, standing.counted, standing.open)
            numbers = dict(standing.open)
            for kind, would_be in verdict.stopped.items():
                numbers[kind] = await holds.start(
                    connection, self._sync, kind, allowed[kind], would_be, self._thresholds.window_s
                )
            await holds.count(connection, self._sync, verdict.counts)
        self._log(verdict.stopped, allowed)
        return Admission(
            going={user_id: plan for user_id, plan in plans.items() if user_id not in verdict.held},
            held={u: HeldPlan(numbers[kind], plans[u], prints[u]) for u, kind in verdict.held.items()},
            counted={u: kinds for u, kinds in wanted.items() if kinds and u not in verdict.held},
        )

    async def settle(self, connection: Connection, admission: Admission, bookings: Sequence[Booking]) -> list[Booking]:
        """Finish a batch in the caller's transaction; returns the bookings of all, those that are held included.

        A plan whose hold was decided in the meantime is booked for another try.
        """
        took_in = await holds.hold(connection, self._sync, admission.held)
        await holds.leave(connection, self._sync, [booking.user_id for booking in bookings])
        undone = Counter(
            kind
            for booking in bookings
            if not (booking.audit or booking.steps)
            for kind in admission.counted.get(booking.user_id, ())
        )
        await holds.count(connection, self._sync, {kind: -number for kind, number in undone.items()})
        waiting = [Booking(user_id, HELD if user_id in took_in else None) for user_id in admission.held]
        return [*bookings, *waiting]

    async def _allowed(
        self, connection: Connection, wanted: Mapping[UserId, frozenset[WriteKind]], standing: Standing
    ) -> dict[WriteKind, int]:
        """How many of each kind are allowed; links are only counted where the absolute number would not do."""
        numbers = Counter(kind for kinds in wanted.values() for kind in kinds)
        allowed = {}
        for kind, threshold in self._thresholds.limits.items():
            would_be = standing.counted.get(kind, 0) + numbers[kind]
            needs_share = threshold.percent is not None and would_be > threshold.count and kind not in standing.open
            allowed[kind] = threshold.allows(await self._count_links(connection) if needs_share else 0)
        return allowed

    async def _count_links(self, connection: Connection) -> int:
        now = time.monotonic()
        if self._linked is None or now - self._linked[0] > COUNT_LINKS_EVERY_S:
            self._linked = (now, await holds.linked(connection, self._sync))
        return self._linked[1]

    def _log(self, stopped: Mapping[WriteKind, int], allowed: Mapping[WriteKind, int]) -> None:
        for kind, would_be in stopped.items():
            log.warning(
                "writes_held",
                sync=self._sync,
                kind=kind.value,
                would_be=would_be,
                allowed=allowed[kind],
                window_s=self._thresholds.window_s,
            )
