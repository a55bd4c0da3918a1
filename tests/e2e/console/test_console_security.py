"""The console is closed to everybody but the holder of the admin token."""

import httpx
import pytest

from crosswalk.api.security import AdminAccess
from crosswalk.connectors.secret import Secret
from crosswalk.store.database import Database
from tests.console_scene import ADMIN_TOKEN, console_app
from tests.e2e.console.client import client_of, csrf_of, log_in

CLOSED = [
    "/console",
    "/console/live/overview",
    "/console/identities",
    "/console/identities/customers/auth0%7C1",
    "/console/live/identities/customers/auth0%7C1",
    "/console/anything-else",
]


@pytest.mark.parametrize("path", CLOSED)
async def test_a_stranger_is_sent_to_the_log_in_page(stranger: httpx.AsyncClient, path: str) -> None:
    answer = await stranger.get(path)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/console/login")
    assert answer.text == ""


async def test_the_root_leads_to_the_console(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/")

    assert (answer.status_code, answer.headers["location"]) == (307, "/console")


async def test_a_page_left_open_takes_the_whole_browser_to_the_log_in(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/console/live/overview", headers={"HX-Request": "true"})

    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/console/login")


@pytest.mark.parametrize("cookie", ["", "x", "9999999999.nonce.signature", "9999999999.nonce." + "0" * 64])
async def test_a_forged_cookie_is_no_session(stranger: httpx.AsyncClient, cookie: str) -> None:
    answer = await stranger.get("/console", headers={"Cookie": f"crosswalk_session={cookie}"})

    assert answer.status_code == 303


async def test_an_expired_cookie_is_no_session(database: Database) -> None:
    now = [1_800_000_000.0]
    access = AdminAccess(Secret(ADMIN_TOKEN), clock=lambda: now[0])
    async with client_of(console_app(database, access)) as client:
        await log_in(client)
        assert (await client.get("/console")).status_code == 200

        now[0] += 12 * 3600

        assert (await client.get("/console")).status_code == 303


async def test_the_right_token_opens_a_session(stranger: httpx.AsyncClient) -> None:
    answer = await log_in(stranger)

    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("crosswalk_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/console" in cookie
    assert "Secure" not in cookie
    assert (await stranger.get("/console")).status_code == 200


async def test_over_https_the_cookie_never_travels_in_the_clear(database: Database) -> None:
    async with client_of(console_app(database), scheme="https") as client:
        answer = await log_in(client)

    assert all("Secure" in cookie for cookie in answer.headers.get_list("set-cookie") if "Max-Age=43200" in cookie)
    assert any("Max-Age=43200" in cookie for cookie in answer.headers.get_list("set-cookie"))


async def test_a_wrong_token_opens_nothing_and_is_not_repeated(stranger: httpx.AsyncClient) -> None:
    answer = await log_in(stranger, token="let-me-in-please-1234")

    assert answer.status_code == 401
    assert "That is not the admin token." in answer.text
    assert "let-me-in-please-1234" not in answer.text
    assert "crosswalk_session" not in answer.headers.get("set-cookie", "")


async def test_after_ten_wrong_tokens_an_address_has_to_wait(database: Database) -> None:
    app = console_app(database)
    async with client_of(app, address="192.0.2.7") as guesser, client_of(app, address="192.0.2.8") as other:
        for _ in range(10):
            assert (await log_in(guesser, token="wrong-wrong-wrong-1")).status_code == 401

        refused = await log_in(guesser)

        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= 60
        assert (await log_in(other)).status_code == 303


@pytest.mark.parametrize("csrf", ["", "0" * 64, "é"])
async def test_a_log_in_form_from_elsewhere_is_refused(stranger: httpx.AsyncClient, csrf: str) -> None:
    await stranger.get("/console/login")

    answer = await stranger.post("/console/login", data={"csrf": csrf, "token": ADMIN_TOKEN})

    assert answer.status_code == 403
    assert "crosswalk_session" not in answer.headers.get("set-cookie", "")


async def test_a_log_in_form_without_its_cookie_is_refused(stranger: httpx.AsyncClient) -> None:
    page = await stranger.get("/console/login")
    stranger.cookies.clear()

    answer = await stranger.post("/console/login", data={"csrf": csrf_of(page.text), "token": ADMIN_TOKEN})

    assert answer.status_code == 403


async def test_nobody_is_logged_out_by_a_form_from_elsewhere(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/console/logout", data={"csrf": "0" * 64})

    assert answer.status_code == 403
    assert (await admin.get("/console")).status_code == 200


async def test_nobody_is_logged_out_by_a_link(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/console/logout")

    assert answer.status_code == 405
    assert (await admin.get("/console")).status_code == 200


async def test_logging_out_ends_the_session_even_for_a_copied_cookie(admin: httpx.AsyncClient) -> None:
    copied = admin.cookies["crosswalk_session"]
    page = await admin.get("/console")

    answer = await admin.post("/console/logout", data={"csrf": csrf_of(page.text)})

    assert (answer.status_code, answer.headers["location"]) == (303, "/console/login")
    again = await admin.get("/console", headers={"Cookie": f"crosswalk_session={copied}"})
    assert again.status_code == 303


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/console/identities?q=ada", "/console/identities?q=ada"),
        ("/console/identities/customers/auth0%7C1", "/console/identities/customers/auth0%7C1"),
        ("https://evil.test/console", "/console"),
        ("//evil.test/console", "/console"),
        ("/console\\@evil.test", "/console"),
        ("/consoleevil", "/console"),
        ("/console/login", "/console"),
        ("/console/\r\nX: y", "/console"),
    ],
)
async def test_the_log_in_leads_back_to_pages_of_the_console_alone(
    stranger: httpx.AsyncClient, wanted: str, reached: str
) -> None:
    page = await stranger.get("/console/login", params={"next": wanted})

    form = {"csrf": csrf_of(page.text), "token": ADMIN_TOKEN, "next": wanted}
    answer = await stranger.post("/console/login", data=form)

    assert answer.headers["location"] == reached


@pytest.mark.parametrize("path", ["/console/login", "/console", "/console/nothing-here"])
async def test_every_page_carries_the_security_headers(admin: httpx.AsyncClient, path: str) -> None:
    headers = (await admin.get(path)).headers

    assert headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/console/login", "/console", "/console/identities", "/console/nothing-here"])
async def test_no_page_has_inline_script_or_style(admin: httpx.AsyncClient, path: str) -> None:
    text = (await admin.get(path)).text

    assert "<style" not in text
    assert " style=" not in text
    assert "<script>" not in text
    assert " onclick=" not in text
    assert "hx-on" not in text


async def test_static_files_are_open_and_kept_by_their_version_alone(stranger: httpx.AsyncClient) -> None:
    page = await stranger.get("/console/login")
    versioned = next(part for part in page.text.split('"') if part.endswith("console.css"))

    current = await stranger.get(versioned)
    other = await stranger.get("/console/static/0123456789ab/console.css")

    assert current.headers["content-type"] == "text/css; charset=utf-8"
    assert current.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert other.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["..%2f__init__.py", "__init__.py", "nothing.css"])
async def test_nothing_but_the_static_files_is_served(stranger: httpx.AsyncClient, name: str) -> None:
    assert (await stranger.get(f"/console/static/x/{name}")).status_code in {303, 404}


async def test_an_oversized_form_is_refused(stranger: httpx.AsyncClient) -> None:
    await stranger.get("/console/login")

    answer = await stranger.post("/console/login", data={"token": "x" * 20_000})

    assert answer.status_code == 413
