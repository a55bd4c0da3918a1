"""The hub's HTTP app: webhooks, admin API, console, health."""

from collections.abc import Mapping

from fastapi import FastAPI

from crosswalk import __version__
from crosswalk.api.admin import admin_router
from crosswalk.api.health import health_routes
from crosswalk.api.security import AdminAccess
from crosswalk.api.webhooks import WebhookTokens, webhook_routes
from crosswalk.config.config import Config
from crosswalk.connectors.secret import Secret
from crosswalk.console import ConsoleData, console_routes
from crosswalk.domain.ids import TenantName
from crosswalk.engine.intake import Intake
from crosswalk.store.database import Database


def create_app(
    database: Database,
    intake: Intake,
    tokens: Mapping[TenantName, WebhookTokens],
    data: ConsoleData,
    access: AdminAccess,
) -> FastAPI:
    """Assemble the app from its parts; the webhooks come first, since they are asked most."""
    app = FastAPI(
        title="Crosswalk",
        version=__version__,
        description="Keeps Auth0 identities and Salesforce records in step.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.router.routes.extend(webhook_routes(intake, tokens))
    app.router.routes.extend(health_routes(database))
    app.include_router(admin_router(data, access))
    app.router.routes.extend(console_routes(data, access))
    return app


def webhook_tokens(config: Config) -> dict[TenantName, WebhookTokens]:
    """The tokens of every tenant's streams."""
    return {
        TenantName(name): WebhookTokens(
            event_stream=Secret(tenant.sources.event_stream.token.get_secret_value())
            if tenant.sources.event_stream
            else None,
            log_stream=Secret(tenant.sources.log_stream.token.get_secret_value())
            if tenant.sources.log_stream
            else None,
        )
        for name, tenant in config.tenants.items()
    }
