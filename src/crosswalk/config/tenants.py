"""Auth0 tenants, and the ways in which their events arrive."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from crosswalk.config.budgets import TenantBudgetConfig
from crosswalk.config.section import Section
from crosswalk.config.values import Duration, Host, HttpsUrl, Kind, ReadableFile, Secret, Text, refuse


def _at_least_a_second(value: timedelta) -> timedelta:
    if value < timedelta(seconds=1):
        refuse("this is too often for Auth0's rate limits", "1s or longer")
    return value


def _read_start(value: object) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    if value == "latest":
        return None
    try:
        start = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        start = None
    if start is None or start.tzinfo is None:
        refuse("this is neither latest nor a time with its zone", "latest, or a time such as 2026-01-31T00:00:00Z")
    return start.astimezone(UTC)


class SubscriptionSource(Section):
    """Auth0's event subscription: the hub keeps a stream of server-sent events open. Needs no public address."""

    start: Annotated[datetime | None, BeforeValidator(_read_start), Kind("`latest` or time")] = Field(
        default=None,
        alias="from",
        description="Where the very first connection starts: `latest` (the default), or a time such as "
        "`2026-01-31T00:00:00Z`. Later connections continue where the last one stopped.",
        examples=["latest"],
    )


class EventStreamSource(Section):
    """Auth0's event stream with a webhook destination: `POST /intake/auth0/TENANT/events`."""

    token: Secret = Field(
        description="The bearer token that Auth0 sends, as configured in the stream's destination.",
        examples=["${AUTH0_EVENT_TOKEN}"],
    )


class LogStreamSource(Section):
    """Auth0's log stream with a webhook destination: `POST /intake/auth0/TENANT/logs`."""

    token: Secret = Field(
        description="The value of the Authorization header that Auth0 sends, as configured in the log stream.",
        examples=["file:secrets/log-stream-token"],
    )


class LogPollSource(Section):
    """Reading the tenant's log by checkpoint, for tenants that have neither streams nor subscriptions."""

    every: Annotated[Duration, AfterValidator(_at_least_a_second)] = Field(
        default=timedelta(seconds=30), description="Time between two reads.", examples=["30s"]
    )


class SourcesConfig(Section):
    """How changes in the tenant reach the hub: at least one of these, and any combination."""

    subscription: SubscriptionSource | None = Field(
        default=None, description="Event subscription over server-sent events; `{}` is enough."
    )
    event_stream: EventStreamSource | None = Field(default=None, description="Webhook of an event stream.")
    log_stream: LogStreamSource | None = Field(default=None, description="Webhook of a log stream.")
    log_poll: LogPollSource | None = Field(default=None, description="Polling of the tenant's log; `{}` is enough.")

    @model_validator(mode="before")
    @classmethod
    def _name_alone_is_enough(cls, data: Any) -> Any:
        """`subscription:` with nothing after it means the same as `subscription: {}`, not its absence."""
        if not isinstance(data, dict):
            return data
        if not data:
            refuse("there is no source", "at least one of subscription, event_stream, log_stream and log_poll")
        return {key: {} if value is None else value for key, value in data.items()}


class TenantConfig(Section):
    """An Auth0 tenant and the machine-to-machine application through which the hub reads and writes its users."""

    domain: Host = Field(description="The tenant's domain, without https://.", examples=["acme.eu.auth0.com"])
    base_url: HttpsUrl | None = Field(
        default=None,
        description="Used instead of `https://DOMAIN`: a sandbox or a proxy.",
        examples=["https://127.0.0.1:7001"],
    )
    ca_file: ReadableFile | None = Field(
        default=None,
        description="Certificate authority (PEM) to trust instead of the system's, relative to this file.",
        examples=[".crosswalk/ca.pem"],
    )
    client_id: Text = Field(description="Client id of the machine-to-machine application.", examples=["rT3kX9w0"])
    client_secret: Secret = Field(
        description="Client secret of the machine-to-machine application.", examples=["${AUTH0_CLIENT_SECRET}"]
    )
    sources: SourcesConfig = Field(description="How changes in the tenant reach the hub.")
    budget: TenantBudgetConfig = Field(
        default=TenantBudgetConfig(), description="How much of the tenant's Management API the hub may use."
    )

    @property
    def url(self) -> str:
        """Where the tenant is reached: `base_url`, or else its domain."""
        return self.base_url or f"https://{self.domain}"
