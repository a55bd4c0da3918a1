"""Nothing that a client can send makes the hub fail: the admin API by its own description, the webhooks by anything."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from crosswalk_sandbox.process import SandboxProcess
from tests.databases import Databases
from tests.e2e.hub.command_line import a_lasting_system
from tests.e2e.hub.conftest import EVENT_TOKEN, LOG_TOKEN, System, a_user, an_event, hub_client

BODIES = int(os.environ.get("CROSSWALK_FUZZ", "600"))
"""How many bodies are posted to webhooks in all; `make fuzz` posts 100,000."""

CALLS = max(16, BODIES // 400)
"""How many calls of each operation of the admin API there are, for each of the two ways of making them up."""

FUZZED = settings(
    deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ANSWERS = {204, 400, 413, 422}
OPERATIONS = [
    "GET /api/v1/overview",
    "GET /api/v1/events",
    "GET /api/v1/writes",
    "GET /api/v1/problems",
    "GET /api/v1/identities",
    "GET /api/v1/identities/{sync}/{user_id}",
    "GET /api/v1/conflicts",
    "GET /api/v1/conflicts/{number}",
    "POST /api/v1/conflicts/{number}/decision",
    "POST /api/v1/conflicts/{number}/release",
    "POST /api/v1/conflicts/{number}/reopen",
    "GET /api/v1/holds",
    "GET /api/v1/holds/{number}",
    "GET /api/v1/holds/{number}/plans",
    "POST /api/v1/holds/{number}/decision",
    "GET /api/v1/pauses",
    "POST /api/v1/pauses/{number}/resume",
    "GET /api/v1/deadletters",
    "GET /api/v1/deadletters/causes",
    "GET /api/v1/deadletters/{number}",
    "POST /api/v1/deadletters/{number}/values",
    "POST /api/v1/deadletters/replay",
    "POST /api/v1/deadletters/discard",
    "GET /api/v1/backfills",
    "GET /api/v1/backfills/{number}",
    "GET /api/v1/backfills/{number}/findings",
    "POST /api/v1/backfills",
    "POST /api/v1/backfills/{number}/action",
    "GET /api/v1/budgets",
    "GET /api/v1/links",
    "POST /api/v1/links/forget",
    "GET /api/v1/subjects",
    "GET /api/v1/subjects/export",
    "GET /api/v1/subjects/erasures",
    "POST /api/v1/subjects/erasures",
]
ALLOWED = {"GET": {200, 404, 422}, "POST": {200, 204, 400, 404, 409, 422}}


@pytest.fixture(scope="module")
def system(
    sandbox_process: SandboxProcess, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    """A running hub that knows some people, a problem and a conflict."""
    folder = tmp_path_factory.mktemp("fuzzed")
    with a_lasting_system(sandbox_process, databases, folder) as system:
        system.sources = {"event_stream": {"token": "${EVENT_TOKEN}"}, "log_stream": {"token": "${LOG_TOKEN}"}}
        hub = system.start()
        with hub_client(hub) as client:
            for number in range(8):
                refused = {"user_metadata": {"title": "x" * 200}} if number == 7 else {}
                shared = {"email": "same@example.com", "email_verified": True} if number > 4 else {}
                client.post(
                    "/intake/auth0/acme/events", json=an_event(a_user(number, **refused, **shared), f"evt_{number}")
                )
        system.settled()
        yield system


@pytest.fixture(scope="module")
def admin(system: System) -> dict[str, str]:
    token = Path(str(system.hub.announcement["admin_token_file"])).read_text().strip()
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def description(system: System, admin: dict[str, str]) -> BaseSchema:
    return schemathesis.openapi.from_url(f"{system.hub.announcement['url']}/api/v1/openapi.json", headers=admin)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_the_admin_api_answers_as_it_describes_itself(
    description: BaseSchema, admin: dict[str, str], operation: str, mode: GenerationMode
):
    """Whether what is asked fits the description or not; parameters that it does not know are ignored."""
    method, path = operation.split(" ")
    statuses: set[int] = set()

    @settings(FUZZED, max_examples=CALLS)
    @given(case=description[path][method].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        statuses.add(case.call_and_validate(headers=admin, checks=CHECKS, timeout=10).status_code)

    ask()
    assert statuses <= ALLOWED[method] | ({401} if mode is GenerationMode.NEGATIVE else set())
    assert statuses & ALLOWED[method]


@pytest.mark.parametrize("number", range(8))
def test_an_identitys_page_is_as_described(description: BaseSchema, admin: dict[str, str], number: int):
    operation = description["/api/v1/identities/{sync}/{user_id}"]["GET"]
    case = operation.Case(path_parameters={"sync": "customers", "user_id": f"auth0%7C{number:024x}"})

    answer = case.call_and_validate(headers=admin, checks=CHECKS, timeout=10)

    assert (answer.status_code, answer.json()["user_id"]) == (200, f"auth0|{number:024x}")


def test_every_operation_of_the_admin_api_is_fuzzed_here(description: BaseSchema):
    assert {result.ok().label for result in description.get_all_operations()} == set(OPERATIONS)


def strange_json() -> st.SearchStrategy[Any]:
    """Any JSON, and JSON that looks like what Auth0 sends until one looks closely."""
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    anything = st.recursive(
        plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    )
    times = anything | st.sampled_from(
        ["2026-02-01T10:00:00.000Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"]
    )
    user = st.fixed_dictionaries(
        {"user_id": anything | st.just("auth0|1")}, optional={"email": anything, "updated_at": times, "name": anything}
    )
    event = st.fixed_dictionaries(
        {},
        optional={
            "specversion": anything | st.just("1.0"),
            "type": anything | st.sampled_from(["user.created", "user.updated", "user.deleted", "group.created"]),
            "source": anything | st.just("urn:auth0:acme"),
            "id": anything | st.text(min_size=1, max_size=3),
            "time": times,
            "data": anything | st.fixed_dictionaries({"object": anything | user}),
        },
    )
    log = st.fixed_dictionaries(
        {},
        optional={
            "log_id": anything | st.text(min_size=1, max_size=3),
            "data": anything
            | st.fixed_dictionaries(
                {},
                optional={
                    "type": anything | st.sampled_from(["ss", "sapi", "du", "sce"]),
                    "date": times,
                    "user_id": anything | st.just("auth0|1"),
                    "details": anything,
                    "description": anything | st.just("Update a User"),
                },
            ),
        },
    )
    return anything | event | st.lists(log, max_size=3) | st.fixed_dictionaries({"logs": st.lists(log, max_size=3)})


def right_json() -> st.SearchStrategy[Any]:
    """What Auth0 could send: an event, or logs in either form."""
    names = st.text(min_size=1, max_size=8).filter(lambda name: "\0" not in name)
    event = names.map(lambda name: an_event(a_user(1), name))
    data = {"type": "s", "date": "2026-02-01T10:00:00.000Z", "user_id": "auth0|1"}
    log = names.map(lambda name: {"log_id": name, "data": {**data, "log_id": name}})
    return event | st.lists(log, min_size=1, max_size=3) | st.builds(lambda logs: {"logs": logs}, st.lists(log))


def bodies() -> st.SearchStrategy[bytes]:
    """JSON of any kind, whole or damaged, and bytes of any kind."""
    whole = (right_json() | strange_json()).map(lambda value: json.dumps(value).encode())
    damaged = st.tuples(whole, st.integers(0, 200), st.binary(max_size=4)).map(
        lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] + 1 :]
    )
    return whole | damaged | st.binary(max_size=200)


def ids_of(body: bytes) -> set[str]:
    """The ids of the events that a body carries, as a reader finds them who knows only the two vendors' formats.

    A log entry without an id of its own gets one of its content, which such a reader does not know.
    """
    with suppress(ValueError, TypeError, KeyError):
        read = json.loads(body)
        if isinstance(read, dict) and "logs" not in read:
            return {read["id"]}
        logs = read["logs"] if isinstance(read, dict) else read
        return {log["log_id"] for log in logs if log["log_id"] not in (None, "")}
    return set()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("kind", "token"), [("events", EVENT_TOKEN), ("logs", LOG_TOKEN)])
def test_whatever_is_posted_to_a_webhook_is_taken_in_or_refused_in_words(system: System, kind: str, token: str):
    accepted: set[str] = set()
    with httpx.Client(
        base_url=str(system.hub.announcement["url"]), headers={"Authorization": f"Bearer {token}"}, timeout=10
    ) as client:

        @settings(FUZZED, max_examples=BODIES // 2)
        @given(body=bodies())
        def post(body: bytes) -> None:
            answer = client.post(f"/intake/auth0/acme/{kind}", content=body)
            assert answer.status_code in ANSWERS
            if answer.status_code == 204:
                accepted.update(ids_of(body))
            else:
                assert answer.json()["error"]

        post()

    system.settled()
    stored = {event_id for (event_id,) in system.rows("SELECT event_id FROM inbox")}
    # PostgreSQL's texts cannot hold NUL: such an id is stored with another character in its place.
    assert {each.replace("\0", "\N{REPLACEMENT CHARACTER}") for each in accepted} <= stored, "taken in, and lost"
    assert accepted
    assert '"level": "error"' not in system.logs()
    assert system.rows("SELECT count(*) FROM problems WHERE code = 'INTERNAL_ERROR'") == [(0,)]
