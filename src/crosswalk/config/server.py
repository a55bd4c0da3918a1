"""The hub's own HTTP server."""

from pydantic import Field

from crosswalk.config.section import Section
from crosswalk.config.values import Secret, Text, WebUrl


class ServerConfig(Section):
    """Where the hub listens: the webhooks, the admin API and the console."""

    host: Text = Field(default="127.0.0.1", description="Address to listen on; `0.0.0.0` for all of the machine's.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    processes: int = Field(
        default=1,
        ge=1,
        le=32,
        description="How many processes answer requests on this port. One uses one core; `--processes` goes before it.",
        examples=[2],
    )
    public_url: WebUrl | None = Field(
        default=None,
        description="Where the outside world reaches the hub, when that differs from host and port; "
        "Auth0 calls the webhooks there.",
        examples=["https://hub.example.com"],
    )
    admin_token: Secret | None = Field(
        default=None,
        description="What signs a person or program in to the console and the admin API. "
        "When absent, one is generated and kept in the state directory.",
        examples=["${CROSSWALK_ADMIN_TOKEN}"],
    )
