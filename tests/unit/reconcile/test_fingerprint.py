"""The digest of what the mappings could see of a user."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.domain.definition import SyncDefinition
from crosswalk.expressions.seen import seen_members
from crosswalk.reconcile.fingerprint import Fingerprint
from tests.core_builders import BY_ID, a_field, a_sync, a_target

USER: dict[str, Any] = {
    "user_id": "auth0|ada",
    "name": "Ada",
    "app_metadata": {"tier": "gold"},
    "last_login": "2026-01-01T00:00:00.000Z",
    "logins_count": 7,
}


def sync(*expressions: str, filter_: str | None = None) -> SyncDefinition:
    fields = [a_field(f"F{number}", expression) for number, expression in enumerate(expressions)]
    return a_sync(a_target(*fields, match=(BY_ID,)), filter_=filter_)


def digest(definition: SyncDefinition, **changes: Any) -> str:
    return Fingerprint(definition).of(json.dumps(USER | changes).encode())


@pytest.mark.parametrize(
    ("texts", "seen"),
    [
        (["user.name", "user?.app_metadata?.tier ?? user.name"], ("app_metadata", "name")),
        (["user . email.toLowerCase()"], ("email",)),
        (["'constant'"], ()),
        (["user['name']"], None),
        (["Object.keys(user).length"], None),
        (["(({name}) => name)(user)"], None),
        (["((u) => u.name)(user)"], None),
        (["`${user.name} of user`"], None),
        (["user.user_metadata.user"], None),
        (["us\\u0065r['name'] ?? user.email"], None),
        (["user.naïve"], None),
    ],
)
def test_the_members_that_expressions_read(texts: list[str], seen: tuple[str, ...] | None) -> None:
    assert seen_members(texts) == seen


def test_what_no_expression_reads_makes_no_difference() -> None:
    definition = sync("user.name", "user.app_metadata.tier")

    assert digest(definition, last_login="2026-02-02T00:00:00.000Z", logins_count=8) == digest(definition)


@pytest.mark.parametrize("changes", [{"name": "Eve"}, {"app_metadata": {"tier": "silver"}}, {"name": None}])
def test_what_an_expression_reads_does(changes: dict[str, Any]) -> None:
    definition = sync("user.name", "user.app_metadata.tier")

    assert digest(definition, **changes) != digest(definition)


def test_filters_and_match_rules_read_too() -> None:
    assert digest(sync("user.name", filter_="user.logins_count > 7"), logins_count=8) != digest(
        sync("user.name", filter_="user.logins_count > 7")
    )
    assert digest(sync("user.name"), user_id="auth0|eve") != digest(sync("user.name"))


def test_where_an_expression_may_see_all_everything_counts() -> None:
    definition = sync("Object.keys(user).length")

    assert digest(definition, logins_count=8) != digest(definition)


def test_another_definition_gives_another_digest() -> None:
    assert digest(sync("user.name")) != digest(sync("user.name ?? null"))


def test_a_member_that_is_missing_is_not_one_that_is_null() -> None:
    without = Fingerprint(sync("user.nickname")).of(json.dumps(USER).encode())

    assert digest(sync("user.nickname"), nickname=None) != without


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        Fingerprint(sync("user.name")).of(b"[]")


members = st.dictionaries(st.sampled_from(["name", "email", "other", "x"]), st.text() | st.integers() | st.none())


@given(members, members)
def test_equal_digests_mean_equal_values_of_all_that_is_read(first: dict[str, Any], second: dict[str, Any]) -> None:
    fingerprint = Fingerprint(sync("user.name", "user.email"))
    same = all(
        (key in first, first.get(key)) == (key in second, second.get(key)) for key in ("name", "email", "user_id")
    )

    assert (fingerprint.of(json.dumps(first).encode()) == fingerprint.of(json.dumps(second).encode())) is same
