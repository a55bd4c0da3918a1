"""Whom a tenant's log names: the applications that changed a user, and those that the user logged in to."""

import json

from crosswalk.connectors.auth0.log_clients import client_of, other_writers


def a_log(log_type: str, client_id: str | None, name: str | None = None, *, wrapped: bool = False) -> bytes:
    log = {"type": log_type, "date": "2026-02-01T12:00:00.000Z", "client_id": client_id, "client_name": name}
    return json.dumps({"log_id": "1", "data": log} if wrapped else log).encode()


def test_applications_are_named_with_how_often_and_how_the_hub_left_out() -> None:
    logs = [
        a_log("sapi", "loyalty", "Loyalty programme"),
        a_log("sapi", "hub", "Crosswalk"),
        a_log("s", "shop", "Shop"),
        a_log("sapi", "loyalty", "Loyalty programme", wrapped=True),
        a_log("fp", "shop", "Shop"),
        b"not a log",
    ]

    assert other_writers(logs, "hub") == [
        "the application Loyalty programme (loyalty), by the Management API (2 in the last hour)",
        "an Action, when the user logs in to the application Shop (shop) (1 in the last hour)",
    ]


def test_the_application_of_a_log_event_is_found_in_either_form() -> None:
    assert client_of(a_log("sapi", "hub")) == "hub"
    assert client_of(a_log("sapi", "hub", wrapped=True)) == "hub"
    assert client_of(a_log("sapi", None)) == ""
    assert client_of(b"[]") == ""
