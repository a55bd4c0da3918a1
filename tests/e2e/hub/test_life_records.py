"""Links follow what people do to records in Salesforce, in whatever order the two sides tell of it."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from crosswalk.domain.event import Event
from crosswalk.domain.link import LinkEnd, Standing
from crosswalk.engine.explaining import explain_record
from tests.e2e.hub.command_line import crosswalk
from tests.e2e.hub.conftest import System, contact_target, lead_target
from tests.e2e.hub.stage import Stage, a_stage, in_order, orders
from tests.e2e.hub.vendors import sign_up

NAMES = {
    "FirstName": "user.given_name",
    "LastName": "user.family_name",
    "Email": {"value": "user.email", "type": "email"},
    "Title": {"value": "user.user_metadata?.title ?? null", "owner": "latest", "to": "user_metadata.title"},
}
CONTACTS = contact_target(fields=NAMES)
LEADS = lead_target(fields={**NAMES, "Company": '"Unknown"'})

_numbers = count(1)


@pytest.fixture
def people() -> Iterator[str]:
    """A new last name for each person of a test."""
    return (f"Person{number}" for number in _numbers)


async def a_lead_of(stage: Stage, name: str, **profile: Any) -> tuple[str, str]:
    """Somebody who signed up and became a lead; returns the user's id and the lead's."""
    user_id = sign_up(stage.auth0, f"{name}@example.com".lower(), family_name=name, **profile)
    await stage.deliver(*await stage.collect_users(1))
    lead_id = await stage.record_of(user_id)
    assert lead_id is not None and lead_id.startswith("00Q")
    stage.later()
    return user_id, lead_id


async def renamed(stage: Stage, user_id: str, name: str) -> list[Event]:
    """What the tenant tells once the user has another first name."""
    stage.auth0.users.update(user_id, given_name=name)
    return await stage.collect_users(1)


def convert(stage: Stage, lead_id: str, **order: Any) -> str:
    """Convert a lead as a salesperson does; returns the contact's id."""
    answer = stage.system.sandbox.administer("convert", leadId=lead_id, doNotCreateOpportunity=True, **order)
    return str(answer["contactId"])


async def test_a_converted_lead_is_followed_to_its_contact(system: System, people: Iterator[str]) -> None:
    system.targets = [CONTACTS, LEADS]
    async with a_stage(system) as stage:
        for order in orders(3):
            name = next(people)
            user_id, lead_id = await a_lead_of(stage, name, user_metadata={"title": "Ensign"})
            contact_id = convert(stage, lead_id)
            stage.org.Contact.update(contact_id, {"Title": "Captain"})
            told = await stage.collect_records(lead_id, contact_id)
            events = [*told, *await renamed(stage, user_id, "Countess")]
            assert len(events) == 3, order

            await stage.deliver(*in_order(events, order))

            assert await stage.record_of(user_id) == contact_id, order
            [contact] = stage.records_named("Contact", name)
            assert (contact["FirstName"], contact["Auth0_User_Id__c"]) == ("Countess", user_id), order
            assert contact["Title"] == "Captain", order
            user = stage.auth0.users.get(user_id)
            assert user.user_metadata == {"title": "Captain"}, order
            [before] = await stage.former(user_id)
            assert (before.record_id, before.reason, before.moved_to) == (lead_id, LinkEnd.CONVERTED, contact_id), order
            assert stage.records_named("Lead", name) == [], order
            assert await stage.problems_of(user_id) == [], order
            await stage.collect_users(1)  # the title that went to the user


async def test_a_converted_lead_rests_where_contacts_are_no_target(system: System, people: Iterator[str]) -> None:
    system.targets = [LEADS]
    async with a_stage(system) as stage:
        for order in orders(2):
            name = next(people)
            user_id, lead_id = await a_lead_of(stage, name)
            convert(stage, lead_id)
            events = [*await stage.collect_records(lead_id), *await renamed(stage, user_id, "Countess")]

            await stage.deliver(*in_order(events, order))

            link = await stage.link_of(user_id)
            assert link is not None and (link.record.id, link.standing) == (lead_id, Standing.CONVERTED), order
            assert stage.records_named("Lead", name) == [], order
            assert await stage.problems_of(user_id) == [], order
            await stage.deliver(*await renamed(stage, user_id, "Queen"))
            assert stage.records_named("Lead", name) == [], order


async def test_a_record_that_was_merged_is_followed_to_the_one_that_is_left(
    system: System, people: Iterator[str]
) -> None:
    system.targets = [CONTACTS, LEADS]
    async with a_stage(system) as stage:
        for order in orders(3):
            name = next(people)
            user_id, lead_id = await a_lead_of(stage, name, user_metadata={"title": "Ensign"})
            master = str(stage.org.Lead.create({"LastName": name, "Company": "Known", "Title": "Captain"})["id"])
            stage.system.sandbox.administer("merge", object="Lead", master=master, losers=[lead_id], fields={})
            told = await stage.collect_records(lead_id, master)
            events = [*told, *await renamed(stage, user_id, "Countess")]
            assert len(events) == 3, order

            await stage.deliver(*in_order(events, order))

            [lead] = stage.records_named("Lead", name)
            assert (lead["Id"], lead["Auth0_User_Id__c"], lead["FirstName"]) == (master, user_id, "Countess"), order
            assert lead["Title"] == "Captain", order
            assert [each.reason for each in await stage.former(user_id)] == [LinkEnd.MERGED], order
            await stage.collect_users(1)  # the title that went to the user


async def test_a_record_that_was_merged_into_another_users_is_a_conflict_until_the_users_are_one(
    system: System, people: Iterator[str]
) -> None:
    system.targets = [CONTACTS, LEADS]
    async with a_stage(system) as stage:
        for order in orders(3):
            name, other_name = next(people), next(people)
            user_id, lead_id = await a_lead_of(stage, name)
            other_id, other_lead = await a_lead_of(stage, other_name)
            stage.system.sandbox.administer("merge", object="Lead", master=other_lead, losers=[lead_id], fields={})
            told = await stage.collect_records(lead_id, other_lead)
            events = [*told, *await renamed(stage, user_id, "Countess")]
            assert len(events) == 3, order

            await stage.deliver(*in_order(events, order))

            assert await stage.problems_of(user_id) == ["ALREADY_LINKED"], order
            assert await stage.problems_of(other_id) == [], order
            assert stage.records_named("Lead", name) == [], order
            [lead] = stage.records_named("Lead", other_name)
            assert (lead["Id"], lead["Auth0_User_Id__c"]) == (other_lead, other_id), order

            stage.auth0.users.identities.link(other_id, provider="auth0", user_id=user_id)
            await stage.deliver(*await stage.collect_users(2))
            assert await stage.problems_of(user_id) == [], order
            assert await stage.record_of(user_id) is None, order
            assert await stage.record_of(other_id) == other_lead, order


async def test_a_deleted_record_is_not_made_again_and_restored_with_its_link(
    system: System, people: Iterator[str]
) -> None:
    system.targets = [CONTACTS, LEADS]
    async with a_stage(system) as stage:
        for order in orders(2):
            name = next(people)
            user_id, lead_id = await a_lead_of(stage, name)
            stage.org.Lead.delete(lead_id)
            events = [*await stage.collect_records(lead_id), *await renamed(stage, user_id, "Countess")]

            await stage.deliver(*in_order(events, order))

            assert await stage.link_of(user_id) is None, order
            assert stage.records_named("Lead", name) == [], order
            assert await stage.problems_of(user_id) == [], order
            assert [each.reason for each in await stage.former(user_id)] == [LinkEnd.DELETED], order

            stage.later()
            stage.system.sandbox.administer("undelete", object="Lead", id=lead_id)
            back = [*await stage.collect_records(lead_id), *await renamed(stage, user_id, "Queen")]
            await stage.deliver(*in_order(back, order))

            [lead] = stage.records_named("Lead", name)
            assert (lead["Id"], lead["FirstName"], await stage.record_of(user_id)) == (lead_id, "Queen", lead_id), order


@pytest.mark.parametrize("reaction", ["recreate", "keep"])
async def test_a_deleted_record_is_made_again_or_its_link_kept_where_the_sync_wants_it(
    system: System, people: Iterator[str], reaction: str
) -> None:
    system.targets = [CONTACTS, LEADS]
    system.sync = {"on_record_deleted": reaction}
    async with a_stage(system) as stage:
        for order in orders(2):
            name = next(people)
            user_id, lead_id = await a_lead_of(stage, name)
            stage.org.Lead.delete(lead_id)
            events = [*await stage.collect_records(lead_id), *await renamed(stage, user_id, "Countess")]

            await stage.deliver(*in_order(events, order))

            leads = stage.records_named("Lead", name)
            if reaction == "recreate":
                [lead] = leads
                assert lead["Id"] != lead_id and lead["FirstName"] == "Countess", order
                assert await stage.record_of(user_id) == lead["Id"], order
                continue
            link = await stage.link_of(user_id)
            assert leads == [], order
            assert link is not None and (link.record.id, link.standing) == (lead_id, Standing.DELETED), order
            stage.later()
            stage.system.sandbox.administer("undelete", object="Lead", id=lead_id)
            await stage.deliver(*await stage.collect_records(lead_id))
            [lead] = stage.records_named("Lead", name)
            assert (lead["Id"], lead["FirstName"]) == (lead_id, "Countess"), order


async def test_a_lead_that_people_deleted_and_made_anew_with_the_same_address_is_linked(
    system: System, people: Iterator[str]
) -> None:
    system.targets = [CONTACTS, LEADS]
    async with a_stage(system) as stage:
        for order in orders(3):
            name = next(people)
            user_id, lead_id = await a_lead_of(stage, name, verified=True)
            stage.org.Lead.delete(lead_id)
            fields = {"LastName": name, "Company": "Known", "Email": f"{name}@example.com"}
            anew = str(stage.org.Lead.create(fields)["id"])
            told = await stage.collect_records(lead_id, anew)
            events = [*told, *await renamed(stage, user_id, "Countess")]
            assert len(events) == 3, order

            await stage.deliver(*in_order(events, order))

            [lead] = stage.records_named("Lead", name)
            assert (lead["Id"], lead["Auth0_User_Id__c"], lead["FirstName"]) == (anew, user_id, "Countess"), order
            assert await stage.record_of(user_id) == anew, order


async def test_a_link_goes_through_conversion_and_merges_although_nothing_told_of_them(
    system: System, people: Iterator[str]
) -> None:
    system.targets = [CONTACTS, LEADS]
    async with a_stage(system) as stage:
        name = next(people)
        user_id, lead_id = await a_lead_of(stage, name)
        converted = convert(stage, lead_id)
        masters = [str(stage.org.Contact.create({"LastName": name})["id"]) for _ in range(2)]
        for loser, master in zip([converted, *masters], masters, strict=False):
            stage.system.sandbox.administer("merge", object="Contact", master=master, losers=[loser], fields={})

        await stage.deliver(*await renamed(stage, user_id, "Countess"))

        [contact] = stage.records_named("Contact", name)
        assert (contact["Id"], contact["FirstName"]) == (masters[1], "Countess")
        assert (contact["Auth0_User_Id__c"], await stage.record_of(user_id)) == (user_id, masters[1])


async def test_explain_says_what_a_link_was_before(system: System, people: Iterator[str]) -> None:
    system.targets = [CONTACTS, LEADS]
    async with a_stage(system) as stage:
        name = next(people)
        user_id, lead_id = await a_lead_of(stage, name)
        contact_id = convert(stage, lead_id)
        await stage.deliver(*await stage.collect_records(lead_id))

        [now] = await explain_record(stage.hub, contact_id, None)
        [before] = await explain_record(stage.hub, lead_id, None)

        assert (now.user_id, now.evidence) == (user_id, f"converted from Lead {lead_id}")
        assert [(each.record_id, each.reason, each.moved_to) for each in now.former] == [
            (lead_id, LinkEnd.CONVERTED, contact_id)
        ]
        assert (before.user_id, before.standing, before.fields) == (user_id, "ended", ())
    shown = crosswalk(system, "explain", lead_id)
    assert shown.stdout.startswith(f"Lead {lead_id}  no longer  {user_id}   (sync customers, linked by created)\n")
    assert f": converted, moved to {contact_id}\n" in shown.stdout
