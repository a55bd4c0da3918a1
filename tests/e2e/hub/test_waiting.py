"""Who waits for a record is found by whatever a match rule compares, and when a record gives it up."""

from tests.e2e.hub.conftest import System, contact_target
from tests.e2e.hub.stage import Stage, a_stage
from tests.e2e.hub.vendors import sign_up

PHONE = {"name": "phone", "fields": ["Phone", "MobilePhone"], "value": "user.user_metadata?.phone", "type": "phone"}


async def with_number(stage: Stage, name: str, number: str) -> str:
    """A new user with this telephone number, whom the hub knows."""
    user_id = sign_up(stage.auth0, f"{name}@example.com", user_metadata={"phone": number})
    await stage.deliver(*await stage.collect_users(1))
    return user_id


def contact(stage: Stage, **fields: str) -> str:
    return str(stage.org.Contact.create({"LastName": "Doe", **fields})["id"])


async def test_a_number_finds_who_waits_for_it_however_it_comes_to_be_free(system: System) -> None:
    system.targets = [contact_target(match=["external_id", PHONE])]
    system.sync = {"default_region": "US"}
    async with a_stage(system) as stage:
        first = await with_number(stage, "first", "+12125550100")
        assert await stage.record_of(first) is None

        theirs = contact(stage, MobilePhone="(212) 555-0100")
        await stage.deliver(*await stage.collect_records(theirs))
        assert await stage.record_of(first) == theirs

        # A linked record gives the number up.
        second = await with_number(stage, "second", "+12125550100")
        assert await stage.problems_of(second) == ["ALREADY_LINKED"]
        stage.later()
        stage.org.Contact.update(theirs, {"MobilePhone": "(212) 555-0199"})
        await stage.deliver(*await stage.collect_records(theirs))
        assert await stage.problems_of(second) == []
        assert await stage.record_of(first) == theirs

        # One of two records that nobody is linked to gives it up.
        doubles = [contact(stage, Phone="(212) 555-0177"), contact(stage, Phone="212 555 0177")]
        await stage.collect_records(*doubles)
        third = await with_number(stage, "third", "+12125550177")
        assert await stage.problems_of(third) == ["AMBIGUOUS"]
        stage.later()
        stage.org.Contact.update(doubles[0], {"Phone": None})
        await stage.deliver(*await stage.collect_records(doubles[0]))
        assert await stage.problems_of(third) == []
        assert await stage.record_of(third) == doubles[1]
