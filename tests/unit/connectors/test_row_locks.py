"""Records that somebody else had locked go out again by themselves, not with the whole batch."""

from crosswalk.connectors.base import Rejected, RetryLater, WriteResult, Written
from crosswalk.connectors.salesforce.collections import Call
from crosswalk.connectors.salesforce.row_locks import retry_locked
from crosswalk.domain.ids import RecordId
from crosswalk.domain.write import RecordWrite
from tests.unit.connectors.test_salesforce_calls import a_create

LOCKED = RetryLater("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access", 2.0, alone=True)
AWAY = RetryLater("SERVER_UNAVAILABLE", "away", 10.0)


def people(number: int) -> list[RecordWrite]:
    return [a_create(f"auth0|{each}") for each in range(number)]


def written(write: RecordWrite) -> Written:
    return Written(RecordId(write.external_id[1]), created=True)


class Org:
    """An org in which a record is locked for so many attempts."""

    def __init__(self, locked_for: dict[str, int]) -> None:
        self.locked_for = locked_for
        self.calls: list[list[str]] = []
        self.slept: list[float] = []

    async def send(self, call: Call) -> list[WriteResult]:
        self.calls.append([write.external_id[1] for write in call.writes])
        return [self._result(write) for write in call.writes]

    def _result(self, write: RecordWrite) -> WriteResult:
        user = write.external_id[1]
        self.locked_for[user] = self.locked_for.get(user, 0) - 1
        return LOCKED if self.locked_for[user] >= 0 else written(write)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


async def test_only_what_was_locked_is_sent_again_and_keeps_its_place() -> None:
    org, writes = Org({}), people(4)
    first: list[WriteResult] = [written(writes[0]), LOCKED, Rejected("STRING_TOO_LONG", "too long"), AWAY]

    results = await retry_locked(writes, first, org.send, org.sleep)

    assert results == [first[0], written(writes[1]), first[2], AWAY]
    assert (org.calls, org.slept) == ([["auth0|1"]], [0.25])


async def test_what_stays_locked_goes_alone_and_then_waits_for_another_time() -> None:
    org, writes = Org({"auth0|2": 1, "auth0|7": 9}), people(12)

    results = await retry_locked(writes, [LOCKED] * 12, org.send, org.sleep)

    assert [len(call) for call in org.calls] == [10, 2, 1, 1]
    assert org.calls[2:] == [["auth0|2"], ["auth0|7"]]
    assert [position for position, result in enumerate(results) if result == LOCKED] == [7]


async def test_a_locked_batch_costs_a_bounded_number_of_calls() -> None:
    writes = people(500)
    org = Org({write.external_id[1]: 9 for write in writes})

    results = await retry_locked(writes, [LOCKED] * 500, org.send, org.sleep)

    assert len(org.calls) == 40
    assert results == [LOCKED] * 500


async def test_without_a_lock_nothing_is_sent() -> None:
    org, writes = Org({}), people(2)

    assert await retry_locked(writes, [AWAY, AWAY], org.send, org.sleep) == [AWAY, AWAY]
    assert (org.calls, org.slept) == ([], [])
