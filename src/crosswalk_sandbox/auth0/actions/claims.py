"""Custom claims: which of those that Actions set enter a token. The others are left out silently, as the vendor does.

Source: the vendor's page "Create Custom Claims".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

MOST_BYTES = 100 * 1024
# Claims of the standards and of the vendor's own that nobody may set.
_RESTRICTED = (
    "acr act active amr at_hash ath attest aud auth_time authorization_details azp c_hash client_id cnf cty dest "
    "entitlements events exp groups gty htm htu iat internalService iss jcard jku jti jwe jwk kid may_act mky nbf "
    "nonce object_id org_id org_name orig origid permissions roles rph s_hash scope sid sip_callid sip_cseq_num "
    "sip_date sip_from_tag sip_via_branch sub sub_jwk toe txn typ uuid vot vtm x5t#S256"
)
RESTRICTED = frozenset(_RESTRICTED.split())
# Domains whose names may not begin a claim.
RESERVED_NAMESPACES = ("auth0.com", "webtask.io", "webtask.run")


class ClaimsTooLarge(Exception):
    """The custom claims of one token exceed the vendor's 100 KB."""

    def __init__(self) -> None:
        super().__init__("The custom claims payload exceeds the maximum of 100KB")


def allowed_claims(claims: Mapping[str, Any], *, namespaced_only: bool = False) -> dict[str, Any]:
    """Return those of `claims` that may enter a token.

    Parameters
    ----------
    namespaced_only : bool
        Whether names must be URLs, as in tokens for the vendor's own APIs.

    Raises
    ------
    ClaimsTooLarge
        When they are more than 100 KB.
    """
    kept = {name: value for name, value in claims.items() if is_allowed(name, namespaced_only=namespaced_only)}
    if kept and len(msgspec.json.encode(kept)) > MOST_BYTES:
        raise ClaimsTooLarge
    return kept


def is_allowed(name: str, *, namespaced_only: bool) -> bool:
    """Tell whether a custom claim may have this name."""
    if name in RESTRICTED:
        return False
    parts = urlsplit(name)
    if parts.scheme in {"http", "https"} and parts.hostname:
        host = parts.hostname
        return not any(host == domain or host.endswith(f".{domain}") for domain in RESERVED_NAMESPACES)
    return not namespaced_only
