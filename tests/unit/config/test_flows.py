"""Flows in the configuration: what they need, and what they must not do."""

from pathlib import Path

from crosswalk.config.load import load_config
from crosswalk.domain.flow import ClosedWonFlow, DeactivationFlow, Invitation, TaskTemplate
from tests.unit.config.builders import CROSSWALK_YAML, ENVIRON, only, problems_of, write_files

FLOWS = """
    flows:
      deactivation:
        fields: {Contact: {Department: Inactive}}
        task: {subject: Find out why}
      closed_won:
        tier: deal.Tier__c
        fields: [Tier__c]
        roles: {Gold: [gold]}
        invitation: {field: Link__c, expires: 2h}
"""


def with_flows(flows: str) -> str:
    return CROSSWALK_YAML.replace("\n    targets:", f"{flows.rstrip()}\n    targets:", 1)


def test_flows_are_defined_with_their_defaults(tmp_path: Path) -> None:
    path = write_files(tmp_path, with_flows(FLOWS))
    config = load_config(path, environ=ENVIRON)
    [name] = config.syncs
    flows = config.definition(name).flows

    deactivation, closed_won = flows.deactivation, flows.closed_won
    assert isinstance(deactivation, DeactivationFlow)
    assert isinstance(closed_won, ClosedWonFlow)
    assert (deactivation.when, deactivation.key_field) == ("user.blocked === true", "Crosswalk_Key__c")
    assert deactivation.fields == {"Contact": {"Department": "Inactive"}}
    assert deactivation.task == TaskTemplate("Find out why", "", 3, "High", "Not Started", "Completed")
    assert (closed_won.when, closed_won.contact_field) == ("deal.IsWon === true", "ContactId")
    assert (closed_won.roles, closed_won.deal_fields) == ({"Gold": ("gold",)}, ("Tier__c",))
    assert closed_won.invitation == Invitation("Link__c", 7200)
    assert closed_won.place.file == str(path)


def test_without_flows_a_sync_has_none(tmp_path: Path) -> None:
    config = load_config(write_files(tmp_path, CROSSWALK_YAML), environ=ENVIRON)
    [name] = config.syncs

    assert (config.definition(name).flows.deactivation, config.definition(name).flows.closed_won) == (None, None)


def test_a_field_that_is_mapped_cannot_be_marked_by_a_flow(tmp_path: Path) -> None:
    text = with_flows(FLOWS.replace("Department", "FirstName"))

    problem = only(problems_of(write_files(tmp_path, text)))

    assert problem[3] == "Contact.FirstName is mapped, and marked by the flow deactivation as well"


def test_an_expression_of_a_flow_that_does_not_compile_is_reported_at_its_line(tmp_path: Path) -> None:
    text = with_flows(FLOWS.replace("deal.Tier__c\n", "deal.Tier__c +\n", 1))

    problem = only(problems_of(write_files(tmp_path, text)))

    line = next(number for number, line in enumerate(text.splitlines(), 1) if "tier:" in line)
    assert problem[1] == line
    assert problem[3].startswith("this expression does not compile")


def test_a_flow_without_what_it_needs_says_what(tmp_path: Path) -> None:
    text = with_flows("\n    flows:\n      closed_won: {roles: {Gold: [gold]}}\n")

    assert "tier" in only(problems_of(write_files(tmp_path, text)))[2]


def test_a_task_to_merge_records_is_refused_where_nobody_is_asked_to(tmp_path: Path) -> None:
    text = with_flows("\n    on_users_linked: relink\n    flows: {merge_task: {}}\n")

    assert "nobody is asked to merge records" in only(problems_of(write_files(tmp_path, text)))[3]
