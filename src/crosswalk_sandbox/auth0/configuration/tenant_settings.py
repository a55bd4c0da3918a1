"""``/tenants/settings``: the row of the tenant's own settings, the largest of the documents."""

from __future__ import annotations

import copy

from crosswalk_sandbox.auth0.configuration.settings import Document, SettingsDocument
from crosswalk_sandbox.auth0.configuration.shapes import choice, flags, lists, numbers, objects, texts, whole_numbers

# Lifetimes that can be given in minutes; they are kept and shown in hours.
IN_MINUTES = (
    "session_lifetime",
    "idle_session_lifetime",
    "ephemeral_session_lifetime",
    "idle_ephemeral_session_lifetime",
)
RUNTIMES = ["22", "18", "12"]
FIRST_FLAGS = {
    "allow_changing_enable_sso": False,
    "allow_legacy_delegation_grant_types": False,
    "allow_legacy_ro_grant_types": False,
    "change_pwd_flow_v1": False,
    "disable_impersonation": True,
    "enable_apis_section": False,
    "enable_client_connections": False,
    "enable_custom_domain_in_emails": False,
    "enable_dynamic_client_registration": False,
    "enable_legacy_logs_search_v2": False,
    "enable_public_signup_user_exists_error": True,
    "enable_sso": True,
    "new_universal_login_experience_enabled": True,
    "universal_login": True,
    "use_scope_descriptions_for_consent": False,
    "revoke_refresh_token_grant": False,
    "disable_clickjack_protection_headers": False,
    "enable_pipeline2": False,
}


def in_hours(body: Document) -> Document:
    """Return `body` with its lifetimes in hours."""
    kept = copy.deepcopy(body)
    for name in IN_MINUTES:
        minutes = kept.pop(f"{name}_in_minutes", None)
        if minutes is not None:
            kept[name] = minutes / 60
    return kept


TENANT_SETTINGS = SettingsDocument(
    path="/tenants/settings",
    noun="tenant_settings",
    about="tenant settings",
    properties={
        **objects(
            "access_token",
            "change_password",
            "country_codes",
            "default_token_quota",
            "device_flow",
            "error_page",
            "flags",
            "guardian_mfa_page",
            "mtls",
            "oidc_logout",
            "security_headers",
            "session_cookie",
            "sessions",
            "universal_login",
        ),
        **texts(
            "default_audience",
            "default_directory",
            "default_redirection_uri",
            "friendly_name",
            "legacy_sandbox_version",
            "picture_url",
            "sandbox_version",
            "support_email",
            "support_url",
        ),
        **lists("acr_values_supported", "allowed_logout_urls", "enabled_locales"),
        **numbers(*IN_MINUTES),
        **whole_numbers(*(f"{name}_in_minutes" for name in IN_MINUTES)),
        **flags(
            "allow_organization_name_in_authentication_api",
            "authorization_response_iss_parameter_supported",
            "client_id_metadata_document_dynamic_registration_supported",
            "client_id_metadata_document_supported",
            "customize_mfa_in_postlogin_action",
            "dpop_strict_refresh_token_binding",
            "enable_ai_guide",
            "include_session_metadata_in_tenant_logs",
            "phone_consolidated_experience",
            "pushed_authorization_requests_supported",
            "skip_non_verifiable_callback_uri_confirmation_prompt",
        ),
        **choice("resource_parameter_profile", "audience", "compatibility"),
        **choice("dynamic_client_registration_security_mode", "strict", "permissive"),
    },
    initial={
        "enabled_locales": ["en"],
        "flags": FIRST_FLAGS,
        "idle_session_lifetime": 72,
        "sandbox_version": RUNTIMES[0],
        "session_lifetime": 168,
        "universal_login": {},
        "resource_parameter_profile": "audience",
        "client_id_metadata_document_supported": False,
        "session_cookie": {"mode": "persistent"},
    },
    merged=("flags",),
    only_changed={
        "flags": {
            "cannot_change_enforce_client_authentication_on_passwordless_start": True,
            "enforce_client_authentication_on_passwordless_start": True,
        }
    },
    only_read={"sandbox_versions_available": RUNTIMES},
    normalized=in_hours,
)
