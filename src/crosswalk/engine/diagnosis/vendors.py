"""Tenants and orgs as the hub would find them: credentials, scopes, permissions, limits, sources."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime

from crosswalk.config.tenants import TenantConfig
from crosswalk.connectors.auth0.client import Auth0Client
from crosswalk.connectors.auth0.streams import StreamSetup
from crosswalk.connectors.errors import CallRefused, ChangesNotCaptured, ConnectorError, CredentialsRefused
from crosswalk.connectors.reactions import Reaction, fix_for, reaction_to
from crosswalk.connectors.salesforce.client import SalesforceClient
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.event import Source
from crosswalk.domain.identity import Identity
from crosswalk.engine.deals import OBJECT
from crosswalk.engine.diagnosis.fields import check_target
from crosswalk.engine.diagnosis.finding import Finding, fault, good, warning
from crosswalk.engine.diagnosis.streams import SCOPES, check_streams, not_looked_at
from crosswalk.engine.diagnosis.values import check_types, check_values
from crosswalk.reconcile.compiled import CompiledSync

PASSING = frozenset({Reaction.RETRY_SOON, Reaction.RETRY_WHEN_OUTAGE_ENDS, Reaction.RETRY_WHEN_WINDOW_OPENS})
"""What these ask for says nothing about the object that was asked for."""

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
    public_url: str | None,
) -> list[Finding]:
    """Credentials, scopes and sources of a tenant.

    Parameters
    ----------
    seen
        When the last event of each source came.
    public_url
        The hub's address for its webhooks, where it is configured.
    """
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
    found += _last_events(subject, tenant, seen)
    for source, settings, read in (
        (Source.EVENT_STREAM, tenant.sources.event_stream, client.event_streams),
        (Source.LOG_STREAM, tenant.sources.log_stream, client.log_streams),
    ):
        if settings is not None:
            found += await _of_streams(subject, source, read, scopes, public_url)
    return found


async def _of_streams(
    subject: str,
    source: Source,
    read: Callable[[], Awaitable[list[StreamSetup]]],
    scopes: Collection[str],
    public_url: str | None,
) -> list[Finding]:
    if SCOPES[source] not in scopes:
        return [not_looked_at(subject, source)]
    try:
        streams = await read()
    except ConnectorError as error:
        return [_not_reached(subject, error)]
    return check_streams(subject, subject.partition(" ")[2], source, public_url, streams)


def _last_events(subject: str, tenant: TenantConfig, seen: Mapping[str, datetime]) -> list[Finding]:
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


async def check_sync(
    compiled: CompiledSync, client: SalesforceClient, known: Sequence[Identity], *, follows_changes: bool
) -> list[Finding]:
    """Permissions and types of every mapped field of every target, and whether changes of the objects are told.

    Parameters
    ----------
    known
        Users by whose values the mappings are tried.
    """
    definition = compiled.definition
    subject = f"sync {definition.name}"
    evaluated = [each for each in await asyncio.to_thread(compiled.evaluate, known) if not each.filtered]
    found: list[Finding] = []
    for index, target in enumerate(definition.targets):
        try:
            described = await client.describe(target.object)
        except CallRefused as error:
            words = f"{target.object}: the org does not describe it ({error.code})"
            fix = f"correct the name of the object, or give the hub's user access to {target.object}"
            found.append(fault(subject, words, fix_for(error.code) if reaction_to(error.code) in PASSING else fix))
            continue
        except ConnectorError as error:
            return [_not_reached(subject, error)]
        found += check_target(subject, target, described)
        found += check_types(subject, target, described)
        found += check_values(subject, target, described, [each.targets[index] for each in evaluated if each.targets])
    if follows_changes:
        objects = [target.object for target in definition.targets]
        if definition.flows.closed_won is not None:
            objects.append(OBJECT)
        for name in objects:
            found += await _changes(subject, name, client)
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
    fix = "check the address, the network, the proxy and the CA file"
    if isinstance(error, CredentialsRefused):
        fix = "correct the credentials, here or there, and restart the hub"
    elif isinstance(error, CallRefused):
        fix = fix_for(error.code)
    return fault(subject, str(error), fix)
