"""Tenants and orgs as the hub would find them: credentials, scopes, permissions, limits, sources."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from crosswalk.config.tenants import TenantConfig
from crosswalk.connectors.auth0.client import Auth0Client
from crosswalk.connectors.errors import CallRefused, ChangesNotCaptured, ConnectorError, CredentialsRefused
from crosswalk.connectors.salesforce.client import SalesforceClient
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.event import Source
from crosswalk.engine.diagnosis.fields import check_target
from crosswalk.engine.diagnosis.finding import Finding, fault, good, warning

LEAST_CALLS_LEFT = 0.1
"""Of an org's calls a day: below that, somebody should know."""


def scopes_needed(tenant: TenantConfig, definitions: Sequence[SyncDefinition]) -> dict[str, str]:
    """The scopes that the application needs in the Management API, each with what for."""
    needed = {"read:users": "users are read"}
    if tenant.sources.log_poll is not None:
        needed["read:logs"] = "the log is polled"
    if any(each.to for sync in definitions for target in sync.targets for each in target.fields):
        needed["update:users"] = "fields go back to the user"
    if any(sync.flows.closed_won is not None for sync in definitions):
        needed |= dict.fromkeys(("create:users", "update:users", "read:roles"), "a won deal makes users with roles")
    return needed


async def check_tenant(
    subject: str,
    tenant: TenantConfig,
    client: Auth0Client,
    definitions: Sequence[SyncDefinition],
    seen: Mapping[str, datetime],
) -> list[Finding]:
    """Credentials, scopes and sources of a tenant; `seen` says when the last event of each source came."""
    try:
        scopes = await client.scopes()
    except ConnectorError as error:
        return [_not_reached(subject, error)]
    found = [good(subject, "the credentials are accepted")]
    for scope, why in scopes_needed(tenant, definitions).items():
        if scope not in scopes:
            found.append(
                fault(
                    subject,
                    f"the application lacks the scope {scope}: {why}",
                    f"in Auth0, Applications > APIs > Management API > Machine to Machine, give it {scope}",
                )
            )
    return [*found, *_streams(subject, tenant, seen)]


def _streams(subject: str, tenant: TenantConfig, seen: Mapping[str, datetime]) -> list[Finding]:
    configured = {
        Source.EVENT_STREAM: tenant.sources.event_stream,
        Source.LOG_STREAM: tenant.sources.log_stream,
        Source.SUBSCRIPTION: tenant.sources.subscription,
        Source.LOG_POLL: tenant.sources.log_poll,
    }
    found = []
    for source, settings in configured.items():
        if settings is None:
            continue
        words = source.value.replace("_", " ")
        last = seen.get(source.value)
        if last is not None:
            found.append(good(subject, f"{words}: the last event came at {last.astimezone(UTC):%Y-%m-%d %H:%M} UTC"))
        elif source in (Source.EVENT_STREAM, Source.LOG_STREAM):
            found.append(
                warning(
                    subject,
                    f"{words}: no event ever came",
                    "in Auth0, let its stream send to /intake/auth0/TENANT/… at the hub's public address, with the "
                    "token of the configuration; then change a user",
                )
            )
    return found


async def check_org(subject: str, client: SalesforceClient) -> list[Finding]:
    """Credentials of an org, and what is left of its calls."""
    try:
        await client.authenticate()
        limits = await client.limits()
    except ConnectorError as error:
        return [_not_reached(subject, error)]
    found = [good(subject, "the credentials are accepted")]
    calls = limits.get("DailyApiRequests")
    if calls is not None and calls.max:
        words = f"{calls.remaining:,} of {calls.max:,} API calls are left for these 24 hours"
        if calls.remaining < LEAST_CALLS_LEFT * calls.max:
            fix = "find out who uses them (Setup > System Overview > API Usage); a longer linger saves the hub's"
            found.append(warning(subject, words, fix))
        else:
            found.append(good(subject, words))
    return found


async def check_sync(definition: SyncDefinition, client: SalesforceClient, *, follows_changes: bool) -> list[Finding]:
    """Permissions on every mapped field of every target, and whether changes of the objects are told."""
    subject = f"sync {definition.name}"
    found: list[Finding] = []
    for target in definition.targets:
        try:
            described = await client.describe(target.object)
        except CallRefused as error:
            found.append(
                fault(
                    subject,
                    f"{target.object}: the org does not describe it ({error.code})",
                    f"correct the name of the object, or give the hub's user access to {target.object}",
                )
            )
            continue
        except ConnectorError as error:
            return [_not_reached(subject, error)]
        found += check_target(subject, target, described)
        if follows_changes:
            found += await _changes(subject, target.object, client)
    return found


async def _changes(subject: str, object_name: str, client: SalesforceClient) -> list[Finding]:
    try:
        await client.check_changes(object_name)
    except ChangesNotCaptured:
        return [
            fault(
                subject,
                f"{object_name}: the org makes no change events of it for the hub's user; it is polled instead",
                f"in Setup > Integrations > Change Data Capture select {object_name}; give the hub's user View All "
                "Records for it",
            )
        ]
    except ConnectorError as error:
        return [fault(subject, f"{object_name}: {error}", "open port 7443 (or 443) to the Pub/Sub API's endpoint")]
    return [good(subject, f"{object_name}: change events are told")]


def _not_reached(subject: str, error: ConnectorError) -> Finding:
    fix = (
        "correct the credentials, here or there, and restart the hub"
        if isinstance(error, CredentialsRefused)
        else "check the address, the network, the proxy and the CA file"
    )
    return fault(subject, str(error), fix)
