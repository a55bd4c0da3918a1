"""What users did and are doing, through the vendor's management client: logs, sessions, tokens, factors, counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from auth0.management import AsyncManagementClient, ManagementClient
from auth0.management.core.api_error import ApiError
from auth0.management.errors import BadRequestError, NotFoundError

from crosswalk_sandbox.auth0 import Tenant
from crosswalk_sandbox.auth0.signin.otp import STEP_SECONDS, new_secret, one_time_password

from .conftest import ada
from .signing_in import Application, Browser, MakeApplication, code_of, returned, types_logged

DAY = 86_400


@pytest.fixture
def time_travel(tenant: Tenant) -> Iterator[Callable[[float], None]]:
    """Moves the sandbox's clock forward by seconds."""
    yield tenant.time.advance
    tenant.time.reset()


@pytest.fixture
def tokens(http: httpx.Client, browser: Browser, shop: Application, ada_id: str) -> dict[str, Any]:
    """What Ada's login with offline access gave the application."""
    code = code_of(browser, shop, scope="openid offline_access")
    return dict(shop.exchange(http, code).json())


def test_a_users_logs_are_those_of_nobody_else(
    auth0: ManagementClient, browser: Browser, shop: Application, ada_id: str
) -> None:
    grace_id = auth0.users.create(**ada(email="grace@example.com")).user_id or ""
    code_of(browser, shop)

    newest_first = [log.type for log in auth0.users.logs.list(ada_id, per_page=1)]

    assert newest_first == ["s"]
    assert list(auth0.users.logs.list(grace_id)) == []
    with pytest.raises(Exception, match="inexistent_user"):
        list(auth0.users.logs.list("auth0|nobody"))


def test_sessions_are_seen_and_ended(
    auth0: ManagementClient, browser: Browser, shop: Application, ada_id: str, tokens: dict[str, Any]
) -> None:
    (session,) = list(auth0.users.sessions.list(ada_id))

    assert session.user_id == ada_id
    assert [one.client_id for one in session.clients or []] == [shop.client["client_id"]]
    assert session.authentication is not None and session.authentication.methods is not None
    assert [one.name for one in session.authentication.methods] == ["pwd"]
    assert auth0.sessions.get(session.id or "").id == session.id
    auth0.sessions.delete(session.id or "")
    assert returned(browser.open(shop.authorize_url(prompt="none")))["error"] == "login_required"
    with pytest.raises(NotFoundError):
        auth0.sessions.get(session.id or "")


def test_all_sessions_of_a_user_are_ended(
    auth0: ManagementClient, browser: Browser, shop: Application, ada_id: str, tokens: dict[str, Any]
) -> None:
    auth0.users.sessions.delete(ada_id)

    assert list(auth0.users.sessions.list(ada_id)) == []
    assert returned(browser.open(shop.authorize_url(prompt="none")))["error"] == "login_required"


def test_revoking_a_session_revokes_its_refresh_tokens(
    auth0: ManagementClient, http: httpx.Client, shop: Application, ada_id: str, tokens: dict[str, Any]
) -> None:
    (session,) = list(auth0.users.sessions.list(ada_id))

    auth0.sessions.revoke(session.id or "")

    assert shop.refresh(http, tokens["refresh_token"]).status_code == 403


def test_refresh_tokens_are_seen_and_revoked(
    auth0: ManagementClient, http: httpx.Client, shop: Application, ada_id: str, tokens: dict[str, Any]
) -> None:
    (token,) = list(auth0.users.refresh_token.list(ada_id))
    (session,) = list(auth0.users.sessions.list(ada_id))

    assert (token.user_id, token.client_id) == (ada_id, shop.client["client_id"])
    assert (token.session_id, token.rotating) == (session.id, False)
    assert auth0.refresh_tokens.get(token.id or "").id == token.id
    assert shop.refresh(http, tokens["refresh_token"]).status_code == 200
    assert [one.id for one in auth0.refresh_tokens.list(user_id=ada_id)] == [token.id]
    auth0.refresh_tokens.delete(token.id or "")
    assert shop.refresh(http, tokens["refresh_token"]).status_code == 403
    with pytest.raises(NotFoundError):
        auth0.refresh_tokens.get(token.id or "")


def test_refresh_tokens_are_revoked_by_user(
    auth0: ManagementClient, http: httpx.Client, shop: Application, ada_id: str, tokens: dict[str, Any]
) -> None:
    auth0.refresh_tokens.revoke(user_id=ada_id, client_id="another")
    assert shop.refresh(http, tokens["refresh_token"]).status_code == 200

    auth0.users.refresh_token.delete(ada_id)

    assert list(auth0.users.refresh_token.list(ada_id)) == []
    assert shop.refresh(http, tokens["refresh_token"]).status_code == 403


async def test_the_async_client_sees_them_too(
    async_auth0: AsyncManagementClient, ada_id: str, tokens: dict[str, Any]
) -> None:
    sessions = [one async for one in await async_auth0.users.sessions.list(ada_id)]
    refresh_tokens = [one async for one in await async_auth0.users.refresh_token.list(ada_id)]

    assert [one.session_id for one in refresh_tokens] == [one.id for one in sessions]


def test_an_authenticator_app_is_set_up_and_taken_away(
    auth0: ManagementClient, tenant: Tenant, browser: Browser, shop: Application, ada_id: str
) -> None:
    secret = new_secret()
    tenant.signin.mfa_policies = ["all-applications"]
    methods = auth0.users.authentication_methods

    created = methods.create(ada_id, type="totp", totp_secret=secret, name="Phone")

    (listed,) = list(methods.list(ada_id))
    assert (listed.id, listed.type, listed.name, listed.confirmed) == (created.id, "totp", "Phone", True)
    browser.open(shop.authorize_url())
    browser.log_in()
    step = int(tenant.clock().timestamp()) // STEP_SECONDS
    assert "code" in returned(browser.submit(code=one_time_password(secret, step)))
    assert methods.get(ada_id, created.id).id == created.id
    methods.delete(ada_id, created.id)
    assert list(methods.list(ada_id)) == []
    methods.create(ada_id, type="totp", totp_secret=secret)
    methods.delete_all(ada_id)
    assert list(auth0.users.enrollments.get(ada_id)) == []
    with pytest.raises(NotFoundError):
        methods.get(ada_id, created.id)


def test_a_recovery_code_stands_in_for_the_app_once(
    auth0: ManagementClient, tenant: Tenant, browser: Browser, shop: Application, ada_id: str
) -> None:
    tenant.signin.mfa_policies = ["all-applications"]
    with pytest.raises(NotFoundError):
        auth0.users.regenerate_recovery_code(ada_id)
    auth0.users.authentication_methods.create(ada_id, type="totp", totp_secret=new_secret())
    code = auth0.users.regenerate_recovery_code(ada_id).recovery_code or ""

    browser.open(shop.authorize_url())
    link = browser.log_in().text.partition('href="/u/mfa-recovery')[2].partition('"')[0]
    browser.open(f"/u/mfa-recovery{link}")
    assert "invalid" in browser.submit(code="0" * 24).text
    assert "code" in returned(browser.submit(code=code))

    browser.open(shop.authorize_url(prompt="login"))
    link = browser.log_in().text.partition('href="/u/mfa-recovery')[2].partition('"')[0]
    browser.open(f"/u/mfa-recovery{link}")
    assert "invalid" in browser.submit(code=code).text
    assert types_logged(tenant) == ["gd_recovery_failed", "gd_recovery_succeed", "s", "gd_recovery_failed"]


def test_logins_and_sign_ups_are_counted_by_day(
    auth0: ManagementClient,
    tenant: Tenant,
    browser: Browser,
    shop: Application,
    ada_id: str,
    http: httpx.Client,
    time_travel: Callable[[float], None],
) -> None:
    today = tenant.clock().date()
    code_of(browser, shop)
    code_of(browser, shop, prompt="login")
    browser.open(shop.authorize_url(screen_hint="signup", prompt="login"))
    browser.submit(email="grace@example.com", password=ada()["password"])
    day = today.strftime("%Y%m%d")

    daily = auth0.stats.get_daily(from_=day, to=day)

    assert [(one.date, one.logins, one.signups, one.leaked_passwords) for one in daily] == [
        (f"{today.isoformat()}T00:00:00.000Z", 3, 1, 0)
    ]
    assert auth0.stats.get_active_users_count() == 2
    assert auth0.stats.get_daily(from_="20200101", to="20200131") == []
    with pytest.raises(BadRequestError):
        auth0.stats.get_daily(from_="yesterday")
    time_travel(31 * DAY)
    bearer = {"authorization": f"Bearer {new_token(http, tenant)}"}
    assert http.get("/api/v2/stats/active-users", headers=bearer).json() == 0


def new_token(http: httpx.Client, tenant: Tenant) -> str:
    """A token of the present, for after time travel."""
    wanted = {
        "grant_type": "client_credentials",
        "client_id": tenant.client_id,
        "client_secret": tenant.client_secret,
        "audience": tenant.management_audience(),
    }
    return str(http.post("/oauth/token", json=wanted).json()["access_token"])


def test_applications_keep_notes_on_sessions_and_refresh_tokens(
    auth0: ManagementClient, ada_id: str, tokens: dict[str, Any]
) -> None:
    (session,), (refresh,) = auth0.users.sessions.list(ada_id), auth0.users.refresh_token.list(ada_id)
    assert session.session_metadata is None

    auth0.sessions.update(session.id or "", session_metadata={"device": "till 4"})
    auth0.refresh_tokens.update(refresh.id or "", refresh_token_metadata={"shop": "Bonn"})

    assert auth0.sessions.get(session.id or "").session_metadata == {"device": "till 4"}
    assert auth0.refresh_tokens.get(refresh.id or "").refresh_token_metadata == {"shop": "Bonn"}


@pytest.mark.parametrize("spared", [True, False])
def test_a_users_access_ends_at_once(
    auth0: ManagementClient, http: httpx.Client, shop: Application, ada_id: str, tokens: dict[str, Any], spared: bool
) -> None:
    auth0.users.revoke_access(ada_id, preserve_refresh_tokens=spared)

    assert list(auth0.users.sessions.list(ada_id)) == []
    assert shop.refresh(http, tokens["refresh_token"]).status_code == (200 if spared else 403)


def test_authenticator_apps_are_renamed_replaced_and_all_taken_away(auth0: ManagementClient, ada_id: str) -> None:
    methods = auth0.users.authentication_methods
    first = methods.create(ada_id, type="totp", totp_secret=new_secret(), name="Old phone")

    methods.update(ada_id, first.id or "", name="Phone")
    renamed = methods.get(ada_id, first.id or "")
    replaced = methods.set(ada_id, request=[{"type": "totp", "totp_secret": new_secret(), "name": "New"}])  # type: ignore[list-item]
    listed = [(one.id, one.name) for one in methods.list(ada_id)]
    enrollment = auth0.guardian.enrollments.get(replaced[0].id or "")
    auth0.users.authenticators.delete_all(ada_id)

    assert renamed.name == "Phone"
    assert listed == [(replaced[0].id, "New")]
    assert (enrollment.name, enrollment.status) == ("New", "confirmed")
    assert list(methods.list(ada_id)) == []
    with pytest.raises(ApiError, match="inexistent_enrollment"):
        auth0.guardian.enrollments.delete(replaced[0].id or "")


def test_too_many_failures_close_an_address_for_everybody_until_it_is_opened(
    auth0: ManagementClient,
    http: httpx.Client,
    make_application: MakeApplication,
    tenant: Tenant,
    ada_id: str,
    time_travel: Callable[[float], None],
) -> None:
    stage: Any = {"pre-login": {"max_attempts": 3, "rate": 60_000}}
    auth0.attack_protection.suspicious_ip_throttling.update(stage=stage)
    shop = make_application(grant_types=["password"])

    def log_in(email: str, password: str) -> tuple[int, str]:
        form = shop.token_request(grant_type="password", username=email, password=password)
        answer = http.post("/oauth/token", data=form)
        return answer.status_code, answer.json().get("error", "")

    for number in range(3):
        assert log_in(f"nobody{number}@example.com", "wrong") == (403, "invalid_grant")
    auth0.anomaly.blocks.check_ip("127.0.0.1")
    assert log_in("ada@example.com", "Difference-Engine-1") == (429, "too_many_attempts")

    auth0.anomaly.blocks.unblock_ip("127.0.0.1")
    assert log_in("ada@example.com", "Difference-Engine-1") == (200, "")
    with pytest.raises(NotFoundError):
        auth0.anomaly.blocks.check_ip("127.0.0.1")

    for number in range(3):
        log_in(f"nobody{number}@example.com", "wrong")
    assert log_in("ada@example.com", "Difference-Engine-1") == (429, "too_many_attempts")
    time_travel(61)
    assert log_in("ada@example.com", "Difference-Engine-1") == (200, "")
    assert types_logged(tenant).count("limit_mu") == 2
