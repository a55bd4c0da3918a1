"""The whole of `crosswalk.yaml`."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from crosswalk.config.alerts import AlertsConfig
from crosswalk.config.monitoring import MonitoringConfig
from crosswalk.config.orgs import OrgConfig
from crosswalk.config.retention import RetentionConfig
from crosswalk.config.section import Section
from crosswalk.config.server import ServerConfig
from crosswalk.config.syncs import SyncConfig
from crosswalk.config.tenants import TenantConfig
from crosswalk.config.values import DatabaseUrl, FolderPath, Name


class ConfigFile(Section):
    """What a user writes in `crosswalk.yaml`."""

    version: Literal[1] = Field(description="Version of this format.", examples=[1])
    server: ServerConfig = Field(default=ServerConfig(), description="The hub's own HTTP server.")
    monitoring: MonitoringConfig = Field(
        default=MonitoringConfig(), description="Metrics, and probes of processes that serve nothing else."
    )
    alerts: AlertsConfig | None = Field(
        default=None, description="Who is told when something needs a person; nobody when absent."
    )
    database_url: DatabaseUrl | None = Field(
        default=None,
        description="Address of a PostgreSQL server. When absent, the environment variable `CROSSWALK_DATABASE_URL`; "
        "when that is not set either, a PostgreSQL that the hub runs itself, in the state directory.",
        examples=["${CROSSWALK_DATABASE_URL}"],
    )
    state_dir: FolderPath = Field(
        default=Path(".crosswalk"),
        validate_default=False,
        description="Folder for what the hub keeps on disk, relative to this file.",
    )
    retention: RetentionConfig = Field(
        default=RetentionConfig(), description="For how long the hub keeps what is over."
    )
    tenants: dict[Name, TenantConfig] = Field(min_length=1, description="The Auth0 tenants, by a name of your choice.")
    orgs: dict[Name, OrgConfig] = Field(min_length=1, description="The Salesforce orgs, by a name of your choice.")
    syncs: dict[Name, SyncConfig] = Field(min_length=1, description="The syncs, by a name of your choice.")
