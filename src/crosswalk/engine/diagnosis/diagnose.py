"""Looks at everything, one thing after the other; what fails keeps nothing else from being looked at."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from crosswalk.config.config import Config
from crosswalk.connectors.auth0.client import Auth0Client
from crosswalk.connectors.http import Timeouts, open_http
from crosswalk.connectors.salesforce.client import SalesforceClient
from crosswalk.domain.ids import TenantName
from crosswalk.engine.diagnosis.database import (
    SUBJECT,
    check_database,
    check_disk,
    clock_findings,
    known_users,
    last_events,
)
from crosswalk.engine.diagnosis.finding import Finding, fault
from crosswalk.engine.diagnosis.vendors import check_org, check_sync, check_tenant
from crosswalk.engine.settings import auth0_settings, salesforce_settings
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.store.embedded import EmbeddedPostgres
from crosswalk.store.errors import DatabaseUnavailable


async def diagnose(config: Config) -> list[Finding]:
    """Everything that was found, the good as well."""
    async with _database(config) as uri:
        if isinstance(uri, Finding):
            found, seen, known = [uri], {}, {}
        else:
            found, seen = await check_database(uri), await last_events(uri)
            known = {name: await known_users(uri, TenantName(name)) for name in config.tenants}
    found += await check_disk(config.state_dir)
    for name, tenant in config.tenants.items():
        subject = f"tenant {name}"
        definitions = [each for each in config.definitions.values() if each.tenant == name]
        async with Auth0Client(auth0_settings(tenant)) as users:
            moments = {source: moment for (of, source), moment in seen.items() if of == name}
            found += await check_tenant(subject, tenant, users, definitions, moments, config.server.public_url)
        found += await _clock(subject, tenant.url, tenant.ca_file)
    for name, org in config.orgs.items():
        subject = f"org {name}"
        async with SalesforceClient(salesforce_settings(org)) as records:
            of_org = await check_org(subject, records)
            found += of_org
            found += await _clock(subject, org.base_url or org.login_url, org.ca_file)
            if len(of_org) > 1:
                for definition in config.definitions.values():
                    if definition.org == name:
                        follows = org.sources.change_events is not None
                        region = config.syncs[definition.name].default_region
                        compiled = CompiledSync(definition, default_region=region)
                        examples = known.get(definition.tenant, [])
                        found += await check_sync(compiled, records, examples, follows_changes=follows)
    return found


@asynccontextmanager
async def _database(config: Config) -> AsyncIterator[str | Finding]:
    """The address of the configured database, or of the embedded one, which runs meanwhile."""
    if config.database_url is not None:
        yield config.database_url.get_secret_value()
        return
    config.state_dir.mkdir(parents=True, exist_ok=True)
    try:
        embedded = await asyncio.to_thread(EmbeddedPostgres, config.state_dir / "postgres")
    except DatabaseUnavailable as error:
        yield fault(SUBJECT, str(error), f"look into {config.state_dir / 'postgres' / 'log'}")
        return
    try:
        yield embedded.uri
    finally:
        await asyncio.to_thread(embedded.stop)


async def _clock(subject: str, url: str, ca_file: Path | None) -> list[Finding]:
    """Whether the vendor's clock agrees with ours, by the time that any answer carries; silent where none comes."""
    async with open_http(ca_file, Timeouts(read=10.0), connections=1) as http:
        try:
            answer = await http.head(url)
        except httpx.HTTPError:
            return []
    try:
        said = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return []
    return clock_findings(subject, (said - datetime.now(UTC)).total_seconds())
