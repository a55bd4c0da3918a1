"""An identity's values depend on that identity alone."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.domain.identity import Identity
from crosswalk.domain.values import ValueType
from crosswalk.reconcile.compiled import CompiledSync
from tests.core_builders import BY_EMAIL, BY_ID, a_field, a_sync, a_target, an_identity, an_identity_of

SYNC = CompiledSync(
    a_sync(
        a_target(
            a_field("Name", "user.name"),
            a_field("Upper", "user.name.toUpperCase()"),
            a_field("Sorted", "[...user.roles].sort()", type_=ValueType.MULTIPICKLIST),
            a_field("Mutates", "user.roles.reverse()[0]"),
            a_field("Email", "user.email", type_=ValueType.EMAIL),
            a_field("Count", "Object.keys(user).length", type_=ValueType.INTEGER),
            a_field("Day", "new Date(user.at).toISOString().slice(0, 10)", type_=ValueType.DATE),
            match=(BY_ID, BY_EMAIL),
        ),
        a_target(a_field("LastName", "user.name ?? null"), object_="Lead"),
        filter_="user.active !== false",
    ),
    default_region="US",
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
IDENTITIES = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "name": JSON,
            "roles": JSON,
            "email": JSON | st.emails(),
            "email_verified": JSON,
            "active": JSON,
            "at": JSON | st.datetimes().map(str),
            "__proto__": JSON,
        },
    ).map(lambda user: an_identity(**user)),
    JSON.map(lambda value: an_identity_of(json.dumps(value).encode())),
    st.binary(max_size=10).map(an_identity_of),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(IDENTITIES, max_size=12))
def test_batch_gives_what_each_alone_gives(identities: list[Identity]) -> None:
    assert SYNC.evaluate(identities) == [SYNC.evaluate([identity])[0] for identity in identities]


@settings(max_examples=50, deadline=None)
@given(st.lists(IDENTITIES, max_size=8))
def test_repetition_and_order_make_no_difference(identities: list[Identity]) -> None:
    first = SYNC.evaluate(identities)

    assert SYNC.evaluate(identities[::-1]) == first[::-1]
