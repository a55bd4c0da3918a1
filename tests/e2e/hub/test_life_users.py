"""Links follow what becomes of Auth0 users: linked, unlinked, deleted, back with a new id; in every order of events."""

from collections.abc import Iterator
from itertools import count

import pytest

from crosswalk.domain.link import LinkEnd
from tests.e2e.hub.conftest import System, contact_target, lead_target
from tests.e2e.hub.stage import Stage, a_stage, in_order, orders
from tests.e2e.hub.vendors import sign_up

NAMES = {
    "FirstName": "user.given_name",
    "LastName": "user.family_name",
    "Email": {"value": "user.email", "type": "email"},
}
CONTACTS = contact_target(fields=NAMES)
LEADS = lead_target(fields={**NAMES, "Company": '"Unknown"'})

TASK_KEY = {"name": "Crosswalk_Key__c", "type": "string", "length": 255, "is_external_id": True, "is_unique": True}

_numbers = count(1)


@pytest.fixture
def people() -> Iterator[str]:
    """A new last name for each person of a test."""
    return (f"User{number}" for number in _numbers)


def address(name: str) -> str:
    return f"{name}@example.com".lower()


async def signed_up(stage: Stage, name: str, *, email: str | None = None, verified: bool = True) -> str:
    """A new user, whom the hub knows."""
    user_id = sign_up(stage.auth0, email or address(name), family_name=name, verified=verified)
    await stage.deliver(*await stage.collect_users(1))
    return user_id


def link(stage: Stage, primary: str, secondary: str) -> None:
    stage.auth0.users.identities.link(primary, provider="auth0", user_id=secondary)


def unlink(stage: Stage, primary: str, secondary: str) -> None:
    stage.auth0.users.identities.delete(primary, "auth0", secondary.partition("|")[2])


def tasks_about(stage: Stage, record: str) -> list[tuple[str, str]]:
    """The status of the tasks at a record, and what they say."""
    rows = stage.org.query(f"SELECT Status, Description FROM Task WHERE WhoId = '{record}'")["records"]  # noqa: S608
    return [(row["Status"], row["Description"]) for row in rows]


async def two_leads(stage: Stage, people: Iterator[str]) -> tuple[str, str, str, str]:
    """Two users with a lead each: the one that will be the primary with its lead, and the other with its own."""
    primary, secondary = await signed_up(stage, next(people)), await signed_up(stage, next(people))
    first, second = await stage.record_of(primary), await stage.record_of(secondary)
    assert first is not None and second is not None
    stage.later()
    return primary, first, secondary, second


@pytest.mark.parametrize("news", ["both", "primary_only"])
async def test_linked_users_with_a_record_each_are_a_conflict_until_they_are_unlinked(
    system: System, people: Iterator[str], news: str
) -> None:
    """The vendor does not say whether it tells of the end of the user who becomes an account."""
    number = 2 if news == "both" else 1
    system.sandbox.auth0_settings(linking_deletes=news == "both")
    system.sandbox.administer("fields", object="Task", field=TASK_KEY)
    system.targets = [CONTACTS, LEADS]
    system.sync = {"flows": {"merge_task": {}}}
    async with a_stage(system) as stage:
        for order in orders(number):
            primary, first, secondary, second = await two_leads(stage, people)
            link(stage, primary, secondary)

            await stage.deliver(*in_order(await stage.collect_users(number), order))

            assert await stage.problems_of(secondary) == ["USERS_LINKED"], order
            assert (await stage.record_of(primary), await stage.record_of(secondary)) == (first, second), order
            assert await stage.problems_of(primary) == [], order
            [(status, words)] = tasks_about(stage, first)
            assert status == "Not Started", order
            assert f"Lead {second} and Lead {first} are one person's" in words, order

            stage.later()
            unlink(stage, primary, secondary)
            events = await stage.collect_users(2)
            await stage.deliver(*(in_order(events, order) if number == 2 else events))

            assert await stage.problems_of(secondary) == [], order
            assert (await stage.record_of(primary), await stage.record_of(secondary)) == (first, second), order
            assert tasks_about(stage, first) == [("Completed", words)], order


@pytest.mark.parametrize("kept", ["primary's", "secondary's"])
async def test_linked_users_whose_records_are_merged_have_the_record_that_is_left(
    system: System, people: Iterator[str], kept: str
) -> None:
    system.targets = [CONTACTS, LEADS]
    async with a_stage(system) as stage:
        for order in orders(4)[kept == "secondary's" :: 2]:
            primary, first, secondary, second = await two_leads(stage, people)
            master, loser = (first, second) if kept == "primary's" else (second, first)
            link(stage, primary, secondary)
            system.sandbox.administer("merge", object="Lead", master=master, losers=[loser], fields={})
            events = [*await stage.collect_users(2), *await stage.collect_records(master, loser)]
            assert len(events) == 4, order

            await stage.deliver(*in_order(events, order))

            assert (await stage.record_of(primary), await stage.record_of(secondary)) == (master, None), order
            assert await stage.problems_of(primary) == await stage.problems_of(secondary) == [], order
            assert stage.org.Lead.get(master)["Auth0_User_Id__c"] == primary, order


async def test_a_primary_without_a_record_takes_over_that_of_its_account_and_gives_it_back(
    system: System, people: Iterator[str]
) -> None:
    system.targets = [CONTACTS]
    async with a_stage(system) as stage:
        for order in orders(2):
            name = next(people)
            contact = str(stage.org.Contact.create({"LastName": name, "Email": address(name)})["id"])
            secondary, primary = await signed_up(stage, name), await signed_up(stage, next(people))
            assert (await stage.record_of(secondary), await stage.record_of(primary)) == (contact, None), order
            stage.later()
            link(stage, primary, secondary)

            await stage.deliver(*in_order(await stage.collect_users(2), order))

            assert (await stage.record_of(secondary), await stage.record_of(primary)) == (None, contact), order
            assert stage.org.Contact.get(contact)["Auth0_User_Id__c"] == primary, order
            [before] = await stage.former(secondary)
            assert (before.reason, before.successor) == (LinkEnd.USERS_LINKED, primary), order

            stage.later()
            unlink(stage, primary, secondary)
            await stage.deliver(*in_order(await stage.collect_users(2), order))

            assert (await stage.record_of(secondary), await stage.record_of(primary)) == (contact, None), order
            assert stage.org.Contact.get(contact)["Auth0_User_Id__c"] == secondary, order
            assert await stage.problems_of(primary) == await stage.problems_of(secondary) == [], order


async def test_where_the_sync_relinks_the_accounts_record_is_let_go(system: System, people: Iterator[str]) -> None:
    system.targets = [CONTACTS, LEADS]
    system.sync = {"on_users_linked": "relink"}
    async with a_stage(system) as stage:
        for order in orders(2):
            primary, first, secondary, second = await two_leads(stage, people)
            link(stage, primary, secondary)

            await stage.deliver(*in_order(await stage.collect_users(2), order))

            assert (await stage.record_of(primary), await stage.record_of(secondary)) == (first, None), order
            assert await stage.problems_of(secondary) == [], order
            assert stage.org.Lead.get(second)["Auth0_User_Id__c"] == secondary, order

            stage.later()
            unlink(stage, primary, secondary)
            await stage.deliver(*in_order(await stage.collect_users(2), order))
            assert await stage.record_of(secondary) == second, order


@pytest.mark.parametrize(("policy", "standing"), [("merge_task", "Good"), ("deactivate", "Inactive")])
async def test_the_record_of_an_account_is_marked_as_left_only_where_the_sync_wants_it(
    system: System, people: Iterator[str], policy: str, standing: str
) -> None:
    field = {"name": "Standing__c", "type": "string", "length": 40}
    system.sandbox.administer("fields", object="Contact", field=field)
    system.targets = [CONTACTS]
    flow = {"fields": {"Contact": {"Standing__c": "Inactive"}}}
    system.sync = {"on_users_linked": policy, "flows": {"deactivation": flow}}
    async with a_stage(system) as stage:
        for order in orders(2):
            users, contacts = [], []
            for name in (next(people), next(people)):
                fields = {"LastName": name, "Email": address(name), "Standing__c": "Good"}
                contacts.append(str(stage.org.Contact.create(fields)["id"]))
                users.append(await signed_up(stage, name))
            stage.later()
            link(stage, users[0], users[1])

            await stage.deliver(*in_order(await stage.collect_users(2), order))

            found = [stage.org.Contact.get(contact)["Standing__c"] for contact in contacts]
            assert found == ["Good", standing], order


async def test_a_user_who_is_back_with_a_new_id_gets_the_record_of_the_old_one(
    system: System, people: Iterator[str]
) -> None:
    system.targets = [CONTACTS, LEADS]
    async with a_stage(system) as stage:
        for order in orders(2):
            name = next(people)
            old = await signed_up(stage, name)
            lead = await stage.record_of(old)
            stage.auth0.users.delete(old)
            new = sign_up(stage.auth0, address(name), family_name=name, given_name="Augusta", verified=True)

            await stage.deliver(*in_order(await stage.collect_users(2), order))

            [record] = stage.records_named("Lead", name)
            assert (record["Id"], record["Auth0_User_Id__c"], record["FirstName"]) == (lead, new, "Augusta"), order
            assert (await stage.record_of(new), await stage.record_of(old)) == (lead, None), order
            assert await stage.problems_of(new) == [], order
            [before] = await stage.former(old)
            assert (before.reason, before.successor) == (LinkEnd.REPLACED, new), order


async def test_a_record_with_the_id_of_a_user_whom_nobody_knows_is_linked_anew(
    system: System, people: Iterator[str]
) -> None:
    system.targets = [CONTACTS, LEADS]
    async with a_stage(system) as stage:
        name = next(people)
        fields = {"LastName": name, "Email": address(name), "Auth0_User_Id__c": "auth0|longgone"}
        contact = str(stage.org.Contact.create(fields)["id"])

        user_id = await signed_up(stage, name)

        assert await stage.record_of(user_id) == contact
        assert stage.org.Contact.get(contact)["Auth0_User_Id__c"] == user_id


async def test_a_conflict_of_two_users_with_one_address_ends_when_they_are_linked(
    system: System, people: Iterator[str]
) -> None:
    """Whichever of the two is the primary has the one record in the end."""
    system.sandbox.auth0_settings(linking_deletes=True)
    system.targets = [CONTACTS, LEADS]
    async with a_stage(system) as stage:
        stage.auth0.connections.create(name="members", strategy="auth0")
        for order in orders(2):
            for survivor in (0, 1):
                name = next(people)
                first = await signed_up(stage, name)
                lead = await stage.record_of(first)
                user = stage.auth0.users.create(
                    connection="members",
                    email=address(name),
                    email_verified=True,
                    password="Correct-Horse-7-Battery",
                    family_name=name,
                    given_name="Ada",
                )
                second = str(user.user_id)
                await stage.deliver(*await stage.collect_users(1))
                assert await stage.problems_of(second) == ["ALREADY_LINKED"], order
                users = (first, second)
                stage.later()
                link(stage, users[survivor], users[1 - survivor])

                await stage.deliver(*in_order(await stage.collect_users(2), order))

                assert await stage.record_of(users[survivor]) == lead, order
                assert stage.org.Lead.get(lead)["Auth0_User_Id__c"] == users[survivor], order
                assert await stage.problems_of(first) == await stage.problems_of(second) == [], order
                assert len(stage.records_named("Lead", name)) == 1, order


async def test_a_record_follows_its_users_new_address_while_people_edit_it(
    system: System, people: Iterator[str]
) -> None:
    system.targets = [CONTACTS, LEADS]
    async with a_stage(system) as stage:
        for order in orders(3):
            name = next(people)
            user_id = await signed_up(stage, name)
            lead = await stage.record_of(user_id)
            assert lead is not None
            stage.later()
            stage.org.Lead.update(lead, {"Email": f"work-{address(name)}"})
            for email in (f"other-{address(name)}", f"new-{address(name)}"):
                stage.auth0.users.update(user_id, email=email, email_verified=True)
            events = [*await stage.collect_users(2), *await stage.collect_records(lead)]
            assert len(events) == 3, order

            await stage.deliver(*in_order(events, order))

            [record] = stage.records_named("Lead", name)
            assert (record["Id"], record["Email"]) == (lead, f"new-{address(name)}"), order
