"""The org's login in a real browser: wrong password, login, approval, and the way back to the application."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from ssl import create_default_context
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

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
def application() -> Iterator[tuple[str, list[str]]]:
    """An application's callback, and the queries that it was called with."""
    called: list[str] = []

    class Callback(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            called.append(urlsplit(self.path).query)
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b'<link rel="icon" href="data:,"><h1>Welcome back</h1>')

        def log_message(self, format: str, *values: object) -> None:
            """Keep the test's output quiet."""

    server = HTTPServer(("127.0.0.1", 0), Callback)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/callback", called
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


def test_a_user_logs_in_approves_the_application_and_comes_back_with_a_code(
    sandbox: SandboxProcess, application: tuple[str, list[str]], page: tuple[Page, list[str]]
) -> None:
    callback, called = application
    org = sandbox.access.salesforce
    app = sandbox.administer("connected-apps", name="Partner", callbacks=[callback])
    opened, troubles = page
    wanted = {"client_id": app["consumer_key"], "redirect_uri": callback, "response_type": "code", "state": "s&1"}

    opened.goto(f"{org.instance_url}/services/oauth2/authorize?{urlencode(wanted)}")
    opened.get_by_label("Username").fill(org.username)
    opened.get_by_label("Password").fill("guess")
    opened.get_by_role("button", name="Log In").click()
    expect(opened.get_by_role("alert")).to_contain_text("Please check your username and password.")
    opened.get_by_label("Password").fill("sandbox-password-1")
    opened.get_by_role("button", name="Log In").click()
    expect(opened.get_by_role("heading", name="Allow Access?")).to_be_visible()
    opened.get_by_role("button", name="Allow").click()

    expect(opened.get_by_role("heading", name="Welcome back")).to_be_visible()
    answer = parse_qs(called[0])
    assert answer["state"] == ["s&1"]
    form = {"grant_type": "authorization_code", "code": answer["code"][0], "redirect_uri": callback}
    form |= {"client_id": app["consumer_key"], "client_secret": app["consumer_secret"]}
    tls = create_default_context(cafile=str(sandbox.access.ca_file))
    reply = httpx.post(f"{org.instance_url}/services/oauth2/token", data=form, verify=tls, trust_env=False)
    assert reply.json()["id"].endswith("/005Hs0000000001IAA")
    assert troubles == []
