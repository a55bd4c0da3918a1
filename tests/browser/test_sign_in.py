"""The tenant's sign-in pages in a real browser: sign-up, second factor, consent, and the way back as a posted form."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from ssl import create_default_context
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Page, expect

from crosswalk_sandbox.auth0.signin.otp import STEP_SECONDS, one_time_password
from crosswalk_sandbox.process import SandboxProcess
from tests.browser.chromium import NEEDS_CHROMIUM
from tests.forking import ForkedSandbox

pytestmark = NEEDS_CHROMIUM


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    with ForkedSandbox(tmp_path) as running:
        yield running


@pytest.fixture
def management(sandbox: SandboxProcess) -> Iterator[httpx.Client]:
    """A client of the Management API."""
    access = sandbox.access.auth0
    context = create_default_context(cafile=str(sandbox.access.ca_file))
    base = f"https://{access.domain}"
    with httpx.Client(base_url=base, verify=context, timeout=10, trust_env=False) as client:
        form = {"client_id": access.client_id, "client_secret": access.client_secret}
        form |= {"grant_type": "client_credentials", "audience": f"{base}/api/v2/"}
        token = client.post("/oauth/token", data=form).raise_for_status().json()["access_token"]
        client.headers["authorization"] = f"Bearer {token}"
        yield client


def test_a_new_person_signs_up_and_comes_back_to_the_application(
    management: httpx.Client, application: tuple[str, list[dict[str, list[str]]]], visitor: Page, troubles: list[str]
) -> None:
    callback, posted = application
    body = {"name": "Partner", "app_type": "regular_web", "callbacks": [callback], "is_first_party": False}
    client = management.post("/api/v2/clients", json=body).raise_for_status().json()
    management.put("/api/v2/guardian/policies", json=["all-applications"]).raise_for_status()
    wanted = {"client_id": client["client_id"], "redirect_uri": callback, "response_type": "code", "state": "s&1"}
    wanted |= {"scope": "openid email", "response_mode": "form_post"}

    visitor.goto(f"{management.base_url}/authorize?{urlencode(wanted)}")
    visitor.get_by_role("link", name="Sign up").click()
    visitor.get_by_label("Email address").fill("ada@example.com")
    visitor.get_by_label("Password").fill("Difference-Engine-1")
    visitor.get_by_role("button", name="Continue").click()
    secret = visitor.locator("#secret").inner_text()
    assert re.match(r"^[A-Z2-7]{32}$", secret)
    visitor.get_by_label("Enter your one-time code").fill(one_time_password(secret, int(time.time()) // STEP_SECONDS))
    visitor.get_by_role("button", name="Continue").click()
    expect(visitor.get_by_role("heading", name="Authorize App")).to_be_visible()
    visitor.get_by_role("button", name="Accept").click()

    expect(visitor.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert posted[0]["state"] == ["s&1"]
    form = {"grant_type": "authorization_code", "code": posted[0]["code"][0], "redirect_uri": callback}
    form |= {"client_id": client["client_id"], "client_secret": client["client_secret"]}
    assert "id_token" in management.post("/oauth/token", data=form).json()
    assert troubles == []
