"""Auth0's rate limits: the headers of every answer, and which calls are limited together."""

import httpx

from crosswalk.connectors.allowance import Answer
from crosswalk.connectors.auth0.errors import asked_wait

BUSY_S = 1.0


def endpoint_of(method: str, path: str) -> str:
    """The class of a call: the vendor's plans limit reading and writing of each resource apart.

    Source: "Rate Limit Configurations". On plans with one limit for the whole API each class learns of it by its own
    answers.
    """
    resource = path.partition("/")[0]
    return f"{'read' if method == 'GET' else 'write'} {resource}"


def read_answer(answer: httpx.Response, now: float) -> Answer:
    """Return what an answer says about the tenant's limits; `now` is Unix time in seconds."""
    limit, left = answer.headers.get("x-ratelimit-limit", ""), answer.headers.get("x-ratelimit-remaining", "")
    wait_s = None
    if answer.status_code == 429:
        wait_s = asked_wait(answer.headers, now)
        wait_s = BUSY_S if wait_s is None else wait_s
    return Answer(
        healthy=answer.status_code < 500,
        rate=(int(limit), int(left)) if limit.isdigit() and left.isdigit() else None,
        wait_s=wait_s,
    )
