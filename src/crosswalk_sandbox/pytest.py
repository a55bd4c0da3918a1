"""Fixtures for tests of whatever speaks with Auth0 or Salesforce: a tenant and an org, empty or seeded for each test.

Switch it on in the topmost `conftest.py`:

    pytest_plugins = ["crosswalk_sandbox.pytest"]

The sandbox is one process for the whole run, and one for each worker of pytest-xdist. This module alone needs pytest,
which is no dependency of the package: whoever writes tests has it.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest  # deptry: ignore[DEP004] - whoever loads this module runs pytest

from crosswalk_sandbox.handles import OrgHandle, TenantHandle
from crosswalk_sandbox.process import SandboxProcess

__all__ = ["OrgHandle", "SandboxProcess", "TenantHandle", "auth0_tenant", "crosswalk_sandbox", "salesforce_org"]

_MARKER = "sandbox_seed"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("crosswalk sandbox")
    group.addoption(
        "--sandbox-state-dir",
        metavar="DIR",
        help="where the sandbox keeps certificates and keys; a folder of its own below it for each xdist worker",
    )
    group.addoption("--sandbox-seed", metavar="SCENARIO", help="what every test starts with; overrides the ini value")
    parser.addini("sandbox_seed", "what every test starts with: a scenario of the sandbox; empty for nothing")
    parser.addini("sandbox_people", "how many people that is", default="25")
    parser.addini("sandbox_number", "the same number makes the same people", default="1")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(scenario, people=25, number=1, overlap=0.4): what the sandbox's tenant and org start the test with",
    )


@pytest.fixture(scope="session")
def crosswalk_sandbox(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SandboxProcess]:
    """The running sandbox, with its control API as methods. It is not reset between tests by itself."""
    wanted = request.config.getoption("--sandbox-state-dir")
    if wanted is None:
        folder = tmp_path_factory.mktemp("crosswalk-sandbox")
    else:
        folder = Path(wanted) / os.environ.get("PYTEST_XDIST_WORKER", "main")
    with SandboxProcess(folder) as process:
        yield process


@pytest.fixture
def _sandbox_at_start(request: pytest.FixtureRequest, crosswalk_sandbox: SandboxProcess) -> SandboxProcess:
    """The sandbox as the test finds it: everything reset, and seeded as its marker or the configuration says."""
    crosswalk_sandbox.reset()
    config = request.config
    marker = request.node.get_closest_marker(_MARKER)
    scenario = config.getoption("--sandbox-seed") or config.getini("sandbox_seed")
    if marker is not None:
        crosswalk_sandbox.seed(*marker.args, **marker.kwargs)
    elif scenario:
        people, number = int(config.getini("sandbox_people")), int(config.getini("sandbox_number"))
        crosswalk_sandbox.seed(scenario, people=people, number=number)
    return crosswalk_sandbox


@pytest.fixture
def auth0_tenant(_sandbox_at_start: SandboxProcess) -> TenantHandle:
    """The first tenant, as at the start."""
    return TenantHandle(_sandbox_at_start)


@pytest.fixture
def salesforce_org(_sandbox_at_start: SandboxProcess) -> OrgHandle:
    """The first org, as at the start."""
    return OrgHandle(_sandbox_at_start)
