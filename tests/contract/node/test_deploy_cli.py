"""The tenant judged by auth0-deploy-cli, the vendor's tool that keeps a whole tenant in files.

Exercised: export as YAML and as a directory, import of either into an empty tenant, export from there; import over a
tenant that has all of it already; deletion of what the files do not hold. It asks for clients with the pages that all
of them share, credentials of clients, APIs, grants, roles with permissions, databases and other connections with their
clients, organizations with connections, grants and discovery domains, Actions with versions and bindings, event
streams, log streams, settings of the tenant, branding with theme and template, prompts with texts, partials and
renderings, custom domains, e-mail provider and templates, phone provider and templates, second factors with their
providers, templates and policies, protection from attacks, risk assessment, network access, forms, flows, vault
connections, profiles of four kinds; rules and hooks, which are no more; and three features that the plan of this
tenant does not include, for which it is answered with 403 and goes on.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from ssl import create_default_context

import httpx
import pytest

from crosswalk_sandbox.process import Auth0Access, SandboxProcess
from tests.forking import ForkedSandbox

from .configured_tenant import SCRIPT, Configurator
from .conftest import HERE, RunNode

CLI = HERE / "node_modules" / "auth0-deploy-cli" / "lib" / "index.js"
RUN_SECONDS = 120
Export = Callable[[str], tuple[Path, dict[str, str]]]
# An export holds no secret: in its place stands a name, whose value an import is given.
SECRETS = {
    "EVENT_STREAM_WEBHOOK_BEARER_TOKEN": "a-token",
    "LOGSTREAMS_DATADOG_SECRET": "a-key",
    "SMTP_PASS": "a-password",
    "SMTP_USER": "shop",
    "TWILIO_AUTH_TOKEN": "a-token",
}
# Each tenant draws its own.
DRAWN = re.compile(r"(auth0-domain-verification=)[\w-]+")


@dataclass
class Deployment:
    """One tenant and the tool that works on it."""

    access: Auth0Access
    ca_file: Path
    client: httpx.Client

    def run(self, *arguments: str, **settings: str) -> str:
        """Run the tool, which must end well, and return what it said."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "NODE_OPTIONS": f"--require={HERE / 'unhurried.cjs'}",
            "NODE_EXTRA_CA_CERTS": str(self.ca_file),
            "AUTH0_DOMAIN": self.access.domain,
            "AUTH0_CLIENT_ID": self.access.client_id,
            "AUTH0_CLIENT_SECRET": self.access.client_secret,
            **settings,
        }
        node = shutil.which("node") or "node"
        ran = subprocess.run(
            [node, str(CLI), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        assert ran.returncode == 0, f"{arguments[0]} failed:\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    def export(self, form: str, folder: Path) -> dict[str, str]:
        """Export the tenant and return what is in its files."""
        self.run("export", f"--format={form}", f"--output_folder={folder}")
        files = sorted(one for one in folder.rglob("*") if one.is_file())
        return {str(one.relative_to(folder)): DRAWN.sub(r"\1…", one.read_text()) for one in files}

    def deploy(self, given: Path, **settings: str) -> str:
        """Import files and return what the tool said."""
        mappings = json.dumps(SECRETS)
        return self.run("import", f"--input_file={given}", AUTH0_KEYWORD_REPLACE_MAPPINGS=mappings, **settings)

    def finish_by_hand(self) -> None:
        """Do what no file can: prove that the domain is ours, and give the vault its secret."""
        (domain,) = self.client.get("/api/v2/custom-domains").json()
        self.client.post(f"/api/v2/custom-domains/{domain['custom_domain_id']}/verify").raise_for_status()
        (vault,) = self.client.get("/api/v2/flows/vault/connections").json()
        setup = {"setup": {"type": "WEBHOOK", "url": "https://slack.example/x"}}
        self.client.patch(f"/api/v2/flows/vault/connections/{vault['id']}", json=setup).raise_for_status()


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[SandboxProcess]]:
    """The two sandboxes, the first of which is configured."""
    with (
        ForkedSandbox(tmp_path_factory.mktemp("source")) as source,
        ForkedSandbox(tmp_path_factory.mktemp("target")) as target,
    ):
        deployment = connected(source)
        Configurator(deployment.client).configure()
        deployment.client.close()
        yield [source, target]


@pytest.fixture(scope="module")
def exported(
    run_node: RunNode, processes: list[SandboxProcess], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Export]:
    """A function that exports the configured tenant in a form, once, and returns where to and what is in the files."""
    source = connected(processes[0])

    @cache
    def export(form: str) -> tuple[Path, dict[str, str]]:
        folder = tmp_path_factory.mktemp(form)
        return folder, source.export(form, folder)

    yield export
    source.client.close()


@pytest.fixture
def target(run_node: RunNode, processes: list[SandboxProcess]) -> Iterator[Deployment]:
    """The empty tenant."""
    processes[1].reset()
    deployment = connected(processes[1])
    yield deployment
    deployment.client.close()


def connected(process: SandboxProcess) -> Deployment:
    """Return a deployment whose own client has a token."""
    access, ca_file = process.access.auth0, process.access.ca_file
    tls = create_default_context(cafile=str(ca_file))
    client = httpx.Client(base_url=f"https://{access.domain}", verify=tls, timeout=10, trust_env=False)
    form = {"client_id": access.client_id, "client_secret": access.client_secret, "grant_type": "client_credentials"}
    form["audience"] = f"https://{access.domain}/api/v2/"
    token = client.post("/oauth/token", data=form).raise_for_status().json()["access_token"]
    client.headers["authorization"] = f"Bearer {token}"
    return Deployment(access, ca_file, client)


@pytest.mark.parametrize(("form", "entry"), [("yaml", "tenant.yaml"), ("directory", ".")])
def test_an_exported_tenant_is_the_same_in_another_place(
    exported: Export, target: Deployment, tmp_path: Path, form: str, entry: str
) -> None:
    folder, files = exported(form)

    target.deploy(folder / entry)

    target.finish_by_hand()
    assert target.export(form, tmp_path) == files
    everything = "\n".join(files.values())
    for held in (
        "acme",
        "Buyer",
        "Tell Slack",
        "Welcome back",
        "login.orders.example",
        "write:orders",
        "Tier",
        "Partners",
        "To us",
    ):
        assert held in everything
    assert SCRIPT["attributes"]["src"] in everything
    assert not any(secret in everything for secret in ("a-token", "a-password", "a-key"))


def test_an_import_over_the_same_tenant_changes_nothing_and_may_delete(exported: Export, target: Deployment) -> None:
    folder, _ = exported("yaml")
    target.deploy(folder / "tenant.yaml")
    role = target.client.post("/api/v2/roles", json={"name": "Left over"}).raise_for_status().json()
    before = settings_of(target)

    said = target.deploy(folder / "tenant.yaml", AUTH0_ALLOW_DELETE="true")

    assert re.search(rf"Deleted \[roles\]: .*{role['id']}", said)
    assert [one["name"] for one in target.client.get("/api/v2/roles").json()] == ["Buyer"]
    assert settings_of(target) == before


def settings_of(deployment: Deployment) -> dict[str, object]:
    """Return documents that an import writes again."""
    paths = ("tenants/settings", "branding", "prompts", "attack-protection/bot-detection", "guardian/factors")
    return {path: deployment.client.get(f"/api/v2/{path}").raise_for_status().json() for path in paths}
