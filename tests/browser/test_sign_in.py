"""The tenant's sign-in pages in a real browser: sign-up, second factor, consent, and the way back as a posted form."""

import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from ssl import create_default_context
from urllib.parse import parse_qs, urlencode

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from crosswalk_sandbox.auth0.signin.otp import STEP_SECONDS, one_time_password
from crosswalk_sandbox.process import SandboxProcess
from tests.forking import ForkedSandbox

from .test_main_job import ARGUMENTS, CHROMIUM

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium: apt-get install chromium"),
    pytest.mark.timeout(60),
]


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


@pytest.fixture
def application() -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """An application's callback, and the forms that it was posted."""
    posted: list[dict[str, list[str]]] = []

    class Callback(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(parse_qs(self.rfile.read(int(self.headers["content-length"])).decode()))
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b'<link rel="icon" href="data:,"><h1>Welcome back</h1>')

        def log_message(self, format: str, *values: object) -> None:
            """Keep the test's output quiet."""

    server = HTTPServer(("127.0.0.1", 0), Callback)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/callback", posted
    server.shutdown()
    thread.join(timeout=5)
    server.server_close()


@pytest.fixture
def page() -> Iterator[tuple[Page, list[str]]]:
    """A page that trusts the sandbox's private authority, and what it wrote to the console as errors."""
    troubles: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        opened = browser.new_context(ignore_https_errors=True).new_page()
        opened.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        opened.on("pageerror", lambda error: troubles.append(str(error)))
        yield opened, troubles
        browser.close()


def test_a_new_person_signs_up_and_comes_back_to_the_application(
    management: httpx.Client, application: tuple[str, list[dict[str, list[str]]]], page: tuple[Page, list[str]]
) -> None:
    callback, posted = application
    body = {"name": "Partner", "app_type": "regular_web", "callbacks": [callback], "is_first_party": False}
    client = management.post("/api/v2/clients", json=body).raise_for_status().json()
    management.put("/api/v2/guardian/policies", json=["all-applications"]).raise_for_status()
    opened, troubles = page
    wanted = {"client_id": client["client_id"], "redirect_uri": callback, "response_type": "code", "state": "s&1"}
    wanted |= {"scope": "openid email", "response_mode": "form_post"}

    opened.goto(f"{management.base_url}/authorize?{urlencode(wanted)}")
    opened.get_by_role("link", name="Sign up").click()
    opened.get_by_label("Email address").fill("ada@example.com")
    opened.get_by_label("Password").fill("Difference-Engine-1")
    opened.get_by_role("button", name="Continue").click()
    secret = opened.locator("#secret").inner_text()
    assert re.match(r"^[A-Z2-7]{32}$", secret)
    opened.get_by_label("Enter your one-time code").fill(one_time_password(secret, int(time.time()) // STEP_SECONDS))
    opened.get_by_role("button", name="Continue").click()
    expect(opened.get_by_role("heading", name="Authorize App")).to_be_visible()
    opened.get_by_role("button", name="Accept").click()

    expect(opened.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert posted[0]["state"] == ["s&1"]
    form = {"grant_type": "authorization_code", "code": posted[0]["code"][0], "redirect_uri": callback}
    form |= {"client_id": client["client_id"], "client_secret": client["client_secret"]}
    assert "id_token" in management.post("/oauth/token", data=form).json()
    assert troubles == []
