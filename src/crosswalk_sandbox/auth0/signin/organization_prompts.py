"""Logins of applications that demand an organization and leave it to the person to say which.

An application asks before the login (``pre_login_prompt``), by the organization's name or an e-mail address of one
of its domains (``organization_discovery_methods``), or after it
(``post_login_prompt``), from those that the person is a member of; one membership alone is taken without a question.
Who may also log in without an organization (``organization_usage`` is ``allow``) can skip the second question.
Source: the vendor's "Define Organization Behavior" and "Login Flows for Organizations", and its login screens
``organization-selection`` and ``organization-picker``, whose field names these are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from crosswalk_sandbox.auth0.configuration.resource_table import DISCOVERY_DOMAINS
from crosswalk_sandbox.auth0.organizations import Organization
from crosswalk_sandbox.auth0.signin.errors import Denied
from crosswalk_sandbox.auth0.signin.transactions import OrganizationPrompt, Transaction
from crosswalk_sandbox.auth0.tenant import Tenant

MOST_OFFERED = 20
BY_NAME = ("organization_name",)
INVALID = "The organization you entered is invalid"
NO_MEMBERSHIP = "client requires organization membership, but user does not belong to any organization"


def prompt_of(client: Mapping[str, Any]) -> OrganizationPrompt:
    """Return when an application that named no organization has the person asked for one."""
    usage, behavior = client.get("organization_usage"), client.get("organization_require_behavior")
    if usage == "require" and behavior == "pre_login_prompt":
        return "before"
    if behavior == "post_login_prompt" and usage in {"require", "allow"}:
        return "after" if usage == "require" else "after, or none"
    return "never"


def open_question(tenant: Tenant, transaction: Transaction) -> Literal["organization-picker"] | None:
    """Return the page on which somebody who is known chooses an organization; None when there is nothing to choose.

    Raises
    ------
    Denied
        When the application demands a membership, and there is none.
    """
    prompt = transaction.request.organization_prompt
    if prompt not in {"after", "after, or none"}:
        return None
    offered = offered_organizations(tenant, transaction)
    if prompt == "after" and not offered:
        raise Denied("invalid_request", NO_MEMBERSHIP)
    if prompt == "after" and len(offered) == 1:
        settle_on(transaction, offered[0]["id"])
        return None
    return "organization-picker" if offered else None


def offered_organizations(tenant: Tenant, transaction: Transaction) -> list[dict[str, Any]]:
    """Return the first organizations that the person may choose from."""
    return tenant.organizations.of_user(transaction.user_id or "")[:MOST_OFFERED]


def take_name(tenant: Tenant, transaction: Transaction, form: Mapping[str, str]) -> str | None:
    """Go on with the organization whose name, or e-mail domain, was typed, or return what is wrong with it."""
    typed = form.get("organizationName", "").strip()
    methods = tenant.clients.get(transaction.request.client_id).get("organization_discovery_methods") or BY_NAME
    organization = None
    if "organization_name" in methods:
        organization = tenant.organizations.named(typed)
    if organization is None and "email" in methods and "@" in typed:
        organization = organization_of_domain(tenant, typed.rpartition("@")[2].lower())
    if organization is None or not organization.connections:
        return INVALID
    settle_on(transaction, organization.document["id"])
    return None


def organization_of_domain(tenant: Tenant, domain: str) -> Organization | None:
    """Return the organization that has proven that an e-mail domain is its own, and is to be found by it."""
    for one in tenant.organizations.all():
        for each in discovery_domains(tenant, one["id"]):
            if each["domain"] == domain and each["status"] == "verified" and each["use_for_organization_discovery"]:
                return tenant.organizations.find(one["id"])
    return None


def discovery_domains(tenant: Tenant, organization_id: str) -> list[dict[str, Any]]:
    """Return the domains by which an organization may be found."""
    return tenant.resources.all(DISCOVERY_DOMAINS, DISCOVERY_DOMAINS.path.format(owner=organization_id))


def take_choice(tenant: Tenant, transaction: Transaction, form: Mapping[str, str]) -> str | None:
    """Go on with the organization that was chosen, or with none, or return what is wrong with it."""
    if form.get("action") == "skip" and transaction.request.organization_prompt == "after, or none":
        settle_on(transaction, None)
        return None
    chosen = form.get("organization", "")
    if chosen not in {one["id"] for one in offered_organizations(tenant, transaction)}:
        return INVALID
    settle_on(transaction, chosen)
    return None


def settle_on(transaction: Transaction, organization_id: str | None) -> None:
    """Let the rest of the login be for an organization, as if the application had named it."""
    transaction.request = replace(transaction.request, organization_id=organization_id, organization_prompt="never")
