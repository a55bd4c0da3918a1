"""The org's rows keep to their rules whatever is written, in whatever order, with whatever undone."""

from collections import Counter
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crosswalk_sandbox.salesforce import Org, RecordRefused

KEYS = st.sampled_from(["a", "A", "b", "c"])
EMAILS = st.sampled_from(["x@example.com", "X@example.com", "y@example.com", "bad", None])
WRITES = st.one_of(
    st.tuples(st.just("upsert"), KEYS, EMAILS),
    st.tuples(st.just("insert"), KEYS, EMAILS),
    st.tuples(st.just("update"), st.integers(1, 6), EMAILS),
    st.tuples(st.just("rekey"), st.integers(1, 6), KEYS),
    st.tuples(st.just("delete"), st.integers(1, 6), st.none()),
)
CALLS = st.lists(st.tuples(st.booleans(), st.lists(WRITES, max_size=4)), max_size=8)


class Undone(Exception):
    """Leaves an all-or-none call."""


def an_org() -> Org:
    return Org(instance_url="https://x", client_id="i", client_secret="s", username="u", jwt_certificate_pem=None)


def write(org: Org, operation: str, target: Any, value: Any) -> None:
    ids = list(org.tables["Contact"].rows)
    record_id = ids[target - 1] if isinstance(target, int) and target <= len(ids) else "003Hs0000000zzz"
    fields = {"LastName": "Byron", "Email": value}
    match operation:
        case "upsert":
            org.upsert("Contact", org.key_field("Contact", "Auth0_User_Id__c"), target, fields)
        case "insert":
            org.insert("Contact", {**fields, "Auth0_User_Id__c": target})
        case "update":
            org.update("Contact", record_id, {"Email": value})
        case "rekey":
            org.update("Contact", record_id, {"Auth0_User_Id__c": value})
        case "delete":
            org.delete("Contact", record_id)


@given(CALLS)
def test_lookups_agree_with_the_rows_and_keys_stay_unique(calls: list[tuple[bool, list[Any]]]) -> None:
    org = an_org()

    for is_undone, writes in calls:
        before, write_count = org.snapshot(), len(org.writes)
        with suppress(Undone), org.all_or_none():
            for each in writes:
                with suppress(RecordRefused):
                    write(org, *each)
            if is_undone:
                raise Undone
        if is_undone:
            assert (org.snapshot(), len(org.writes)) == (before, write_count)

    rows = org.rows("Contact")
    table = org.tables["Contact"]
    assert max(Counter(row["Auth0_User_Id__c"] for row in rows).values(), default=0) <= 1
    for key in ("a", "A", "b", "c"):
        assert table.find("Auth0_User_Id__c", key) == [row["Id"] for row in rows if row["Auth0_User_Id__c"] == key]
    for email in ("x@example.com", "y@example.com"):
        expected = {row["Id"] for row in rows if row.get("Email") == email}
        assert set(table.find("Email", email.upper())) == expected
