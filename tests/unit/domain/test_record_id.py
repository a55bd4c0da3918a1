"""Record ids, as people copy them."""

import pytest

from crosswalk.domain.record_id import full_record_id


@pytest.mark.parametrize(
    ("given", "full"),
    [
        # "What are the 15-digit and 18-digit IDs in Salesforce?", an example of the vendor's.
        ("001A0000006Vm9r", "001A0000006Vm9rIAC"),
        ("001A0000006Vm9rIAC", "001A0000006Vm9rIAC"),
        (" 001A0000006Vm9r\n", "001A0000006Vm9rIAC"),
        ("000000000000000", "000000000000000AAA"),
        ("001A0000006Vm9rXXX", "001A0000006Vm9rIAC"),
    ],
)
def test_an_id_of_15_characters_gets_the_three_that_say_which_are_capitals(given: str, full: str) -> None:
    assert full_record_id(given) == full


@pytest.mark.parametrize("given", ["", "001A0000006Vm9", "001A0000006Vm9rI", "001A0000006Vm9-", "001A0000006Vm9é"])
def test_what_has_another_form_is_no_id(given: str) -> None:
    assert full_record_id(given) is None
