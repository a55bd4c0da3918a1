"""The Streaming API message by message: its replies, its events, its lifetimes and its errors."""

import re
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from ssl import create_default_context
from typing import Any

import httpx
import pytest

from crosswalk_sandbox.process import SandboxProcess
from crosswalk_sandbox.salesforce.streaming.clients import MOST_CLIENTS, StreamingClients
from crosswalk_sandbox.salesforce.streaming.refusals import Refusal

from .builders import API
from .comet import Comet, Reply
from .logins import Browser, a_user, an_app, tokens_of

CONTACTS, ALL = "/data/ContactChangeEvent", "/data/ChangeEvents"
RETRY, SHAKE_HANDS, LEAVE = (
    {"reconnect": "retry", "interval": 0},
    {"reconnect": "handshake", "interval": 0},
    {"reconnect": "none", "interval": 0},
)
BUSY = "503::Server is too busy. Please try your request again later."
NO_CHANNEL = "400::The channel you requested to subscribe to does not exist"


@pytest.fixture
def meanwhile() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as threads:
        yield threads


def error_of(replies: list[Reply]) -> tuple[Any, Any]:
    """The error and the advice of the only reply."""
    [reply] = replies
    assert reply["successful"] is False
    return reply["error"], reply.get("advice")


def held_connect(comet: Comet, meanwhile: ThreadPoolExecutor) -> "Future[list[Reply]]":
    """A connect that the org has got and holds: another message, on another connection, was answered after it."""
    held = meanwhile.submit(comet.send, comet.connect())
    comet.subscribe(CONTACTS)
    return held


def until_done(waiting: "Future[list[Reply]]", act: Any) -> list[Reply]:
    """What a request in the background brings, once `act` has been tried as often as it takes."""
    deadline = time.monotonic() + 60
    while not waiting.done():
        assert time.monotonic() < deadline, "the request is still held"
        act()
    return waiting.result()


def test_handshake_offers_long_polling_and_replay(http: httpx.Client) -> None:
    hello = {"channel": "/meta/handshake", "id": "1", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}

    response = http.post("/cometd/62.0", json=[hello])

    [reply] = response.json()
    assert re.fullmatch("[0-9a-z]{25,30}", reply.pop("clientId"))
    assert reply == {
        "ext": {"replay": True, "payload.format": True},
        "minimumVersion": "1.0",
        "supportedConnectionTypes": ["long-polling"],
        "channel": "/meta/handshake",
        "id": "1",
        "version": "1.0",
        "successful": True,
    }
    assert re.fullmatch("BAYEUX_BROWSER=[0-9a-f]{32}; HttpOnly; Path=/cometd/; Secure", response.headers["set-cookie"])


def test_first_connect_brings_the_advice_at_once_and_the_next_ones_are_held(
    http: httpx.Client, sandbox: SandboxProcess
) -> None:
    sandbox.administer("event-faults", poll_s=0.1)
    comet = Comet(http)
    [hello] = comet.send({"channel": "/meta/handshake", "supportedConnectionTypes": ["long-polling"]})
    comet.client_id = hello["clientId"]

    first = comet.send(comet.connect())
    started = time.monotonic()
    second = comet.send(comet.connect())

    reply = {"clientId": comet.client_id, "channel": "/meta/connect", "id": "7", "successful": True}
    assert first == [{**reply, "advice": {"interval": 0, "timeout": 110000, "reconnect": "retry"}}]
    assert second == [reply]
    assert time.monotonic() - started >= 0.1


@pytest.mark.parametrize(
    ("subscription", "error"),
    [
        (None, "400::Channel name not specified"),
        ("", "400::Channel name not specified"),
        ([], "400::Channel name not specified"),
        ([CONTACTS, 5], "400::Channel name not specified"),
        ("data/ContactChangeEvent", "400::Channel subscriptions must start with a leading '/'"),
        ("/event/order_event__e", f"{NO_CHANNEL} {{/event/order_event__e}}"),
        ("/data/ProfileChangeEvent", f"{NO_CHANNEL} {{/data/ProfileChangeEvent}}"),
        ("/topic/Mine", f"{NO_CHANNEL} {{/topic/Mine}}"),
        ("/u/mine", "404::Unknown channel"),
        ("/data", "403:denied_by_security_policy:create_denied"),
        ("/**", "403:denied_by_security_policy:create_denied"),
    ],
)  # fmt: skip
def test_what_is_no_channel_is_refused(comet: Comet, sandbox: SandboxProcess, subscription: object, error: str) -> None:
    sandbox.administer("platform-events", name="Order_Event__e", fields=[])

    reply = comet.send(comet.about("/meta/subscribe", subscription=subscription))

    assert error_of(reply) == (error, None)


@pytest.mark.parametrize(
    ("channel", "members", "error", "advice"),
    [
        ("/meta/connect", {"connectionType": "websocket"}, "400::Invalid connection type {websocket}", None),
        ("/meta/connect", {"clientId": "nobody"}, "403::Unknown client", SHAKE_HANDS),
        ("/meta/subscribe", {"clientId": "nobody", "subscription": ALL}, "403::Unknown client", SHAKE_HANDS),
        ("/meta/subscribe", {"clientId": None, "subscription": ALL}, "403::Client has not completed handshake", None),
        ("/meta/unsubscribe", {}, "400::Channel name not specified", None),
        ("/meta/other", {}, "404::Unknown channel", None),
        (CONTACTS, {"data": {}}, "403:denied_by_security_policy:publish_denied", None),
    ],
)
def test_message_that_breaks_a_rule_is_refused(
    comet: Comet, channel: str, members: dict[str, Any], error: str, advice: dict[str, Any] | None
) -> None:
    message = {**comet.about(channel), **members}

    replies = comet.send(message)

    assert error_of(replies) == (error, advice)
    assert ("clientId" in replies[0]) == (message["clientId"] == comet.client_id)


@pytest.mark.parametrize(
    ("authorization", "error"),
    [("", "401::Request requires authentication"), ("Bearer none", "401::Authentication invalid")],
)
def test_nobody_gets_in_without_a_session(comet: Comet, authorization: str, error: str) -> None:
    comet.http.headers["Authorization"] = authorization

    [denied] = comet.send({"channel": "/meta/handshake", "supportedConnectionTypes": ["long-polling"]})
    refused = comet.send(comet.connect())

    assert denied == {
        "channel": "/meta/handshake",
        "error": "403::Handshake denied",
        "successful": False,
        "advice": {"reconnect": "none"},
        "ext": {"sfdc": {"failureReason": error}, "replay": True, "payload.format": True},
    }
    assert error_of(refused) == (error, LEAVE)
    assert refused[0]["clientId"] == comet.client_id


def test_handshake_without_long_polling_is_denied(comet: Comet) -> None:
    [denied] = comet.send({"channel": "/meta/handshake", "supportedConnectionTypes": ["websocket"]})

    assert denied["error"] == "403::Handshake denied"
    assert denied["ext"]["sfdc"]["failureReason"] == "400::Invalid connection type {['websocket']}"


def test_client_is_bound_to_its_cookie(comet: Comet) -> None:
    comet.http.cookies.clear()
    without = comet.send(comet.connect())
    Comet(comet.http).handshake()
    with_another = comet.send(comet.connect())

    no_cookie = f"400::Client {comet.client_id} has established a session, but no BAYEUX_BROWSER cookie present"
    assert error_of(without) == (no_cookie, None)
    assert error_of(with_another) == ("403::Unknown client", SHAKE_HANDS)


def test_client_is_bound_to_its_user(comet: Comet, sandbox: SandboxProcess) -> None:
    a_user(sandbox)
    comet.http.headers["Authorization"] = ""
    token = tokens_of(Browser(comet.http), an_app(sandbox))["access_token"]
    comet.http.headers["Authorization"] = f"Bearer {token}"

    replies = comet.send(comet.connect())

    assert error_of(replies) == ("400::Authenticated user id does not match the session's user id", None)


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/cometd", "400::API version in the URI is mandatory. URI format: '/cometd/64.0'"),
        *(
            (
                f"/cometd/{version}",
                "400::Unsupported API version. Only API versions '37.0' and later are supported. "
                "URI format: '/cometd/64.0'",
            )
            for version in ("36.0", "65.0", "v62.0", "replay/36.0")
        ),
    ],
)
def test_version_has_to_be_one_that_is_served(http: httpx.Client, path: str, error: str) -> None:
    response = http.post(path, json=[])

    assert response.status_code == 400
    assert response.json() == [{"channel": "/meta/handshake", "error": error, "successful": False}]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[5]", b'{"id": "1"}', b'[{"channel": 5}]', b"\xff"])
def test_request_without_messages_is_refused(http: httpx.Client, body: bytes) -> None:
    response = http.post("/cometd/62.0", content=body, headers={"Content-Type": "application/json"})

    assert response.status_code == 400
    assert error_of(response.json())[0].startswith("400::Bad request")


def test_request_is_32768_bytes_at_most(http: httpx.Client) -> None:
    message = b'{"channel": "/meta/handshake", "supportedConnectionTypes": ["long-polling"]}'

    replies = [http.post("/cometd/62.0", content=message.ljust(size)) for size in (32_768, 32_769)]

    assert [each.status_code for each in replies] == [200, 413]
    assert error_of(replies[1].json()) == ("413::Maximum Request Size Exceeded", None)


def test_only_post_is_served(http: httpx.Client) -> None:
    assert http.get("/cometd/62.0").status_code == 405


def test_messages_may_come_as_a_form_and_the_address_name_their_kind(http: httpx.Client) -> None:
    hello = '[{"channel": "/meta/handshake", "supportedConnectionTypes": ["long-polling"]}]'

    [reply] = http.post("/cometd/62.0/handshake", data={"message": hello}).json()

    assert reply["successful"] is True


def test_connect_among_other_messages_is_not_held(comet: Comet) -> None:
    subscribe = comet.about("/meta/subscribe", subscription=CONTACTS)

    replies = comet.send(subscribe, comet.connect())

    assert [(each["channel"], each["successful"]) for each in replies] == [
        ("/meta/subscribe", True),
        ("/meta/connect", True),
    ]


def test_second_poll_of_a_client_ends_the_first(comet: Comet, meanwhile: ThreadPoolExecutor) -> None:
    first = meanwhile.submit(comet.send, comet.connect())

    [reply] = until_done(first, comet.drain)

    assert (reply["channel"], reply["successful"]) == ("/meta/connect", True)


def test_disconnect_ends_the_poll_and_the_client(comet: Comet, meanwhile: ThreadPoolExecutor) -> None:
    comet.subscribe(CONTACTS)
    held = meanwhile.submit(comet.send, comet.connect())

    [bye] = comet.send(comet.about("/meta/disconnect"))

    assert bye == {"clientId": comet.client_id, "channel": "/meta/disconnect", "id": "7", "successful": True}
    # The poll may come later than the farewell.
    [reply] = held.result(60)
    assert reply["channel"] == "/meta/connect"
    assert error_of(comet.send(comet.connect())) == ("403::Unknown client", SHAKE_HANDS)


def test_client_is_forgotten_40_seconds_after_its_last_reply(comet: Comet, sandbox: SandboxProcess) -> None:
    sandbox.clock(advance=39)
    assert comet.drain() == []
    sandbox.clock(advance=39)
    assert comet.drain() == []
    sandbox.clock(advance=41)

    assert error_of(comet.send(comet.connect())) == ("403::Unknown client", SHAKE_HANDS)


def test_poll_ends_after_110_seconds_of_the_sandbox(
    comet: Comet, sandbox: SandboxProcess, meanwhile: ThreadPoolExecutor
) -> None:
    for _ in range(10):
        [reply] = until_done(held_connect(comet, meanwhile), lambda: sandbox.clock(advance=30))
        if reply["successful"]:
            break
        comet.handshake()  # on a busy machine the time may have gone on before the poll had come: a client forgotten

    assert (reply["channel"], reply["successful"]) == ("/meta/connect", True)


def test_session_lasts_as_long_as_its_client_polls(http: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.settings(token_lifetime_s=100)
    comet = Comet(http)
    comet.log_in(sandbox.access.salesforce)
    comet.handshake()

    for _ in range(5):
        sandbox.clock(advance=35)
        assert comet.drain() == []

    assert http.get(f"{API}/limits").status_code == 200
    sandbox.clock(advance=101)
    assert error_of(comet.send(comet.connect())) == ("401::Authentication invalid", LEAVE)


def test_session_that_is_ended_ends_the_poll(
    comet: Comet, sandbox: SandboxProcess, meanwhile: ThreadPoolExecutor
) -> None:
    held = held_connect(comet, meanwhile)

    sandbox.faults(revoke_tokens=True)

    replies = held.result(60)
    assert error_of(replies) == ("401::Authentication invalid", LEAVE)
    assert replies[0]["clientId"] == comet.client_id


def test_busy_org_says_so(comet: Comet, sandbox: SandboxProcess, meanwhile: ThreadPoolExecutor) -> None:
    sandbox.administer("event-faults", unavailable_next=2)

    handshake = comet.send({"channel": "/meta/handshake", "supportedConnectionTypes": ["long-polling"]})
    connect = comet.send(comet.connect())
    held = meanwhile.submit(comet.send, comet.connect())
    broken = until_done(held, lambda: sandbox.administer("event-faults", disconnect=True))

    assert error_of(handshake) == ("403::Handshake denied", {"reconnect": "handshake"})
    assert error_of(connect) == error_of(broken) == (BUSY, RETRY)
    assert [each[0]["ext"]["sfdc"]["failureReason"] for each in (handshake, connect, broken)] == [BUSY] * 3
    assert comet.drain() == []


def test_fault_rules_reach_the_streaming_api_as_events(comet: Comet, sandbox: SandboxProcess) -> None:
    match = {"vendor": "salesforce", "match": {"operations": ["events"]}}
    sandbox.fault_rules([{**match, "when": {"next": 1}, "effect": {"kind": "status", "status": 503, "body": "html"}}])

    statuses = [
        comet.http.get(f"{API}/limits").status_code,
        comet.http.post(comet.path, json=[comet.connect(advice={"timeout": 0})]).status_code,
        comet.http.post(comet.path, json=[comet.connect(advice={"timeout": 0})]).status_code,
    ]

    assert statuses == [200, 503, 200]


def test_org_that_is_stopped_does_not_wait_for_polls(
    comet: Comet, sandbox: SandboxProcess, meanwhile: ThreadPoolExecutor
) -> None:
    access = sandbox.add_org("second")
    with httpx.Client(
        base_url=access.instance_url, verify=create_default_context(cafile=str(sandbox.access.ca_file)), trust_env=False
    ) as http:
        other = Comet(http)
        other.log_in(access)
        other.handshake()
        held = held_connect(other, meanwhile)
        started = time.monotonic()
        sandbox.remove_org("second")

        assert time.monotonic() - started < 30  # a poll is held for 110 seconds
        assert error_of(held.result(60)) == (BUSY, RETRY)


def test_clients_are_2000_at_most_and_silent_ones_make_room() -> None:
    now = 0.0
    clients = StreamingClients(lambda: now)
    for _ in range(MOST_CLIENTS):
        clients.add("005", 62)

    with pytest.raises(Refusal) as refused:
        clients.add("005", 62)
    now = 41.0
    clients.add("005", 62)

    assert refused.value.error == "403::Handshake denied"
    assert refused.value.reason is not None
    assert refused.value.reason.startswith("403::To protect all customers from excessive use")
    assert len(clients) == 1
