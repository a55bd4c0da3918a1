"""The same events, delivered any number of times in any order, end in the same state."""

import json
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.record import Record
from crosswalk.domain.values import Owner, ValueType
from crosswalk.reconcile.compiled import CompiledSync
from tests.core_builders import BY_EMAIL, BY_ID, EXTERNAL_ID, a_field, a_sync, a_target
from tests.properties.hub_model import Hub, Org

SYNC = CompiledSync(
    a_sync(
        a_target(
            a_field("LastName", "user.name"),
            a_field("Email", "user.email", type_=ValueType.EMAIL),
            a_field("Plan__c", "user.plan", type_=ValueType.PICKLIST),
            a_field("Rating__c", "user.plan", Owner.SALESFORCE),
            object_="Lead",
            match=(BY_ID, BY_EMAIL),
        )
    )
)
USERS = ("auth0|a", "auth0|b", "auth0|c")
START = {
    RecordId("00Q00000000000001A"): Record(
        "Lead",
        RecordId("00Q00000000000001A"),
        {"LastName": "Old", "Email": "A@example.com", "Plan__c": None, "Rating__c": "Hot", EXTERNAL_ID: None},
    )
}


@st.composite
def histories(draw: st.DrawFn) -> list[Identity]:
    """Some states of some users, each with a version of its own, in the order in which they happened."""
    states = []
    for number in range(draw(st.integers(1, 8))):
        user_id = draw(st.sampled_from(USERS))
        profile = {
            "user_id": user_id,
            "name": draw(st.sampled_from(["Ada", "Bob", "", None])),
            # Each user has addresses of its own, which may be verified later; only user a's is in the org already.
            "email": f"{user_id[-1]}{draw(st.sampled_from(['', '2']))}@example.com",
            "email_verified": draw(st.booleans()) or user_id == "auth0|a",
            "plan": draw(st.sampled_from(["free", "pro", None])),
        }
        version = StateVersion(f"2026-01-01T00:00:{number // 2:02d}.000000Z", f"2026-01-01T00:01:{number:02d}.000000Z")
        deleted = draw(st.integers(0, 9)) == 0
        states.append(Identity(UserId(user_id), json.dumps(profile).encode(), version, deleted))
    return states


def deliver(states: list[Identity]) -> Hub:
    hub = Hub(SYNC, Org(dict(START)))
    for state in states:
        hub.receive(state)
    return hub


def visible(hub: Hub) -> dict[object, dict[str, object]]:
    """The org's records by the user they belong to: their ids depend on the order of creation, and nothing else may."""
    return {
        record.fields.get(EXTERNAL_ID): {name: value for name, value in record.fields.items() if value is not None}
        for record in hub.org.records.values()
    }


def never_deleted(states: list[Identity]) -> list[Identity]:
    return [Identity(state.user_id, state.profile, state.version) for state in states]


def with_one_address_each(states: list[Identity]) -> list[Identity]:
    """The same states without new addresses and deletions.

    With those, what the hub does depends on when it first looks: which record matches an address at that time, and
    whether a user that is gone by now ever gets a record.
    """
    profiles = [json.loads(state.profile) for state in states]
    for profile in profiles:
        profile["email"] = f"{profile['user_id'][-1]}@example.com"
    return [
        Identity(state.user_id, json.dumps(profile).encode(), state.version)
        for state, profile in zip(states, profiles, strict=True)
    ]


@settings(max_examples=150, deadline=None)
@given(histories().map(with_one_address_each), st.data())
def test_any_order_with_repetitions_ends_in_the_same_state(states: list[Identity], data: st.DataObject) -> None:
    expected = visible(deliver(states))

    shuffled = data.draw(st.permutations([*states, *data.draw(st.lists(st.sampled_from(states), max_size=5))]))

    assert visible(deliver(shuffled)) == expected


@settings(max_examples=150, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_nobody_gets_two_records(states: list[Identity], random: Random) -> None:
    random.shuffle(states)

    hub = deliver(states)

    ids = [record.fields[EXTERNAL_ID] for record in hub.org.records.values() if record.fields[EXTERNAL_ID]]
    assert len(ids) == len(set(ids))
    assert set(ids) <= set(USERS)


@settings(max_examples=100, deadline=None)
@given(histories())
def test_old_states_of_a_deleted_user_write_nothing(states: list[Identity]) -> None:
    last = StateVersion("2026-01-02T00:00:00.000000Z", "2026-01-02T00:00:00.000000Z")
    hub = Hub(SYNC, Org(dict(START)))
    for user_id in USERS:
        hub.receive(Identity(UserId(user_id), b"{}", last, deleted=True))

    for state in states:
        assert hub.receive(state).writes == ()

    assert hub.org.records == START


@settings(max_examples=100, deadline=None)
@given(histories())
def test_hub_falls_silent(states: list[Identity]) -> None:
    hub = deliver(states)
    writes = hub.org.writes

    for state in states * 2:
        assert hub.receive(state).writes == ()

    assert hub.org.writes == writes


@settings(max_examples=100, deadline=None)
@given(histories().map(never_deleted), st.sampled_from(["LastName", "Plan__c", "Rating__c"]))
def test_edit_in_salesforce_is_restored_once_where_auth0_owns_the_field(states: list[Identity], field: str) -> None:
    hub = deliver(states)
    user_id, link = next(iter(hub.links.items()))
    before = dict(hub.org.records[link.record.id].fields)

    hub.org.edit(link.record.id, {field: "edited by hand"})
    plan = hub.reconcile(user_id)

    after = hub.org.records[link.record.id].fields
    expected = "edited by hand" if field == "Rating__c" else before.get(field)
    assert after.get(field) == expected
    assert len(plan.writes) == (0 if field == "Rating__c" else 1)
    assert hub.reconcile(user_id).writes == ()
