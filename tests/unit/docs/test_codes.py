"""Every error code is on the page for operations, in the line of what it becomes."""

import re
from pathlib import Path

from crosswalk.connectors.reactions import CODES

PAGE = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
VENDORS = {"Salesforce": "salesforce", "Auth0": "auth0", "hub": "hub"}
BECOMES = {
    "retry_soon": "`retrying`, 2 s or as asked",
    "retry_alone": "Sent again at once",
    "retry_when_outage_ends": "`retrying`, 2 s or as asked",
    "retry_when_window_opens": "`retrying`, 5 min or as asked",
    "conflict": "`conflict`",
    "link_lost": "The record is looked for",
    "dead_letter": "`dead_letter`",
    "configuration": "The sync, or the flow, [pauses](#pauses)",
    "permission": "`dead_letter`; a pause once five",
    "credentials": "The tenant or org [pauses](#pauses)",
}


def test_the_page_classifies_each_code_as_the_hub_does() -> None:
    lines = re.findall(r"^\| (`[^|]+`) \| (Salesforce|Auth0|hub) \| (.+) \|$", PAGE, re.MULTILINE)
    on_page = {
        (VENDORS[vendor], code): becomes for codes, vendor, becomes in lines for code in re.findall(r"`([^`]+)`", codes)
    }

    assert on_page.keys() == {(row.vendor.value, row.code) for row in CODES}
    for row in CODES:
        assert on_page[(row.vendor.value, row.code)].startswith(BECOMES[row.reaction.value]), row.code
