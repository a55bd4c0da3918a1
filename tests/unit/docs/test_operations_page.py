"""What operators look up by name is on their page: every line of the log with its level, every metric, every alert."""

import ast
import re
from pathlib import Path

from crosswalk.domain.alert import Cause

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "src" / "crosswalk"
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
LEVELS = {"info": "info", "warning": "warning", "error": "error", "exception": "error", "critical": "critical"}


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """The cells of each row of the section's tables that begins with something quoted."""
    lines = re.findall(r"^\| (`.+) \|$", section(title), re.MULTILINE)
    return [[cell.strip() for cell in line.split(" | ")] for line in lines]


def test_every_line_of_the_log_is_named_with_its_level() -> None:
    named: dict[str, set[str]] = {}
    for names, levels, *_ in rows("Logs"):
        events, levels_of = re.findall(r"`(\w+)`", names), levels.split(", ")
        for number, event in enumerate(events):
            named[event] = {levels_of[number] if len(levels_of) == len(events) else levels}
    del named["event"]  # the table's head

    assert named == logged()


def logged() -> dict[str, set[str]]:
    """The events that the hub logs, and at which levels; details are for whoever looks into the code."""
    found: dict[str, set[str]] = {}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            level = LEVELS.get(node.func.attr)
            if level is not None and ast.unparse(node.func.value) == "log":
                assert isinstance(node.args[0], ast.Constant), f"{path}: an event without a fixed name"
                found.setdefault(str(node.args[0].value), set()).add(level)
    return found


def test_every_metric_is_named_and_there_is_no_other() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (SOURCE / "engine").glob("*metrics*.py"))
    code += (SOURCE / "engine" / "group_counters.py").read_text(encoding="utf-8")
    code += (SOURCE / "api" / "metrics.py").read_text(encoding="utf-8")
    made = set(re.findall(r'"(crosswalk_[a-z_]+)"', code))
    named = {re.sub("_(total|bucket)$", "", each) for each in re.findall(r"crosswalk_[a-z_]+", section("Metrics"))}

    assert named == {re.sub("_total$", "", each) for each in made}


def test_every_cause_of_an_alert_is_named() -> None:
    named = {cause for names, *_ in rows("Alerts") for cause in re.findall(r"`(\w+)`", names)}

    assert named - {"cause"} == {cause.value for cause in Cause}
