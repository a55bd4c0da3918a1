"""The tenant's configuration through the vendor's management client: documents, collections, features without plan."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from auth0.management import ManagementClient
from auth0.management.core.request_options import RequestOptions
from auth0.management.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError

from crosswalk_sandbox.auth0 import Tenant

from .conftest import CONNECTION, ada
from .signing_in import MakeApplication

NO_RETRY: RequestOptions = {"max_retries": 0}
SMTP = {"smtp_host": "mail.example", "smtp_port": 587, "smtp_user": "shop", "smtp_pass": "a-password"}
PEM = "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAK\n-----END PUBLIC KEY-----\n"


@pytest.fixture
def api(http: httpx.Client, token: str) -> httpx.Client:
    http.headers["authorization"] = f"Bearer {token}"
    return http


def test_tenant_settings_change_in_parts(auth0: ManagementClient) -> None:
    auth0.tenants.settings.update(
        friendly_name="Orders", session_lifetime_in_minutes=90, flags={"enable_pipeline2": True}
    )
    auth0.tenants.settings.update(support_email="help@example.com")

    settings = auth0.tenants.settings.get()

    assert (settings.friendly_name, settings.support_email) == ("Orders", "help@example.com")
    assert (settings.session_lifetime, settings.idle_session_lifetime) == (1.5, 72)
    assert settings.flags is not None
    assert (settings.flags.enable_pipeline_2, settings.flags.disable_impersonation) == (True, True)


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("tenants/settings", {"friendly_name": 7}, "Expected type string but found type integer"),
        ("tenants/settings", {"session_lifetime": "long"}, "Expected type number but found type string"),
        ("branding", {"color": "red"}, "Additional properties not allowed: color"),
        ("prompts", {"universal_login_experience": "old"}, "No enum match for: old"),
        ("attack-protection/captcha", {"arkose": []}, "Expected type object but found type array"),
    ],
)
def test_settings_of_the_wrong_type_are_refused(api: httpx.Client, path: str, body: dict[str, Any], said: str) -> None:
    before = api.get(f"/api/v2/{path}").json()

    answer = api.patch(f"/api/v2/{path}", json=body)

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "invalid_body")
    assert said in answer.json()["message"]
    assert api.get(f"/api/v2/{path}").json() == before


def test_an_email_provider_is_made_changed_and_taken_away(auth0: ManagementClient, api: httpx.Client) -> None:
    with pytest.raises(NotFoundError):
        auth0.emails.provider.get()
    auth0.emails.provider.create(name="smtp", credentials=SMTP)
    with pytest.raises(ConflictError):
        auth0.emails.provider.create(name="smtp", credentials=SMTP, request_options=NO_RETRY)
    auth0.emails.provider.update(default_from_address="shop@example.com")

    shown = api.get("/api/v2/emails/provider").json()

    assert shown == {
        "name": "smtp",
        "credentials": {"smtp_host": "mail.example", "smtp_port": 587, "smtp_user": "shop"},
        "enabled": True,
        "default_from_address": "shop@example.com",
    }
    auth0.emails.provider.delete()
    with pytest.raises(NotFoundError):
        auth0.emails.provider.get()


def test_no_secret_of_the_configuration_is_shown_or_logged(api: httpx.Client, tenant: Tenant) -> None:
    api.post("/api/v2/emails/provider", json={"name": "smtp", "credentials": SMTP}).raise_for_status()
    twilio = {"name": "twilio", "configuration": {"sid": "AC1"}, "credentials": {"auth_token": "a-password"}}
    api.post("/api/v2/branding/phone/providers", json=twilio).raise_for_status()
    api.put("/api/v2/guardian/factors/sms/providers/twilio", json={"auth_token": "a-password"}).raise_for_status()
    vault = {"name": "Slack", "app_id": "SLACK", "setup": {"token": "a-password"}}
    (made := api.post("/api/v2/flows/vault/connections", json=vault)).raise_for_status()

    seen = [
        api.get(f"/api/v2/{path}").text
        for path in ("emails/provider", "branding/phone/providers", "guardian/factors/sms/providers/twilio")
    ]

    assert (made.json()["ready"], len(made.json()["fingerprint"])) == (True, 64)
    assert "a-password" not in f"{seen}{made.text}{list(tenant.logs.entries())}{tenant.snapshot()}"


def test_as_many_wrong_passwords_block_an_account_as_are_set(
    auth0: ManagementClient, http: httpx.Client, make_application: MakeApplication, ada_id: str
) -> None:
    grant = "http://auth0.com/oauth/grant-type/password-realm"
    shop = make_application(grant_types=[grant]).client
    login = {"client_id": shop["client_id"], "client_secret": shop["client_secret"], "username": "ada@example.com"}
    login |= {"grant_type": grant, "realm": CONNECTION, "password": "wrong"}
    auth0.attack_protection.brute_force_protection.update(max_attempts=2)

    refused = [http.post("/oauth/token", data=login).json()["error"] for _ in range(3)]
    blocked = auth0.user_blocks.list(ada_id).blocked_for or []
    auth0.attack_protection.brute_force_protection.update(enabled=False)
    let_through = http.post("/oauth/token", data={**login, "password": ada()["password"]})

    assert refused == ["invalid_grant", "invalid_grant", "too_many_attempts"]
    assert [one.identifier for one in blocked] == ["ada@example.com"]
    assert let_through.status_code == 200


def test_second_factors_are_turned_on_and_off(auth0: ManagementClient) -> None:
    auth0.guardian.factors.set("sms", enabled=True)
    auth0.guardian.factors.sms.set_templates(enrollment_message="{{code}} a", verification_message="{{code}} b")
    auth0.guardian.factors.phone.set_message_types(message_types=["voice"])

    assert [one.name for one in auth0.guardian.factors.list() if one.enabled] == ["sms"]
    assert auth0.guardian.factors.sms.get_templates().verification_message == "{{code}} b"
    assert auth0.guardian.factors.phone.get_message_types().message_types == ["voice"]
    with pytest.raises(BadRequestError):
        auth0.guardian.factors.set("smoke", enabled=True)


def test_texts_are_kept_for_each_prompt_and_language(auth0: ManagementClient) -> None:
    auth0.prompts.custom_text.set("login", "en", request={"login": {"title": "Welcome"}})
    auth0.prompts.rendering.update("login-id", "login-id", rendering_mode="advanced")

    assert auth0.prompts.custom_text.get("login", "en") == {"login": {"title": "Welcome"}}
    assert auth0.prompts.custom_text.get("login", "de") == {}
    assert [(one.prompt, one.rendering_mode) for one in auth0.prompts.rendering.list()] == [("login-id", "advanced")]
    with pytest.raises(BadRequestError) as refused:
        auth0.prompts.partials.get("nothing")
    assert refused.value.body["message"] == "Path validation error: 'Invalid value \"nothing\"' on property prompt."


def test_a_custom_domain_is_verified_and_made_the_default(auth0: ManagementClient) -> None:
    made = auth0.custom_domains.create(domain="login.example.com", type="auth0_managed_certs")
    with pytest.raises(ConflictError):
        auth0.custom_domains.create(domain="login.example.com", type="auth0_managed_certs", request_options=NO_RETRY)

    verified = auth0.custom_domains.verify(made.custom_domain_id)
    auth0.custom_domains.set_default(domain="login.example.com")

    assert (made.status, verified.status) == ("pending_verification", "ready")
    assert [(one.domain, one.is_default) for one in auth0.custom_domains.list()] == [("login.example.com", True)]
    auth0.custom_domains.delete(made.custom_domain_id)
    with pytest.raises(NotFoundError):
        auth0.custom_domains.get(made.custom_domain_id)


def test_forms_flows_and_profiles_live_and_die(auth0: ManagementClient) -> None:
    form = auth0.forms.create(name="Address")
    flow = auth0.flows.create(name="Tell Slack", actions=[])
    profile = auth0.self_service_profiles.create(name="Customers", description="They help themselves")

    auth0.forms.update(form.id, name="Home address")
    auth0.self_service_profiles.update(profile.id or "", description=None, name="People")

    assert auth0.forms.get(form.id).name == "Home address"
    assert [one.name for one in auth0.flows.list()] == ["Tell Slack"]
    assert [(one.name, one.description) for one in auth0.self_service_profiles.list()] == [("People", None)]
    auth0.flows.delete(flow.id)
    with pytest.raises(NotFoundError):
        auth0.flows.get(flow.id)


def test_what_belongs_to_an_owner_ends_with_it(auth0: ManagementClient, api: httpx.Client, tenant: Tenant) -> None:
    client_id = auth0.clients.create(name="Worker").client_id or ""
    credential = auth0.clients.credentials.create(client_id, credential_type="public_key", name="key", pem=PEM)
    assert [one.id for one in auth0.clients.credentials.list(client_id)] == [credential.id]

    auth0.clients.delete(client_id)

    assert api.get(f"/api/v2/clients/{client_id}/credentials").status_code == 404
    assert tenant.resources.count(f"/clients/{client_id}/credentials") == 0


def test_the_client_of_all_applications_holds_the_page_and_cannot_log_in(
    auth0: ManagementClient, http: httpx.Client
) -> None:
    (everything,) = auth0.clients.list(is_global=True)
    auth0.clients.update(everything.client_id or "", custom_login_page="<html></html>")

    assert auth0.clients.get(everything.client_id or "").custom_login_page == "<html></html>"
    login = {"client_id": everything.client_id or "", "client_secret": everything.client_secret or ""}
    audience = f"{http.base_url}/api/v2/"
    answer = http.post("/oauth/token", data={**login, "grant_type": "client_credentials", "audience": audience})
    assert answer.status_code == 401


def test_features_beyond_the_plan_and_beyond_their_time_are_refused(api: httpx.Client) -> None:
    beyond_plan = [api.get(f"/api/v2/{path}") for path in ("rate-limit-policies", "supplemental-signals")]
    script = {"name": "r", "script": "function (user, context, callback) {}"}
    beyond_time = api.post("/api/v2/rules", json=script)

    assert [one.status_code for one in beyond_plan] == [403, 403]
    assert beyond_plan[1].json()["message"] == "Please upgrade your subscription to enable Akamai Signals."
    assert (beyond_time.status_code, api.get("/api/v2/rules").json()) == (403, [])


def test_an_application_without_the_scope_does_not_read_the_settings(
    auth0: ManagementClient, http: httpx.Client, tenant: Tenant
) -> None:
    worker = auth0.clients.create(name="Worker", app_type="non_interactive")
    audience = f"https://{tenant.domain}/api/v2/"
    auth0.client_grants.create(client_id=worker.client_id, audience=audience, scope=["read:branding"])
    form = {"client_id": worker.client_id, "client_secret": worker.client_secret, "audience": audience}
    given = http.post("/oauth/token", data={**form, "grant_type": "client_credentials"}).json()["access_token"]
    limited = ManagementClient(domain=tenant.domain, token=given, httpx_client=http)

    assert limited.branding.get().colors is None
    with pytest.raises(ForbiddenError) as refused:
        limited.tenants.settings.get()
    assert "read:tenant_settings" in str(refused.value.body)
