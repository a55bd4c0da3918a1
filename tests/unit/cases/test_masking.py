"""Masked data: nothing of what was there, and alike where it was alike."""

import re
import unicodedata
from random import Random

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.cases.masking import Masker, words_of
from crosswalk.domain.match_rule import Normalisation
from crosswalk.domain.values import ValueType
from crosswalk.expressions.types.registry import equal_values, normaliser_of
from crosswalk.matching.folding import fold

WORDS = re.compile(r"[^\W\d_]{3,}")


def mask(*texts: str, kept: tuple[str, ...] = (), seed: int = 1) -> list[str]:
    masker = Masker(Random(seed), words_of(kept))
    masker.avoid(list(texts))
    return [masker.text(text) for text in texts]


def words(text: str) -> set[str]:
    """The words of a text without capitals and accents."""
    plain = "".join(each for each in unicodedata.normalize("NFD", text) if not unicodedata.combining(each))
    return {word.lower() for word in WORDS.findall(plain)}


NAMES = st.text(st.characters(categories=["Ll", "Lu"], max_codepoint=0x17F), min_size=3, max_size=12)


@given(st.lists(NAMES, min_size=1, max_size=6), st.integers())
def test_no_word_of_the_original_is_left(names: list[str], seed: int):
    masked = mask(" ".join(names), *names, seed=seed)

    assert words(" ".join(masked)) & words(" ".join(names)) == set()


@given(st.lists(NAMES, min_size=2, max_size=6), st.integers())
def test_equal_stays_equal_and_different_stays_different(names: list[str], seed: int):
    masked = mask(*names, seed=seed)

    for one, other in zip(names, masked, strict=True):
        for another, again in zip(names, masked, strict=True):
            assert (one == another) == (other == again)


@given(st.text("abcxyzäöüéèñçå", min_size=3, max_size=12), st.integers())
def test_capitals_and_accents_do_not_make_another_word(name: str, seed: int):
    folding = Normalisation(accents=True)

    small, title, plain = mask(name, name.title(), fold(name, ValueType.TEXT, folding), seed=seed)

    assert unicodedata.normalize("NFC", title.lower()) == small
    assert fold(small, ValueType.TEXT, folding) == fold(plain, ValueType.TEXT, folding)


@pytest.mark.parametrize(
    "alike",
    [
        ("Ada@Company.COM", "ada@company.com"),
        ("ada@bücher.de", "ada@xn--bcher-kva.de"),
    ],
)
def test_addresses_that_are_alike_stay_alike(alike: tuple[str, str]):
    one, other = mask(*alike)

    normal = [str(normaliser_of(ValueType.EMAIL)(each)) for each in (one, other)]
    assert len({fold(each, ValueType.EMAIL, Normalisation()) for each in normal}) == 1
    assert "ada" not in words(one) | words(other)


def test_tags_and_dots_of_an_address_stay_where_they_are():
    plain, tagged = mask("ada@gmail.com", "a.da+shop@gmail.com")
    ignoring = Normalisation(plus_address=True, dots_of=(plain.partition("@")[2],))

    assert re.fullmatch(r"[a-z]\.[a-z]{2}\+[a-z]{4}@[a-z]{5}\.com", tagged)
    assert fold(plain, ValueType.EMAIL, ignoring) == fold(tagged, ValueType.EMAIL, ignoring)


@pytest.mark.parametrize("written", ["(212) 555-0100", "+1 212-555-0100", "212.555.0100", "2125550100"])
def test_a_telephone_number_stays_one_number_in_all_of_its_forms(written: str):
    normal, other = mask("+12125550100", written)

    assert equal_values(ValueType.PHONE, normal, other, "US")
    assert phonenumbers.is_possible_number(phonenumbers.parse(normal))
    assert "0100" not in normal + other


def test_dates_keep_their_distance():
    birthday, moment, next_day = mask("1815-12-10", "1815-12-11T04:30:00.000Z", "1815-12-11")

    assert birthday[:4] != "1815"
    assert moment == f"{next_day}T04:30:00.000Z"
    assert birthday < next_day


def test_ids_stay_but_for_an_address_in_them():
    kept = ["auth0|65f1c0ffee", "google-oauth2|1234567890", "003Hs0000000001IAA"]

    assert mask(*kept) == kept
    assert mask("samlp|okta|ada@byron.example")[0].startswith("samlp|okta|")
    assert "ada" not in words(mask("samlp|okta|ada@byron.example")[0])


def test_words_that_the_configuration_names_stay():
    assert mask("Gold", "bob@acme.com", kept=('user.tier === "gold"', '"@acme.com"'))[0] == "Gold"
    assert mask("bob@acme.com", kept=('"@acme.com"',))[0].endswith("@acme.com")


def test_what_is_no_text_stays_as_it_is():
    assert Masker(Random(1)).mask({"a": 5, "b": True, "c": None, "provider": "auth0"}) == {
        "a": 5,
        "b": True,
        "c": None,
        "provider": "auth0",
    }


def test_two_cases_cannot_be_told_to_be_of_one_person():
    assert mask("Ada Lovelace", seed=1) != mask("Ada Lovelace", seed=2)
