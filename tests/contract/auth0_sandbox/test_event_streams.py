from __future__ import annotations

from typing import Any

import pytest
from auth0.management import ManagementClient
from auth0.management.errors import BadRequestError, NotFoundError
from auth0.management.types import (
    CreateEventStreamWebHookRequestContent,
    EventStreamCloudEventUserCreatedCloudEvent,
    EventStreamCloudEventUserDeletedCloudEvent,
    EventStreamCloudEventUserUpdatedCloudEvent,
    EventStreamDelivery,
)

from crosswalk_sandbox.auth0 import Tenant

from .conftest import Receiver, ada, wait_until

BEARER = {"method": "bearer", "token": "chosen-by-the-subscriber"}


def create_stream(
    auth0: ManagementClient, url: str, *event_types: str, authorization: dict[str, str] | None = None
) -> str:
    request = CreateEventStreamWebHookRequestContent.model_validate(
        {
            "name": "to the hub",
            "subscriptions": [{"event_type": one} for one in event_types or ("user.created",)],
            "destination": {
                "type": "webhook",
                "configuration": {"webhook_endpoint": url, "webhook_authorization": authorization or BEARER},
            },
        }
    )
    return str(auth0.event_streams.create(request=request).id)


def test_every_change_of_a_user_reaches_the_webhook_as_a_typed_event(
    auth0: ManagementClient, receiver: Receiver
) -> None:
    stream_id = create_stream(auth0, receiver.url, "user.created", "user.updated", "user.deleted")

    user_id = auth0.users.create(**ada()).user_id or ""
    auth0.users.update(user_id, family_name="King")
    auth0.users.delete(user_id)

    bodies = {request.json()["type"]: request.json() for request in receiver.wait_for(3)}
    created = EventStreamCloudEventUserCreatedCloudEvent.model_validate(bodies["user.created"])
    updated = EventStreamCloudEventUserUpdatedCloudEvent.model_validate(bodies["user.updated"])
    deleted = EventStreamCloudEventUserDeletedCloudEvent.model_validate(bodies["user.deleted"])
    assert created.data.object.user_id == user_id
    assert created.data.object.family_name == "Lovelace"
    assert created.data.previous_object is None
    assert created.data.object.identities[0].connection == "Username-Password-Authentication"
    assert created.a_0_stream == stream_id
    assert created.a_0_purpose is None
    assert updated.data.object.family_name == "King"
    assert updated.data.previous_object is not None
    assert updated.data.previous_object.family_name == "Lovelace"
    assert updated.data.object.updated_at > updated.data.previous_object.updated_at
    assert updated.data.context is not None
    assert updated.data.context.tenant.id == "crosswalk-sandbox"
    assert deleted.data.object.deleted_at >= deleted.data.object.updated_at
    assert deleted.data.object.email == "ada@example.com"
    assert bodies["user.created"]["specversion"] == "1.0"
    assert bodies["user.created"]["source"] == "urn:auth0:crosswalk-sandbox.auth0app.com"
    assert len({body["id"] for body in bodies.values()}) == 3
    assert all(len(body["id"]) == 26 and body["id"].startswith("evt_") for body in bodies.values())


@pytest.mark.parametrize(
    ("authorization", "header", "value"),
    [
        (BEARER, "authorization", "Bearer chosen-by-the-subscriber"),
        ({"method": "basic", "username": "hub", "password": "pass"}, "authorization", "Basic aHViOnBhc3M="),
        ({"method": "custom_header", "header_key": "x-hook", "header_value": "open"}, "x-hook", "open"),
    ],
)
def test_the_webhook_gets_the_credentials_that_the_subscriber_chose(
    auth0: ManagementClient, receiver: Receiver, authorization: dict[str, str], header: str, value: str
) -> None:
    stream_id = create_stream(auth0, receiver.url, authorization=authorization)

    auth0.users.create(**ada())

    assert receiver.wait_for(1)[0].headers[header] == value
    shown = auth0.event_streams.get(stream_id).model_dump(by_alias=True)
    assert value not in str(shown) and "pass" not in str(shown)


def test_a_stream_gets_only_what_it_subscribed_to_and_only_while_enabled(
    auth0: ManagementClient, receiver: Receiver, tenant: Tenant
) -> None:
    stream_id = create_stream(auth0, receiver.url, "user.deleted")
    user_id = auth0.users.create(**ada()).user_id or ""
    auth0.event_streams.update(stream_id, status="disabled")
    auth0.users.delete(user_id)
    auth0.event_streams.update(stream_id, status="enabled")
    second = auth0.users.create(**ada()).user_id or ""

    auth0.users.delete(second)

    received = receiver.wait_for(1)
    assert [request.json()["data"]["object"]["user_id"] for request in received] == [second]
    settled = {"delivered": 1, "failed": 0, "pending": 0}
    wait_until(lambda: tenant.snapshot()["deliveries"] == settled, "acceptance of the one event")


def test_a_refused_delivery_is_tried_again_until_accepted(
    auth0: ManagementClient, receiver: Receiver, tenant: Tenant
) -> None:
    stream_id = create_stream(auth0, receiver.url)
    receiver.answers = [500, 503]

    auth0.users.create(**ada())

    first, second, third = receiver.wait_for(3)
    assert first.body == second.body == third.body
    wait_until(lambda: tenant.snapshot()["deliveries"]["delivered"] == 1, "acceptance of the event")
    history = auth0.event_streams.deliveries.get_history(stream_id, first.json()["id"])
    assert [attempt.status for attempt in history.attempts] == ["failed", "failed", "delivered"]
    assert history.attempts[0].error_message == "The webhook answered with status 500"
    assert list(auth0.event_streams.deliveries.list(stream_id)) == []


def test_what_failed_for_good_is_listed_and_can_be_redelivered(
    auth0: ManagementClient, receiver: Receiver, tenant: Tenant
) -> None:
    stream_id = create_stream(auth0, receiver.url)
    receiver.answers = [500] * 8
    auth0.users.create(**ada())
    auth0.users.create(**ada(email="grace@example.com"))
    receiver.wait_for(8)

    def given_up() -> list[EventStreamDelivery]:
        return [one for one in auth0.event_streams.deliveries.list(stream_id) if len(one.attempts) == 4]

    wait_until(lambda: len(given_up()) == 2, "four attempts of both")
    failed = given_up()
    assert failed[0].status == "failed"
    assert failed[0].event_type == "user.created"
    assert failed[0].event is not None and failed[0].event.id == failed[0].id

    auth0.event_streams.redeliveries.create_by_id(stream_id, failed[0].id)
    assert receiver.wait_for(9)[8].json()["id"] == failed[0].id
    wait_until(lambda: len(list(auth0.event_streams.deliveries.list(stream_id))) == 1, "the first redelivery")

    auth0.event_streams.redeliveries.create(stream_id, statuses=["failed"], event_types=["user.created"])
    receiver.wait_for(10)
    wait_until(lambda: tenant.snapshot()["deliveries"]["delivered"] == 2, "the second redelivery")
    assert len({request.json()["id"] for request in receiver.requests}) == 2


def test_a_test_event_says_that_it_is_one(auth0: ManagementClient, receiver: Receiver) -> None:
    stream_id = create_stream(auth0, receiver.url)

    submitted = auth0.event_streams.test(stream_id, event_type="user.created")

    event = EventStreamCloudEventUserCreatedCloudEvent.model_validate(receiver.wait_for(1)[0].json())
    assert event.a_0_purpose == "test"
    assert event.id == submitted.id
    assert event.data.object.email == "test.user@example.com"


def test_duplicates_and_disorder_can_be_turned_on(auth0: ManagementClient, receiver: Receiver, tenant: Tenant) -> None:
    tenant.knobs.duplicate_every = 5
    tenant.knobs.shuffle_seed = 7
    create_stream(auth0, receiver.url)

    emails = [f"person{number}@example.com" for number in range(20)]
    for email in emails:
        tenant.create_user({"email": email})

    arrived = [request.json()["data"]["object"]["email"] for request in receiver.wait_for(24)]
    assert sorted(set(arrived)) == sorted(emails)
    assert sorted(email for email in set(arrived) if arrived.count(email) == 2) == [
        "person14@example.com",
        "person19@example.com",
        "person4@example.com",
        "person9@example.com",
    ]
    assert list(dict.fromkeys(arrived)) != emails


def test_a_thousand_events_arrive_within_seconds(auth0: ManagementClient, receiver: Receiver, tenant: Tenant) -> None:
    create_stream(auth0, receiver.url)

    for number in range(1000):
        tenant.create_user({"email": f"person{number}@example.com"})

    wait_until(lambda: len(receiver.requests) >= 1000, "arrival of 1,000 events", seconds=30)
    assert len({request.json()["id"] for request in receiver.requests}) == 1000


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"subscriptions": [{"event_type": "user.role.assigned"}]},
            "Payload validation error: 'No enum match for: user.role.assigned' "
            "on property event_type (Type of the event).",
        ),
        ({"status": "on"}, "Payload validation error: 'No enum match for: on' on property status"),
        (
            {
                "destination": {
                    "type": "webhook",
                    "configuration": {"webhook_endpoint": "http://hub.example/", "webhook_authorization": BEARER},
                }
            },
            "Payload validation error: 'Object didn't pass validation for format https-url: http://hub.example/'",
        ),
    ],
)
def test_an_invalid_stream_is_refused(
    auth0: ManagementClient, receiver: Receiver, body: dict[str, Any], message: str
) -> None:
    stream_id = create_stream(auth0, receiver.url)

    with pytest.raises(BadRequestError) as error:
        auth0.event_streams.update(stream_id, **body)
    assert error.value.body["message"].startswith(message)


def test_streams_are_listed_page_by_page_and_deleted(auth0: ManagementClient, receiver: Receiver) -> None:
    ids = [create_stream(auth0, receiver.url) for _ in range(3)]

    assert [stream.id for stream in auth0.event_streams.list(take=2)] == ids
    auth0.event_streams.delete(ids[0])
    with pytest.raises(NotFoundError):
        auth0.event_streams.get(ids[0])
