"""Replies that a client need not get twice."""

from datetime import timedelta

import pytest

from .builders import API
from .in_process import Clock, an_org, client_of

PAST, NOON, LATER = (f"Sun, 01 Mar 2026 {time} GMT" for time in ("11:00:00", "12:00:15", "13:00:00"))


async def test_record_says_when_it_changed_and_is_sent_again_only_after_that() -> None:
    clock = Clock()
    org = an_org(clock)
    address = f"{API}/sobjects/Contact/{org.insert('Contact', {'LastName': 'Byron'})}"

    async with client_of(org) as client:
        first = await client.get(address)
        same = await client.get(address, headers={"If-Modified-Since": first.headers["last-modified"]})
        earlier = await client.get(address, headers={"If-Modified-Since": PAST})
        clock.now += timedelta(minutes=1)
        await client.patch(address, json={"Title": "Countess"})
        changed = await client.get(address, headers={"If-Modified-Since": first.headers["last-modified"]})

    assert (first.status_code, first.headers["last-modified"]) == (200, NOON)
    assert (same.status_code, same.content) == (304, b"")
    assert earlier.status_code == 200
    assert (changed.status_code, changed.json()["Title"]) == (200, "Countess")


async def test_list_of_objects_is_sent_once() -> None:
    async with client_of(an_org(Clock())) as client:
        first = await client.get(f"{API}/sobjects")
        same = await client.get(f"{API}/sobjects", headers={"If-Modified-Since": first.headers["last-modified"]})

    assert (first.status_code, same.status_code) == (200, 304)


async def test_describe_is_sent_again_after_a_field_was_added() -> None:
    org = an_org(Clock())
    address = f"{API}/sobjects/Contact/describe"

    async with client_of(org) as client:
        first = await client.get(address)
        same = await client.get(address, headers={"If-Modified-Since": first.headers["last-modified"]})
        org.add_custom_field("Contact", {"name": "Tier__c", "custom": True})
        changed = await client.get(address, headers={"If-Modified-Since": first.headers["last-modified"]})

    assert (same.status_code, same.content) == (304, b"")
    assert changed.status_code == 200
    assert "Tier__c" in [field["name"] for field in changed.json()["fields"]]


@pytest.mark.parametrize(("since", "status"), [(PAST, 200), (LATER, 304), ("the day before yesterday", 200)])
async def test_record_by_its_key_follows_the_same_rule(since: str, status: int) -> None:
    org = an_org(Clock())
    org.insert("Contact", {"LastName": "Byron", "Auth0_User_Id__c": "a"})

    async with client_of(org) as client:
        reply = await client.get(f"{API}/sobjects/Contact/Auth0_User_Id__c/a", headers={"If-Modified-Since": since})

    assert reply.status_code == status


async def test_created_record_says_where_it_is() -> None:
    async with client_of(an_org(Clock())) as client:
        reply = await client.post(f"{API}/sobjects/Contact", json={"LastName": "Byron"})

    assert reply.headers["location"] == f"{API}/sobjects/Contact/{reply.json()['id']}"
