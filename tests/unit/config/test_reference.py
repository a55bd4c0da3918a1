"""The configuration reference is what the models say, and its examples work."""

import re
from pathlib import Path

import pytest

from crosswalk.config import load_config
from crosswalk.config.reference import main, reference_page, walk_sections
from crosswalk.config.syncs import FieldMapConfig
from tests.unit.config.builders import CONTACT_YAML

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"


def test_the_committed_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference_page(), "run `make docs`"


def test_every_key_has_a_meaning() -> None:
    unexplained = [
        f"{'.'.join(path)}.{name}"
        for path, section in walk_sections()
        for name, field in section.model_fields.items()
        if not field.description
    ]

    assert unexplained == []
    assert len(list(walk_sections())) == 40


def test_a_key_shows_its_type_default_and_meaning() -> None:
    page = reference_page()

    assert "| `every` | duration | `30s` | Time between two reads. |" in page
    assert "| `domain` | host name | **required** | The tenant's domain, without https://. |" in page
    assert "## `syncs.SYNC.targets[].match[]`" in page
    assert "## `orgs.ORG.auth` with `flow: jwt_bearer`" in page


def test_the_example_of_the_whole_file_loads(tmp_path: Path) -> None:
    example = re.findall(r"```yaml\n(.*?)```", reference_page(), re.DOTALL)[0]
    for folder in ("mappings", "secrets", ".crosswalk"):
        (tmp_path / folder).mkdir()
    (tmp_path / "mappings" / "contact.yaml").write_text(CONTACT_YAML)
    (tmp_path / "secrets" / "log-stream-token").write_text("a-token")
    (tmp_path / ".crosswalk" / "ca.pem").write_text("")
    (tmp_path / "crosswalk.yaml").write_text(example)
    environ = {
        "CROSSWALK_ADMIN_TOKEN": "a-token",
        "CROSSWALK_ALERTS_URL": "https://alerts.example.com",
        "CROSSWALK_ALERTS_SECRET": "a-secret",
        "CROSSWALK_METRICS_TOKEN": "a-token-for-metrics",
        "CROSSWALK_DATABASE_URL": "postgresql:///hub",
        "AUTH0_CLIENT_SECRET": "a-secret",
        "AUTH0_EVENT_TOKEN": "a-token",
        "SALESFORCE_CLIENT_SECRET": "a-secret",
    }

    config = load_config(tmp_path / "crosswalk.yaml", environ)

    assert isinstance(config.syncs["customers"].targets[0].fields["Email"], FieldMapConfig)


def test_the_check_tells_whether_the_page_is_current(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "configuration.md"

    assert main(["--check", str(page)]) == 1
    assert main([str(page)]) == 0
    assert main(["--check", str(page)]) == 0
    page.write_text(page.read_text() + "\n")
    assert main(["--check", str(page)]) == 1
    assert f"{page} is not up to date" in capsys.readouterr().err
    assert main([]) == 2
