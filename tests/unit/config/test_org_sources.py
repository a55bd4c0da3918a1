"""How an org's changes are configured to reach the hub."""

from pathlib import Path

import pytest

from crosswalk.engine.settings import salesforce_settings
from tests.unit.config.builders import CROSSWALK_YAML, load, only, spoilt


def with_sources(sources: str) -> str:
    return CROSSWALK_YAML.replace("    timeout: 20s\n", f"    timeout: 20s\n    sources: {sources}\n")


@pytest.mark.parametrize("sources", ["{change_events: {}}", "{change_events: }"])
def test_change_events_need_nothing_but_their_name(tmp_path: Path, sources: str) -> None:
    org = load(tmp_path, with_sources(sources)).orgs["crm"]

    settings = salesforce_settings(org)
    assert org.sources.record_poll is None
    assert (settings.pubsub_endpoint, settings.organization_id) == ("api.pubsub.salesforce.com:7443", None)


def test_endpoint_and_organization_reach_the_connector(tmp_path: Path) -> None:
    sources = "{change_events: {endpoint: 'api.deu.pubsub.salesforce.com:443', organization_id: 00D5g000008Xa1BEAS}}"

    settings = salesforce_settings(load(tmp_path, with_sources(sources)).orgs["crm"])

    assert settings.pubsub_endpoint == "api.deu.pubsub.salesforce.com:443"
    assert settings.organization_id == "00D5g000008Xa1BEAS"


@pytest.mark.parametrize(
    ("wrong", "path", "message"),
    [
        ("endpoint: api.pubsub.salesforce.com", "endpoint", "this is not a host and a port"),
        ("endpoint: 'https://api.pubsub.salesforce.com:7443'", "endpoint", "this is not a host and a port"),
        ("endpoint: 'api.pubsub.salesforce.com:70000'", "endpoint", "this is not a host and a port"),
        ("organization_id: 005000000000001AAA", "organization_id", "this is not the id of an org"),
    ],
)
def test_what_cannot_be_an_endpoint_or_an_org_is_a_mistake(tmp_path: Path, wrong: str, path: str, message: str) -> None:
    problems = spoilt(
        tmp_path, "    timeout: 20s\n", f"    timeout: 20s\n    sources: {{change_events: {{{wrong}}}}}\n"
    )

    assert only(problems)[2:4] == (f"orgs.crm.sources.change_events.{path}", message)
