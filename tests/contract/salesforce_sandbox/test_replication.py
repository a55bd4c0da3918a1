"""Which records were touched within a window: whole minutes, 30 days back, and up to when the answer is complete."""

from datetime import UTC, datetime, timedelta

import pytest
from simple_salesforce import Salesforce

from .builders import API
from .in_process import Clock, an_org, client_of

UPDATED, DELETED = f"{API}/sobjects/Contact/updated", f"{API}/sobjects/Contact/deleted"


async def test_window_includes_its_first_minute_and_not_its_last() -> None:
    clock = Clock()
    org = an_org(clock)
    first = org.insert("Contact", {"LastName": "Byron"})
    clock.now += timedelta(minutes=2)
    second = org.insert("Contact", {"LastName": "King"})
    clock.now += timedelta(minutes=10)

    async with client_of(org) as client:

        async def ids(start: str, end: str) -> list[str]:
            found: list[str] = (await client.get(UPDATED, params={"start": start, "end": end})).json()["ids"]
            return found

        assert await ids("2026-03-01T12:00:00Z", "2026-03-01T12:02:00Z") == [first]
        assert await ids("2026-03-01T12:02:00Z", "2026-03-01T12:03:00Z") == [second]
        assert await ids("2026-03-01T13:00:59+01:00", "2026-03-01T13:03:59+01:00") == [first, second]
        assert await ids("2026-03-01T12:03:00Z", "2026-03-01T12:10:00Z") == []


async def test_update_moves_a_record_into_a_later_window_and_delete_out_of_it() -> None:
    clock = Clock()
    org = an_org(clock)
    changed, gone = (org.insert("Contact", {"LastName": name}) for name in ("Byron", "King"))
    clock.now += timedelta(minutes=5)
    org.update("Contact", changed, {"Title": "Countess"})
    org.delete("Contact", gone)
    clock.now += timedelta(minutes=1)

    async with client_of(org) as client:
        window = {"start": "2026-03-01T12:05:00Z", "end": "2026-03-01T12:06:00Z"}
        updated = (await client.get(UPDATED, params=window)).json()
        deleted = (await client.get(f"{DELETED}/", params=window)).json()

    assert updated == {"ids": [changed], "latestDateCovered": "2026-03-01T12:06:00.000+0000"}
    assert deleted == {
        "deletedRecords": [{"id": gone, "deletedDate": "2026-03-01T12:05:15.000+0000"}],
        "earliestDateAvailable": "2026-01-30T12:06:00.000+0000",
        "latestDateCovered": "2026-03-01T12:06:00.000+0000",
    }


async def test_window_that_reaches_into_the_future_is_covered_until_now() -> None:
    clock = Clock()
    org = an_org(clock)
    contact = org.insert("Contact", {"LastName": "Byron"})

    async with client_of(org) as client:
        window = {"start": "2026-03-01T11:00:00Z", "end": "2026-03-01T18:00:00Z"}
        updated = (await client.get(UPDATED, params=window)).json()

    assert updated == {"ids": [contact], "latestDateCovered": "2026-03-01T12:00:00.000+0000"}


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (
            "2026-03-01T12:00:10Z",
            "2026-03-01T12:00:50Z",
            "endDate must be at least one minute greater than startDate",
        ),
        ("2026-03-01T12:00:00Z", "2026-03-01T11:00:00Z", "endDate must be at least one minute greater than startDate"),
        ("2026-01-30T11:59:00Z", "2026-03-01T12:00:00Z", "startDate cannot be more than 30 days ago"),
        ("yesterday", "2026-03-01T12:00:00Z", "start is not a time in ISO 8601: yesterday"),
    ],
)
async def test_window_that_breaks_a_rule_is_refused(start: str, end: str, message: str) -> None:
    async with client_of(an_org(Clock())) as client:
        reply = await client.get(UPDATED, params={"start": start, "end": end})

    assert (reply.status_code, reply.json()) == (400, [{"message": message, "errorCode": "INVALID_REPLICATION_DATE"}])


async def test_window_needs_both_its_ends() -> None:
    async with client_of(an_org(Clock())) as client:
        reply = await client.get(UPDATED, params={"start": "2026-03-01T12:00:00Z"})

    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "MISSING_ARGUMENT")


def test_independent_client_asks_for_what_was_touched(org: Salesforce) -> None:
    kept = org.Contact.create({"LastName": "Byron"})["id"]
    gone = org.Contact.create({"LastName": "King"})["id"]
    org.Contact.delete(gone)
    since, until = (datetime.now(UTC) + timedelta(minutes=minutes) for minutes in (-2, 2))

    updated = org.Contact.updated(since, until)
    deleted = org.Contact.deleted(since, until)

    assert updated["ids"] == [kept]
    assert [each["id"] for each in deleted["deletedRecords"]] == [gone]
