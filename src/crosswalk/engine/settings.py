"""From what a user configured to what the connectors need."""

from crosswalk.config.config import Config
from crosswalk.config.orgs import ChangeEventsSource, JwtBearerAuth, OrgConfig
from crosswalk.config.tenants import TenantConfig
from crosswalk.connectors.auth0.settings import Auth0Settings
from crosswalk.connectors.http import Timeouts
from crosswalk.connectors.salesforce.settings import ClientCredentials, JwtBearer, SalesforceSettings
from crosswalk.connectors.secret import Secret
from crosswalk.domain.event import Source
from crosswalk.domain.ids import OrgName, SyncName, TenantName
from crosswalk.store.inbox import Subscriber


def auth0_settings(tenant: TenantConfig) -> Auth0Settings:
    """The connector's settings of a tenant."""
    return Auth0Settings(
        domain=tenant.domain,
        client_id=tenant.client_id,
        client_secret=Secret(tenant.client_secret.get_secret_value()),
        base_url=tenant.base_url,
        ca_file=tenant.ca_file,
    )


def salesforce_settings(org: OrgConfig) -> SalesforceSettings:
    """The connector's settings of an org."""
    seconds = org.timeout.total_seconds()
    credentials: ClientCredentials | JwtBearer
    if isinstance(org.auth, JwtBearerAuth):
        key = Secret(org.auth.private_key.get_secret_value())
        credentials = JwtBearer(org.auth.client_id, org.auth.username, key, org.auth.audience)
    else:
        credentials = ClientCredentials(org.auth.client_id, Secret(org.auth.client_secret.get_secret_value()))
    changes = org.sources.change_events or ChangeEventsSource()
    return SalesforceSettings(
        login_url=org.login_url,
        credentials=credentials,
        base_url=org.base_url,
        api_version=org.api_version,
        ca_file=org.ca_file,
        timeouts=Timeouts(connect=min(5.0, seconds), read=seconds, write=seconds, pool=seconds),
        parallel_calls=org.parallel_calls,
        bulk_above=org.bulk_above,
        pubsub_endpoint=changes.endpoint,
        organization_id=changes.organization_id,
    )


def subscribers(config: Config) -> list[Subscriber]:
    """Which syncs want which tenants' events, and over how many lanes."""
    return [
        Subscriber(SyncName(name), TenantName(sync.tenant), OrgName(sync.org), config.definition(name).lanes)
        for name, sync in config.syncs.items()
    ]


def configured_sources(config: Config) -> list[tuple[str, str, str]]:
    """The sources that the hub gets events from: tenant, org (one of them empty) and what the inbox calls them."""
    of_tenants = [
        (name, "", kind.value)
        for name, tenant in config.tenants.items()
        for kind, settings in (
            (Source.EVENT_STREAM, tenant.sources.event_stream),
            (Source.LOG_STREAM, tenant.sources.log_stream),
            (Source.SUBSCRIPTION, tenant.sources.subscription),
            (Source.LOG_POLL, tenant.sources.log_poll),
        )
        if settings is not None
    ]
    of_orgs = [
        ("", name, kind.value)
        for name, org in config.orgs.items()
        for kind, settings in (
            (Source.CHANGE_EVENTS, org.sources.change_events),
            (Source.RECORD_POLL, org.sources.record_poll),
        )
        if settings is not None
    ]
    return of_tenants + of_orgs
