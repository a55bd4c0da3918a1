"""The digest of a user: the same for every form in which Auth0 gives the user, another where a rule could see it."""

import json
from typing import Any

import pytest

from crosswalk.domain.definition import FieldMap, SyncDefinition, Target
from crosswalk.domain.ids import OrgName, SyncName, TenantName
from crosswalk.domain.place import Place
from crosswalk.domain.values import Owner, ValueType
from crosswalk.reconcile.user_digest import UserDigest

PLACE = Place("crosswalk.yaml", 1)
USER: dict[str, Any] = {
    "user_id": "auth0|1",
    "email": "Ada@Example.com",
    "email_verified": True,
    "given_name": "Ada",
    "nickname": "ada",
    "last_ip": "203.0.113.7",
    "logins_count": 3,
    "user_metadata": {"title": "Countess", "city": "London"},
    "updated_at": "2026-02-01T10:00:00.000Z",
}


def digest_for(*expressions: str, to: tuple[str, ...] | None = None) -> UserDigest:
    fields = tuple(
        FieldMap(f"F{number}", text, Owner.AUTH0, ValueType.TEXT, PLACE, to) for number, text in enumerate(expressions)
    )
    target = Target("Contact", True, "Auth0_User_Id__c", fields, (), PLACE)
    names = (SyncName("s"), TenantName("t"), OrgName("o"))
    return UserDigest(SyncDefinition(*names, (target,), None, None, 1, 150))


def same(digest: UserDigest, **changes: Any) -> bool:
    """Whether a user with these changes digests like before."""
    before, after = (digest.of(json.dumps(user).encode()).digest for user in (USER, {**USER, **changes}))
    return before == after


def test_order_escapes_and_what_is_left_out_as_null_make_no_difference():
    digest = digest_for("user.user_metadata?.title", "user.given_name", "user.family_name", "user.app_metadata?.tier")
    other = {name: USER[name] for name in reversed(USER)} | {"family_name": None, "app_metadata": {}}
    other["user_metadata"] = {"city": "London", "title": "Countess"}

    texts = [json.dumps(USER).encode(), json.dumps(other, indent=1).replace("Ada", "\\u0041da").encode()]

    assert len({digest.of(text).digest for text in texts}) == 1


def test_only_what_an_expression_reads_makes_a_difference():
    digest = digest_for("user.given_name")

    assert not same(digest, given_name="Augusta")
    assert same(digest, nickname="augusta")
    assert same(digest, user_metadata={})


@pytest.mark.parametrize("member", ["email", "email_verified", "blocked", "identities"])
def test_what_the_hub_itself_goes_by_always_makes_a_difference(member: str):
    assert not same(digest_for("user.given_name"), **{member: "another"})


def test_where_salesforces_value_goes_makes_a_difference():
    assert not same(digest_for("user.given_name", to=("app_metadata", "tier")), app_metadata={"tier": "gold"})


def test_what_a_login_moves_counts_only_where_an_expression_reads_it():
    login = {"last_ip": "::1", "logins_count": 4, "updated_at": "2026-03-01T00:00:00.000Z"}

    assert same(digest_for("user.given_name"), **login)
    assert same(digest_for("JSON.stringify(user)"), **login)
    assert not same(digest_for("user.logins_count"), **login)
    assert not same(digest_for("JSON.stringify(user) + user.logins_count"), **login)


def test_an_expression_that_may_see_everything_counts_every_member():
    assert not same(digest_for("JSON.stringify(user)"), nickname="augusta")


def test_a_digest_tells_who_since_when_and_the_verified_address():
    digest = digest_for("user.given_name")
    unverified = {**USER, "email_verified": False}
    without_change = {"user_id": "auth0|2", "created_at": "2026-01-01T00:00:00.000Z"}

    told = [digest.of(json.dumps(user).encode()) for user in (USER, unverified, without_change)]

    assert [(each.user_id, each.updated_at, each.email) for each in told] == [
        ("auth0|1", "2026-02-01T10:00:00.000Z", "ada@example.com"),
        ("auth0|1", "2026-02-01T10:00:00.000Z", None),
        ("auth0|2", "2026-01-01T00:00:00.000Z", None),
    ]
