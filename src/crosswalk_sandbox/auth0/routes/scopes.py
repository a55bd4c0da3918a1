"""Which scope each operation of the Management API wants: the verb by the method, the noun by the path."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request

from crosswalk_sandbox.auth0.configuration.scopes import NOT_IN_PLAN, configuration_rules
from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.tenant import Tenant

VERBS = {"GET": "read", "POST": "create", "PATCH": "update", "PUT": "update", "DELETE": "delete"}
# The first pattern that a path matches decides; a fixed scope stands where the vendor's does not follow the method.
RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), noun)
    for pattern, noun in (
        (r"/users/[^/]+/(roles|permissions)$", "GET read:users, * update:users"),
        (r"/users/[^/]+/effective-roles$", "* read:user_effective_roles"),
        (r"/users/[^/]+/effective-roles/sources/groups$", "* read:user_role_source_groups"),
        (r"/users/[^/]+/effective-permissions$", "* read:user_effective_permissions"),
        (r"/users/[^/]+/effective-permissions/sources/effective-roles$", "* read:user_permission_source_roles"),
        (r"/users/[^/]+/organizations$", "* read:organizations"),
        (r"/users/[^/]+/enrollments$", "* read:guardian_enrollments"),
        (r"/users/[^/]+/multifactor/", "* delete:guardian_enrollments"),
        (r"/users/[^/]+/authenticators$", "* delete:guardian_enrollments"),
        (r"/users/[^/]+/revoke-access$", "* delete:sessions"),
        (r"/grants(/[^/]+)?$", "grants"),
        (r"/anomaly/blocks/ips/[^/]+$", "anomaly_blocks"),
        (r"/keys/signing(/[^/]+)?$", "signing_keys"),
        (r"/keys/signing/[^/]+/revoke$", "* update:signing_keys"),
        (r"/users/[^/]+/identities(/.+)?$", "* update:users"),
        (r"/(users|users-by-email)(/[^/]+)?$", "users"),
        (r"/user-blocks(/[^/]+)?$", "GET read:users, * update:users"),
        (r"/users/[^/]+/groups$", "* read:groups"),
        (r"/groups/[^/]+/members$", "group_members"),
        (r"/(groups|roles)/[^/]+/(roles|groups)$", "group_roles"),
        (r"/organizations/[^/]+/groups$", "* read:organization_groups"),
        (r"/organizations/[^/]+/groups/[^/]+/roles$", "organization_group_roles"),
        (r"/groups(/[^/]+)?$", "groups"),
        (r"/connections/[^/]+/scim-configuration/tokens(/[^/]+)?$", "scim_token"),
        (r"/connections/[^/]+/scim-configuration(/default-mapping)?$", "scim_config"),
        (r"/connections-scim-configurations$", "* read:scim_config"),
        (r"/stats/[^/]+$", "* read:stats"),
        (r"/users/[^/]+/logs$", "* read:logs_users"),
        (r"/users/[^/]+/sessions$", "sessions"),
        (r"/sessions/[^/]+(/revoke)?$", "GET read:sessions, PATCH update:sessions, * delete:sessions"),
        (r"/users/[^/]+/refresh-tokens$", "refresh_tokens"),
        (r"/refresh-tokens(/[^/]+)?$", "GET read:refresh_tokens, PATCH update:refresh_tokens, * delete:refresh_tokens"),
        (r"/users/[^/]+/recovery-code-regeneration$", "* update:users"),
        (r"/users/[^/]+/authentication-methods(/[^/]+)?$", "authentication_methods"),
        (r"/jobs/users-imports$", "* create:users"),
        (r"/jobs/users-exports$", "* read:users"),
        (r"/jobs/verification-email$", "* update:users"),
        (r"/jobs/[^/]+(/errors)?$", "* read:users"),
        (r"/tickets/[^/]+$", "* create:user_tickets"),
        (r"/connections/[^/]+/users$", "* delete:users"),
        (r"/connections/[^/]+/(clients|status)$", "GET read:connections, * update:connections"),
        (r"/connections(/[^/]+)?$", "connections"),
        (r"/clients/[^/]+/rotate-secret$", "* update:client_keys"),
        (r"/clients/[^/]+/connections$", "* read:connections"),
        (r"/clients(/[^/]+)?$", "clients"),
        (r"/client-grants(/[^/]+)?$", "client_grants"),
        (r"/client-grants/[^/]+/organizations$", "* read:organization_client_grants"),
        (r"/resource-servers(/[^/]+)?$", "resource_servers"),
        (r"/roles/[^/]+/users$", "role_members"),
        (r"/roles/[^/]+/permissions$", "GET read:roles, * update:roles"),
        (r"/roles(/[^/]+)?$", "roles"),
        (r"/organizations/[^/]+/members/[^/]+/roles$", "organization_member_roles"),
        (r"/organizations/[^/]+/members/[^/]+/effective-roles$", "* read:organization_member_effective_roles"),
        (
            r"/organizations/[^/]+/members/[^/]+/effective-roles/sources/groups$",
            "* read:organization_member_role_source_groups",
        ),
        (r"/organizations/[^/]+/roles/[^/]+/members$", "* read:organization_member_roles"),
        (r"/organizations/[^/]+/roles/[^/]+/groups$", "* read:organization_group_roles"),
        (r"/organizations/[^/]+/discovery-domains/name/[^/]+$", "* read:organization_discovery_domains"),
        (r"/organizations/[^/]+/members$", "organization_members"),
        (r"/organizations/[^/]+/enabled_connections(/[^/]+)?$", "organization_connections"),
        (r"/organizations/[^/]+/invitations(/[^/]+)?$", "organization_invitations"),
        (r"/organizations(/name)?(/[^/]+)?$", "organizations"),
        (r"/guardian/policies$", "mfa_policies"),
        (r"/guardian/enrollments/(?!ticket$)[^/]+$", "guardian_enrollments"),
        (r"/actions(/.+)?$", "actions"),
        (r"/logs(/[^/]+)?$", "logs"),
        (r"/log-streams(/[^/]+)?$", "log_streams"),
        (r"/event-streams/[^/]+/(deliveries|redeliver).*$", "GET read:event_deliveries, * update:event_deliveries"),
        (r"/event-streams/[^/]+/test$", "* update:event_streams"),
        (r"/event-streams(/[^/]+)?$", "event_streams"),
        (r"/events$", "events"),
    )
)
CONFIGURATION_RULES = tuple(configuration_rules())
NOUNS_NOT_IN_PLAN = frozenset(noun for _, noun in NOT_IN_PLAN)


def check_scope(request: Request, claims: dict[str, Any], tenant: Tenant) -> None:
    """Let a request through when its token has the scope that the operation wants.

    Raises
    ------
    Problem
        403 ``insufficient_scope``.
    """
    path = request.scope["raw_path"].decode().partition("/api/v2")[2]
    wanted = scope_for(request.method, path)
    if wanted is None:
        return
    if wanted.partition(":")[2] in NOUNS_NOT_IN_PLAN or wanted not in str(claims.get("scope", "")).split():
        raise Problem(403, f"Insufficient scope, expected any of: {wanted}", "insufficient_scope")


def scope_for(method: str, path: str) -> str | None:
    """Return the scope that an operation wants, or None for a path that is not listed here."""
    noun = next((noun for pattern, noun in (*RULES, *CONFIGURATION_RULES) if pattern.fullmatch(path)), None)
    if noun is None or method not in VERBS:
        return None
    if " " not in noun:
        return f"{VERBS[method]}:{noun}"
    fixed = dict(part.split(" ") for part in noun.split(", "))
    return fixed.get(method, fixed["*"])
