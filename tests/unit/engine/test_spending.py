"""How a batch is split by what it is for."""

from datetime import UTC, datetime

from crosswalk.connectors.allowance import SPENDER
from crosswalk.domain.event import Disposition, Event, Source
from crosswalk.domain.ids import UserId
from crosswalk.domain.purpose import Purpose, Spender
from crosswalk.engine.budget.spending import by_purpose, counted_as
from crosswalk.store.due import DueEvent


def an_event(seq: int, user: str, purpose: Purpose) -> DueEvent:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    event = Event(str(seq), Source.LOG_STREAM, "s", at, Disposition.CHANGED, b"{}", UserId(user), purpose=purpose)
    return DueEvent(seq, event, 0.0)


BATCH = [
    an_event(1, "ada", Purpose.ACTIVITY),
    an_event(2, "bob", Purpose.PROFILE),
    an_event(3, "cid", Purpose.OFFBOARDING),
    an_event(4, "ada", Purpose.PROFILE),
    an_event(5, "dan", Purpose.ACTIVITY),
]


def test_a_batch_of_a_scarce_budget_is_split_and_each_identity_stays_whole():
    parts = by_purpose(BATCH, richness=0.2)

    assert [(purpose, [item.seq for item in part]) for purpose, part in parts] == [
        (Purpose.OFFBOARDING, [3]),
        (Purpose.PROFILE, [1, 2, 4]),
        (Purpose.ACTIVITY, [5]),
    ]


def test_a_batch_of_a_rich_budget_stays_whole_and_counts_as_what_most_identities_are_for():
    assert by_purpose(BATCH, richness=1.0) == [(Purpose.PROFILE, BATCH)]


async def test_a_part_of_the_worker_spends_for_its_purpose_and_nobody_else_does():
    seen: list[Spender] = []

    async def part() -> None:
        seen.append(SPENDER.get())

    await counted_as(Purpose.BACKFILL, part)()
    await part()

    assert seen == [Spender(Purpose.BACKFILL), Spender(Purpose.PROFILE)]
