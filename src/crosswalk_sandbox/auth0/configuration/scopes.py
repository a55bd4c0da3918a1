"""The scopes that reading and changing the configuration takes, from the same tables as the endpoints."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crosswalk_sandbox.auth0.configuration.resource_table import RESOURCE_KINDS
from crosswalk_sandbox.auth0.configuration.settings_table import SETTINGS_DOCUMENTS

# Endpoints of the configuration that no table holds, with the nouns of their scopes.
FURTHER = (
    ("/branding/themes/default", "branding"),
    ("/custom-domains/default", "custom_domains"),
    ("/custom-domains/{id}/verify", "custom_domains"),
    ("/guardian/factors", "guardian_factors"),
    ("/guardian/factors/{name}", "guardian_factors"),
    ("/prompts/rendering", "prompts"),
    ("/actions/modules", "actions"),
    ("/rules", "rules"),
    ("/rules/{id}", "rules"),
    ("/rules-configs", "rules_configs"),
    ("/rules-configs/{key}", "rules_configs"),
    ("/hooks", "hooks"),
    ("/hooks/{id}", "hooks"),
    ("/organizations/{id}/connections", "organization_connections"),
    ("/organizations/{id}/connections/{connection_id}", "organization_connections"),
    ("/organizations/{id}/client-grants", "organization_client_grants"),
    ("/organizations/{id}/client-grants/{grant_id}", "organization_client_grants"),
    ("/supplemental-signals", "attack_protection"),
)
# Features that the tenant's plan does not include: no application is ever granted their scopes.
NOT_IN_PLAN = (
    ("/connections-directory-provisionings", "directory_provisionings"),
    ("/organizations/{id}/clients", "organization_clients"),
    ("/organizations/{id}/clients/{client_id}", "organization_clients"),
    ("/rate-limit-policies", "rate_limit_policies"),
    ("/rate-limit-policies/{id}", "rate_limit_policies"),
)


def configuration_rules() -> Iterator[tuple[re.Pattern[str], str]]:
    """Yield for each endpoint the pattern of its path and the noun of its scopes."""
    for document in SETTINGS_DOCUMENTS:
        yield path_pattern(document.path), document.noun
    for path, noun in (*FURTHER, *NOT_IN_PLAN):
        yield path_pattern(path), noun
    for kind in RESOURCE_KINDS:
        yield path_pattern(kind.path), kind.noun
        yield path_pattern(f"{kind.path}/{{item}}"), kind.noun


def path_pattern(template: str) -> re.Pattern[str]:
    """Return what the paths of `template` match."""
    return re.compile(re.sub(r"\{\w+\}", "[^/]+", template))
