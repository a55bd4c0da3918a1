"""What resolution promises for all identities and records: no order matters, and no record goes to two people."""

import json
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.match_rule import AutomaticLink, MatchPart, Normalisation
from crosswalk.domain.record import Record
from crosswalk.domain.values import ValueType
from crosswalk.expressions.types.problem import WrongValue
from crosswalk.expressions.types.registry import normaliser_of
from crosswalk.matching.batch import resolve_all
from crosswalk.matching.candidates import Candidates
from crosswalk.matching.folding import fold
from crosswalk.matching.resolution import Matched, Scene
from crosswalk.matching.similarity import Kind, similarity
from crosswalk.matching.written_forms import phone_forms, written_forms
from crosswalk.reconcile.compiled import CompiledSync
from tests.core_builders import BY_ID, EXTERNAL_ID, a_field, a_rule, a_sync, a_target

EMAIL = a_rule("email", "Email", "user.email", ValueType.EMAIL, "user.verified")
PHONE = a_rule("phone", ("MobilePhone", "Phone"), "user.phone", ValueType.PHONE)
DEFINITION = a_sync(
    a_target(a_field("LastName", "user.name"), match=(BY_ID, EMAIL, PHONE)),
    a_target(a_field("LastName", "user.name"), object_="Lead", match=(EMAIL,)),
    automatic_link=AutomaticLink(0.8, 0.2),
)
SYNC = CompiledSync(DEFINITION, default_region="US")

ADDRESSES = st.sampled_from([None, "a@example.com", "b@example.com", "A@example.com"])
PHONES = st.sampled_from([None, "+12125550100", "(212) 555-0100", "+12125550101"])
NAMES = st.sampled_from([None, "Lovelace", "Byron"])
USERS = [f"auth0|{letter}" for letter in "abcd"]


@st.composite
def identities(draw: st.DrawFn) -> list[Identity]:
    at = StateVersion("2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:00.000000Z")
    profiles = [
        {
            "user_id": user,
            "email": draw(ADDRESSES),
            "verified": draw(st.booleans()),
            "phone": draw(PHONES),
            "name": draw(NAMES),
        }
        for user in draw(st.lists(st.sampled_from(USERS), min_size=1, unique=True))
    ]
    return [Identity(UserId(each["user_id"]), json.dumps(each).encode(), at) for each in profiles]


@st.composite
def records(draw: st.DrawFn) -> list[Record]:
    return [
        Record(
            object_,
            RecordId(f"{number:015d}AAA"),
            {
                "Email": draw(ADDRESSES),
                "Phone": draw(PHONES),
                "MobilePhone": draw(PHONES),
                "LastName": draw(NAMES),
                EXTERNAL_ID: draw(st.sampled_from([None, None, None, *USERS])),
            },
        )
        for number, object_ in enumerate(draw(st.lists(st.sampled_from(["Contact", "Lead"]), max_size=5)))
    ]


def resolved(people: list[Identity], found: list[Record]) -> dict[UserId, object]:
    names = {(rule.sobject, rule.searched) for rules in SYNC.rules for rule in rules}
    brought = {name: [record for record in found if record.object == name[0]] for name in names}
    scene = Scene(DEFINITION, Candidates.of(SYNC.rules, brought))
    return dict(resolve_all(SYNC.evaluate(people), scene))


@settings(max_examples=200, deadline=None)
@given(identities(), records(), st.randoms(use_true_random=False))
def test_no_order_matters_and_no_repetition(people: list[Identity], found: list[Record], random: Random) -> None:
    expected = resolved(people, found)

    random.shuffle(people)
    again = [*found, *found]
    random.shuffle(again)

    assert resolved(people, again) == expected


@settings(max_examples=200, deadline=None)
@given(identities(), records())
def test_no_two_identities_of_a_batch_get_one_record(people: list[Identity], found: list[Record]) -> None:
    matched = [each.record.id for each in resolved(people, found).values() if isinstance(each, Matched)]

    assert len(matched) == len(set(matched))


@settings(max_examples=200, deadline=None)
@given(identities(), records())
def test_a_record_that_carries_another_user_s_id_is_never_taken(people: list[Identity], found: list[Record]) -> None:
    for user_id, each in resolved(people, found).items():
        if isinstance(each, Matched):
            assert each.record.fields[EXTERNAL_ID] in (None, user_id)


NORMALISATIONS = st.builds(
    Normalisation,
    plus_address=st.booleans(),
    dots_of=st.sampled_from([(), ("gmail.com",)]),
    accents=st.booleans(),
    spaces=st.booleans(),
    case=st.booleans(),
)


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=20), NORMALISATIONS)
def test_folding_a_text_twice_changes_nothing(text: str, normalisation: Normalisation) -> None:
    once = fold(text, ValueType.TEXT, normalisation)

    assert fold(once, ValueType.TEXT, normalisation) == once


LOCALS = st.text("aB.+üé-", min_size=1, max_size=10)


@settings(max_examples=500, deadline=None)
@given(LOCALS, st.sampled_from(["gmail.com", "GMAIL.com", "bücher.example", "xn--bcher-kva.example"]), NORMALISATIONS)
def test_folding_an_address_twice_changes_nothing(local: str, domain: str, normalisation: Normalisation) -> None:
    normalise = normaliser_of(ValueType.EMAIL)
    try:
        address = str(normalise(f"{local}@{domain}"))
    except WrongValue:
        return
    once = fold(address, ValueType.EMAIL, normalisation)

    assert fold(once, ValueType.EMAIL, normalisation) == once


@settings(max_examples=300, deadline=None)
@given(st.integers(2_000_000_000, 9_899_999_999), st.sampled_from(["US", "CA", None]))
def test_every_form_of_a_number_is_that_number(digits: int, region: str | None) -> None:
    number = f"+1{digits}"
    normalise = normaliser_of(ValueType.PHONE, region)

    for form in phone_forms(number, region):
        if form.startswith("+") or region is not None:
            assert normalise(form) == number


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=15).filter(str.strip), NORMALISATIONS)
def test_every_form_of_a_text_is_the_same_key(text: str, normalisation: Normalisation) -> None:
    part = MatchPart(("F",), "user.f", ValueType.TEXT, normalisation)
    value = text.strip()

    for form in written_forms(value, part, None):
        assert fold(form, ValueType.TEXT, normalisation) == fold(value, ValueType.TEXT, normalisation)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=12), st.text(max_size=12), st.sampled_from(list(Kind)))
def test_similarity_is_symmetric_and_within_its_bounds(a: str, b: str, kind: Kind) -> None:
    assert similarity(a, b, kind) == similarity(b, a, kind)
    assert 0.0 <= similarity(a, b, kind) <= 1.0
    assert similarity(a, a, kind) == 1.0
