"""`crosswalk record-case` and `crosswalk replay`: what really happened, as a mapping test and under another mapping."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from crosswalk_sandbox.process import SandboxProcess
from tests.databases import Databases
from tests.e2e.hub.command_line import a_lasting_system, crosswalk
from tests.e2e.hub.conftest import LEAD_FIELDS, System, eventually, lead_target
from tests.e2e.hub.vendors import auth0_client, salesforce_client, sign_up

COMPANY = "Analytical Engines"


@dataclass
class Scene:
    """A stopped system: Ada became a Lead and changed her company, Grace is a Contact, and the twin could be either."""

    system: System
    ada: str
    grace: str
    twin: str
    lead_id: str
    contact_id: str
    signed_up: str
    changed: str

    def run(self, *arguments: str, code: int = 0) -> str:
        ended = crosswalk(self.system, *arguments)
        assert (ended.returncode, ended.stderr) == (code, ""), ended.stdout + ended.stderr
        return ended.stdout

    def traces(self) -> tuple[object, ...]:
        """Everything that nobody may touch."""
        tables = ("audit", "links", "identities", "inbox", "due", "problems", "claims", "procrastinate_jobs")
        rows = [self.system.rows(f"SELECT t::text FROM {table} AS t") for table in tables]  # noqa: S608  # named above
        return (rows, self.system.sandbox.writes())


@pytest.fixture(scope="module")
def scene(
    sandbox_process: SandboxProcess, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("replay")
    with (
        a_lasting_system(sandbox_process, databases, folder) as system,
        auth0_client(sandbox_process.access) as auth0,
        salesforce_client(sandbox_process.access) as org,
    ):
        contact = org.Contact.create({"LastName": "Hopper", "Email": "grace@navy.example"})["id"]
        for name in ("Castor", "Pollux"):
            org.Contact.create({"LastName": name, "Email": "twin@navy.example"})
        system.sources = {"subscription": None}
        hub = system.start()
        eventually(lambda: system.rows("SELECT 1 FROM cursors"), "a position")
        ada = sign_up(auth0, "Ada@Byron.example", given_name="Ada", user_metadata={"company": COMPANY})
        grace = sign_up(auth0, "grace@navy.example", given_name="Grace", verified=True)
        twin = sign_up(auth0, "twin@navy.example", given_name="Twin", verified=True)
        eventually(lambda: system.rows("SELECT 1 FROM links HAVING count(*) = 2"), "both links")
        eventually(lambda: system.rows("SELECT 1 FROM problems WHERE kind = 'conflict'"), "the conflict")
        system.settled()
        auth0.users.update(ada, user_metadata={"company": "Babbage"})
        eventually(lambda: system.leads()[ada][0]["Company"] == "Babbage", "the change")
        system.settled()
        hub.stop()
        events = system.rows(f"SELECT event_id FROM inbox WHERE user_id = '{ada}' ORDER BY seq")  # noqa: S608
        yield Scene(
            system, ada, grace, twin, system.leads()[ada][0]["Id"], contact, str(events[0][0]), str(events[-1][0])
        )


@pytest.fixture(scope="module")
def recorded(scene: Scene) -> dict[str, Any]:
    """Cases of two events and of two users, in the file that they were added to."""
    for name in ("signed_up", "changed", "grace", "twin"):
        added = scene.run("record-case", getattr(scene, name), "--name", name, "--into", "tests/recorded.yaml")
        assert added == "added to tests/recorded.yaml; run it with: crosswalk test tests/recorded.yaml\n"
    text = (scene.system.folder / "tests" / "recorded.yaml").read_text()
    return {"text": text, **{case["name"]: case for case in yaml.safe_load(text)["cases"]}}


def test_an_event_becomes_a_case_of_the_states_that_it_met(scene: Scene, recorded: dict[str, Any]):
    case = recorded["changed"]

    assert (case["sync"], case["only"], case["user"]["user_id"]) == ("customers", True, scene.ada)
    assert case["record"]["id"] == scene.lead_id
    company = case["user"]["user_metadata"]["company"]
    assert case["expect"]["record"] == {"Company": {"new": company, "reason": "changed"}}
    assert case["record"]["Company"] != company


def test_a_sign_up_becomes_a_case_without_a_record(recorded: dict[str, Any]):
    case = recorded["signed_up"]

    assert "record" not in case
    assert (case["expect"]["situation"], case["expect"]["creates"]) == ("key_unverified", "Lead")
    assert set(case["expect"]["record"]) == {"FirstName", "LastName", "Email", "Company"}


def test_a_user_becomes_a_case_of_how_it_stands(scene: Scene, recorded: dict[str, Any]):
    expected = {"situation": "linked", "evidence": "verified_email", "links": scene.contact_id}

    assert recorded["grace"]["expect"] == expected


def test_a_user_without_a_link_becomes_a_case_with_the_records_that_the_org_has(recorded: dict[str, Any]):
    case = recorded["twin"]

    assert (case["expect"]["situation"], case["expect"]["conflict"]["rule"]) == ("ambiguous", "verified_email")
    assert [each["Email"] for each in case["candidates"]] == [case["user"]["email"]] * 2
    assert sorted(each["id"] for each in case["candidates"]) == sorted(case["expect"]["conflict"]["candidates"])


def test_nothing_personal_is_in_a_recorded_case(recorded: dict[str, Any]):
    words = {word.lower() for word in re.findall(r"[^\W\d_]+", recorded["text"])}

    assert words & {"byron", "analytical", "engines", "babbage", "hopper", "navy", "castor", "pollux"} == set()


def test_recorded_cases_pass_as_they_are(scene: Scene, recorded: dict[str, Any]):
    assert scene.run("test").endswith("4 cases: 4 passed\n")


def test_something_unknown_cannot_be_recorded(scene: Scene):
    ended = crosswalk(scene.system, "record-case", "evt_unknown")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("error: sync customers has dealt with no event evt_unknown: give the id of an event")


def test_the_same_configuration_makes_the_same_of_every_event(scene: Scene):
    before = scene.traces()

    lines = scene.run("replay").splitlines()

    assert re.fullmatch(r"\d+ events of 3 identities: 0 different from what was written, 1 skipped", lines[-1])
    assert lines[0] == "1 identity skipped: it had no link: --live asks the org for its record"
    assert scene.traces() == before


def test_a_changed_mapping_shows_its_fields_and_writes_nothing(scene: Scene):
    before = scene.traces()
    fields = {**LEAD_FIELDS, "Company": "user.user_metadata?.company?.toUpperCase()", "Title": "'Member'"}
    unchanged, scene.system.targets = scene.system.targets, [scene.system.targets[0], lead_target(fields=fields)]
    try:
        text = scene.run("replay", "--event", scene.changed, code=2)
    finally:
        scene.system.targets = unchanged

    assert scene.traces() == before
    assert '  record.Company: "Babbage" → "BABBAGE"   (crosswalk.yaml:' in text
    assert '  record.Title: nothing → "Member"   (crosswalk.yaml:' in text
    assert text.splitlines()[0] == f"{scene.ada}   {scene.changed}"
    assert text.splitlines()[-1] == "1 event of 1 identity: 1 different from what was written, 0 skipped"


def test_another_configuration_is_compared_with_the_present_one(scene: Scene):
    path = scene.system.configure()
    other = yaml.safe_load(path.read_text())
    other["syncs"]["customers"]["filter"] = "user.email_verified"
    (path.parent / "other.yaml").write_text(yaml.safe_dump(other))

    report = json.loads(scene.run("replay", "--with", "other.yaml", "--live", "--json", code=2))

    assert [each["user_id"] for each in report["identities"] if each["skipped"]] == []
    (ada,) = [each for each in report["identities"] if each["differences"]]
    assert (ada["user_id"], ada["events"]) == (scene.ada, [scene.signed_up, scene.changed])
    assert report["fields"]["record.Email"] == 1
    situations = [each for each in ada["differences"] if each["what"] == "situation"]
    assert [(each["before"], each["after"]) for each in situations] == [("key_unverified", "filtered")]
    assert {each["what"] for each in ada["differences"]} >= {"record.Email", "record.LastName", "creates"}


def test_a_span_limits_what_is_replayed_and_compared(scene: Scene):
    """The first event alone: what was written because of the later one does not count as its."""
    ((number,),) = scene.system.rows(f"SELECT seq FROM inbox WHERE event_id = '{scene.signed_up}'")  # noqa: S608

    text = scene.run("replay", "--since", str(number), "--until", str(number))

    assert text == "1 event of 1 identity: 0 different from what was written, 0 skipped\n"


def test_a_time_that_is_none_is_refused(scene: Scene):
    ended = crosswalk(scene.system, "replay", "--since", "yesterday")

    assert ended.returncode == 2
    assert "expected a time such as" in ended.stderr
