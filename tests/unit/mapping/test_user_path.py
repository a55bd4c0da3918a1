"""Places in a user: which may be written, and the least PATCH that puts values there."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.mapping.user_path import parse_path, patch_of, patched, path_of

USER: dict[str, Any] = {
    "user_id": "auth0|ada",
    "given_name": "Ada",
    "app_metadata": {"crm": {"tier": "silver", "seats": 5}, "roles": ["a"]},
    "user_metadata": {"company": "Engines"},
}


def patch(*changes: tuple[tuple[str, ...], Any], user: dict[str, Any] = USER) -> Any:
    body = patch_of(json.dumps(user).encode(), changes)
    return None if body is None else json.loads(body)


@pytest.mark.parametrize(
    ("expression", "path"),
    [
        ("user.app_metadata.tier", ("app_metadata", "tier")),
        ("user.app_metadata?.crm?.tier", ("app_metadata", "crm", "tier")),
        (" user.given_name ", ("given_name",)),
        ("user.app_metadata", None),
        ("user.user_id", None),
        ("user.email_verified", None),
        ("user.identities", None),
        ("user.given_name ?? null", None),
        ("user.app_metadata['tier']", None),
        ("user.given_name.trim()", None),
    ],
)
def test_an_expression_that_merely_reads_a_place_names_it(expression: str, path: tuple[str, ...] | None) -> None:
    assert path_of(expression) == path


@pytest.mark.parametrize("text", ["app_metadata", "", "app_metadata..tier", "user_id", "given_name.x", "a b.c"])
def test_what_cannot_be_written_is_no_path(text: str) -> None:
    assert parse_path(text) is None


def test_a_path_may_go_deep_into_the_metadata() -> None:
    assert parse_path("user_metadata.a.b.c") == ("user_metadata", "a", "b", "c")


def test_only_what_changes_is_sent() -> None:
    assert patch((("given_name",), "Augusta"), (("user_metadata", "company"), "Engines")) == {"given_name": "Augusta"}


def test_a_value_on_the_first_level_of_the_metadata_goes_alone() -> None:
    assert patch((("app_metadata", "plan"), "pro")) == {"app_metadata": {"plan": "pro"}}


def test_below_the_first_level_what_stands_beside_is_sent_again_because_the_vendor_replaces_it() -> None:
    assert patch((("app_metadata", "crm", "tier"), "gold")) == {"app_metadata": {"crm": {"tier": "gold", "seats": 5}}}


def test_two_values_of_one_object_share_it() -> None:
    assert patch((("app_metadata", "crm", "tier"), "gold"), (("app_metadata", "crm", "region"), "EU")) == {
        "app_metadata": {"crm": {"tier": "gold", "seats": 5, "region": "EU"}}
    }


def test_clearing_sends_null_on_the_first_level_and_leaves_out_below_it() -> None:
    assert patch((("user_metadata", "company"), None)) == {"user_metadata": {"company": None}}
    assert patch((("app_metadata", "crm", "tier"), None)) == {"app_metadata": {"crm": {"seats": 5}}}
    assert patch((("given_name",), None)) == {"given_name": None}


def test_a_user_who_has_it_all_needs_no_patch() -> None:
    assert patch((("given_name",), "Ada"), (("app_metadata", "crm", "tier"), "silver")) is None
    assert patch((("app_metadata", "missing"), None)) is None


def test_metadata_that_is_not_there_yet_is_made() -> None:
    assert patch((("app_metadata", "crm", "tier"), "gold"), user={}) == {"app_metadata": {"crm": {"tier": "gold"}}}
    assert patch((("app_metadata", "crm", "tier"), "gold"), user={"app_metadata": {"crm": "text"}}) == {
        "app_metadata": {"crm": {"tier": "gold"}}
    }


names = st.sampled_from(["a", "b", "c"])
values = st.recursive(st.none() | st.booleans() | st.text(max_size=3), lambda inner: st.dictionaries(names, inner))
metadata = st.dictionaries(names, values)
paths = st.lists(names, min_size=1, max_size=3).map(lambda rest: ("app_metadata", *rest))


@given(metadata, paths, st.none() | st.text(max_size=3) | st.integers())
def test_after_the_patch_the_value_is_in_its_place_and_nothing_beside_it_changed(
    before: dict[str, Any], path: tuple[str, ...], value: Any
) -> None:
    profile = json.dumps({"app_metadata": before, "name": "Ada"}).encode()
    body = patch_of(profile, [(path, value)])

    after = json.loads(profile if body is None else patched(profile, body))

    at: Any = after
    for name in path:
        at = at.get(name) if isinstance(at, dict) else None
    assert at == value
    assert after["name"] == "Ada"
    for name, other in before.items():
        if name != path[1]:
            assert after["app_metadata"].get(name) == other
    assert patch_of(json.dumps(after).encode(), [(path, value)]) is None
