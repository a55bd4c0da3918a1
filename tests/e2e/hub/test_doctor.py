"""`crosswalk doctor` against the sandbox: as it should be, and with permissions, scopes and secrets taken away."""

import json

import pytest

from crosswalk.config.load import load_config
from crosswalk.engine.diagnosis.diagnose import diagnose
from crosswalk.engine.diagnosis.finding import Finding, Verdict
from tests.e2e.hub.command_line import crosswalk
from tests.e2e.hub.conftest import EVENT_TOKEN, LOG_TOKEN, System, lead_target
from tests.e2e.hub.vendors import auth0_client, create_event_stream, create_log_stream


@pytest.fixture(autouse=True)
def streams(system: System) -> None:
    """The tenant's streams, as they should be."""
    intake = "https://hub.example.com/intake/auth0/acme"
    with auth0_client(system.sandbox.access) as auth0:
        create_event_stream(auth0, f"{intake}/events", EVENT_TOKEN)
        create_log_stream(auth0, f"{intake}/logs", f"Bearer {LOG_TOKEN}", "JSONARRAY")


async def findings(system: System) -> list[Finding]:
    return await diagnose(load_config(system.configure(), environ=system.environ))


def faults_of(found: list[Finding]) -> list[tuple[str, str, str]]:
    return [(each.subject, each.message, each.fix) for each in found if each.verdict is Verdict.FAULT]


def those(found: list[Finding], verdict: Verdict) -> list[tuple[str, str]]:
    return [(each.subject, each.message) for each in found if each.verdict is verdict]


async def test_a_system_that_is_right_has_no_fault(system: System):
    system.sources["log_stream"] = {"token": "${LOG_TOKEN}"}
    found = await findings(system)

    assert those(found, Verdict.FAULT) == []
    assert those(found, Verdict.WARNING) == [
        ("database", "no worker gave a sign of life lately"),
        ("tenant acme", "event stream: no event ever came"),
        ("tenant acme", "log stream: no event ever came"),
    ]
    assert ("tenant acme", "log stream: it sends to this hub what it needs") in those(found, Verdict.GOOD)
    assert ("database", "PostgreSQL 18 answers") in those(found, Verdict.GOOD)
    agrees = "its clock agrees with this machine's"
    assert {(name, agrees) for name in ("database", "tenant acme", "org acme")} <= set(those(found, Verdict.GOOD))
    assert ("tenant acme", "event stream: it sends to this hub what it needs") in those(found, Verdict.GOOD)
    assert ("sync customers", "Lead: its 5 mapped fields can be read and written") in those(found, Verdict.GOOD)
    assert all(each.fix for each in found if each.verdict is not Verdict.GOOD)


async def test_each_permission_that_was_taken_away_is_named_with_how_to_give_it_back(system: System):
    system.sandbox.administer("field-access", object="Lead", hidden=["Title"], read_only=["Company"])
    ended = crosswalk(system, "doctor", "--json")

    assert ended.returncode == 1, ended.stderr
    said = json.loads(ended.stdout)
    assert said["ok"] is False
    permission_set = "in the permission set of the hub's user"
    edit = f"tick Edit Access for Lead.Company {permission_set}; if the org computes it, give it the owner salesforce"
    assert [(each["message"], each["fix"]) for each in said["findings"] if each["verdict"] == "fault"] == [
        ("Lead.Company: it cannot be changed by the hub's user", edit),
        ("Lead.Company: it cannot be set when a record is made by the hub's user", edit),
        (
            "Lead.Title: there is no such field, or the hub's user may not see it",
            f"create it, correct its name, or tick Read Access for Lead.Title {permission_set}",
        ),
    ]
    for secret in (system.sandbox.access.auth0.client_secret, system.sandbox.access.salesforce.client_secret):
        assert secret not in ended.stdout + ended.stderr


async def test_scopes_change_events_and_calls_that_are_missing_are_named_with_how_to_get_them(system: System):
    access = system.sandbox.access
    fields = {"Title": {"value": "user.app_metadata?.title", "owner": "salesforce"}}
    system.targets = [lead_target(create=False, fields=fields)]
    system.org_sources = {"change_events": {"endpoint": access.salesforce.pubsub_endpoint}}
    with auth0_client(access) as auth0:
        hub = auth0.clients.create(name="Hub", app_type="non_interactive")
        audience = f"https://{access.auth0.domain}/api/v2/"
        auth0.client_grants.create(client_id=hub.client_id or "", audience=audience, scope=["read:users"])
    system.tenant = {"client_id": hub.client_id, "client_secret": "${HUB_SECRET}"}
    system.variables = {"HUB_SECRET": hub.client_secret or ""}
    system.sandbox.administer("change-data-capture", objects=["Contact"])

    system.sandbox.settings(daily_limit=1)
    without_calls, without_any = await findings(system), await findings(system)
    system.sandbox.settings(daily_limit=100_000)
    found = await findings(system)

    assert faults_of(found) == [
        (
            "tenant acme",
            "the application lacks the scope update:users: fields go back to the user",
            "in Auth0, Applications > APIs > Management API > Machine to Machine, give it update:users",
        ),
        (
            "sync customers",
            "Lead: the org makes no change events of it for the hub's user; it is polled instead",
            "in Setup > Integrations > Change Data Capture select Lead; give the hub's user View All Records for it",
        ),
    ]
    assert ("org acme", "0 of 1 API calls are left for these 24 hours") in those(without_calls, Verdict.WARNING)
    wait = "Nothing at first. If it lasts, find out who uses the org's API calls; a longer linger saves the hub's."
    refused = "Lead: the org does not describe it (REQUEST_LIMIT_EXCEEDED)"
    assert faults_of(without_calls)[1] == ("sync customers", refused, wait)
    assert [(subject, fix) for subject, _, fix in faults_of(without_any)[1:]] == [("org acme", wait)]


async def test_what_cannot_be_reached_keeps_nothing_else_from_being_looked_at(system: System):
    system.auth = {
        "flow": "client_credentials",
        "client_id": system.sandbox.access.salesforce.client_id,
        "client_secret": "${WRONG_SECRET}",
    }
    system.variables = {"WRONG_SECRET": "not-the-secret-of-this-app"}
    system.database_url = "postgresql://hub:very-secret-password@127.0.0.1:9/crosswalk"

    found = await findings(system)

    faults = [each for each in found if each.verdict is Verdict.FAULT]
    assert [each.subject for each in faults] == ["database", "org acme"]
    assert faults[0].message.startswith("it cannot be reached (connection failed")
    assert "refused the credentials (invalid_client" in faults[1].message
    assert ("tenant acme", "the credentials are accepted") in those(found, Verdict.GOOD)
    assert "very-secret-password" not in str(found)
    assert "not-the-secret" not in str(found)
