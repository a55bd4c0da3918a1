"""The discovery document: what the vendor's has, as far as it is emulated here."""

from __future__ import annotations

from typing import Any

from crosswalk_sandbox.auth0.signin.claims import OFFLINE_ACCESS, STANDARD_SCOPES
from crosswalk_sandbox.auth0.signin.requests import CHALLENGE_METHODS, RESPONSE_MODES
from crosswalk_sandbox.auth0.signing_keys import ALGORITHM


def configuration(domain: str, grant_types: list[str]) -> dict[str, Any]:
    """Return the discovery document of the tenant at `domain`."""
    base = f"https://{domain}/"
    return {
        "issuer": base,
        "authorization_endpoint": f"{base}authorize",
        "token_endpoint": f"{base}oauth/token",
        "userinfo_endpoint": f"{base}userinfo",
        "jwks_uri": f"{base}.well-known/jwks.json",
        "revocation_endpoint": f"{base}oauth/revoke",
        "end_session_endpoint": f"{base}oidc/logout",
        "scopes_supported": [*STANDARD_SCOPES, OFFLINE_ACCESS],
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": grant_types,
        "code_challenge_methods_supported": list(CHALLENGE_METHODS),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "claims_supported": [
            "aud",
            "auth_time",
            "email",
            "email_verified",
            "exp",
            "family_name",
            "given_name",
            "iat",
            "iss",
            "name",
            "nickname",
            "phone_number",
            "picture",
            "sub",
        ],
        "request_uri_parameter_supported": False,
        "request_parameter_supported": False,
    }
