"""What an answer of the org says about its limits: the calls of the day, those under way, and when to ask again."""

from datetime import UTC, datetime

import pytest

from crosswalk.connectors.allowance import Answer
from crosswalk.connectors.salesforce.limits import ApiUsage, read_answer

USED_UP = b'[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]'
CROWDED = (
    b'[{"message":"ConcurrentRequests (Concurrent API Requests) Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]'
)

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "usage", "asked_s", "content", "answer"),
    [
        (200, ApiUsage(7, 100, NOON), None, b"{}", Answer(day=(7, 100))),
        (404, ApiUsage(7, 100, NOON), None, b'[{"errorCode":"NOT_FOUND"}]', Answer(day=(7, 100))),
        (403, ApiUsage(100, 100, NOON), None, USED_UP, Answer(day=(100, 100))),
        (403, None, None, USED_UP, Answer(wait_s=60.0)),
        (403, None, 5.0, USED_UP, Answer(wait_s=5.0)),
        (403, None, None, CROWDED, Answer(crowded=True)),
        (503, None, None, CROWDED, Answer(crowded=True)),
        (503, None, 7.0, b"<html>Service Unavailable</html>", Answer(healthy=False, wait_s=7.0)),
        (500, None, None, b"", Answer(healthy=False)),
    ],
)
def test_an_answer_tells_of_the_day_of_crowding_and_of_outages(
    status: int, usage: ApiUsage | None, asked_s: float | None, content: bytes, answer: Answer
) -> None:
    assert read_answer(status, usage, asked_s, content) == answer
