"""`crosswalk apply`: saved plans are written as they were shown, or not at all where the world has moved."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from subprocess import CompletedProcess

import pytest
from auth0.management import ManagementClient

from crosswalk_sandbox.process import SandboxProcess
from tests.databases import Databases
from tests.e2e.hub.command_line import a_lasting_system, crosswalk
from tests.e2e.hub.conftest import LEAD_FIELDS, System, eventually, lead_target
from tests.e2e.hub.vendors import auth0_client, sign_up


@dataclass
class Office:
    """A stopped hub with two people whom it has made leads for."""

    system: System
    auth0: ManagementClient
    ada: str
    bob: str

    def company(self, user_id: str) -> str:
        [lead] = self.system.leads()[user_id]
        return str(lead["Company"])

    def move(self, user_id: str, company: str) -> None:
        self.auth0.users.update(user_id, user_metadata={"company": company})

    def save(self, name: str, *arguments: str) -> None:
        ended = crosswalk(self.system, "plan", *(arguments or ("--all",)), "--out", name)
        assert (ended.returncode, ended.stderr) == (2, "")

    def apply(self, name: str, *arguments: str) -> CompletedProcess[str]:
        return crosswalk(self.system, "apply", name, *arguments)


@pytest.fixture(scope="module")
def office(
    sandbox_process: SandboxProcess, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("apply")
    with (
        a_lasting_system(sandbox_process, databases, folder) as system,
        auth0_client(sandbox_process.access) as auth0,
    ):
        system.sources = {"subscription": None}
        system.targets = [lead_target()]
        hub = system.start()
        eventually(lambda: system.rows("SELECT 1 FROM cursors"), "a position")
        people = [sign_up(auth0, f"{n}@example.com", user_metadata={"company": "First"}) for n in ("ada", "bob")]
        eventually(lambda: len(system.leads()) == 2, "the leads")
        system.settled()
        hub.stop()
        yield Office(system, auth0, *people)


def test_a_saved_plan_is_written_once_in_the_name_of_who_applies_it(office: Office) -> None:
    office.move(office.ada, "Babbage")
    office.save("ada.plan", "--user", office.ada)
    bobs = office.company(office.bob)

    ended = office.apply("ada.plan", "--by", "Grace Hopper")

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "applied: 1 written\n", "")
    assert (office.company(office.ada), office.company(office.bob)) == ("Babbage", bobs)
    written = office.system.rows("SELECT actor, field, new FROM audit ORDER BY id DESC LIMIT 1")
    assert written == [("Grace Hopper", "Company", "Babbage")]
    assert (office.system.folder / "ada.plan").stat().st_mode & 0o777 == 0o600
    before = office.system.sandbox.writes()
    again = office.apply("ada.plan")
    assert again.returncode == 1
    assert again.stdout.startswith(f"{office.ada}  moved: the record, or what both sides agree on, changed\n")
    assert office.system.sandbox.writes() == before


def test_where_somebody_moved_nothing_is_written_unless_the_others_are_asked_for(office: Office) -> None:
    office.move(office.ada, "Second")
    office.move(office.bob, "Second")
    office.save("both.plan")
    office.move(office.bob, "Third")
    before = office.system.sandbox.writes()

    refused = office.apply("both.plan", "--json")

    assert refused.returncode == 1
    assert json.loads(refused.stdout) == {
        "applied": False,
        "outcomes": {"moved": 1},
        "not_written": [{"user_id": office.bob, "outcome": "moved", "message": "the user changed"}],
    }
    assert office.system.sandbox.writes() == before

    ended = office.apply("both.plan", "--only-unmoved")

    assert (ended.returncode, ended.stdout.splitlines()[-1]) == (0, "applied: 1 moved, 1 written")
    assert office.company(office.ada) == "Second"
    assert office.company(office.bob) != "Second"


def test_a_plan_of_another_configuration_and_half_a_file_are_refused(office: Office) -> None:
    office.move(office.ada, "Fourth")
    office.save("whole.plan", "--user", office.ada)
    text = (office.system.folder / "whole.plan").read_bytes().splitlines(keepends=True)
    (office.system.folder / "half.plan").write_bytes(b"".join(text[:-1]))
    (office.system.folder / "other.plan").write_text("{}")

    half, other = office.apply("half.plan"), office.apply("other.plan")
    office.system.targets = [lead_target(fields={**LEAD_FIELDS, "Title": "null"})]
    changed = office.apply("whole.plan")
    office.system.targets = [lead_target()]

    assert (half.returncode, half.stderr) == (
        1,
        "error: half.plan is not complete: 1 plans and no end; save the plans again\n",
    )
    assert other.returncode == 1
    assert other.stderr.startswith("error: other.plan:1 is no line of `crosswalk plan --out`")
    assert changed.returncode == 1
    assert "is not the one that whole.plan was planned with; plan again" in changed.stderr
    assert office.company(office.ada) != "Fourth"


def test_a_plan_from_the_replica_is_applied_without_reading_the_users(office: Office) -> None:
    """After a change of a mapping: what the stored states come to is saved, looked at and written."""
    title = {**LEAD_FIELDS, "Title": "'Customer'"}
    office.system.targets = [lead_target(fields=title)]
    office.save("titles.plan", "--replica")

    ended = office.apply("titles.plan")

    assert (ended.returncode, ended.stdout) == (0, "applied: 2 written\n")
    assert {lead["Title"] for [lead] in office.system.leads().values()} == {"Customer"}
    assert crosswalk(office.system, "plan", "--replica").returncode == 0
    office.system.targets = [lead_target()]
