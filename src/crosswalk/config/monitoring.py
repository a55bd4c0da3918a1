"""What an operator's own tools may ask of a hub: metrics, and probes of processes that serve nothing else."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, model_validator

from crosswalk.config.section import Section
from crosswalk.config.values import Secret, Text, refuse

SHORTEST_TOKEN = 16

_OWN_HOSTS = ("127.0.0.1", "::1", "localhost")


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < SHORTEST_TOKEN:
        refuse("this token is too short to be safe", f"at least {SHORTEST_TOKEN} characters: `openssl rand -hex 32`")
    return value


class MonitoringConfig(Section):
    """Metrics for Prometheus, and the probes. Without a token and without a port, nobody gets metrics."""

    token: Annotated[Secret, AfterValidator(_long_enough)] | None = Field(
        default=None,
        description="The bearer token that `GET /metrics` asks for. With it, the hub's own port (`server.port`) gives "
        "metrics too.",
        examples=["${CROSSWALK_METRICS_TOKEN}"],
    )
    host: Text = Field(
        default="127.0.0.1",
        description="Address to listen on for `/metrics`, `/healthz` and `/readyz` alone. One that other machines "
        "reach (such as `0.0.0.0`) needs a token.",
    )
    port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Port for them, in every process, workers included; 0 picks a free one. When absent, a worker "
        "listens nowhere. `--monitoring-port` goes before it, for several processes on one machine.",
        examples=[9464],
    )

    @model_validator(mode="after")
    def _closed_to_others(self) -> "MonitoringConfig":
        if self.port is not None and self.token is None and self.host not in _OWN_HOSTS:
            refuse("anybody who reaches this address could read the metrics", "a token beside it, or host: 127.0.0.1")
        return self
