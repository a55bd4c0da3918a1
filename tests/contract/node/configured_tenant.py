"""A tenant with something of everything that auth0-deploy-cli exports, set up over the Management API."""

from typing import Any

import httpx

API = "https://orders.example/api"


class Configurator:
    """Sets up one tenant with a client that has its token."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def call(self, method: str, path: str, body: Any) -> Any:
        """Send one request, which must succeed, and return its answer."""
        answer = self._client.request(method, f"/api/v2/{path}", json=body)
        assert answer.is_success, f"{method} {path} was answered with {answer.status_code}: {answer.text}"
        return answer.json() if answer.content else None

    def configure(self) -> None:
        """Set up everything."""
        self.pages()
        self.protection()
        self.messages()
        shop, grant = self.access()
        self.people(shop, grant)
        self.streams()
        self.flows()
        self.profiles()

    def pages(self) -> None:
        """The tenant's settings, branding, prompts and pages."""
        (everything,) = self._client.get("/api/v2/clients", params={"is_global": "true"}).json()
        page = {"custom_login_page": "<html>Log in</html>", "custom_login_page_on": True}
        self.call("PATCH", f"clients/{everything['client_id']}", page)
        settings = {
            "friendly_name": "Orders",
            "support_email": "help@orders.example",
            "enabled_locales": ["en"],
            "session_lifetime_in_minutes": 181,
            "flags": {"enable_client_connections": True},
            "error_page": {"html": "<html>Sorry</html>", "show_log_link": False, "url": ""},
            "guardian_mfa_page": {"enabled": True, "html": "<html>Second factor</html>"},
            "change_password": {"enabled": True, "html": "<html>New password</html>"},
        }
        self.call("PATCH", "tenants/settings", settings)
        self.call(
            "PATCH", "branding", {"colors": {"primary": "#112233"}, "logo_url": "https://orders.example/logo.png"}
        )
        self.call("POST", "branding/themes", THEME)
        domain = self.call("POST", "custom-domains", {"domain": "login.orders.example", "type": "auth0_managed_certs"})
        self.call("POST", f"custom-domains/{domain['custom_domain_id']}/verify", {})
        template = "<!DOCTYPE html><html><head>{%- auth0:head -%}</head><body>{%- auth0:widget -%}</body></html>"
        self.call("PUT", "branding/templates/universal-login", {"template": template})
        self.call("PATCH", "prompts", {"identifier_first": False})
        self.call("PUT", "prompts/login/custom-text/en", {"login": {"title": "Welcome back"}})
        self.call("PUT", "prompts/signup/partials", {"signup": {"form-content-end": "<p>We will not write often.</p>"}})
        rendering = {
            "rendering_mode": "advanced",
            "context_configuration": ["branding.settings"],
            "head_tags": [SCRIPT],
        }
        self.call("PATCH", "prompts/login-id/screen/login-id/rendering", rendering)

    def protection(self) -> None:
        """Second factors, protection from attacks, and who may come from where."""
        self.call("PUT", "guardian/factors/otp", {"enabled": True})
        self.call("PUT", "guardian/policies", ["all-applications"])
        self.call("PUT", "guardian/factors/phone/message-types", {"message_types": ["sms", "voice"]})
        self.call("PUT", "guardian/factors/sms/templates", dict.fromkeys(SMS_TEXTS, "{{code}} is your code"))
        limits = {"max_attempts": 7, "allowlist": ["192.0.2.7"]}
        self.call("PATCH", "attack-protection/brute-force-protection", limits)
        self.call("PATCH", "attack-protection/bot-detection", {"bot_detection_level": "high"})
        self.call("PATCH", "risk-assessments/settings", {"enabled": True})
        rule = {"match": {"geo_country_codes": ["AQ"]}, "scope": "authentication", "action": {"block": True}}
        self.call("POST", "network-acls", {"description": "Nobody there", "active": True, "priority": 2, "rule": rule})

    def messages(self) -> None:
        """E-mails and messages to phones."""
        provider = {"name": "smtp", "credentials": SMTP, "default_from_address": "shop@orders.example"}
        self.call("POST", "emails/provider", provider)
        self.call("POST", "email-templates", EMAIL_TEMPLATE)
        twilio = {"sid": "AC1", "default_from": "+15550100", "delivery_methods": ["text"]}
        phone = {"name": "twilio", "configuration": twilio, "credentials": {"auth_token": "a-token"}}
        self.call("POST", "branding/phone/providers", phone)
        content = {"body": {"text": "{{ code }} it is", "voice": "Your code is {{ code }}"}}
        self.call("POST", "branding/phone/templates", {"type": "otp_verify", "content": content, "disabled": False})

    def access(self) -> tuple[str, str]:
        """Applications, an API, grants and roles; return the ids of one application and one grant."""
        shop = self.call("POST", "clients", {"name": "Shop", "app_type": "regular_web", "callbacks": [f"{API}/back"]})
        worker = self.call("POST", "clients", {"name": "Worker", "app_type": "non_interactive"})
        scopes = [{"value": "read:orders", "description": "Read orders"}, {"value": "write:orders"}]
        self.call("POST", "resource-servers", {"name": "Orders", "identifier": API, "scopes": scopes})
        grant = {"client_id": worker["client_id"], "audience": API, "scope": ["read:orders"]}
        granted = self.call("POST", "client-grants", {**grant, "organization_usage": "allow"})
        buyer = self.call("POST", "roles", {"name": "Buyer", "description": "Buys things"})
        permission = {"resource_server_identifier": API, "permission_name": "read:orders"}
        self.call("POST", f"roles/{buyer['id']}/permissions", {"permissions": [permission]})
        return shop["client_id"], granted["id"]

    def people(self, client_id: str, grant_id: str) -> None:
        """Connections and organizations."""
        database = {"name": "staff", "strategy": "auth0", "enabled_clients": [client_id]}
        staff = self.call("POST", "connections", database)
        options = {"client_id": "google", "scope": ["email", "profile"]}
        google = {"name": "google-oauth2", "strategy": "google-oauth2", "options": options}
        self.call("POST", "connections", {**google, "enabled_clients": [client_id]})
        acme = self.call(
            "POST", "organizations", {"name": "acme", "display_name": "Acme", "metadata": {"tier": "gold"}}
        )
        enabled = {"connection_id": staff["id"], "assign_membership_on_login": True}
        self.call("POST", f"organizations/{acme['id']}/enabled_connections", enabled)
        self.call("POST", f"organizations/{acme['id']}/discovery-domains", {"domain": "acme.example"})
        self.call("POST", f"organizations/{acme['id']}/client-grants", {"grant_id": grant_id})

    def streams(self) -> None:
        """Where logs and events go."""
        sink = {"httpEndpoint": "https://logs.example/hook", "httpContentFormat": "JSONARRAY"}
        self.call("POST", "log-streams", {"name": "To us", "type": "http", "sink": sink})
        datadog = {"datadogApiKey": "a-key", "datadogRegion": "eu"}
        self.call("POST", "log-streams", {"name": "To Datadog", "type": "datadog", "sink": datadog})
        authorization = {"method": "bearer", "token": "a-token"}
        webhook = {"webhook_endpoint": "https://events.example/hook", "webhook_authorization": authorization}
        stream = {
            "name": "Users",
            "subscriptions": [{"event_type": "user.created"}],
            "destination": {"type": "webhook", "configuration": webhook},
        }
        self.call("POST", "event-streams", stream)

    def flows(self) -> None:
        """Actions with their triggers, flows and forms."""
        self.action("Tier", "post-login", "v3", LOGIN_CODE)
        binding = {"ref": {"type": "action_name", "value": "Tier"}, "display_name": "Tier"}
        self.call("PATCH", "actions/triggers/post-login/bindings", {"bindings": [binding]})
        exchange = self.action("Exchange", "custom-token-exchange", "v1", EXCHANGE_CODE)
        profile = {"name": "Partners", "subject_token_type": "urn:partner:token", "type": "custom_authentication"}
        self.call("POST", "token-exchange-profiles", {**profile, "action_id": exchange})
        vault = {"name": "Slack", "app_id": "SLACK", "setup": {"type": "WEBHOOK", "url": "https://slack.example/x"}}
        connection = self.call("POST", "flows/vault/connections", vault)
        step = {
            "id": "tell",
            "type": "SLACK",
            "action": "POST_MESSAGE",
            "allow_failure": False,
            "mask_output": False,
            "params": {"connection_id": connection["id"], "text": "Somebody is new"},
        }
        self.call("POST", "flows", {"name": "Tell Slack", "actions": [step]})
        self.call("POST", "forms", FORM)

    def action(self, name: str, trigger: str, version: str, code: str) -> str:
        """Create and deploy an Action and return its id."""
        triggers = [{"id": trigger, "version": version}]
        body = {"name": name, "code": code, "runtime": "node22", "supported_triggers": triggers, "dependencies": []}
        created = self.call("POST", "actions/actions", body)
        self.call("POST", f"actions/actions/{created['id']}/deploy", {})
        return str(created["id"])

    def profiles(self) -> None:
        """Profiles of self-service, of users' attributes, of connections."""
        attributes = [{"name": "email", "description": "Address", "is_optional": False}]
        profile = {"name": "Customers", "allowed_strategies": ["okta"], "user_attributes": attributes}
        self.call("POST", "self-service-profiles", profile)
        email = {"label": "Email", "description": "Address", "auth0_mapping": "email", "profile_required": True}
        self.call("POST", "user-attribute-profiles", {"name": "Standard", "user_attributes": {"email": email}})
        self.call("POST", "connection-profiles", {"name": "Enterprise", "enabled_features": ["scim"]})


LOGIN_CODE = "exports.onExecutePostLogin = async (event, api) => { api.idToken.setCustomClaim('tier', 'gold'); };\n"
EXCHANGE_CODE = "exports.onExecuteCustomTokenExchange = async (event, api) => { api.access.deny('no', 'no'); };\n"
SMS_TEXTS = ("enrollment_message", "verification_message")
SMTP = {"smtp_host": "mail.orders.example", "smtp_port": 587, "smtp_user": "shop", "smtp_pass": "a-password"}
SCRIPT: dict[str, Any] = {"tag": "script", "attributes": {"src": "https://orders.example/login.js", "defer": True}}
EMAIL_TEMPLATE = {
    "template": "welcome_email",
    "body": "<html><body>Welcome</body></html>",
    "from": "shop@orders.example",
    "resultUrl": "https://orders.example/welcome",
    "subject": "Welcome",
    "syntax": "liquid",
    "urlLifetimeInSeconds": 3600,
    "enabled": True,
}
FORM = {
    "name": "Address",
    "languages": {"primary": "en"},
    "nodes": [],
    "start": {"next_node": "$ending", "coordinates": {"x": 0, "y": 0}},
    "ending": {"resume_flow": True, "coordinates": {"x": 500, "y": 0}},
}
FONT = {"bold": False, "size": 87.5}
COLORS = (
    "body_text error header icons input_background input_border input_filled_text input_labels_placeholders "
    "links_focused_components primary_button primary_button_label secondary_button_border secondary_button_label "
    "success widget_background widget_border"
)
THEME = {
    "displayName": "Orders",
    "borders": {
        "button_border_radius": 3,
        "button_border_weight": 1,
        "buttons_style": "rounded",
        "input_border_radius": 3,
        "input_border_weight": 1,
        "inputs_style": "rounded",
        "show_widget_shadow": True,
        "widget_border_weight": 0,
        "widget_corner_radius": 5,
    },
    "colors": dict.fromkeys(COLORS.split(), "#112233"),
    "fonts": {
        "body_text": FONT,
        "buttons_text": FONT,
        "font_url": "https://orders.example/font.woff",
        "input_labels": FONT,
        "links": FONT,
        "links_style": "normal",
        "reference_text_size": 16,
        "subtitle": FONT,
        "title": FONT,
    },
    "page_background": {
        "background_color": "#ffffff",
        "background_image_url": "",
        "page_layout": "center",
    },
    "widget": {
        "header_text_alignment": "center",
        "logo_height": 52,
        "logo_position": "center",
        "logo_url": "https://orders.example/logo.png",
        "social_buttons_layout": "bottom",
    },
}
