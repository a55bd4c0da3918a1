"""The hub's HTTP app: webhooks, admin API, console, health."""

from collections.abc import Mapping

from fastapi import FastAPI

from crosswalk import __version__
from crosswalk.api.admin import admin_router
from crosswalk.api.console_data import ConsoleData
from crosswalk.api.health import Readiness, health_routes
from crosswalk.api.identity_view import MappedValue
from crosswalk.api.metrics import SharedFigures, metrics_route
from crosswalk.api.security import AdminAccess
from crosswalk.api.webhooks import WebhookTokens, webhook_routes
from crosswalk.config.config import Config
from crosswalk.connectors.secret import Secret
from crosswalk.console import console_routes
from crosswalk.domain.definition import SyncDefinition, Target
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import OrgName, TenantName
from crosswalk.engine.budget.view import terms_of
from crosswalk.engine.desk import desk_of
from crosswalk.engine.erasing import Eraser
from crosswalk.engine.hub import Hub
from crosswalk.engine.intake import Intake


def create_app(hub: Hub, intake: Intake, access: AdminAccess, readiness: Readiness, figures: SharedFigures) -> FastAPI:
    """Assemble the app from its parts; the webhooks come first, since they are asked most."""
    app = FastAPI(
        title="Crosswalk",
        version=__version__,
        description="Keeps Auth0 identities and Salesforce records in step.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    data, desk = console_data(hub), desk_of(hub)
    app.router.routes.extend(webhook_routes(intake, webhook_tokens(hub.config)))
    app.router.routes.extend(health_routes(readiness))
    token = hub.config.monitoring.token
    if token is not None:
        app.router.routes.append(metrics_route(figures, Secret(token.get_secret_value())))
    app.include_router(admin_router(data, access, desk, Eraser(hub)))
    app.router.routes.extend(console_routes(data, access, desk))
    return app


def webhook_tokens(config: Config) -> dict[TenantName, WebhookTokens]:
    """The tokens of every tenant's streams."""
    tokens = {}
    for name, tenant in config.tenants.items():
        event_stream, log_stream = tenant.sources.event_stream, tenant.sources.log_stream
        tokens[TenantName(name)] = WebhookTokens(
            event_stream=Secret(event_stream.token.get_secret_value()) if event_stream else None,
            log_stream=Secret(log_stream.token.get_secret_value()) if log_stream else None,
        )
    return tokens


def console_data(hub: Hub) -> ConsoleData:
    """What the console and the admin API show of a hub."""

    def explain(definition: SyncDefinition, target: Target, identity: Identity) -> Mapping[str, MappedValue]:
        evaluation = hub.compiled[definition.name].evaluate([identity])[0]
        mapped = evaluation.targets[definition.targets.index(target)]
        values = {field: MappedValue(value=value) for field, value in mapped.values.items()}
        return values | {error.field: MappedValue(error=error.message) for error in mapped.errors}

    return ConsoleData(
        database=hub.database,
        definitions={name: compiled.definition for name, compiled in hub.compiled.items()},
        tenant_domains={TenantName(name): tenant.domain for name, tenant in hub.config.tenants.items()},
        org_urls={OrgName(name): org.base_url or org.login_url for name, org in hub.config.orgs.items()},
        explain=explain,
        terms=terms_of(hub.config),
    )
