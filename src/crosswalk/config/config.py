"""A configuration that was loaded and found good."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from crosswalk.config.alerts import AlertsConfig
from crosswalk.config.monitoring import MonitoringConfig
from crosswalk.config.nearest import nearest_name
from crosswalk.config.orgs import OrgConfig
from crosswalk.config.retention import RetentionConfig
from crosswalk.config.server import ServerConfig
from crosswalk.config.syncs import SyncConfig
from crosswalk.config.tenants import TenantConfig
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.errors import CrosswalkError


class UnknownSync(CrosswalkError):
    """The configuration has no sync of this name."""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that `crosswalk.yaml` and the files it names say.

    Parameters
    ----------
    path
        The file it was read from, absolute.
    server
        The hub's own HTTP server.
    monitoring
        Who may read metrics, and where.
    alerts
        Who is told when something needs a person; `None` for nobody.
    database_url
        Address of a PostgreSQL server, or `None` for the embedded one.
    state_dir
        Folder for what the hub keeps on disk, absolute; it may not exist yet.
    retention
        For how long the hub keeps what is over.
    tenants, orgs, syncs
        By the name that the user gave each.
    definitions
        Each sync in the words of the domain, by name.
    """

    path: Path
    server: ServerConfig
    monitoring: MonitoringConfig
    alerts: AlertsConfig | None
    database_url: SecretStr | None
    state_dir: Path
    retention: RetentionConfig
    tenants: Mapping[str, TenantConfig]
    orgs: Mapping[str, OrgConfig]
    syncs: Mapping[str, SyncConfig]
    definitions: Mapping[str, SyncDefinition] = field(repr=False)

    def definition(self, sync_name: str) -> SyncDefinition:
        """Give a sync's definition.

        Raises
        ------
        UnknownSync
            There is no sync of this name; the message has the nearest one.
        """
        found = self.definitions.get(sync_name)
        if found is None:
            near = nearest_name(sync_name, self.definitions)
            hint = f", did you mean {near}?" if near else ""
            raise UnknownSync(
                f"{self.path} has no sync {sync_name} (expected one of: {', '.join(self.definitions)}){hint}"
            )
        return found


@dataclass(frozen=True, slots=True)
class SyncDefinitions:
    """The syncs of a configuration alone, for what needs neither tenant nor org.

    Parameters
    ----------
    path
        The file they were read from, as it was given.
    definitions
        Each sync in the words of the domain, by name.
    regions
        The country of each sync's telephone numbers without a country code.
    """

    path: Path
    definitions: Mapping[str, SyncDefinition]
    regions: Mapping[str, str | None]
