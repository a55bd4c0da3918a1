"""Whether a tenant's streams are set up for the hub."""

import pytest

from crosswalk.connectors.auth0.streams import StreamSetup
from crosswalk.domain.event import Source
from crosswalk.engine.diagnosis.finding import Finding, Verdict
from crosswalk.engine.diagnosis.streams import check_streams

HUB = "https://hub.example.com"
EVENTS = f"{HUB}/intake/auth0/acme/events"
USERS = frozenset({"user.created", "user.updated", "user.deleted"})


def looked_at(*streams: StreamSetup, source: Source = Source.EVENT_STREAM, url: str | None = HUB) -> Finding:
    [found] = check_streams("tenant acme", "acme", source, url, streams)
    return found


def test_a_stream_that_sends_all_that_is_needed_is_good() -> None:
    assert looked_at(StreamSetup("hub", EVENTS, "enabled", USERS | {"group.created"})).verdict is Verdict.GOOD


@pytest.mark.parametrize(
    "url", ["https://other.example.com/intake/auth0/acme/events", f"{HUB}/intake/auth0/other/events"]
)
def test_a_stream_that_sends_elsewhere_is_not_the_hubs(url: str) -> None:
    found = looked_at(StreamSetup("hub", url, "enabled", USERS))

    assert found.verdict is Verdict.FAULT
    assert found.message == f"event stream: none of the tenant's 1 sends to {EVENTS}"
    assert found.fix.endswith(f"make one with a webhook to {EVENTS} and the token of the configuration")


def test_without_a_configured_address_the_path_decides() -> None:
    stream = StreamSetup("hub", "https://proxy.example.com/hooks/intake/auth0/acme/events", "enabled", USERS)

    assert looked_at(stream, url=None).verdict is Verdict.GOOD


def test_a_stream_that_was_switched_off_is_a_fault_unless_another_one_sends() -> None:
    off, on = StreamSetup("old", EVENTS, "disabled", USERS), StreamSetup("new", EVENTS, "enabled", USERS)

    assert looked_at(off).message == "event stream old: it is disabled, and sends nothing"
    assert looked_at(off, on).verdict is Verdict.GOOD


def test_events_that_are_not_selected_are_named() -> None:
    found = looked_at(StreamSetup("hub", EVENTS, "enabled", frozenset({"user.created"})))

    assert (found.verdict, found.message) == (
        Verdict.FAULT,
        "event stream hub: it does not send user.deleted, user.updated",
    )
    assert found.fix == "in Auth0, Event Streams, select user.deleted, user.updated, too"


def test_a_log_stream_without_filters_sends_everything() -> None:
    logs = f"{HUB}/intake/auth0/acme/logs"
    narrow = StreamSetup("logs", logs, "active", frozenset({"auth.login.success", "user.success"}))

    assert looked_at(StreamSetup("logs", logs, "active"), source=Source.LOG_STREAM).verdict is Verdict.GOOD
    assert looked_at(narrow, source=Source.LOG_STREAM).message == (
        "log stream logs: it does not send auth.signup.success, management.success"
    )
    assert looked_at(StreamSetup("logs", logs, "suspended"), source=Source.LOG_STREAM).verdict is Verdict.FAULT
