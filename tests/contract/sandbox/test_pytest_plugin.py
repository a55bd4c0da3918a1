"""The pytest plugin, as the tests of somebody else's integration use it."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CONFTEST = 'pytest_plugins = ["crosswalk_sandbox.pytest"]\n'
ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def nothing_else_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other plugins that are installed here take four times as long to start as all the rest."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def example_of_the_page() -> str:
    """The test that docs/sandbox.md shows."""
    page = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
    section = page.partition("## Fixtures for pytest")[2]
    return section.partition("```python\n# test_signup.py\n")[2].partition("```")[0]


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    pytester.makeconftest(CONFTEST)
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments, timeout=60)


def test_example_of_the_page_passes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_signup=example_of_the_page())

    run(pytester).assert_outcomes(passed=3)


def test_each_test_starts_empty_with_the_same_process(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        seen = set()

        def test_writes(salesforce_org, auth0_tenant, crosswalk_sandbox):
            salesforce_org.administer("save", object="Contact", fields={"LastName": "Byron"})
            salesforce_org.settings(latency_ms=1)
            assert [row["LastName"] for row in salesforce_org.records("Contact")] == ["Byron"]
            assert auth0_tenant.state()["counts"]["users"] == 0
            seen.add(crosswalk_sandbox.pid)

        def test_finds_nothing(salesforce_org, crosswalk_sandbox):
            assert salesforce_org.records("Contact") == []
            assert salesforce_org.calls()["total"] == 0
            assert seen == {crosswalk_sandbox.pid}
        """
    )

    run(pytester).assert_outcomes(passed=2)


def test_clients_and_variables_open_tenant_and_org(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import os, subprocess, sys

        def test_tenant(auth0_tenant):
            with auth0_tenant.client() as client:
                assert client.get("/api/v2/users").json() == []
            assert auth0_tenant.env["AUTH0_DOMAIN"] == auth0_tenant.access.domain

        def test_org(salesforce_org):
            with salesforce_org.client() as client:
                assert client.get("/services/data/v62.0/limits").status_code == 200
                salesforce_org.faults(status=503, fail_next=1)
                assert client.get("/services/data/v62.0/limits").status_code == 503

        def test_another_program_trusts_it(salesforce_org):
            code = "import os, requests; print(requests.get(os.environ['SF_LOGIN_URL'] + '/services/data', timeout=9))"
            env = {"PATH": os.environ["PATH"], **salesforce_org.env}
            done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=30)
            assert (done.stdout, done.stderr) == ("<Response [200]>\\n", "")
        """
    )

    run(pytester).assert_outcomes(passed=3)


def test_seed_comes_from_marker_or_configuration(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nsandbox_seed = contacts\nsandbox_people = 7\naddopts = --strict-markers\n")
    pytester.makepyfile(
        """
        import pytest

        def test_configured(salesforce_org):
            assert len(salesforce_org.records("Contact")) == 7

        @pytest.mark.sandbox_seed("people", people=10, overlap=1)
        def test_marked(auth0_tenant, crosswalk_sandbox):
            assert auth0_tenant.state()["counts"]["users"] >= 10
            assert len(crosswalk_sandbox.truth()) == 10
        """
    )

    run(pytester).assert_outcomes(passed=2)


def test_each_xdist_worker_has_its_own(pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    pytester.makepyfile(
        **{
            f"test_{name}": """
            def test_alone(salesforce_org, crosswalk_sandbox, worker_id):
                salesforce_org.administer("save", object="Contact", fields={"LastName": worker_id})
                assert [row["LastName"] for row in salesforce_org.records("Contact")] == [worker_id]
                assert crosswalk_sandbox.access.ca_file.parent.name == worker_id
            """
            for name in ("one", "two")
        }
    )

    run(
        pytester, "-p", "xdist.plugin", "-n", "2", "--dist", "loadfile", "--sandbox-state-dir", "state"
    ).assert_outcomes(passed=2)
    assert (pytester.path / "state").is_dir()


def test_package_itself_needs_no_pytest() -> None:
    source = ROOT / "src" / "crosswalk_sandbox"
    importing = [path.name for path in source.rglob("*.py") if "import pytest" in path.read_text(encoding="utf-8")]

    assert importing == ["pytest.py"]
