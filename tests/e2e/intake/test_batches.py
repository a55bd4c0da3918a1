"""Of many identities at once, what stands of one is found and ended."""

from datetime import UTC, datetime

from crosswalk.domain.decision import Decided, Decisions, LeaveAlone
from crosswalk.domain.ids import SyncName, UserId
from crosswalk.store import awaited, decisions, problems
from crosswalk.store.database import Database
from crosswalk.store.problems import Problem, ProblemKind

SYNC = SyncName("customers")
EVERYBODY = [UserId(f"auth0|{number:04}") for number in range(1_200)]
ADA = EVERYBODY[70]


async def test_of_many_identities_what_stands_of_one_is_found_and_ended(database: Database) -> None:
    problem = Problem(SYNC, ADA, ProblemKind.FIELD_ERROR, "Contact", "Phone", "no_number", "it is no number")
    decided = Decided(LeaveAlone(), "grace", datetime(2026, 1, 1, tzinfo=UTC))
    async with database.transaction() as connection:
        await problems.settle(connection, SYNC, EVERYBODY, [problem])
        await awaited.settle(connection, SYNC, {ADA: [b"key"]})
        await decisions.decide(connection, SYNC, ADA, "", decided)

        assert [each.user_id for each in await problems.open_problems(connection)] == [ADA]
        assert await awaited.any_waits(connection, SYNC)
        assert await decisions.standing(connection, SYNC, EVERYBODY) == Decisions({ADA: decided})

        await problems.settle(connection, SYNC, EVERYBODY, [])
        await awaited.settle(connection, SYNC, dict.fromkeys(EVERYBODY, ()))
        await decisions.end(connection, SYNC, [(ADA, "")], decisions.REOPENED)

        assert await problems.open_problems(connection) == []
        assert not await awaited.any_waits(connection, SYNC)
        assert await decisions.standing(connection, SYNC, EVERYBODY) == Decisions()
