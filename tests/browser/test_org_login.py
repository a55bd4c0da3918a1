"""The org's login in a real browser: wrong password, login, approval, and the way back to the application."""

from collections.abc import Iterator
from pathlib import Path
from ssl import create_default_context
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Page, expect

from crosswalk_sandbox.process import SandboxProcess
from tests.browser.chromium import NEEDS_CHROMIUM
from tests.forking import ForkedSandbox

pytestmark = NEEDS_CHROMIUM


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    with ForkedSandbox(tmp_path) as running:
        yield running


def test_a_user_logs_in_approves_the_application_and_comes_back_with_a_code(
    sandbox: SandboxProcess, application: tuple[str, list[dict[str, list[str]]]], visitor: Page, troubles: list[str]
) -> None:
    callback, called = application
    org = sandbox.access.salesforce
    app = sandbox.administer("connected-apps", name="Partner", callbacks=[callback])
    wanted = {"client_id": app["consumer_key"], "redirect_uri": callback, "response_type": "code", "state": "s&1"}

    visitor.goto(f"{org.instance_url}/services/oauth2/authorize?{urlencode(wanted)}")
    visitor.get_by_label("Username").fill(org.username)
    visitor.get_by_label("Password").fill("guess")
    visitor.get_by_role("button", name="Log In").click()
    expect(visitor.get_by_role("alert")).to_contain_text("Please check your username and password.")
    visitor.get_by_label("Password").fill("sandbox-password-1")
    visitor.get_by_role("button", name="Log In").click()
    expect(visitor.get_by_role("heading", name="Allow Access?")).to_be_visible()
    visitor.get_by_role("button", name="Allow").click()

    expect(visitor.get_by_role("heading", name="Welcome back")).to_be_visible()
    answer = called[0]
    assert answer["state"] == ["s&1"]
    form = {"grant_type": "authorization_code", "code": answer["code"][0], "redirect_uri": callback}
    form |= {"client_id": app["consumer_key"], "client_secret": app["consumer_secret"]}
    tls = create_default_context(cafile=str(sandbox.access.ca_file))
    reply = httpx.post(f"{org.instance_url}/services/oauth2/token", data=form, verify=tls, trust_env=False)
    assert reply.json()["id"].endswith("/005Hs0000000001IAA")
    assert troubles == []
