"""Salesforce orgs, and the two ways to sign in to them."""

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from crosswalk.config.budgets import OrgBudgetConfig
from crosswalk.config.section import Section
from crosswalk.config.values import Duration, Kind, PrivateKey, ReadableFile, Secret, Text, WebUrl, refuse


def _read_api_version(value: object) -> object:
    if isinstance(value, float):  # 62.0 without quotes
        value = f"{value:.1f}"
    if not isinstance(value, str) or not re.fullmatch(r"[1-9]\d\.0", value):
        refuse("this is not a version of Salesforce's API", 'a version such as "62.0"')
    return value


def _within_ten_minutes(value: timedelta) -> timedelta:
    if not timedelta(seconds=1) <= value <= timedelta(minutes=10):
        refuse("this is not a sensible time to wait", "between 1s and 10m")
    return value


def _at_least_a_second(value: timedelta) -> timedelta:
    if value < timedelta(seconds=1):
        refuse("this would use up the org's API calls", "1s or longer")
    return value


def _host_and_port(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not re.fullmatch(r"[A-Za-z0-9.-]+", host) or not port.isdecimal() or not 0 < int(port) < 65536:
        refuse("this is not a host and a port", "for example api.pubsub.salesforce.com:7443")
    return value


def _organization_id(value: str) -> str:
    if not re.fullmatch(r"00D[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?", value):
        refuse("this is not the id of an org", "15 or 18 characters that start with 00D")
    return value


class ClientCredentialsAuth(Section):
    """OAuth 2.0 client credentials: a connected app with a run-as user."""

    flow: Literal["client_credentials"] = Field(
        description="Chooses this way to sign in.", examples=["client_credentials"]
    )
    client_id: Text = Field(description="Consumer key of the connected app.", examples=["3MVG9...consumer-key"])
    client_secret: Secret = Field(
        description="Consumer secret of the connected app.", examples=["${SALESFORCE_CLIENT_SECRET}"]
    )


class JwtBearerAuth(Section):
    """OAuth 2.0 JWT bearer: a connected app with a certificate, whose private key signs for one user."""

    flow: Literal["jwt_bearer"] = Field(description="Chooses this way to sign in.", examples=["jwt_bearer"])
    client_id: Text = Field(description="Consumer key of the connected app.", examples=["3MVG9...consumer-key"])
    username: Text = Field(
        description="The Salesforce user that the hub acts as.", examples=["integration@acme.example"]
    )
    private_key: PrivateKey = Field(
        description="RSA private key (PEM) whose certificate the connected app holds.",
        examples=["file:secrets/salesforce.key"],
    )
    audience: WebUrl = Field(
        default="https://login.salesforce.com",
        description="Who the signature is for; `https://test.salesforce.com` for sandbox orgs.",
    )


OrgAuth = Annotated[ClientCredentialsAuth | JwtBearerAuth, Field(discriminator="flow")]


class RecordPollSource(Section):
    """Asking for the records whose time of change has moved, for orgs without change data capture."""

    every: Annotated[Duration, AfterValidator(_at_least_a_second)] = Field(
        default=timedelta(seconds=60),
        description="Time between two looks; each costs an API call for each object.",
        examples=["60s"],
    )


class ChangeEventsSource(Section):
    """Salesforce's change data capture over the Pub/Sub API: changes within seconds, without API calls."""

    endpoint: Annotated[str, AfterValidator(_host_and_port), Kind("host and port")] = Field(
        default="api.pubsub.salesforce.com:7443",
        description="Host and port of the Pub/Sub API: another region's (`api.deu.pubsub.salesforce.com:7443`), a "
        "sandbox or a proxy.",
        examples=["api.pubsub.salesforce.com:7443"],
    )
    organization_id: Annotated[str, AfterValidator(_organization_id), Kind("record id")] | None = Field(
        default=None,
        description="The org's id (Setup > Company Information); only needed where signing in does not tell it.",
        examples=["00D5g000008Xa1BEAS"],
    )


class OrgSourcesConfig(Section):
    """How changes in the org reach the hub."""

    change_events: ChangeEventsSource | None = Field(
        default=None,
        description="Change events of the objects of all targets and flows; `{}` is enough. An object that is not "
        "selected for change data capture is polled instead.",
    )
    record_poll: RecordPollSource | None = Field(
        default=None,
        description="Polling of the records of all targets; `{}` is enough. Beside change events it is a safety net "
        "that may look once an hour.",
    )

    @model_validator(mode="before")
    @classmethod
    def _name_alone_is_enough(cls, data: Any) -> Any:
        """`change_events:` with nothing after it means the same as `change_events: {}`, not its absence."""
        if not isinstance(data, dict):
            return data
        return {key: {} if value is None else value for key, value in data.items()}


class OrgConfig(Section):
    """A Salesforce org and the connected app through which the hub reads and writes its records."""

    login_url: WebUrl = Field(
        description="Where the hub signs in: the org's My Domain address.", examples=["https://acme.my.salesforce.com"]
    )
    base_url: WebUrl | None = Field(
        default=None,
        description="Used instead of the instance address that signing in answers: a sandbox or a proxy.",
        examples=["https://127.0.0.1:7002"],
    )
    ca_file: ReadableFile | None = Field(
        default=None,
        description="Certificate authority (PEM) to trust instead of the system's, relative to this file.",
        examples=[".crosswalk/ca.pem"],
    )
    api_version: Annotated[str, BeforeValidator(_read_api_version), Kind("version")] = Field(
        default="62.0", description="Version of Salesforce's REST API.", examples=["62.0"]
    )
    auth: OrgAuth = Field(description="How the hub signs in.")
    sources: OrgSourcesConfig = Field(
        default=OrgSourcesConfig(),
        description="How changes in the org reach the hub; without any, a change is seen when its record is next read.",
    )
    timeout: Annotated[Duration, AfterValidator(_within_ten_minutes)] = Field(
        default=timedelta(seconds=30), description="How long one call may take.", examples=["30s"]
    )
    parallel_calls: int = Field(
        default=5, ge=1, le=25, description="How many calls that write or look up records may be under way at once."
    )
    bulk_above: int = Field(
        default=2_000,
        ge=200,
        description="A Bulk API 2.0 job writes the records of one object and kind where a batch has more of them than "
        "this: some ten calls, however many they are.",
    )
    budget: OrgBudgetConfig = Field(default=OrgBudgetConfig(), description="How much of the org's API the hub may use.")
