"""Whom a tenant's log names: the applications that changed a user, and those that the user logged in to."""

import json

from crosswalk.connectors.auth0.log_clients import is_own_write, other_writers


def a_log(
    log_type: str,
    client_id: str | None,
    name: str | None = None,
    *,
    agent: str | None = "auth0-python/6.8",
    wrapped: bool = False,
) -> bytes:
    log = {
        "type": log_type,
        "date": "2026-02-01T12:00:00.000Z",
        "client_id": client_id,
        "client_name": name,
        "details": {"request": {"method": "patch", "userAgent": agent}},
    }
    return json.dumps({"log_id": "1", "data": log} if wrapped else log).encode()


def test_applications_are_named_with_how_often_and_how_the_hub_left_out() -> None:
    logs = [
        a_log("sapi", "loyalty", "Loyalty programme"),
        a_log("sapi", "hub", "Crosswalk", agent="crosswalk/0.1.0"),
        a_log("sapi", "hub", "Crosswalk", agent="curl/8.5"),
        a_log("s", "shop", "Shop"),
        a_log("sapi", "loyalty", "Loyalty programme", wrapped=True),
        a_log("fp", "shop", "Shop"),
        b"not a log",
    ]

    assert other_writers(logs, "hub") == [
        "the application Loyalty programme (loyalty), by the Management API (2 in the last hour)",
        "the application Crosswalk (hub), by the Management API (1 in the last hour)",
        "an Action, when the user logs in to the application Shop (shop) (1 in the last hour)",
    ]


def test_a_call_of_the_hub_is_told_from_any_other_of_its_application() -> None:
    assert is_own_write(a_log("sapi", "hub", agent="crosswalk/0.1.0"), "hub")
    assert is_own_write(a_log("sapi", "hub", agent="crosswalk/0.1.0", wrapped=True), "hub")
    assert not is_own_write(a_log("sapi", "hub", agent="curl/8.5"), "hub")
    assert not is_own_write(a_log("sapi", "hub", agent=None), "hub")
    assert not is_own_write(a_log("sapi", "other", agent="crosswalk/0.1.0"), "hub")
    assert not is_own_write(a_log("sapi", None, agent="crosswalk/0.1.0"), "")
    assert not is_own_write(b'{"client_id": "hub", "details": []}', "hub")
    assert not is_own_write(b"[]", "hub")
