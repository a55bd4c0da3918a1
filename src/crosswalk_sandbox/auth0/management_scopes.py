"""The scopes of the Management API, as a real tenant listed them."""

from __future__ import annotations

# What each of the nouns can be done with.
NOUNS_BY_VERBS = {
    "read create update delete": (
        "actions authentication_methods client_credentials client_grants client_keys clients connection_profiles "
        "connections custom_domains custom_signing_keys device_credentials directory_provisionings email_provider "
        "encryption_keys event_streams flows flows_vault_connections forms groups hooks log_streams "
        "network_acl_keys network_acls organization_clients organization_connections organization_discovery_domains "
        "organizations phone_providers phone_templates portals rate_limit_policies resource_servers roles rules "
        "scim_config self_service_profiles shields token_exchange_profiles user_attribute_profiles users "
        "users_app_metadata vdcs_templates"
    ),
    "read create delete": (
        "group_roles organization_client_grants organization_group_roles organization_groups "
        "organization_invitations organization_member_roles organization_members role_members scim_token "
        "user_custom_blocks"
    ),
    "create": "guardian_enrollment_tickets user_tickets",
    "read update delete": "branding refresh_tokens rules_configs sessions",
    "blacklist": "tokens",
    "read": (
        "entitlements events flows_vault group_members insights logs logs_users organization_member_effective_roles "
        "organization_member_role_source_groups organizations_summary security_metrics stats "
        "user_effective_permissions user_effective_roles user_idp_tokens user_permission_source_roles "
        "user_role_source_groups"
    ),
    "read update": (
        "attack_protection connections_options event_deliveries guardian_factors limits mfa_policies prompts "
        "self_service_profile_custom_texts tenant_settings triggers"
    ),
    "read delete": "anomaly_blocks federated_connections_tokens flows_executions grants guardian_enrollments",
    "create delete": "passwords_checking_job sso_access_tickets",
    "read create update": "connections_keys email_templates signing_keys",
}
# Documented for themes, though the recorded tenant did not list it.
FURTHER_SCOPES = ("create:branding",)
MANAGEMENT_SCOPES = (
    *(f"{verb}:{noun}" for verbs, nouns in NOUNS_BY_VERBS.items() for noun in nouns.split() for verb in verbs.split()),
    *FURTHER_SCOPES,
)
