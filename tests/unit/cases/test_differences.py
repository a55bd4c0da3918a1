"""What a case says when it fails: what was expected, what came instead, and the lines of both."""

from pathlib import Path

from tests.unit.cases.builders import LEAD, USER, differences, run, write_tests

CONTACT = """\
    record: {object: Contact, id: 003x, Auth0_User_Id__c: auth0|ada, Email: old@example.com}
"""


def a_case(expect: str, given: str = CONTACT, more: str = "") -> str:
    return f"cases:\n  - name: it\n{more}    user: {USER}\n{given}    expect: {expect}\n"


def test_a_case_that_comes_as_expected_has_no_difference(tmp_path: Path):
    assert differences(tmp_path, LEAD) == []


def test_a_wrong_value_shows_what_was_written_why_and_from_where(tmp_path: Path):
    result = run(write_tests(tmp_path, a_case("{record: {Email: new@example.com}}")))

    (verdict,) = result.failed
    (difference,) = verdict.differences
    assert (difference.what, difference.expected) == ("record.Email", '"new@example.com"')
    assert difference.got == '"ada@example.com"  (changed, was "old@example.com")'
    assert (Path(difference.place.file).name, difference.place.line) == ("leads.yaml", 5)
    assert difference.mapping is not None
    assert (Path(difference.mapping.file).name, difference.mapping.line) == ("contact.yaml", 3)


def test_a_field_that_is_not_written_is_missed(tmp_path: Path):
    assert differences(tmp_path, a_case("{record: {FirstName: Ada}}")) == [("record.FirstName", '"Ada"', "nothing")]


def test_a_field_that_must_not_be_written_is_told(tmp_path: Path):
    text = a_case("{record: {Email: {written: false}}}")

    assert differences(tmp_path, text) == [
        ("record.Email", "nothing", '"ada@example.com"  (changed, was "old@example.com")')
    ]


def test_the_reason_and_the_old_value_count_where_they_are_written(tmp_path: Path):
    good = a_case("{record: {Email: {new: ada@example.com, old: old@example.com, reason: changed}}}")
    bad = a_case("{record: {Email: {new: ada@example.com, reason: restored}}}")

    assert differences(tmp_path, good) == []
    assert [each[0] for each in differences(tmp_path, bad)] == ["record.Email"]


def test_what_a_case_does_not_mention_may_come(tmp_path: Path):
    assert differences(tmp_path, a_case("{situation: linked}")) == []


def test_with_only_nothing_else_may_come(tmp_path: Path):
    assert differences(tmp_path, a_case("{situation: linked}", more="    only: true\n")) == [
        ("record.Email", "nothing", '"ada@example.com"  (changed, was "old@example.com")')
    ]


def test_nothing_is_expected_by_a_word(tmp_path: Path):
    assert differences(tmp_path, a_case("{record: nothing}")) == [("record", "nothing", "Email")]
    assert differences(tmp_path, a_case("{user: nothing, conflict: nothing}")) == []


def test_another_situation_is_told(tmp_path: Path):
    assert differences(tmp_path, a_case("{situation: matched}")) == [("situation", '"matched"', '"linked"')]


def test_true_is_not_one_and_null_is_not_nothing(tmp_path: Path):
    text = LEAD.replace("Email: ada@example.com", "Email: 1").replace("LastName: Lovelace", "Title: null")

    assert [(what, got) for what, _, got in differences(tmp_path, text)] == [
        ("record.Title", "nothing"),
        ("record.Email", '"ada@example.com"  (created, was (empty))'),
    ]


def test_a_part_of_a_message_is_enough_and_another_message_is_not(tmp_path: Path):
    nobody = USER.replace("email: ada@example.com", "email: nobody")
    good = a_case("{errors: {Email: expected an e-mail address}}").replace(USER, nobody)
    bad = a_case("{errors: {Email: too long}}").replace(USER, nobody)

    assert differences(tmp_path, good) == []
    assert [each[0] for each in differences(tmp_path, bad)] == ["errors.Email"]
