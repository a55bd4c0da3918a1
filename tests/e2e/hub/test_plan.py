"""`crosswalk plan`: what would be written, to whom and why, while nothing is."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from crosswalk_sandbox.process import SandboxProcess
from tests.databases import Databases
from tests.e2e.hub.command_line import a_lasting_system, crosswalk
from tests.e2e.hub.conftest import LEAD_FIELDS, System, a_user, an_event, eventually, lead_target
from tests.e2e.hub.vendors import auth0_client, salesforce_client, sign_up

TITLE = "user.user_metadata.title.toUpperCase()"


@dataclass
class Scene:
    """A stopped system, and the people in it by what a plan has to say about them."""

    system: System
    changed: str
    unchanged: str
    new: str
    known_contact: str
    two_contacts: str
    without_title: str
    lead_id: str
    contact_id: str
    twins: list[str]

    def place_of(self, text: str) -> str:
        """Where in the configuration a text stands."""
        lines = (self.system.folder / "crosswalk.yaml").read_text().splitlines()
        return f"crosswalk.yaml:{next(number for number, line in enumerate(lines, 1) if text in line)}"

    def plan(self, *arguments: str) -> list[str]:
        ended = crosswalk(self.system, "plan", *arguments)
        assert ended.stderr == ""
        assert ended.returncode in (0, 2)
        return ended.stdout.splitlines()

    def plans(self, *arguments: str) -> dict[str, dict[str, Any]]:
        return {plan["user_id"]: plan for plan in map(json.loads, self.plan(*arguments, "--json"))}

    def traces(self) -> tuple[object, ...]:
        """Everything that a plan must leave as it was."""
        tables = ("audit", "links", "identities", "inbox", "due", "problems", "claims", "procrastinate_jobs")
        rows = [self.system.rows(f"SELECT t::text FROM {table} AS t") for table in tables]  # noqa: S608  # named above
        return (rows, self.system.sandbox.writes())


@pytest.fixture(scope="module")
def scene(
    sandbox_process: SandboxProcess, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    with (
        a_lasting_system(sandbox_process, databases, tmp_path_factory.mktemp("plan")) as system,
        auth0_client(sandbox_process.access) as auth0,
        salesforce_client(sandbox_process.access) as org,
    ):
        system.sources = {"subscription": None}
        system.targets[1] = lead_target(fields={**LEAD_FIELDS, "Title": TITLE})
        hub = system.start()
        eventually(lambda: system.rows("SELECT 1 FROM cursors"), "a position")
        about = {"company": "Analytical Engines", "title": "countess"}
        changed = sign_up(auth0, "ada@example.com", user_metadata=about)
        unchanged = sign_up(auth0, "idle@example.com", given_name="Ida", user_metadata=about)
        eventually(lambda: len(system.leads()) == 2, "the Leads")
        system.settled()
        hub.stop()
        auth0.users.update(changed, user_metadata={"company": "Babbage"})
        contact = org.Contact.create({"LastName": "Hopper", "Email": "grace@example.com"})["id"]
        twins = [org.Contact.create({"LastName": "Twin", "Email": "twin@example.com"})["id"] for _ in range(2)]
        yield Scene(
            system=system,
            changed=changed,
            unchanged=unchanged,
            new=sign_up(auth0, "new@example.com", given_name="New", user_metadata=about),
            known_contact=sign_up(auth0, "grace@example.com", verified=True, user_metadata=about),
            two_contacts=sign_up(auth0, "twin@example.com", verified=True, user_metadata=about),
            without_title=sign_up(auth0, "eve@example.com", given_name="Eve"),
            lead_id=system.leads()[changed][0]["Id"],
            contact_id=contact,
            twins=sorted(twins),
        )


def test_a_change_is_one_field_with_both_values_and_its_reason(scene: Scene):
    assert scene.plan("--user", scene.changed) == [
        f"{scene.changed}  linked Lead {scene.lead_id}",
        f"  update Lead {scene.lead_id}",
        f'    Company: "Analytical Engines" → "Babbage"   (changed, {scene.place_of("company")})',
        "1 identity: 1 with writes (1 field), 0 without",
    ]


def test_everybody_is_planned_and_nothing_is_written(scene: Scene):
    before = scene.traces()

    plans = scene.plans("--all")

    assert {user: plan["situation"] for user, plan in plans.items()} == {
        scene.changed: "linked",
        scene.unchanged: "linked",
        scene.new: "key_unverified",
        scene.known_contact: "matched",
        scene.two_contacts: "ambiguous",
        scene.without_title: "key_unverified",
    }
    assert {user: [write["action"] for write in plan["writes"]] for user, plan in plans.items()} == {
        scene.changed: ["update"],
        scene.unchanged: [],
        scene.new: ["create"],
        scene.known_contact: ["update"],
        scene.two_contacts: [],
        scene.without_title: ["create"],
    }
    assert scene.traces() == before


def test_the_exit_code_tells_whether_there_is_anything_to_write(scene: Scene):
    assert crosswalk(scene.system, "plan", "--user", scene.unchanged).returncode == 0
    assert crosswalk(scene.system, "plan", "--user", scene.two_contacts).returncode == 0
    assert crosswalk(scene.system, "plan", "--user", scene.changed).returncode == 2
    assert crosswalk(scene.system, "plan", "--replica").returncode == 0


def test_a_record_is_planned_by_its_id(scene: Scene):
    lines = scene.plan("--record", scene.lead_id[:15])

    assert lines[0] == f"{scene.changed}  linked Lead {scene.lead_id}"
    unknown = crosswalk(scene.system, "plan", "--record", scene.contact_id)
    assert unknown.returncode == 1
    assert unknown.stderr.startswith(f"error: sync customers has no link for the record {scene.contact_id}")


def test_a_summary_counts_what_would_be_written_and_names_examples(scene: Scene):
    (text,) = ["\n".join(scene.plan("--all", "--summary"))]
    data = json.loads("\n".join(scene.plan("--all", "--summary", "--json")))

    assert (data["identities"], data["with_writes"], data["conflicts"]) == (6, 4, 1)
    assert {name: line["identities"] for name, line in data["kinds"].items()} == {"create": 2, "link": 1, "update": 1}
    company = [line for line in data["fields"] if (line["field"], line["reason"]) == ("Company", "changed")]
    assert company == [
        {
            "object": "Lead",
            "field": "Company",
            "reason": "changed",
            "writes": 1,
            "cleared": 0,
            "examples": [scene.changed],
        }
    ]
    assert list(data["errors"]) == ["Lead.Title"]
    assert "Lead.Company changed   e.g. " + scene.changed in text
    assert scene.two_contacts not in text.split("by kind of write")[1]


def test_a_changed_mapping_is_planned_against_the_replica_without_a_call(scene: Scene):
    """What would the change do? Only that is shown, for everybody whom the hub knows."""
    old = scene.system.configure().read_text()
    (scene.system.folder / "old.yaml").write_text(old)
    company = 'user.user_metadata?.company ?? "Unknown"'
    assert company in old
    new = old.replace(company, "user.user_metadata?.company?.toUpperCase()")
    (scene.system.folder / "new.yaml").write_text(new)
    before, calls = scene.traces(), scene.system.sandbox.calls()

    ended = crosswalk(scene.system, "plan", "--replica", "--against", "old.yaml", "--json", config_file="new.yaml")

    assert (ended.returncode, ended.stderr) == (2, "")
    plans = {plan["user_id"]: plan for plan in map(json.loads, ended.stdout.splitlines())}
    assert set(plans) == {scene.changed, scene.unchanged}
    [write] = plans[scene.changed]["writes"]
    assert [(f["field"], f["old"], f["new"]) for f in write["fields"]] == [
        ("Company", "Analytical Engines", "ANALYTICAL ENGINES")
    ]
    assert scene.system.sandbox.calls() == calls
    assert scene.traces() == before


def test_a_new_record_and_a_found_one_are_told_apart(scene: Scene):
    plans = scene.plans("--user", scene.new, "--user", scene.known_contact)

    (create,) = plans[scene.new]["writes"]
    assert (create["object"], create["record_id"]) == ("Lead", None)
    assert {field["field"]: (field["old"], field["new"], field["reason"]) for field in create["fields"]} == {
        "FirstName": (None, "New", "created"),
        "LastName": (None, "Lovelace", "created"),
        "Email": (None, "new@example.com", "created"),
        "Company": (None, "Analytical Engines", "created"),
        "Title": (None, "COUNTESS", "created"),
    }
    (link,) = plans[scene.known_contact]["writes"]
    assert (link["object"], link["record_id"]) == ("Contact", scene.contact_id)
    assert [(field["field"], field["new"], field["reason"]) for field in link["fields"]] == [
        ("Auth0_User_Id__c", scene.known_contact, "linked")
    ]


def test_two_contacts_with_the_same_address_are_a_conflict_that_names_both(scene: Scene):
    lines = scene.plan("--user", scene.two_contacts)

    assert lines[0] == f"{scene.two_contacts}  ambiguous"
    assert lines[1].startswith("  conflict by rule verified_email: The match rule verified_email found 2 records")
    assert lines[2:4] == [f"    candidate Contact {contact}  1.00 (Email 1.00)" for contact in sorted(scene.twins)]
    assert lines[4:] == ["1 identity: 0 with writes (0 fields), 1 without"]


def test_an_expression_that_fails_is_an_error_at_its_place_and_the_rest_is_planned(scene: Scene):
    lines = scene.plan("--user", scene.without_title)

    place = scene.place_of("toUpperCase")
    (error,) = [line for line in lines if "error in" in line]
    assert error.startswith(f"  error in Lead.Title ({place}): TypeError")
    assert '    FirstName: (empty) → "Eve"' in "\n".join(lines)
    assert "Title:" not in "\n".join(line for line in lines if line.startswith("    "))


def test_a_file_of_events_is_planned_in_the_state_that_it_leaves(scene: Scene):
    path = scene.system.folder / "events.jsonl"
    events = [an_event(a_user(7, revision, name=f"Seventh {revision}"), f"evt_{revision}") for revision in (2, 4, 1)]
    path.write_text("\n".join(json.dumps(event) for event in events))

    lines = scene.plan("--events", str(path))

    assert lines[:2] == ["auth0|000000000000000000000007  key_unverified", "  create Lead (new)"]
    assert '    Company: (empty) → "Company 4"' in "\n".join(lines)
    assert lines[-1] == "1 identity: 1 with writes (5 fields), 0 without"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (
            json.dumps(an_event(a_user(1), "evt_1"))
            + "\n"
            + json.dumps({**an_event(a_user(2), "evt_2"), "data": {"object": {"email": "nobody@example.com"}}}),
            "error: events.jsonl: event 2: data.object.user_id: is missing\n",
        ),
        ('[{"specversion": "1.0", oops', "error: events.jsonl: expected an array of events: JSON is malformed"),
        ("what is this?", "error: events.jsonl: item 1: body: is not JSON"),
    ],
)
def test_a_bad_file_of_events_is_refused_with_the_number_of_the_event(scene: Scene, content: str, error: str):
    (scene.system.folder / "events.jsonl").write_text(content)

    ended = crosswalk(scene.system, "plan", "--events", "events.jsonl")

    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.startswith(error), ended.stderr
    assert "Traceback" not in ended.stderr
    assert "nobody@example.com" not in ended.stderr


def test_a_user_that_the_tenant_does_not_have_is_named(scene: Scene):
    ended = crosswalk(scene.system, "plan", "--user", "auth0|nobody")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "error: tenant acme has no user auth0|nobody; ids look like auth0|65f1c0ffee\n"


def test_a_sync_that_does_not_exist_is_named_with_the_nearest(scene: Scene):
    ended = crosswalk(scene.system, "plan", "--all", "--sync", "custommers")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert "custommers" in ended.stderr
    assert "customers" in ended.stderr
