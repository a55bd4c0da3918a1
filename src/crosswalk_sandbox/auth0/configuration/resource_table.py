"""The collections of configured things, one row each. Properties are those of the SDK's requests."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from functools import partial

from crosswalk_sandbox.auth0.configuration.resources import Document, ResourceKind
from crosswalk_sandbox.auth0.configuration.shapes import choice, flags, lists, numbers, objects, texts
from crosswalk_sandbox.auth0.events import new_id
from crosswalk_sandbox.auth0.problems import invalid_property

EMAIL_TEMPLATES = (
    "verify_email verify_email_by_code auth_email_by_code reset_email reset_email_by_code welcome_email "
    "blocked_account stolen_credentials enrollment_email mfa_oob_code user_invitation change_password password_reset "
    "async_approval"
)
PHONE_TEMPLATES = "otp_verify otp_enroll change_password blocked_account password_breach"
USER_ID_MAPPINGS: Document = {
    "oidc_mapping": "sub",
    "saml_mapping": [
        f"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/{claim}" for claim in ("nameidentifier", "upn", "name")
    ],
    "scim_mapping": "externalId",
}


def phone_message(document: Document, tenant: str) -> Document:
    """Return what the tenant adds to a provider or template of messages to phones."""
    return {"tenant": tenant, "channel": "phone", "disabled": document.get("disabled", False)}


def phone_template(document: Document, tenant: str) -> Document:
    """Return what the tenant adds to a template of messages to phones."""
    return {**phone_message(document, tenant), "content": {"syntax": "liquid", **(document.get("content") or {})}}


def vault_connection(document: Document, _tenant: str) -> Document:
    """Return what the vault adds to a connection whose set-up it keeps."""
    setup = document.get("setup")
    fingerprint = hashlib.sha256(json.dumps(setup, sort_keys=True).encode()).hexdigest() if setup else ""
    return {"ready": setup is not None, "fingerprint": fingerprint}


def unverified_domain(document: Document) -> Document:
    """Return what a new custom domain shows until it is verified."""
    record = {"name": "txt", "record": f"auth0-verify={secrets.token_hex(16)}", "domain": document["domain"]}
    return {
        "primary": False,
        "is_default": False,
        "status": "pending_verification",
        "verification": {"methods": [record], "status": "pending"},
    }


def unproven_domain(document: Document) -> Document:
    """Return what a new discovery domain shows until it is verified."""
    return {
        "verification_txt": f"auth0-domain-verification={secrets.token_urlsafe(24)}",
        "verification_host": f"_auth0-challenge.{document['domain']}",
    }


def public_key(document: Document) -> Document:
    """Return what is shown of a client's credential in the place of its key."""
    digest = hashlib.sha256(str(document.get("pem", "")).encode()).digest()
    thumbprint = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return {"kid": document.get("kid", thumbprint), "alg": document.get("alg", "RS256")}


def readable_key(body: Document) -> Document:
    """Return `body` when its key is PEM text, or raise the vendor's 400."""
    pem = body.get("pem")
    if pem is not None and "-----BEGIN " not in pem:
        raise invalid_property("Object didn't pass validation for format pem", "pem", "PEM-formatted public key")
    return dict(body)


def described_user_id(document: Document, _tenant: str) -> Document:
    """Return how a profile maps the id of users, which a request names in parts."""
    return {"user_id": {**USER_ID_MAPPINGS, **(document.get("user_id") or {})}}


LOGIN_PAGES = (
    ResourceKind(
        path="/branding/themes",
        noun="branding",
        about="theme",
        new_id=partial(secrets.token_hex, 12),
        id_name="themeId",
        paging="none",
        properties=objects("borders", "colors", "fonts", "identifiers", "page_background", "widget")
        | texts("displayName"),
        required=("borders", "colors", "fonts", "page_background", "widget"),
        missing=("There was an error retrieving branding settings: invalid theme ID", "theme_not_found"),
    ),
    ResourceKind(
        path="/custom-domains",
        noun="custom_domains",
        about="custom domain",
        new_id=partial(new_id, "cd"),
        id_name="custom_domain_id",
        paging="whole",
        properties=texts("domain", "custom_client_ip_header", "relying_party_identifier")
        | choice("type", "auth0_managed_certs", "self_managed_certs")
        | choice("verification_method", "txt")
        | choice("tls_policy", "recommended")
        | objects("domain_metadata"),
        required=("domain", "type"),
        fixed=("domain", "type", "verification_method"),
        unique="domain",
        missing=("The custom domain does not exist.", "inexistent_custom_domain"),
        drawn=unverified_domain,
    ),
    ResourceKind(
        path="/email-templates",
        noun="email_templates",
        about="email template",
        new_id=None,
        id_name="template",
        paging="none",
        properties=choice("template", *EMAIL_TEMPLATES.split())
        | texts("body", "from", "resultUrl", "subject", "syntax")
        | numbers("urlLifetimeInSeconds")
        | flags("includeEmailInRedirect", "enabled"),
        required=("template", "body", "from", "subject", "syntax", "enabled"),
        missing=("The template does not exist.", "inexistent_email_template"),
    ),
    ResourceKind(
        path="/branding/phone/providers",
        noun="phone_providers",
        about="phone provider",
        new_id=partial(new_id, "pro"),
        listed_as="providers",
        paging="whole",
        properties=choice("name", "twilio", "custom") | flags("disabled") | objects("configuration", "credentials"),
        required=("name", "credentials"),
        dated=True,
        hidden=("credentials",),
        missing=("The phone provider does not exist.", "inexistent_phone_provider"),
        computed=phone_message,
    ),
    ResourceKind(
        path="/branding/phone/templates",
        noun="phone_templates",
        about="phone template",
        new_id=partial(new_id, "tem"),
        listed_as="templates",
        paging="whole",
        properties=choice("type", *PHONE_TEMPLATES.split()) | flags("disabled") | objects("content"),
        required=("type",),
        fixed=("type",),
        unique="type",
        dated=True,
        merged=("content",),
        missing=("The phone template does not exist.", "inexistent_phone_template"),
        computed=phone_template,
    ),
)

FORMS_AND_FLOWS = (
    ResourceKind(
        path="/forms",
        noun="forms",
        about="form",
        new_id=partial(new_id, "ap"),
        listed_as="forms",
        properties=texts("name")
        | objects("messages", "languages", "translations", "start", "ending", "style")
        | lists("nodes"),
        required=("name",),
        dated=True,
        listed=("id", "name", "flow_count", "created_at", "updated_at"),
        missing=("The form does not exist.", "inexistent_form"),
    ),
    ResourceKind(
        path="/flows/vault/connections",
        noun="flows_vault_connections",
        about="vault connection",
        new_id=partial(new_id, "ac"),
        listed_as="connections",
        properties=texts("name", "app_id", "account_name", "environment") | objects("setup"),
        required=("name", "app_id"),
        fixed=("app_id",),
        dated=True,
        hidden=("setup",),
        missing=("The vault connection does not exist.", "inexistent_vault_connection"),
        computed=vault_connection,
    ),
    ResourceKind(
        path="/flows",
        noun="flows",
        about="flow",
        new_id=partial(new_id, "af"),
        listed_as="flows",
        properties=texts("name") | lists("actions"),
        required=("name",),
        dated=True,
        listed=("id", "name", "created_at", "updated_at", "executed_at"),
        missing=("The flow does not exist.", "inexistent_flow"),
    ),
)

PROFILES = (
    ResourceKind(
        path="/self-service-profiles",
        noun="self_service_profiles",
        about="self-service profile",
        new_id=partial(new_id, "ssp"),
        listed_as="self_service_profiles",
        properties=texts("name", "description", "user_attribute_profile_id")
        | objects("branding")
        | lists("allowed_strategies", "user_attributes"),
        required=("name",),
        defaults={"user_attributes": [], "allowed_strategies": []},
        dated=True,
        missing=("The self-service profile does not exist.", "inexistent_self_service_profile"),
    ),
    ResourceKind(
        path="/user-attribute-profiles",
        noun="user_attribute_profiles",
        about="user attribute profile",
        new_id=partial(new_id, "uap"),
        listed_as="user_attribute_profiles",
        paging="checkpoints",
        properties=texts("name") | objects("user_attributes", "user_id"),
        required=("name", "user_attributes"),
        unique="name",
        merged=("user_id",),
        missing=("The user attribute profile does not exist.", "inexistent_user_attribute_profile"),
        computed=described_user_id,
    ),
    ResourceKind(
        path="/connection-profiles",
        noun="connection_profiles",
        about="connection profile",
        new_id=partial(new_id, "cop"),
        listed_as="connection_profiles",
        paging="checkpoints",
        properties=texts("name", "connection_name_prefix_template")
        | lists("enabled_features")
        | objects(
            "connection_config", "cross_app_access_resource_app", "organization", "provisioning", "strategy_overrides"
        ),
        required=("name",),
        missing=("The connection profile does not exist.", "inexistent_connection_profile"),
    ),
    ResourceKind(
        path="/token-exchange-profiles",
        noun="token_exchange_profiles",
        about="token exchange profile",
        new_id=partial(new_id, "tep"),
        listed_as="token_exchange_profiles",
        paging="checkpoints",
        properties=texts("name", "subject_token_type", "action_id") | choice("type", "custom_authentication"),
        required=("name", "subject_token_type", "action_id", "type"),
        fixed=("action_id", "type"),
        unique="subject_token_type",
        dated=True,
        missing=("The token exchange profile does not exist.", "inexistent_token_exchange_profile"),
    ),
    ResourceKind(
        path="/network-acls",
        noun="network_acls",
        about="network access control list",
        new_id=partial(new_id, "acl"),
        listed_as="network_acls",
        properties=texts("description", longest=255) | flags("active") | objects("rule") | numbers("priority"),
        required=("description", "active", "rule"),
        defaults={"priority": 1},
        dated=True,
        missing=("The network ACL does not exist.", "inexistent_network_acl"),
    ),
)

DISCOVERY_DOMAINS = ResourceKind(
    path="/organizations/{owner}/discovery-domains",
    noun="organization_discovery_domains",
    about="discovery domain",
    new_id=partial(new_id, "dd"),
    listed_as="domains",
    paging="checkpoints",
    properties=texts("domain") | choice("status", "pending", "verified") | flags("use_for_organization_discovery"),
    required=("domain",),
    fixed=("domain",),
    defaults={"status": "pending", "use_for_organization_discovery": True},
    unique="domain",
    missing=("The discovery domain does not exist.", "inexistent_discovery_domain"),
    drawn=unproven_domain,
)
OWNED = (
    ResourceKind(
        path="/clients/{owner}/credentials",
        noun="client_credentials",
        about="client credential",
        new_id=partial(new_id, "cred"),
        paging="whole",
        properties=texts("name", "subject_dn", "pem", "kid", "expires_at")
        | choice("credential_type", "public_key", "cert_subject_dn", "x509_cert")
        | choice("alg", "RS256", "RS384", "PS256")
        | flags("parse_expiry_from_cert"),
        required=("credential_type",),
        fixed=("name", "subject_dn", "pem", "kid", "credential_type", "alg", "parse_expiry_from_cert"),
        dated=True,
        hidden=("pem",),
        missing=("The credential does not exist.", "inexistent_credential"),
        drawn=public_key,
        checked=readable_key,
    ),
    DISCOVERY_DOMAINS,
)

RESOURCE_KINDS = (*LOGIN_PAGES, *FORMS_AND_FLOWS, *PROFILES, *OWNED)
