"""The page with which people reset, seed and trouble a tenant or an org, as a browser without scripts uses it."""

import html
import re
import ssl
from collections.abc import Iterator

import httpx
import pytest

from crosswalk_sandbox.process import SandboxProcess
from tests.forking import ForkedSandbox


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with ForkedSandbox(tmp_path_factory.mktemp("controls"), orgs=2) as process:
        yield process


class Visitor:
    """A person at the page of one tenant or org."""

    def __init__(self, client: httpx.Client, base: str) -> None:
        self._client = client
        self._page = f"{base}/sandbox-controls"
        self.text = self._client.get(self._page).text

    def post(self, form: str, **fields: str) -> str:
        """Send a form and return what the page says to it."""
        csrf = re.findall(r'name="csrf" value="([^"]+)"', self.text)[0]
        reply = self._client.post(f"{self._page}/{form}", data={"csrf": csrf, **fields}, follow_redirects=True)
        self.status, self.text = reply.status_code, reply.text
        [said] = re.findall(r'<p class="(?:notice|error)"[^>]*>(.*?)</p>', self.text, re.DOTALL)
        return html.unescape(said)

    def shown(self, name: str) -> str:
        """The value beside a name."""
        [value] = re.findall(rf"<dt>{name}</dt><dd>(.*?)</dd>", self.text)
        return str(value)


@pytest.fixture
def client(running: SandboxProcess) -> Iterator[httpx.Client]:
    running.reset()
    tls = ssl.create_default_context(cafile=str(running.access.ca_file))
    with httpx.Client(verify=tls, trust_env=False, timeout=20) as found:
        yield found


@pytest.fixture
def at_org(running: SandboxProcess, client: httpx.Client) -> Visitor:
    return Visitor(client, running.access.salesforce.instance_url)


@pytest.fixture
def at_tenant(running: SandboxProcess, client: httpx.Client) -> Visitor:
    return Visitor(client, f"https://{running.access.auth0.domain}")


def test_seed_fills_this_tenant_and_the_chosen_org(running: SandboxProcess, at_tenant: Visitor) -> None:
    fields = {"scenario": "people", "people": "1,000", "number": "3", "overlap": "100", "other": "org-2"}

    assert at_tenant.post("seed", **fields) == "Seeded 1,000 people (people, number 3)."
    assert int(at_tenant.shown("Users").replace(",", "")) >= 1000
    assert [at_tenant.shown(name) for name in ("Applications", "Connections", "Organizations")] == ["1", "3", "0"]
    assert len(running.state(org="org-2")["salesforce"]["Contact"]) > 400
    assert running.state(org="org-1")["salesforce"]["Contact"] == []


def test_reset_empties_this_one_or_everything(running: SandboxProcess, at_org: Visitor) -> None:
    running.seed("company", people=10)

    assert at_org.post("reset", scope="this") == "org-1 is back to its empty start."
    assert running.state()["auth0"]["counts"]["users"] == 6
    at_org.post("reset", scope="all")
    assert running.state()["auth0"]["counts"]["users"] == 0


def test_clock_jumps_and_runs_for_all(running: SandboxProcess, at_org: Visitor, at_tenant: Visitor) -> None:
    assert at_org.post("clock", advance="86400") == "The clock jumped forward by 86,400 seconds."
    assert at_tenant.post("clock", speed="60") == "One second now lasts 60 seconds of the sandbox."
    assert at_tenant.shown("Speed") == "60 ×"
    assert at_tenant.post("clock", reset="1") == "The clock shows the computer's time again."
    assert at_tenant.shown("Ahead of the computer") == "0 s"


def test_outage_is_started_shown_and_ended_though_the_org_is_out(
    running: SandboxProcess, client: httpx.Client, at_org: Visitor
) -> None:
    versions = f"{running.access.salesforce.instance_url}/services/data"

    at_org.post("trouble", trouble="outage")
    assert client.get(versions).status_code == 503
    assert at_org.post("trouble", trouble="clear") == "Ordered: End all troubles."
    assert client.get(versions).status_code == 200


def test_rules_are_put_in_force_and_what_they_injected_is_listed(
    running: SandboxProcess, client: httpx.Client, at_tenant: Visitor
) -> None:
    rules = '{"rules": [{"name": "flaky", "when": {"every": 2}, "effect": {"kind": "status", "status": 502}}]}'

    assert at_tenant.post("rules", rules=rules) == "Fault rules in force: 1."
    url = f"https://{running.access.auth0.domain}/api/v2/users"
    assert [client.get(url).status_code for _ in range(2)] == [401, 502]
    shown = client.get(f"https://{running.access.auth0.domain}/sandbox-controls").text
    assert re.search(r"<td>flaky</td><td>status</td><td>GET /api/v2/users</td>", shown)
    assert at_tenant.post("rules", rules="") == "Fault rules in force: 0."


@pytest.mark.parametrize(
    ("form", "fields", "words"),
    [
        ("seed", {"scenario": "people", "people": "many", "number": "1", "overlap": "40"}, "people is a whole number"),
        (
            "seed",
            {"scenario": "circus", "people": "1", "number": "1", "overlap": "40"},
            "expected one of the scenarios",
        ),
        ("clock", {"advance": "-5"}, "goes forward"),
        ("rules", {"rules": '{"rules": [{"effect": {"kind": "meteor"}}]}'}, "meteor"),
    ],
)
def test_what_cannot_be_is_said_on_the_page(at_org: Visitor, form: str, fields: dict[str, str], words: str) -> None:
    assert words in at_org.post(form, **fields)
    assert at_org.status == 400


def test_form_of_another_site_does_nothing(running: SandboxProcess, client: httpx.Client) -> None:
    running.seed("company", people=10)
    page = f"{running.access.salesforce.instance_url}/sandbox-controls"

    without = client.post(f"{page}/reset", data={"scope": "all"})
    client.get(page)
    guessed = client.post(f"{page}/reset", data={"scope": "all", "csrf": "guess"})

    assert (without.status_code, guessed.status_code) == (403, 403)
    assert len(running.state()["salesforce"]["Contact"]) == 4
    assert client.get(page).headers["content-security-policy"].startswith("default-src 'none'")


def test_pages_lead_to_one_another(running: SandboxProcess, at_org: Visitor) -> None:
    linked = re.findall(r'<a href="([^"]+)/sandbox-controls">', at_org.text)

    others = [running.access.orgs["org-2"].instance_url]
    assert linked == [f"https://{running.access.auth0.domain}", *others]
