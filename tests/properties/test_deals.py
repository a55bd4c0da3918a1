"""Whatever becomes of deals, and whatever fails: in the end users have what the won deals give them, and no more."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import pytest
import structlog
from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.nightly import NIGHTLY
from tests.properties.two_sides.deals import CONTACTS, DEALS, LANES, ROLES, DealHub, Opportunity
from tests.properties.two_sides.process import Interruption, Outage, every_door
from tests.properties.two_sides.store import in_memory


@dataclass(frozen=True)
class Becomes:
    """A deal is changed, and the hub may hear of it."""

    deal: int
    won: bool = True
    tier: str = "Gold"
    contact: int = 0
    is_heard: bool = True

    def take(self, hub: DealHub) -> None:
        hub.deals[DEALS[self.deal]] = Opportunity(self.won, self.tier, self.contact)
        if self.is_heard:
            hub.hear(DEALS[self.deal])


@dataclass(frozen=True)
class Work:
    """A lane works. At one of its doors it dies, a call fails, a deal changes, or another lane works."""

    lane: int
    door: int = 0
    happens: Becomes | Outage | str | int | None = None

    def take(self, hub: DealHub) -> None:
        hub.work(self.lane, None if self.happens is None else Interruption(self.door, lambda: self._happen(hub)))

    async def _happen(self, hub: DealHub) -> None:
        match self.happens:
            case Outage() as outage:
                hub.process.outage = outage
            case str():
                await hub.process.die()
            case int(lane):
                if lane != self.lane:
                    await hub.batch(lane)
            case Becomes() as change:
                change.take(hub)


Step: TypeAlias = Becomes | Work

_becomes = st.builds(
    Becomes, st.integers(0, 2), st.booleans(), st.sampled_from(sorted(ROLES)), st.integers(0, 1), st.booleans()
)
_happens = st.one_of(st.none(), st.just("death"), st.sampled_from(Outage), st.sampled_from(LANES), _becomes)
_works = st.builds(Work, st.sampled_from(LANES), st.integers(0, 20), _happens)
sequences = st.lists(st.one_of(_becomes, _works, _works), max_size=14)


@pytest.fixture(scope="module", autouse=True)
def _tables_in_memory() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    with in_memory():
        yield
    structlog.configure(**before)


def run(*steps: Step) -> DealHub:
    hub = DealHub()
    for step in steps:
        step.take(hub)
    hub.settle()
    hub.look_at_all()
    wanted = hub.wanted()
    assert {user_id: access for user_id, access in wanted.items() if access} == {
        user_id: access for user_id, access in hub.users.items() if access
    }
    changes = hub.changes
    hub.look_at_all()
    assert hub.changes == changes, "the hub does not fall silent"
    return hub


@settings(max_examples=5_000 if NIGHTLY else 100)
@given(sequences)
def test_users_have_what_the_won_deals_give_them(steps: list[Step]) -> None:
    note(f"run({', '.join(map(repr, steps))})")
    run(*steps)


def test_a_won_deal_that_gets_another_contact_makes_that_one_a_user() -> None:
    hub = run(Becomes(0, contact=1), Work(1), Work(1), Becomes(0, contact=0))

    assert hub.users == {f"auth0|{CONTACTS[0]}": {"gold", "support", "org_customers"}, f"auth0|{CONTACTS[1]}": set()}


@pytest.mark.parametrize("happens", ["death", *Outage])
def test_access_whose_answer_was_lost_is_taken_back_when_the_deal_is_reopened_meanwhile(happens: Outage | str) -> None:
    for door in every_door():
        hub = run(Becomes(0), Work(1), Work(1, door, happens), Becomes(0, won=False))

        assert not any(hub.users.values()), f"door {door}"


@pytest.mark.parametrize(("first", "other"), [(0, 1), (1, 0)])
def test_a_role_stays_when_one_deal_is_reopened_while_another_of_the_contact_is_won(first: int, other: int) -> None:
    for door in every_door():
        one, two = Becomes(0), Becomes(1, tier="Silver")
        hub = run(one, Work(1), Work(1), Becomes(0, won=False), two, Work(first, door, happens=other))

        assert hub.users[f"auth0|{CONTACTS[0]}"] == {"silver", "support", "org_customers"}, f"door {door}"


def test_a_role_goes_when_all_deals_that_gave_it_are_reopened_at_once() -> None:
    won = (Becomes(0), Becomes(2), Work(1), Work(1))
    hub = run(*won, Becomes(0, won=False), Becomes(2, won=False), Work(1))

    assert list(hub.users.values()) == [set()]


def test_what_may_have_been_taken_back_before_a_death_is_given_again_when_the_deal_is_won_again() -> None:
    for door in every_door():
        won, lost = (Becomes(0), Work(1), Work(1)), Becomes(0, won=False)
        hub = run(*won, lost, Work(1, door, "death"), Becomes(0, is_heard=False))

        assert hub.users[f"auth0|{CONTACTS[0]}"] == {"gold", "support", "org_customers"}, f"door {door}"
