"""What the cases exercised, and what they did not."""

from pathlib import Path

from crosswalk.cases.coverage import percent
from tests.unit.cases.builders import LEAD, USER, run, write_tests


def missing(folder: Path, text: str) -> list[str]:
    (coverage,) = run(write_tests(folder, text)).coverages
    return [item.words for item in coverage.missing]


def test_a_case_exercises_the_fields_of_its_target_and_the_conditions_of_its_keys(tmp_path: Path):
    assert missing(tmp_path, LEAD) == [
        "filter, for somebody whom it leaves out",
        "Contact.FirstName",
        "Contact.Email",
        "Contact, match rule external_id, that finds a record",
        "Contact, match rule verified_email, that finds a record",
        "Contact, match rule verified_email, whose condition is not true",
        "Contact, match rule Phone, that finds a record",
        "Contact, match rule Phone, whose condition is true",
        "Contact, match rule Phone, whose condition is not true",
        "Lead.Title",
        "Lead, match rule external_id, that finds a record",
        "Lead, match rule verified_email, that finds a record",
        "Lead, match rule verified_email, whose condition is not true",
    ]


def test_a_match_exercises_the_rule_that_found_the_record(tmp_path: Path):
    found = LEAD + (
        f"  - name: found\n    user: {USER}\n    candidates: [{{object: Contact, id: 003x, Email: ada@example.com}}]\n"
        "    expect: {situation: matched}\n"
    )

    left = missing(tmp_path, found)

    assert "Contact, match rule verified_email, that finds a record" not in left
    assert "Contact.Email" not in left
    assert "Contact.FirstName" in left


def test_what_is_missing_has_its_line(tmp_path: Path):
    (coverage,) = run(write_tests(tmp_path)).coverages

    (first, *_) = coverage.missing
    assert (Path(first.place.file).name, first.words) == ("crosswalk.yaml", "filter, for somebody whom it leaves out")
    assert round(percent([coverage])) == round(100 * len(coverage.exercised) / coverage.total) < 50
