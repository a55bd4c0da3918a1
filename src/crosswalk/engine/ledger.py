"""The ledger: bookings of a batch are stored together, in one transaction with the outcomes of its events."""

from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from msgspec import UnsetType

from crosswalk.connectors.errors import WITHHELD
from crosswalk.domain.flow import DEACTIVATION
from crosswalk.domain.ids import SyncName
from crosswalk.engine.books import Booking
from crosswalk.store import audit, claims, decisions, due, effects, former_links, links, problems, writes_begun
from crosswalk.store.database import Connection
from crosswalk.store.problems import ProblemKind

Item = TypeVar("Item")


async def store(connection: Connection, sync: SyncName, bookings: Sequence[Booking], seqs: Collection[int]) -> None:
    """Store a batch's bookings in the caller's transaction, a statement per table; `seqs` are the events it read."""
    ends = _all(b.ends for b in bookings)
    await former_links.end(connection, sync, ends)
    # Whose record another identity of the batch takes over is reconciled again, too.
    taken = {(end.user_id, end.record_id) for end in ends if end.successor is not None}
    kept = [b.link for b in bookings if b.link is not None and (b.user_id, b.link.record.id) not in taken]
    saved = await links.save(connection, sync, kept)
    lost = {b.user_id for b in bookings if b.link is not None and b.link.user_id not in saved}
    await audit.append(connection, _all(b.audit for b in bookings))
    await effects.take(connection, sync, _all(b.steps for b in bookings))
    passed_on = [end for end in ends if end.successor is not None]
    if passed_on:
        # What the flow did to these records is now a matter of their new users, who look at it in another round.
        lost |= await effects.hand_over(connection, sync, DEACTIVATION, passed_on)
    await decisions.end(connection, sync, [(b.user_id, field) for b in bookings for field in b.decided], decisions.DONE)
    await problems.settle(connection, sync, [b.user_id for b in bookings], _all(b.problems for b in bookings))
    await writes_begun.settle(
        connection,
        sync,
        {b.user_id: b.begun for b in bookings if not isinstance(b.begun, UnsetType) and b.user_id not in lost},
    )
    await claims.release(connection, sync, [b.user_id for b in bookings])
    # Another identity linked the record first: reconciled again, this one will find that out and become a conflict.
    waits = [(b.user_id, b.wait_s) for b in bookings if b.outcome is None or b.user_id in lost]
    await due.postpone(connection, sync, waits, seqs, {b.user_id for b in bookings if _is_withheld(b)})
    outcomes = [(b.user_id, b.outcome) for b in bookings if b.outcome is not None and b.user_id not in lost]
    await due.finish(connection, sync, outcomes, seqs)


def _is_withheld(booking: Booking) -> bool:
    """Whether the identity waits for the budget alone: nothing was tried that could count as an attempt."""
    causes = {problem.code for problem in booking.problems if problem.kind is ProblemKind.RETRYING}
    return bool(causes) and causes <= WITHHELD


def _all(groups: Iterable[Sequence[Item]]) -> list[Item]:
    return [item for group in groups for item in group]
