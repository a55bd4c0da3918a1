"""The settings documents of a tenant, one row each.

Properties are those of the SDK's requests; first values those of a recorded tenant where nobody had changed them, else
the documented ones.
"""

from __future__ import annotations

from crosswalk_sandbox.auth0.configuration.settings import Document, SettingsDocument
from crosswalk_sandbox.auth0.configuration.shapes import (
    Properties,
    choice,
    flags,
    lists,
    objects,
    texts,
    whole_numbers,
)
from crosswalk_sandbox.auth0.configuration.tenant_settings import TENANT_SETTINGS

PROMPTS = (
    "login login-id login-password login-passwordless login-email-verification signup signup-id signup-password "
    "phone-identifier-enrollment phone-identifier-challenge email-identifier-challenge reset-password custom-form "
    "consent customized-consent logout mfa-push mfa-otp mfa-voice mfa-phone mfa-webauthn mfa-sms mfa-email "
    "mfa-recovery-code mfa status device-flow email-verification email-otp-challenge organizations invitation common "
    "passkeys captcha brute-force-protection async-approval-flow confirmation"
)
PROMPTS_WITH_PARTIALS = (
    "login login-id login-password login-passwordless signup signup-id signup-password passkeys customized-consent"
)
RENDERING_PATH = "/prompts/{prompt}/screen/{screen}/rendering"

PAGES = (
    SettingsDocument(
        path="/branding",
        noun="branding",
        about="branding settings",
        properties=texts("favicon_url", "logo_url") | objects("colors", "font"),
        merged=("colors",),
    ),
    SettingsDocument(
        path="/branding/templates/universal-login",
        noun="branding",
        about="template of Universal Login",
        silent=True,
        properties=texts("template", "body"),
        initial=None,
        absent=(404, "The template does not exist.", "inexistent_template"),
        methods=("PUT", "DELETE"),
        normalized=lambda body: {"body": body.get("template", body.get("body", ""))},
    ),
    SettingsDocument(
        path="/prompts",
        noun="prompts",
        about="prompts settings",
        properties=choice("universal_login_experience", "new", "classic")
        | flags("identifier_first", "webauthn_platform_first_factor"),
        initial={"universal_login_experience": "new", "identifier_first": True},
    ),
    SettingsDocument(
        path="/prompts/{prompt}/custom-text/{language}",
        noun="prompts",
        about="custom text of a prompt",
        silent=True,
        properties=None,
        methods=("PUT",),
        values={"prompt": tuple(PROMPTS.split())},
    ),
    SettingsDocument(
        path="/prompts/{prompt}/partials",
        noun="prompts",
        about="partials of a prompt",
        silent=True,
        properties=None,
        methods=("PUT",),
        values={"prompt": tuple(PROMPTS_WITH_PARTIALS.split())},
    ),
    SettingsDocument(
        path=RENDERING_PATH,
        noun="prompts",
        about="rendering of a screen",
        properties=choice("rendering_mode", "standard", "advanced")
        | lists("context_configuration", "head_tags")
        | flags("default_head_tags_disabled", "use_page_template")
        | objects("filters"),
        initial={"rendering_mode": "standard", "default_head_tags_disabled": False, "head_tags": []},
        values={"prompt": tuple(PROMPTS.split())},
    ),
    SettingsDocument(
        path="/self-service-profiles/{id}/custom-text/{language}/{page}",
        noun="self_service_profile_custom_texts",
        about="custom text of a self-service profile",
        properties=None,
        methods=("PUT",),
        values={"language": ("en",), "page": ("get-started",)},
    ),
)

SUSPICIOUS_IP_THROTTLING = SettingsDocument(
    path="/attack-protection/suspicious-ip-throttling",
    noun="attack_protection",
    about="Suspicious IP Throttling settings",
    properties=flags("enabled") | lists("shields", "allowlist") | objects("stage"),
    initial={
        "enabled": True,
        "shields": ["admin_notification", "block"],
        "allowlist": [],
        "stage": {
            "pre-login": {"max_attempts": 100, "rate": 864_000},
            "pre-user-registration": {"max_attempts": 50, "rate": 1_200},
            "pre-custom-token-exchange": {"max_attempts": 10, "rate": 600_000},
        },
    },
    merged=("stage",),
)
BRUTE_FORCE_PROTECTION = SettingsDocument(
    path="/attack-protection/brute-force-protection",
    noun="attack_protection",
    about="Brute-force settings",
    properties=flags("enabled")
    | lists("shields", "allowlist")
    | choice("mode", "count_per_identifier_and_ip", "count_per_identifier")
    | choice("form_submission_mode", "auto", "manual")
    | whole_numbers("max_attempts"),
    initial={
        "enabled": True,
        "shields": ["block", "user_notification"],
        "mode": "count_per_identifier_and_ip",
        "allowlist": [],
        "max_attempts": 10,
    },
)
ATTACK_PROTECTION = (
    SettingsDocument(
        path="/attack-protection/bot-detection",
        noun="attack_protection",
        about="bot detection settings",
        properties=choice("bot_detection_level", "low", "medium", "high")
        | choice("challenge_password_policy", "never", "when_risky", "always")
        | choice("challenge_passwordless_policy", "never", "when_risky", "always")
        | choice("challenge_password_reset_policy", "never", "when_risky", "always")
        | lists("allowlist")
        | flags("monitoring_mode_enabled"),
        initial={
            "challenge_password_policy": "never",
            "challenge_passwordless_policy": "never",
            "challenge_password_reset_policy": "never",
            "allowlist": [],
            "bot_detection_level": "medium",
            "monitoring_mode_enabled": False,
        },
    ),
    SettingsDocument(
        path="/attack-protection/breached-password-detection",
        noun="attack_protection",
        about="Breached Password Detection settings",
        properties=flags("enabled")
        | lists("shields", "admin_notification_frequency")
        | choice("method", "standard", "enhanced")
        | objects("stage"),
        initial={
            "enabled": False,
            "shields": [],
            "admin_notification_frequency": [],
            "method": "standard",
            "stage": {"pre-user-registration": {"shields": []}, "pre-change-password": {"shields": []}},
        },
        merged=("stage",),
    ),
    BRUTE_FORCE_PROTECTION,
    SettingsDocument(
        path="/attack-protection/captcha",
        noun="attack_protection",
        about="CAPTCHA settings",
        change_told="Create or update the anomaly detection captcha",
        properties=texts("active_provider_id")
        | objects(
            "arkose",
            "auth_challenge",
            "friendly_captcha",
            "hcaptcha",
            "recaptcha_enterprise",
            "recaptcha_v2",
            "simple_captcha",
        ),
        initial={
            "active_provider_id": "auth_challenge",
            "simple_captcha": {},
            "auth_challenge": {"fail_open": False},
            "recaptcha_v2": {"site_key": ""},
            "recaptcha_enterprise": {"site_key": "", "project_id": ""},
            "hcaptcha": {"site_key": ""},
            "friendly_captcha": {"site_key": ""},
            "arkose": {
                "site_key": "",
                "client_subdomain": "client-api",
                "verify_subdomain": "verify-api",
                "fail_open": False,
            },
        },
        merged=("arkose", "auth_challenge", "friendly_captcha", "hcaptcha", "recaptcha_enterprise", "recaptcha_v2"),
        hidden=(
            "arkose.secret",
            "friendly_captcha.secret",
            "hcaptcha.secret",
            "recaptcha_enterprise.api_key",
            "recaptcha_v2.secret",
        ),
    ),
    SUSPICIOUS_IP_THROTTLING,
    SettingsDocument(
        path="/risk-assessments/settings",
        noun="attack_protection",
        about="risk assessment settings",
        change_told="Updates risk assessment configs",
        properties=flags("enabled"),
        initial={"enabled": False},
    ),
    SettingsDocument(
        path="/risk-assessments/settings/new-device",
        noun="attack_protection",
        about="new device settings",
        change_told="Updates risk assessment configs",
        properties=whole_numbers("remember_for"),
        initial={"remember_for": 30},
    ),
)

EMAIL_PROVIDERS = (
    "mailgun mandrill sendgrid resend ses sparkpost smtp azure_cs ms365 custom"  # the kinds that the API knows
)
EMAILS = (
    SettingsDocument(
        path="/emails/provider",
        noun="email_provider",
        about="email provider",
        properties=choice("name", *EMAIL_PROVIDERS.split())
        | objects("credentials", "settings")
        | flags("enabled")
        | texts("default_from_address"),
        initial=None,
        absent=(404, "There is not a configured email provider.", "inexistent_email_provider"),
        methods=("POST", "PATCH", "DELETE"),
        required=("name", "credentials"),
        merged=("credentials",),
        hidden=(
            "credentials.accessKeyId",
            "credentials.api_key",
            "credentials.clientSecret",
            "credentials.connectionString",
            "credentials.secretAccessKey",
            "credentials.smtp_pass",
        ),
        normalized=lambda body: {"enabled": True, **body} if "credentials" in body and "enabled" not in body else body,
    ),
)


def factor_document(path: str, properties: Properties, initial: Document | None = None) -> SettingsDocument:
    """Return the row of one document below ``/guardian/factors``; it is put as a whole."""
    return SettingsDocument(
        path=f"/guardian/factors/{path}",
        noun="guardian_factors",
        about=f"Guardian settings of {path.partition('/')[0]}",
        properties=properties,
        initial=initial or {},
        methods=("PUT", "PATCH"),
        required=tuple(initial or ()),
        hidden=("auth_token", "aws_secret_access_key", "p12", "server_key", "server_credentials", "skey"),
    )


TEMPLATES: Document = {
    "enrollment_message": "{{code}} is your verification code for {{tenant.friendly_name}}. "
    "Please enter this code to verify your enrollment.",
    "verification_message": "{{code}} is your verification code for {{tenant.friendly_name}}",
}
TWILIO = texts("from", "messaging_service_sid", "auth_token", "sid")
PHONE_PROVIDERS = choice("provider", "auth0", "twilio", "phone-message-hook")
PUSH_PROVIDERS = choice("provider", "guardian", "sns", "direct")
SNS = texts(
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_region",
    "sns_apns_platform_application_arn",
    "sns_gcm_platform_application_arn",
)
SECOND_FACTORS = (
    factor_document("sms/templates", texts(*TEMPLATES), TEMPLATES),
    factor_document("phone/templates", texts(*TEMPLATES), TEMPLATES),
    factor_document("sms/providers/twilio", TWILIO),
    factor_document("phone/providers/twilio", TWILIO),
    factor_document("sms/selected-provider", PHONE_PROVIDERS, {"provider": "auth0"}),
    factor_document("phone/selected-provider", PHONE_PROVIDERS, {"provider": "auth0"}),
    factor_document("phone/message-types", lists("message_types"), {"message_types": []}),
    factor_document("push-notification/providers/sns", SNS),
    factor_document("push-notification/providers/apns", flags("sandbox") | texts("bundle_id", "p12")),
    factor_document("push-notification/providers/fcm", texts("server_key")),
    factor_document("push-notification/providers/fcmv1", texts("server_credentials")),
    factor_document("push-notification/selected-provider", PUSH_PROVIDERS, {"provider": "guardian"}),
    factor_document("duo/settings", texts("ikey", "skey", "host")),
)

SETTINGS_DOCUMENTS = (TENANT_SETTINGS, *PAGES, *ATTACK_PROTECTION, *EMAILS, *SECOND_FACTORS)
