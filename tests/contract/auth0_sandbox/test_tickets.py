"""Tickets through the vendor's management client, the pages behind their links, and the e-mails that carry them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
import trustme
from auth0.authentication import Database
from auth0.management import AsyncManagementClient, ManagementClient
from auth0.management.errors import BadRequestError, NotFoundError
from auth0.management.types import EventStreamCloudEventUserUpdatedCloudEvent

from crosswalk_sandbox.auth0 import Tenant
from crosswalk_sandbox.auth0.user_documents import DATABASE_CONNECTION_ID
from crosswalk_sandbox.server import Sandbox

from .conftest import CONNECTION, ada
from .signing_in import PASSWORD, Application, Browser, MakeApplication, claims_of, returned, types_logged

RESULT = "https://shop.example/verified?from=mail"
NEW_PASSWORD = "Analytical-Engine-2"


def told_at(response: httpx.Response) -> dict[str, str]:
    """What the browser is told where a ticket leads to in the end."""
    location = urlsplit(response.headers["location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == "https://shop.example/verified"
    return dict(parse_qsl(location.query))


def newest_mail(tenant: Tenant, kind: str) -> dict[str, Any]:
    return tenant.mailbox.mails(kind=kind)[-1]


def user_events(tenant: Tenant) -> list[dict[str, Any]]:
    return list(tenant.events.read(tenant.events.position_at(""), 1000))


def test_a_verification_ticket_verifies_the_address_once(
    auth0: ManagementClient, tenant: Tenant, browser: Browser, ada_id: str
) -> None:
    ticket = auth0.tickets.verify_email(user_id=ada_id, result_url=RESULT, include_email_in_redirect=True).ticket
    assert ticket.startswith(f"https://{tenant.domain}/u/email-verification?ticket=")

    told = told_at(browser.open(ticket))

    assert told == {
        "from": "mail",
        "email": "ada@example.com",
        "success": "true",
        "code": "success",
        "message": "Your email was verified. You can continue using the application.",
    }
    assert auth0.users.get(ada_id).email_verified is True
    event = EventStreamCloudEventUserUpdatedCloudEvent.model_validate({**user_events(tenant)[-1], "a0stream": "est_1"})
    assert event.data.object.email_verified is True
    again = told_at(browser.open(ticket))
    assert (again["success"], again["message"]) == ("false", "This URL can be used only once")
    assert types_logged(tenant) == ["sv", "fv"]


def test_a_ticket_expires(
    auth0: ManagementClient, browser: Browser, ada_id: str, later: Callable[[float], None]
) -> None:
    ticket = auth0.tickets.verify_email(user_id=ada_id, ttl_sec=60).ticket
    later(61)

    page = browser.open(ticket)

    assert page.status_code == 400 and "Access expired." in page.text
    assert auth0.users.get(ada_id).email_verified is False


def test_a_ticket_for_a_former_address_is_worth_nothing(auth0: ManagementClient, browser: Browser, ada_id: str) -> None:
    ticket = auth0.tickets.verify_email(user_id=ada_id).ticket
    auth0.users.update(ada_id, email="countess@example.com")

    assert browser.open(ticket).status_code == 400
    assert auth0.users.get(ada_id).email_verified is False


def test_a_password_ticket_lets_choose_a_password(
    auth0: ManagementClient, tenant: Tenant, browser: Browser, shop: Application, ada_id: str
) -> None:
    ticket = auth0.tickets.change_password(user_id=ada_id, result_url=RESULT, mark_email_as_verified=True).ticket
    browser.open(shop.authorize_url())
    returned(browser.log_in())
    browser.open(ticket)
    page = browser.submit(**{"password-reset": "short", "re-enter-password": "short"})
    assert "Password is too weak" in page.text
    page = browser.submit(**{"password-reset": NEW_PASSWORD, "re-enter-password": "another"})
    assert "not the same" in page.text

    told = told_at(browser.submit(**{"password-reset": NEW_PASSWORD, "re-enter-password": NEW_PASSWORD}))

    assert told["success"] == "true"
    assert auth0.users.get(ada_id).email_verified is True
    browser.open(shop.authorize_url())
    assert "Wrong email or password" in browser.log_in(password=PASSWORD).text
    assert "code" in returned(browser.log_in(password=NEW_PASSWORD))
    assert types_logged(tenant)[-3:] == ["scp", "fp", "s"]
    assert browser.open(ticket).headers["location"].startswith("https://shop.example/verified?from=mail&success=false")


def test_a_password_ticket_is_found_by_connection_and_address(
    auth0: ManagementClient, browser: Browser, ada_id: str
) -> None:
    ticket = auth0.tickets.change_password(connection_id=DATABASE_CONNECTION_ID, email="ADA@example.com").ticket

    browser.open(ticket)
    done = browser.submit(**{"password-reset": NEW_PASSWORD, "re-enter-password": NEW_PASSWORD})

    assert "You can now login" in done.text
    assert auth0.users.get(ada_id).email_verified is False


async def test_the_async_client_makes_tickets(async_auth0: AsyncManagementClient, ada_id: str) -> None:
    verification = await async_auth0.tickets.verify_email(user_id=ada_id)
    password = await async_auth0.tickets.change_password(user_id=ada_id)

    assert "/u/email-verification?ticket=" in verification.ticket
    assert "/u/reset-verify?ticket=" in password.ticket


def test_impossible_tickets_are_refused(auth0: ManagementClient, ada_id: str) -> None:
    auth0.connections.create(name="email", strategy="email")
    passwordless = auth0.users.create(connection="email", email="grace@example.com").user_id or ""

    for make in (auth0.tickets.verify_email, auth0.tickets.change_password):
        with pytest.raises(NotFoundError):
            make(user_id="auth0|nobody")
    with pytest.raises(BadRequestError):
        auth0.tickets.change_password(user_id=passwordless)
    with pytest.raises(BadRequestError):
        auth0.tickets.change_password(email="ada@example.com")
    with pytest.raises(BadRequestError):
        auth0.tickets.change_password(user_id=ada_id, email="ada@example.com")


def test_signing_up_sends_a_link_that_verifies(
    auth0: ManagementClient, tenant: Tenant, browser: Browser, shop: Application
) -> None:
    browser.open(shop.authorize_url(screen_hint="signup"))
    browser.submit(email="grace@example.com", password=PASSWORD)
    mail = newest_mail(tenant, "verification")

    page = browser.open(mail["link"])

    assert mail["to"] == "grace@example.com"
    assert "Your email was verified" in page.text
    assert [one.email_verified for one in auth0.users.list_users_by_email(email="grace@example.com")] == [True]
    assert mail["link"].replace("&", "&amp;") in browser.open("/mailbox").text


def test_new_users_get_a_verification_mail_unless_it_is_not_wanted(auth0: ManagementClient, tenant: Tenant) -> None:
    auth0.users.create(**ada())
    auth0.users.create(**ada(email="quiet@example.com", verify_email=False))
    auth0.users.create(**ada(email="verified@example.com", email_verified=True))

    assert [mail["to"] for mail in tenant.mailbox.mails()] == ["ada@example.com"]


def test_who_forgot_the_password_gets_a_link_from_the_login_page(
    http: httpx.Client, tenant: Tenant, browser: Browser, shop: Application, ada_id: str
) -> None:
    login = browser.open(shop.authorize_url())
    link = login.text.partition('href="/u/reset-password/request')[2].partition('"')[0]
    request_page = f"/u/reset-password/request{link}".replace("&amp;", "&")
    for address in ("nobody@example.com", "Ada@example.com"):
        browser.open(request_page)
        sent = browser.submit(username=address)
        assert "just sent you an email" in sent.text
    assert [mail["to"] for mail in tenant.mailbox.mails()] == ["ada@example.com"]

    browser.open(newest_mail(tenant, "password-reset")["link"])
    browser.submit(**{"password-reset": NEW_PASSWORD, "re-enter-password": NEW_PASSWORD})

    browser.open(shop.authorize_url())
    answer = shop.exchange(http, returned(browser.log_in(password=NEW_PASSWORD))["code"]).json()
    assert claims_of(http, answer["id_token"])["sub"] == ada_id
    assert types_logged(tenant)[:3] == ["fcpr", "scpr", "scp"]


def test_an_application_asks_for_the_link_with_the_vendors_client(
    tenant: Tenant,
    shop: Application,
    ada_id: str,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    database = Database(tenant.domain, shop.client["client_id"])

    answer = database.change_password(email="ada@example.com", connection=CONNECTION)

    assert answer == "We've just sent you an email to reset your password."
    assert newest_mail(tenant, "password-reset")["to"] == "ada@example.com"


async def test_the_control_api_hands_out_the_mails(tmp_path: Path) -> None:
    async with Sandbox(tmp_path) as sandbox, httpx.AsyncClient(base_url=sandbox.control_url, timeout=10) as control:
        mailbox = sandbox.fleet.tenant().tenant.mailbox
        for address in ("ada@example.com", "grace@example.com"):
            mailbox.send("verification", address, "Please verify your email address.", "https://tenant.example/u")

        answer = await control.get("/auth0/mails", params={"to": "Grace@example.com"})

    (mail,) = answer.json()
    assert (mail["to"], mail["subject"]) == ("grace@example.com", "Verify your email")
    assert mail["link"] == "https://tenant.example/u"


def test_an_invitation_is_mailed(auth0: ManagementClient, tenant: Tenant, make_application: MakeApplication) -> None:
    shop = make_application(organization_usage="allow", initiate_login_uri="https://shop.example/start")
    acme = auth0.organizations.create(name="acme").id or ""

    invitation = auth0.organizations.invitations.create(
        acme,
        inviter={"name": "Grace"},  # type: ignore[arg-type]  # the client takes dicts as well
        invitee={"email": "ada@example.com"},  # type: ignore[arg-type]
        client_id=shop.client["client_id"],
    )

    mail = newest_mail(tenant, "invitation")
    assert (mail["to"], mail["link"]) == ("ada@example.com", invitation.invitation_url)
