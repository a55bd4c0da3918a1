"""A port for probes and metrics alone: what a worker has, and what keeps metrics away from the hub's own port."""

from starlette.applications import Starlette

from crosswalk.api.health import Readiness, health_routes
from crosswalk.api.metrics import SharedFigures, metrics_route
from crosswalk.connectors.secret import Secret


def monitoring_app(readiness: Readiness, figures: SharedFigures, token: Secret | None) -> Starlette:
    """`/healthz` and `/readyz` for anybody, `/metrics` for whoever has the token, if there is one."""
    return Starlette(routes=[*health_routes(readiness), metrics_route(figures, token)])
