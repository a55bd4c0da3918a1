"""The files in `deploy/` agree with the command line, the configuration, the probes, and with one another."""

import json
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import typer.main
import yaml

from crosswalk.cli.main import app
from crosswalk.cli.process import GIVE_UP_AFTER_S
from crosswalk.cli.roles import STOP_WITHIN_S
from crosswalk.config.config import Config
from crosswalk.config.load import load_config

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMMANDS: dict[str, click.Command] = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group
SECRETS = {
    "CROSSWALK_ADMIN_TOKEN": "a-token-of-the-admin",
    "CROSSWALK_METRICS_TOKEN": "a-token-of-the-metrics",
    "CROSSWALK_DATABASE_URL": "postgresql://crosswalk:secret@postgres:5432/crosswalk",
    "AUTH0_CLIENT_SECRET": "a-secret",
    "AUTH0_EVENT_TOKEN": "a-token",
    "SALESFORCE_CLIENT_SECRET": "a-secret",
}

COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
MANIFESTS: list[dict[str, Any]] = [
    document
    for name in ("secret", "api", "worker")
    for document in yaml.safe_load_all((DEPLOY / "kubernetes" / f"{name}.yaml").read_text())
]
DEPLOYMENTS = {each["metadata"]["name"]: each for each in MANIFESTS if each["kind"] == "Deployment"}
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()


def pod_of(deployment: dict[str, Any]) -> dict[str, Any]:
    pod: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return pod


def container_of(deployment: dict[str, Any]) -> dict[str, Any]:
    (container,) = pod_of(deployment)["containers"]
    return dict(container)


def seconds(text: str) -> int:
    assert text.endswith("s")
    return int(text[:-1])


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("deploy")
    shutil.copy(DEPLOY / "crosswalk.yaml", folder / "crosswalk.yaml")
    return load_config(folder / "crosswalk.yaml", SECRETS)


def test_the_configuration_of_both_is_one_and_needs_no_other_secret():
    text = (DEPLOY / "crosswalk.yaml").read_text()

    assert (DEPLOY / "kubernetes" / "crosswalk.yaml").read_text() == text
    assert set(re.findall(r"\$\{(\w+)\}", text)) == set(SECRETS)


@pytest.mark.parametrize(
    "words",
    [
        COMPOSE["services"]["api"]["command"],
        COMPOSE["services"]["worker"]["command"],
        *(container_of(each)["args"] for each in DEPLOYMENTS.values()),
        json.loads(re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)[-1]),
    ],
    ids=str,
)
def test_each_command_and_option_is_one_of_the_program(words: list[str]):
    name, *options = words
    context = click.Context(COMMANDS[name])
    known = {option for each in COMMANDS[name].get_params(context) for option in each.opts}

    assert {word for word in options if word.startswith("--")} <= known
    # Parsed as the program would: an option that lacks its value, or has one that is none, is refused.
    COMMANDS[name].make_context(name, list(options), resilient_parsing=True)


def test_each_secret_is_handed_in_everywhere():
    (secret,) = (each for each in MANIFESTS if each["kind"] == "Secret")
    of_compose = COMPOSE["services"]["worker"]["environment"]
    example = set(re.findall(r"^(\w+)=$", (DEPLOY / ".env.example").read_text(), re.MULTILINE))
    wanted = set(re.findall(r"\$\{(\w+):\?", (DEPLOY / "compose.yaml").read_text()))

    assert set(secret["stringData"]) == set(of_compose) == set(SECRETS)
    assert set(secret["stringData"].values()) == {""}
    assert COMPOSE["services"]["api"]["environment"] == of_compose | {"FORWARDED_ALLOW_IPS": "*"}
    assert example == wanted
    assert [container_of(each)["envFrom"] for each in DEPLOYMENTS.values()] == [
        [{"secretRef": {"name": secret["metadata"]["name"]}}]
    ] * 2


def test_ports_are_those_of_the_configuration(config: Config):
    http, monitoring = config.server.port, config.monitoring.port
    ports = {
        name: {each["name"]: each["containerPort"] for each in container_of(deployment)["ports"]}
        for name, deployment in DEPLOYMENTS.items()
    }
    (service,) = (each for each in MANIFESTS if each["kind"] == "Service")

    assert ports == {
        "crosswalk-api": {"http": http, "monitoring": monitoring},
        "crosswalk-worker": {"monitoring": monitoring},
    }
    assert [each["targetPort"] for each in service["spec"]["ports"]] == ["http"]
    # Nobody but a proxy on the machine reaches it, and PostgreSQL and the probes are open to nobody outside.
    assert COMPOSE["services"]["api"]["ports"] == [f"127.0.0.1:{http}:{http}"]
    assert "ports" not in COMPOSE["services"]["worker"] and "ports" not in COMPOSE["services"]["postgres"]
    assert f"EXPOSE {http} {monitoring}" in DOCKERFILE
    assert f"http://127.0.0.1:{monitoring}/readyz" in DOCKERFILE
    # The proxy is believed where only it arrives; in a cluster, nobody is until it is said who.
    assert container_of(DEPLOYMENTS["crosswalk-api"])["env"] == [{"name": "FORWARDED_ALLOW_IPS", "value": "127.0.0.1"}]
    assert (config.server.host, config.monitoring.host) == ("0.0.0.0", "0.0.0.0")  # noqa: S104  # in a container


def test_probes_ask_what_there_is_and_restart_by_life_alone():
    for deployment in DEPLOYMENTS.values():
        container = container_of(deployment)
        asked = {name: container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}

        assert {name: each["path"] for name, each in asked.items()} == {
            "startupProbe": "/healthz",
            "livenessProbe": "/healthz",
            "readinessProbe": "/readyz",
        }
        assert {each["port"] for each in asked.values()} == {"monitoring"}


def test_a_process_may_take_as_long_to_stop_as_it_may_need():
    needed = STOP_WITHIN_S + GIVE_UP_AFTER_S

    for name in ("api", "worker"):
        assert seconds(COMPOSE["services"][name]["stop_grace_period"]) > needed
    for deployment in DEPLOYMENTS.values():
        before = (
            container_of(deployment).get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["", "0"])
        )
        assert pod_of(deployment)["terminationGracePeriodSeconds"] > needed + int(before[-1])


def test_each_deployment_keeps_one_while_machines_are_emptied():
    budgets = {each["metadata"]["name"]: each["spec"] for each in MANIFESTS if each["kind"] == "PodDisruptionBudget"}

    assert budgets.keys() == DEPLOYMENTS.keys()
    for name, deployment in DEPLOYMENTS.items():
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert deployment["spec"]["replicas"] > budgets[name]["minAvailable"] == 1
        assert budgets[name]["selector"] == deployment["spec"]["selector"] == {"matchLabels": labels}


def test_nobody_is_root_and_nothing_is_written_but_where_it_may_be():
    user = re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)

    assert user == [("10001", "10001")]
    for deployment in DEPLOYMENTS.values():
        context, container = pod_of(deployment)["securityContext"], container_of(deployment)
        assert (context["runAsNonRoot"], context["runAsUser"], context["runAsGroup"]) == (True, 10001, 10001)
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        mounted = {each["name"] for each in container["volumeMounts"]}
        assert mounted == {each["name"] for each in pod_of(deployment)["volumes"]}


def test_the_state_directory_is_the_place_that_is_mounted(config: Config):
    state = str(config.state_dir)

    assert f"install -d -o crosswalk -g crosswalk {state}" in DOCKERFILE
    for name in ("api", "worker"):
        assert f"state:{state}" in COMPOSE["services"][name]["volumes"]
    for deployment in DEPLOYMENTS.values():
        assert state in {each["mountPath"] for each in container_of(deployment)["volumeMounts"]}


def test_a_signal_is_heard_from_the_first_moment():
    (entrypoint,) = re.findall(r"^ENTRYPOINT (.*)$", DOCKERFILE, re.MULTILINE)

    # Linux keeps SIGTERM from a process 1 that has not said what it does about it; tini is there at once.
    assert json.loads(entrypoint) == ["tini", "--", "crosswalk"]
    assert "apt-get install -y --no-install-recommends tini" in DOCKERFILE
    for deployment in DEPLOYMENTS.values():
        assert "command" not in container_of(deployment)
    assert all("entrypoint" not in service for service in COMPOSE["services"].values())


def test_the_database_is_asked_where_it_listens_for_others_and_has_room_to_share():
    database = COMPOSE["services"]["postgres"]

    assert database["healthcheck"]["test"] == [
        "CMD",
        "pg_isready",
        "-h",
        "127.0.0.1",
        "-U",
        "crosswalk",
        "-d",
        "crosswalk",
    ]
    assert database["shm_size"] == "1gb"


def test_what_is_logged_is_json_and_does_not_fill_the_disk():
    for service in COMPOSE["services"].values():
        assert service["logging"] == {"driver": "local"}
    for name in ("api", "worker"):
        assert "--json" in COMPOSE["services"][name]["command"]
        assert "--json" in container_of(DEPLOYMENTS[f"crosswalk-{name}"])["args"]


def test_the_image_has_one_name_everywhere():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    kustomization = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())

    assert {COMPOSE["services"][name]["image"] for name in ("api", "worker")} == {f"crosswalk:{version}"}
    assert {container_of(each)["image"] for each in DEPLOYMENTS.values()} == {f"crosswalk:{version}"}
    assert kustomization["images"] == [
        {"name": "crosswalk", "newName": "registry.example.com/crosswalk", "newTag": version}
    ]
    for page in (DOCKERFILE, (ROOT / "docs" / "operations.md").read_text()):
        assert f"docker build -f deploy/Dockerfile -t crosswalk:{version} ." in page


def test_the_image_is_made_of_files_that_are_there():
    copied = [words.split()[:-1] for words in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)]
    names = {name for each in copied for name in each}
    let_in = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))

    assert names == let_in
    assert all((ROOT / name).exists() for name in names)
    assert (DEPLOY / ".env").relative_to(ROOT).as_posix() in (ROOT / ".gitignore").read_text().splitlines()


def test_two_workers_and_a_database_run_beside_the_api():
    assert COMPOSE["services"].keys() == {"postgres", "api", "worker"}
    assert COMPOSE["services"]["worker"]["deploy"]["replicas"] == 2
    assert DEPLOYMENTS["crosswalk-worker"]["spec"]["replicas"] == 2
    for name in ("api", "worker"):
        assert COMPOSE["services"][name]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
