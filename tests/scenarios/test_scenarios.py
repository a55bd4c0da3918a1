"""The named scenarios: which plan comes of which states, each a case in one of the YAML files of this folder.

They are written like the cases of anybody's mapping tests; `docs/testing.md` explains the format.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crosswalk.cases.case import Case
from crosswalk.cases.comparing import compare
from crosswalk.cases.coverage import percent
from crosswalk.cases.reading import read_files
from crosswalk.cases.suite import Suite
from crosswalk.config.load import load_syncs

FOLDER = Path(__file__).parent
SYNCS = load_syncs(FOLDER / "configuration" / "crosswalk.yaml", {})
READ = read_files(sorted(FOLDER.glob("*.yaml")), list(SYNCS.definitions))
SUITE = Suite(SYNCS)


@pytest.mark.parametrize("case", READ.cases, ids=lambda case: f"{Path(case.place.file).stem}: {case.name}")
def test_scenario(case: Case):
    differences = SUITE.judge(case).differences

    assert differences == (), "\n".join(
        f"{each.place} {each.what}: expected {each.expected}, got {each.got}" for each in differences
    )


def test_the_files_have_no_mistake():
    assert READ.problems == ()
    assert len(READ.cases) >= 60


def test_every_field_flow_and_condition_of_the_scenarios_is_exercised():
    coverages = SUITE.run(READ.cases).coverages

    assert [(each.sync, item.words) for each in coverages for item in each.missing] == []
    assert percent(coverages) == 100


def test_every_single_expectation_counts():
    """Each value of each scenario is changed in turn; the case has to fail."""
    unnoticed = []
    for case in READ.cases:
        outcome = SUITE.judge(case).outcome
        for path, spoilt in mutations(case.expect):
            if not compare(msgspec.structs.replace(case, expect=spoilt), outcome):
                unnoticed.append(f"{case.place} {path}")

    assert unnoticed == []


def test_nothing_that_is_not_expected_goes_unnoticed():
    """Each part of each scenario is left out in turn; since they say `only`, the case has to fail."""
    unnoticed = []
    for case in READ.cases:
        outcome = SUITE.judge(case).outcome
        for name in (
            "record",
            "user",
            "disputed",
            "conflict",
            "waits",
            "errors",
            "quarantined",
            "effects",
            "problem",
            "ends",
        ):
            rest = {key: value for key, value in case.expect.items() if key != name}
            if case.expect.get(name, "nothing") != "nothing" and not compare(
                msgspec.structs.replace(case, expect=rest), outcome
            ):
                unnoticed.append(f"{case.place} {name}")

    assert unnoticed == []


def mutations(tree: Any) -> Iterator[tuple[str, Any]]:
    """The tree with one of its values changed, for each of them."""
    if isinstance(tree, Mapping):
        for key, inner in tree.items():
            yield from ((f"{key}.{path}", {**tree, key: spoilt}) for path, spoilt in mutations(inner))
    elif isinstance(tree, list):
        for index, inner in enumerate(tree):
            for path, spoilt in mutations(inner):
                yield f"[{index}].{path}", [*tree[:index], spoilt, *tree[index + 1 :]]
    elif isinstance(tree, bool):
        yield "", not tree
    elif isinstance(tree, int | float):
        yield "", tree + 1
    elif tree is None:
        yield "", "something"
    else:
        yield "", f"{tree} not"
