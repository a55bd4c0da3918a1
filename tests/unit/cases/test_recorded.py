"""Recorded cases: masked, written and read again, they give the plan that they were recorded with."""

import re
from pathlib import Path
from random import Random

import pytest

from crosswalk.cases.case import Given
from crosswalk.cases.reading import read_files
from crosswalk.cases.recorded import RecordedCase, named_words, record_case
from crosswalk.cases.running import Runner
from crosswalk.cases.suite import Suite
from crosswalk.cases.writing import NotAppended, append_case, case_text
from crosswalk.config.load import load_syncs
from crosswalk.domain.definition import SyncDefinition
from crosswalk.reconcile.compiled import CompiledSync
from tests.core_builders import a_field, a_sync, a_target

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SYNCS = load_syncs(SCENARIOS / "configuration" / "crosswalk.yaml", {})
CASES = read_files(sorted(SCENARIOS.glob("*.yaml")), list(SYNCS.definitions)).cases
RUNNERS = {
    name: Runner(CompiledSync(definition, default_region=SYNCS.regions[name]))
    for name, definition in SYNCS.definitions.items()
}
STORED = [
    case
    for case in CASES
    if case.given.user is not None
    and not (case.given.became or case.given.gone or case.given.accounts or case.given.account_of or case.given.beside)
]
"""The scenarios of users whose states are in the hub's database."""

BY_LIKENESS = {
    "name and postal code find a record that is alike enough",
    "of several candidates the one that stands out is linked",
}
"""What depends on how alike two different words are: a made-up word is like no other."""


@pytest.fixture(scope="module")
def recorded() -> dict[str, RecordedCase]:
    """All of these scenarios, recorded as if they had happened."""
    return {case.name: record_case(RUNNERS[case.sync], case.given, Random(case.name)) for case in STORED}


@pytest.fixture(scope="module")
def written(recorded: dict[str, RecordedCase]) -> str:
    """The same as a test file."""
    return "cases:\n" + "".join(case_text(case.name, case.sync, recorded[case.name]) for case in STORED)


def test_recorded_scenarios_pass_once_they_are_written_and_read(written: str, tmp_path: Path):
    path = tmp_path / "recorded.yaml"
    path.write_text(written)

    read = read_files([path], list(SYNCS.definitions))

    assert read.problems == ()
    assert len(read.cases) == len(STORED) > 100
    assert [each.case.name for each in Suite(SYNCS).run(read.cases).failed] == []


def test_masking_changes_no_plan_but_where_likeness_decides(recorded: dict[str, RecordedCase]):
    assert {name: case.changed for name, case in recorded.items() if case.changed and name not in BY_LIKENESS} == {}


def test_a_plan_that_masking_changes_is_told():
    sync = CompiledSync(a_sync(a_target(a_field("LastName", "user.name")), filter_="user.name[0] === 'A'"))

    case = record_case(Runner(sync), Given(user={"user_id": "auth0|ada", "name": "Ada"}), Random(1))

    assert case.expect == {"situation": "filtered"}
    assert "situation" in case.changed


def test_no_name_of_the_scenarios_is_left_in_what_is_recorded(recorded: dict[str, RecordedCase]):
    personal = {"ada", "lovelace", "augusta", "byron", "hopper", "analytical", "engines"}
    for case in STORED:
        text = case_text("recorded", case.sync, recorded[case.name])
        kept = re.sub(r"auth0\|[\w-]+|00[35Q]5g0000\w+|user_id: \S+|such as ada@\S+", "", text)  # ids stay

        assert personal & {word.lower() for word in re.findall(r"[^\W\d_]+", kept)} == set(), case.name


def test_the_words_that_a_sync_names_are_those_of_its_expressions_and_tables():
    definition: SyncDefinition = SYNCS.definitions["customers"]

    assert {"gold", "silver", "unknown", "web", "inactive"} <= named_words(definition)
    assert "ada" not in named_words(definition)


def test_cases_are_added_at_the_end(tmp_path: Path):
    path = tmp_path / "tests" / "recorded.yaml"
    one, other = (
        case_text(name, "customers", record_case(RUNNERS["customers"], STORED[0].given, Random(1)))
        for name in ("one", "other")
    )

    append_case(path, one)
    append_case(path, other)

    assert [case.name for case in read_files([path], list(SYNCS.definitions)).cases] == ["one", "other"]


def test_a_file_that_does_not_end_with_its_cases_is_refused(tmp_path: Path):
    path = tmp_path / "recorded.yaml"
    path.write_text("cases: []\nfixtures: {}\n")

    with pytest.raises(NotAppended, match="does not end with its cases"):
        append_case(path, "  - name: it\n")
    assert path.read_text() == "cases: []\nfixtures: {}\n"
