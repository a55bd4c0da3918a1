"""`crosswalk explain`: why a field of a record has its value, from whichever id a person has at hand."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from crosswalk_sandbox.process import SandboxProcess
from tests.databases import Databases
from tests.e2e.hub.command_line import a_lasting_system, crosswalk
from tests.e2e.hub.conftest import System, eventually
from tests.e2e.hub.vendors import auth0_client, sign_up


@dataclass
class Scene:
    """A stopped system with one user, whose company changed once."""

    system: System
    user: str
    lead_id: str
    created: str
    updated: str

    def explain(self, *arguments: str) -> str:
        ended = crosswalk(self.system, "explain", *arguments)
        assert (ended.returncode, ended.stderr) == (0, "")
        return ended.stdout


@pytest.fixture(scope="module")
def scene(
    sandbox_process: SandboxProcess, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("explain")
    with (
        a_lasting_system(sandbox_process, databases, folder) as system,
        auth0_client(sandbox_process.access) as auth0,
    ):
        system.sources = {"subscription": None}
        hub = system.start()
        eventually(lambda: system.rows("SELECT 1 FROM cursors"), "a position")
        user = sign_up(auth0, "ada@example.com", user_metadata={"company": "Analytical Engines"})
        eventually(lambda: len(system.leads()) == 1, "the Lead")
        auth0.users.update(user, user_metadata={"company": "Babbage"})
        eventually(lambda: system.leads()[user][0]["Company"] == "Babbage", "the change")
        system.settled()
        hub.stop()
        created, updated = [row[0] for row in system.rows("SELECT event_id FROM inbox ORDER BY seq")]
        yield Scene(system, user, system.leads()[user][0]["Id"], created, updated)


def test_a_field_is_explained_by_both_sides_the_rule_and_the_events_behind_it(scene: Scene):
    lines = scene.explain(scene.lead_id, "Company").splitlines()

    assert lines[:2] == [f"Lead {scene.lead_id}  ↔  {scene.user}   (sync customers, linked by created)", ""]
    assert lines[2].startswith('Company   owner auth0: user.user_metadata?.company ?? "Unknown"   (crosswalk.yaml:')
    assert re.fullmatch(r'  Auth0      "Babbage"   \(changed \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ\)', lines[3])
    assert lines[4:7] == [
        '  Salesforce "Babbage"',
        '  base       "Babbage"',
        "  now        Both sides have the same value.",
    ]
    changed, created = lines[7:]
    assert '  "Analytical Engines" → "Babbage" in Salesforce   changed by crosswalk (' in changed
    assert re.search(rf", from user.updated {scene.updated} of \S+ \S+Z$", changed)
    assert '  (empty) → "Analytical Engines" in Salesforce   created by crosswalk (' in created
    assert re.search(rf", from user.created {scene.created} of \S+ \S+Z$", created)


def test_a_record_is_found_by_either_form_of_its_id_and_by_its_user(scene: Scene):
    whole = scene.explain(scene.lead_id)

    assert len(scene.lead_id) == 18
    assert scene.explain(scene.lead_id[:15]) == whole
    assert scene.explain(scene.user) == whole
    assert [line.split()[0] for line in whole.splitlines() if "   owner " in line] == [
        "FirstName",
        "LastName",
        "Email",
        "Company",
        "Title",
    ]


def test_the_name_of_a_field_may_be_in_any_case_and_the_answer_in_json(scene: Scene):
    (record,) = json.loads(scene.explain(scene.user, "company", "--json"))

    assert (record["sync"], record["user_id"], record["object"]) == ("customers", scene.user, "Lead")
    assert (record["record_id"], record["evidence"]) == (scene.lead_id, "created")
    (field,) = record["fields"]
    assert (field["now"]["field"], field["now"]["record_value"], field["now"]["base"]) == (
        "Company",
        "Babbage",
        "Babbage",
    )
    assert [(write["old"], write["new"], write["event_id"]) for write in field["history"]] == [
        ("Analytical Engines", "Babbage", scene.updated),
        (None, "Analytical Engines", scene.created),
    ]


def test_a_field_that_is_not_mapped_gets_the_nearest_name(scene: Scene):
    ended = crosswalk(scene.system, "explain", scene.lead_id, "Compny")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "error: sync customers maps no field Compny of Lead; did you mean Company?\n"


@pytest.mark.parametrize("unknown", ["00Q000000000000AAA", "auth0|nobody"])
def test_something_unknown_says_what_could_be_asked_instead(scene: Scene, unknown: str):
    ended = crosswalk(scene.system, "explain", unknown)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"error: no sync has a link for {unknown}: give a record id (15 or 18 characters)")
    assert "crosswalk plan --user ID" in ended.stderr
