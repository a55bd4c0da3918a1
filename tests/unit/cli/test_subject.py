"""Erasing asks first, or has to be told not to."""

import pytest
from typer.testing import CliRunner

from crosswalk.cli.main import app


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_nobody_is_erased_unasked(options: list[str]) -> None:
    ended = CliRunner().invoke(app, ["subject", "erase", "auth0|ada", "--config", "nowhere.yaml", *options])

    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "say --yes where nobody can be asked" in ended.stderr
