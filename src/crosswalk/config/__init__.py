"""What a user writes: the models of `crosswalk.yaml`, its loading with every mistake reported at once, and templates.

May import `crosswalk.domain` and, to check expressions, `crosswalk.expressions`. Start with `load`, which everything
else serves; `file` is the format from the top.
"""

from crosswalk.config.config import Config, UnknownSync
from crosswalk.config.load import load_config
from crosswalk.config.orgs import ClientCredentialsAuth, JwtBearerAuth, OrgConfig
from crosswalk.config.problem import ConfigurationError, Problem
from crosswalk.config.server import ServerConfig
from crosswalk.config.syncs import SyncConfig
from crosswalk.config.tenants import (
    EventStreamSource,
    LogPollSource,
    LogStreamSource,
    SourcesConfig,
    SubscriptionSource,
    TenantConfig,
)

__all__ = [
    "ClientCredentialsAuth",
    "Config",
    "ConfigurationError",
    "EventStreamSource",
    "JwtBearerAuth",
    "LogPollSource",
    "LogStreamSource",
    "OrgConfig",
    "Problem",
    "ServerConfig",
    "SourcesConfig",
    "SubscriptionSource",
    "SyncConfig",
    "TenantConfig",
    "UnknownSync",
    "load_config",
]
