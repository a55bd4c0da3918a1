"""The Auth0 connector against the sandbox tenant; people are made and changed by the official SDK."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import msgspec
import pytest

from crosswalk.connectors.auth0.client import Auth0Client
from crosswalk.connectors.auth0.events import profile_of
from crosswalk.connectors.auth0.logs import BEGINNING
from crosswalk.connectors.auth0.settings import Auth0Settings
from crosswalk.connectors.base import SubscriptionItem
from crosswalk.connectors.errors import CredentialsRefused, CursorLost, Unreachable
from crosswalk.connectors.secret import Secret
from crosswalk.domain.event import Disposition, Source
from crosswalk.domain.ids import UserId
from crosswalk_sandbox.process import SandboxProcess

CONNECTION = "Username-Password-Authentication"


async def sign_up(tenant: Auth0Client, email: str, **fields: Any) -> UserId:
    management = await tenant.management()
    password = "Correct-Horse-7-Battery"
    user = await management.users.create(connection=CONNECTION, email=email, password=password, **fields)
    assert user.user_id is not None
    return UserId(user.user_id)


async def next_event(items: AsyncIterator[SubscriptionItem]) -> SubscriptionItem:
    async with asyncio.timeout(60):
        async for item in items:
            if item.event is not None:
                return item
    pytest.fail("the subscription ended before an event came")


async def first_item(items: AsyncIterator[SubscriptionItem]) -> SubscriptionItem:
    async with asyncio.timeout(60):
        return await anext(items)


async def test_users_are_read_whole_and_those_who_are_gone_are_none(tenant: Auth0Client):
    metadata = {"shoe": {"size": 43.5}, "unknown": [1, None, "ñ"]}
    user_id = await sign_up(tenant, "ana@example.com", user_metadata=metadata)

    states = await tenant.read_users([user_id, UserId("auth0|nobody"), user_id])

    assert list(states) == [user_id, "auth0|nobody"]
    assert states[UserId("auth0|nobody")] is None
    identity = states[user_id]
    assert identity is not None
    profile = json.loads(identity.profile)
    assert (profile["email"], profile["user_metadata"]) == ("ana@example.com", metadata)
    assert identity.version.updated_at == profile["updated_at"].removesuffix("Z") + "000Z"
    assert identity.version.carrier == ""


async def test_a_changed_user_has_a_later_version(tenant: Auth0Client):
    user_id = await sign_up(tenant, "ana@example.com")
    before = (await tenant.read_users([user_id]))[user_id]
    await (await tenant.management()).users.update(user_id, given_name="Ána")

    after = (await tenant.read_users([user_id]))[user_id]

    assert before is not None
    assert after is not None
    assert after.version > before.version
    assert json.loads(after.profile)["given_name"] == "Ána"


async def test_an_id_with_special_characters_is_one_path_segment(tenant: Auth0Client):
    assert await tenant.read_users([UserId("oidc|a/b?c=d|é")]) == {"oidc|a/b?c=d|é": None}


async def test_busy_answers_are_waited_out(tenant: Auth0Client, sandbox: SandboxProcess):
    user_ids = [await sign_up(tenant, f"p{number}@example.com") for number in range(6)]
    await tenant.authenticate()
    sandbox.auth0_settings(enforce_rate_limit=True, rate_limit_per_second=20, rate_limit_burst=3)

    states = await tenant.read_users(user_ids)

    assert [state is not None for state in states.values()] == [True] * 6


async def test_all_users_are_listed_oldest_first(tenant: Auth0Client, sandbox: SandboxProcess):
    sandbox.seed(people=30)

    identities = [identity async for identity in tenant.list_users()]

    created = [json.loads(identity.profile)["created_at"] for identity in identities]
    assert len({identity.user_id for identity in identities}) == 18
    assert created == sorted(created)


async def test_more_users_than_one_search_reaches_are_listed_once_each(tenant: Auth0Client, sandbox: SandboxProcess):
    sandbox.seed(people=1750)
    everyone = sandbox.state()["auth0"]["users"]

    listed = [identity.user_id async for identity in tenant.list_users()]

    assert len(listed) == 1050
    assert sorted(listed) == sorted(user["user_id"] for user in everyone)


async def test_users_are_listed_by_a_query(tenant: Auth0Client):
    await sign_up(tenant, "ana@example.com", app_metadata={"plan": "pro"})
    await sign_up(tenant, "bo@example.com", app_metadata={"plan": "free"})

    identities = [identity async for identity in tenant.list_users('app_metadata.plan:"pro"')]

    assert [json.loads(identity.profile)["email"] for identity in identities] == ["ana@example.com"]


async def test_a_user_is_found_by_email_whatever_its_case(tenant: Auth0Client):
    user_id = await sign_up(tenant, "ana@example.com")

    assert [identity.user_id for identity in await tenant.find_users_by_email("Ana@Example.com")] == [user_id]
    assert await tenant.find_users_by_email("bo@example.com") == []


async def test_a_wrong_secret_is_explained(auth0_settings: Auth0Settings):
    settings = msgspec.structs.replace(auth0_settings, client_secret=Secret("wrong-secret"))
    async with Auth0Client(settings) as tenant:
        with pytest.raises(CredentialsRefused) as caught:
            await tenant.read_users([UserId("auth0|1")])

    assert "Check the client secret" in str(caught.value)
    assert "wrong-secret" not in str(caught.value)


async def test_the_subscription_delivers_what_happens(tenant: Auth0Client):
    async with aclosing(tenant.subscribe(None)) as items:
        start = await first_item(items)
        user_id = await sign_up(tenant, "ana@example.com")
        item = await next_event(items)

    assert start.event is None
    assert item.offset != start.offset
    assert item.event is not None
    assert item.event.source is Source.SUBSCRIPTION
    assert (item.event.type, item.event.user_id) == ("user.created", user_id)
    assert item.event.disposition is Disposition.STATE
    assert json.loads(profile_of(item.event))["email"] == "ana@example.com"


async def test_the_subscription_resumes_after_the_last_offset(tenant: Auth0Client):
    async with aclosing(tenant.subscribe(None)) as items:
        await first_item(items)
        user_id = await sign_up(tenant, "ana@example.com")
        seen = await next_event(items)
    management = await tenant.management()
    await management.users.update(user_id, given_name="Ana")
    await management.users.delete(user_id)

    async with aclosing(tenant.subscribe(seen.offset)) as items:
        updated, deleted = await next_event(items), await next_event(items)

    assert updated.event is not None
    assert deleted.event is not None
    assert (updated.event.type, updated.event.disposition) == ("user.updated", Disposition.STATE)
    assert (deleted.event.type, deleted.event.disposition) == ("user.deleted", Disposition.DELETED)
    assert deleted.event.user_id == user_id


async def test_the_subscription_starts_at_a_time(tenant: Auth0Client):
    await sign_up(tenant, "ana@example.com")

    async with aclosing(tenant.subscribe(None, "2020-01-01T00:00:00Z")) as items:
        item = await next_event(items)

    assert item.event is not None
    assert item.event.type == "user.created"


async def test_an_unusable_cursor_says_that_events_are_lost(tenant: Auth0Client):
    with pytest.raises(CursorLost) as caught:
        await first_item(tenant.subscribe("nonsense"))

    assert (caught.value.status, caught.value.code) == (400, "invalid_cursor")


async def test_a_cursor_from_before_a_reset_says_that_events_are_lost(tenant: Auth0Client, sandbox: SandboxProcess):
    async with aclosing(tenant.subscribe(None)) as items:
        start = await first_item(items)
    sandbox.reset()

    with pytest.raises(CursorLost) as caught:
        await first_item(tenant.subscribe(start.offset))

    assert (caught.value.status, caught.value.code) == (410, "cursor_expired")


async def test_a_reset_in_the_middle_of_the_subscription_loses_the_cursor_or_ends_it(
    tenant: Auth0Client, sandbox: SandboxProcess
):
    sandbox.auth0_settings(heartbeat_seconds=0.05)
    async with aclosing(tenant.subscribe(None)) as items:
        start = await first_item(items)
        sandbox.reset()
        with contextlib.suppress(CursorLost):
            async with asyncio.timeout(60):
                async for item in items:
                    assert item.event is None

    with pytest.raises(CursorLost):
        await first_item(tenant.subscribe(start.offset))


async def test_a_subscription_that_the_tenant_closes_just_ends(tenant: Auth0Client, sandbox: SandboxProcess):
    sandbox.auth0_settings(subscription_seconds=0.2, heartbeat_seconds=0.05)

    async with asyncio.timeout(60):
        items = [item async for item in tenant.subscribe(None)]

    assert len(items) >= 1
    assert {item.event for item in items} == {None}


async def test_a_silent_subscription_is_noticed(auth0_settings: Auth0Settings):
    async with Auth0Client(msgspec.structs.replace(auth0_settings, silence_s=0.3)) as tenant:
        with pytest.raises(Unreachable, match="ReadTimeout"):
            async with asyncio.timeout(60):
                async for _ in tenant.subscribe(None):
                    pass


async def test_logs_are_read_by_checkpoint(tenant: Auth0Client):
    first_user = await sign_up(tenant, "ana@example.com")
    start = await tenant.newest_log_id()
    second_user = await sign_up(tenant, "bo@example.com")
    await (await tenant.management()).users.delete(second_user)

    events = await tenant.read_logs(start)
    later = await tenant.read_logs(events[-1].id)

    told = {(event.disposition, event.user_id) for event in events if event.user_id is not None}
    assert (Disposition.CHANGED, second_user) in told
    assert first_user not in {user_id for _, user_id in told}
    assert {event.source for event in events} == {Source.LOG_POLL}
    assert [event.occurred_at for event in events] == sorted(event.occurred_at for event in events)
    assert later == []


async def test_logs_are_read_page_by_page_without_a_gap(tenant: Auth0Client):
    for number in range(5):
        await sign_up(tenant, f"p{number}@example.com")

    pages: list[list[str]] = []
    position = BEGINNING
    while page := await tenant.read_logs(position, take=2):
        pages.append([event.id for event in page])
        position = page[-1].id
    whole = await tenant.read_logs(BEGINNING)

    assert [log_id for ids in pages for log_id in ids] == [event.id for event in whole]
    assert len(pages) >= 3


async def test_a_tenant_without_logs_is_read_from_the_beginning(tenant: Auth0Client):
    start = await tenant.newest_log_id()
    await sign_up(tenant, "ana@example.com")

    assert await tenant.read_logs(start) != []


async def test_without_a_checkpoint_only_the_newest_log_is_read(tenant: Auth0Client):
    await sign_up(tenant, "ana@example.com")
    await sign_up(tenant, "bo@example.com")

    newest = await tenant.read_logs(None)
    everything = await tenant.read_logs(BEGINNING)

    assert [event.id for event in newest] == [everything[-1].id]
