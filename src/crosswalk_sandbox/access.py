"""What a client has to know of a running sandbox, as its ready line says it."""

from pathlib import Path
from typing import Any, TypeVar

import msgspec

Access = TypeVar("Access", bound=msgspec.Struct)


class Auth0Access(msgspec.Struct, frozen=True):
    """How to reach the tenant."""

    domain: str
    client_id: str
    client_secret: str
    signup_url: str

    def __repr__(self) -> str:
        return f"Auth0Access(domain={self.domain!r})"


class SalesforceAccess(msgspec.Struct, frozen=True):
    """How to reach the org."""

    instance_url: str
    client_id: str
    client_secret: str
    username: str
    private_key_file: Path
    page_url: str
    organization_id: str
    pubsub_endpoint: str

    def __repr__(self) -> str:
        return f"SalesforceAccess(instance_url={self.instance_url!r})"


class SandboxAccess(msgspec.Struct, frozen=True):
    """What a running sandbox says about itself; `auth0` and `salesforce` are the first tenant and the first org."""

    auth0: Auth0Access
    salesforce: SalesforceAccess
    tenants: dict[str, Auth0Access]
    orgs: dict[str, SalesforceAccess]
    control_url: str
    ca_file: Path
    ca_bundle_file: Path


def read_access(document: Any, kind: type[Access]) -> Access:
    """The access that a JSON document describes; `msgspec.ValidationError` when it is none."""
    return msgspec.convert(document, kind, dec_hook=lambda wanted, value: wanted(value))
