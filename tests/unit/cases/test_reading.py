"""Test files: fixtures, defaults of a file, and every mistake with its line."""

from pathlib import Path

import pytest

from tests.unit.cases.builders import LEAD, USER, differences, read, run, write_tests

FIXTURES = f"""\
fixtures:
  ada: {USER[:-1]}, app_metadata: {{a: 1, b: 2}}}}
"""


def problems(folder: Path, text: str) -> list[tuple[int, str, str, str | None]]:
    """The mistakes of a test file as (line, path, message, suggestion)."""
    found = read(write_tests(folder, text)).problems
    return [(each.place.line, each.path, each.message, each.suggestion) for each in found]


def test_a_fixture_is_named_and_may_be_changed(tmp_path: Path):
    text = LEAD.replace("cases:\n", FIXTURES + "cases:\n").replace(
        f"user: {USER}",
        "user: {from: ada, merge: {family_name: King, app_metadata: {b: 3}}, without: [app_metadata.a]}",
    )

    (case,) = read(write_tests(tmp_path, text)).cases

    assert case.given.user == {
        "user_id": "auth0|ada",
        "email": "ada@example.com",
        "email_verified": True,
        "family_name": "King",
        "identities": [{"connection": "web"}],
        "app_metadata": {"b": 3},
    }


def test_a_file_of_fixtures_serves_all_files_of_its_folder(tmp_path: Path):
    config = write_tests(tmp_path, LEAD.replace(f"user: {USER}", "user: ada"))
    (tmp_path / "tests" / "fixtures.yaml").write_text(FIXTURES.split("\n", 1)[1].replace("  ada:", "ada:"))

    assert run(config).failed == ()


def test_anchors_work_too(tmp_path: Path):
    again = "  - name: again\n    user: *ada\n    expect: {situation: no_match}\n"
    text = LEAD.replace(f"user: {USER}", f"user: &ada {USER}") + again

    assert differences(tmp_path, text) == []


def test_a_case_belongs_to_the_only_sync_and_stands_at_its_name(tmp_path: Path):
    (case,) = read(write_tests(tmp_path)).cases

    assert (case.sync, Path(case.place.file).name, case.place.line) == ("customers", "leads.yaml", 2)


def test_the_base_is_what_the_record_has_unless_it_says_otherwise(tmp_path: Path):
    record = "    record: {object: Contact, id: 003x, Email: edited@example.com}\n"
    text = f"cases:\n  - name: it\n    user: {USER}\n{record}    base: {{Email: ada@example.com}}\n"

    assert (
        differences(tmp_path, text + "    expect: {record: {Email: {new: ada@example.com, reason: restored}}}\n") == []
    )


@pytest.mark.parametrize(
    ("good", "bad", "problem"),
    [
        ("situation", "sitation", (5, "cases[0].expect.sitation", "unknown key sitation", "situation")),
        ("    user:", "    usr:", (3, "cases[0].usr", "unknown key usr", "user")),
        ("user_id: auth0|ada, ", "", (3, "cases[0].user", "the user has no user_id", None)),
        (f"user: {USER}", "user: ada", (3, "cases[0].user", "there is no fixture ada", None)),
        (
            "name: somebody new becomes a Lead",
            "sync: customer",
            (2, "cases[0].sync", "there is no sync customer", "customers"),
        ),
        ("cases:", "case:", (1, "case", "unknown key case", "cases")),
    ],
)
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, good: str, bad: str, problem: tuple[int, str, str, str | None]
):
    assert good in LEAD

    assert problem in problems(tmp_path, LEAD.replace(good, bad, 1))


def test_a_case_with_a_mistake_does_not_keep_the_others_from_running(tmp_path: Path):
    text = LEAD + "  - name: broken\n    user: nobody\n    expect: {situation: linked}\n"

    found = read(write_tests(tmp_path, text))

    assert [case.name for case in found.cases] == ["somebody new becomes a Lead"]
    assert [each.place.line for each in found.problems] == [11]


def test_two_cases_of_one_name_are_a_mistake(tmp_path: Path):
    twice = LEAD + LEAD.partition("\n")[2]

    assert [each[2] for each in problems(tmp_path, twice)] == ["a case of this name is there already, in line 2"]


def test_fixtures_that_go_round_in_circles_are_a_mistake(tmp_path: Path):
    text = "fixtures:\n  a: b\n  b: a\n" + LEAD.replace(f"user: {USER}", "user: a")

    assert [each[2] for each in problems(tmp_path, text)] == ["fixtures refer to one another without end"]


def test_what_is_no_yaml_is_a_mistake_and_no_crash(tmp_path: Path):
    assert len(problems(tmp_path, "cases: [")) == 1
    assert len(problems(tmp_path, "")) == 1
