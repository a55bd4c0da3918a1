"""The examples of matching on the page of mappings are good configuration, and the figures are those of the code."""

import re
from pathlib import Path

import pytest

from crosswalk.domain.match_rule import AutomaticLink, Reaction, Reactions
from crosswalk.matching.keys import LONGEST_VALUE
from crosswalk.matching.written_forms import phone_forms
from tests.unit.config.builders import CROSSWALK_YAML, load

PAGE = (Path(__file__).parents[3] / "docs" / "mappings.md").read_text(encoding="utf-8")
BLOCKS = {block.partition(":")[0]: block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)}


def indented(block: str, blanks: int) -> str:
    return "".join(f"{' ' * blanks}{line}\n" for line in block.splitlines())


def test_the_match_rules_load(tmp_path: Path) -> None:
    text = CROSSWALK_YAML
    start, end = text.index("        match:\n"), text.index("        fields: mappings/contact.yaml")

    config = load(tmp_path, text[:start] + indented(BLOCKS["match"], 8) + text[end:])

    rules = config.definition("customers").targets[0].match
    assert [rule.name for rule in rules] == ["external_id", "verified_email", "phone", "name and place"]
    assert rules[3].least_similarity == 0.65


@pytest.mark.parametrize("name", ["reactions", "automatic_link"])
def test_the_sections_of_a_sync_load(tmp_path: Path, name: str) -> None:
    definition = load(tmp_path, CROSSWALK_YAML + indented(BLOCKS[name], 4)).definition("customers")

    expected = {
        "reactions": Reactions(
            no_match=Reaction.WAIT,
            already_linked=Reaction.CREATE,
            key_missing=Reaction.CREATE,
            unverified_match=Reaction.CONFLICT,
        ),
        "automatic_link": AutomaticLink(0.8, 0.1),
    }
    assert getattr(definition, name) == expected[name]


def test_the_forms_of_numbers_are_those_that_are_asked_for() -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith("| `phone` | up to"))
    shown = re.findall(r"`([^`]+)`", row.split("|")[2])

    asked = {*phone_forms("+12125550100", "US"), *phone_forms("+442079460958", "GB"), "default_region"}
    assert set(shown) <= asked
    assert f"up to {len(phone_forms('+12125550100', 'US'))} forms" in row
    assert f"longer than {LONGEST_VALUE} characters" in PAGE
